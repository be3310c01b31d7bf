"""A discriminator between two Gaussians on the line: N(-2, 0.5²) real, N(2, 0.5²) fake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.contracts import Batch
from ganscope.explain.answer import Progress
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.fixed_generator import UNCONSTRAINED, Constraint, moments
from ganscope.explain.experiments.seeds import Streams, discriminator, scores, stacked
from ganscope.lipschitz import input_gradient
from ganscope.objectives import OBJECTIVES
from ganscope.training.step import generator_gradient

MEAN, STD, DISTANCE = 2.0, 0.5, 4.0
BATCH, PROBE, WIDTH = 256, 512, 64
GRID = [round(-4 + 0.1 * k, 1) for k in range(81)]


class OnTheLine(NamedTuple):
    """A discriminator as it trains, a row of numbers per seed and look."""

    steps: list[int]
    slope: list[list[float]]
    """Median |ds/dx| at fakes, `[seed][look]`."""
    minimax: list[list[float]]
    """Median |dL/dx| there."""
    non_saturating: list[list[float]]
    curve: list[list[float]]
    """Final scores s(x) on `GRID`."""
    between: list[list[float]]
    """|ds/dx| at 401 places between the two means at the end, `[seed][place]`."""


def fakes(latent: Tensor) -> Tensor:
    """Make fakes N(2, 0.5²) of standard normal latents."""
    return MEAN + STD * latent


def on_the_line(
    objective: str,
    seeds: Sequence[int],
    steps: int,
    rate: float,
    constraint: Constraint = UNCONSTRAINED,
    progress: Progress = lambda done, steps: None,
) -> OnTheLine:
    """Train a fresh discriminator between the two, and follow the factors of the gradient at fakes.

    Args:
        objective: a key of `OBJECTIVES`.
        seeds: of weights and batches.
        steps: of the optimiser, above 10.
        rate: its learning rate.
        constraint: on the discriminator.
        progress: of this training.
    """
    critics = stacked(lambda: discriminator((1,), WIDTH, 2), seeds)
    players = fixed_generator.game(critics, fakes, objective, rate, constraint)
    streams, probe = Streams(seeds, "batches"), fakes(Streams(seeds, "probe").normal(PROBE, 1))

    def draw() -> tuple[Tensor, Tensor]:
        return -MEAN + STD * streams.normal(BATCH, 1), streams.normal(BATCH, 1)

    looks = moments(steps, 20)
    seen: dict[str, list[Tensor]] = {"slope": [], "minimax": [], "non_saturating": []}
    for done in fixed_generator.train(players, draw, steps, streams):
        if done in looks:
            progress(done, steps)
            slopes = input_gradient(critics.call, probe).abs().squeeze(2).detach()
            seen["slope"].append(slopes.median(1).values)
            for loss in ("minimax", "non-saturating"):
                game = players._replace(objective=OBJECTIVES[loss])
                by_logit = generator_gradient(game, Batch(probe), probe).logit_slope.abs()
                seen[loss.replace("-", "_")].append((slopes.double() * by_logit.double()).median(1).values)
    grid, inner = (
        torch.tensor(places)[None, :, None].expand(len(seeds), -1, 1)
        for places in (GRID, torch.linspace(-MEAN, MEAN, 401).tolist())
    )
    return OnTheLine(
        steps=looks,
        **{name: torch.stack(values, 1).tolist() for name, values in seen.items()},
        curve=scores(critics, grid).tolist(),
        between=input_gradient(critics.call, inner).abs().squeeze(2).tolist(),
    )
