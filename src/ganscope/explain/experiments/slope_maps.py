"""Critics under different constraints between the ring and a blob in its middle, and a map of their slope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.data import DATASETS
from ganscope.explain.answer import Progress
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.fixed_generator import Constraint, moments
from ganscope.explain.experiments.seeds import Streams, alone, discriminator, scores, stacked
from ganscope.lipschitz import estimate, input_gradient

WIDTH, BATCH, HELD_OUT, FAKE_STD, RATE = 64, 128, 256, 0.5, 1e-3
SIDE = 41
LIMIT = 3.0
"""Half the side of the map."""


class Trained(NamedTuple):
    """Critics of one kind as they train."""

    steps: list[int]
    gap: list[list[float]]
    """On held-out points, `[seed][look]`."""
    at_samples: list[float]
    """Mean slope at held-out real and fake points at the end, per seed."""
    searched: list[float]
    """The largest slope that a search finds, per seed."""
    steepness: list[list[float]]
    """Slope on a grid, of the first seed, row by row."""


def trained(constraint: Constraint, seeds: Sequence[int], steps: int, progress: Progress) -> Trained:
    """Train Wasserstein critics of one kind, one per seed as a stack.

    Args:
        constraint: on the critics.
        seeds: of weights, batches and held-out points.
        steps: of the optimiser.
        progress: of this training.
    """
    rows, streams = ring(), Streams(seeds, "batches")
    critics = stacked(lambda: discriminator((2,), WIDTH, 2), seeds)
    players = fixed_generator.game(critics, lambda z: FAKE_STD * z, "wasserstein", RATE, constraint)
    real, fake = held_out(seeds)

    def draw() -> tuple[Tensor, Tensor]:
        return streams.rows(rows, BATCH), streams.normal(BATCH, 2)

    looks, gaps = moments(steps, 16), []
    for done in fixed_generator.train(players, draw, steps, streams):
        progress(done, steps)
        if done in looks:
            with torch.no_grad():
                gaps.append(scores(critics, real).mean(1) - scores(critics, fake).mean(1))
    both = torch.cat([real, fake], 1)
    side = torch.linspace(-LIMIT, LIMIT, SIDE)
    grid = torch.cartesian_prod(side, side).expand(len(seeds), -1, 2)
    steep = _slopes(critics.call, grid)[0].reshape(SIDE, SIDE).T
    return Trained(
        steps=looks,
        gap=torch.stack(gaps, 1).tolist(),
        at_samples=_slopes(critics.call, both).mean(1).tolist(),
        searched=[estimate(alone(critics, k), both[k]).searched_slope for k in range(len(seeds))],
        steepness=steep.tolist(),
    )


def ring() -> Tensor:
    """Return the training rows of the ring, `[N, 2]`."""
    train = DATASETS["ring"]().train
    return train[torch.arange(len(train))]


def held_out(seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Real and fake points `[K, 256, 2]` to judge by."""
    streams = Streams(seeds, "probe")
    return streams.rows(ring(), HELD_OUT), FAKE_STD * streams.normal(HELD_OUT, 2)


def _slopes(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    slopes: Tensor = input_gradient(critic, x).norm(dim=2).detach()
    return slopes
