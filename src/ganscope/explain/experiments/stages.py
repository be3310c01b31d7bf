"""A generator at three stages of its training, frozen, and fresh discriminators trained against it.

Arjovsky and Bottou (2017, figures 1 to 3) froze a DCGAN after 1, 10 and 25 epochs on images. Here it is a
perceptron that makes handwritten digits of 8 x 8 pixels, early, half way and late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from ganscope.contracts import Batch
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.games import first_rows, judge, played
from ganscope.explain.experiments.seeds import Streams, alone, discriminator, stacked
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game
from ganscope.training.stacks.stacking import Network, stack
from ganscope.training.step import generator_gradient

STAGES = {"early": 30, "half way": 300, "late": 1200}
"""Name -> steps of training."""
LATENT, WIDTH, BATCH = 16, 64, 128
SHAPE = (1, 8, 8)
G_DEPTH, D_DEPTH = 2, 3
PACE = 30
"""All stages are multiples of it."""


class Frozen(NamedTuple):
    """Generators of all stages and seeds in one stack, stage by stage."""

    generators: Network
    names: tuple[str, ...]
    """Stage of each network."""
    seeds: tuple[int, ...]
    """Seed of each network."""

    def of(self, stage: str) -> list[int]:
        """Places of a stage in the stack, in order of the seeds."""
        return [k for k, name in enumerate(self.names) if name == stage]


def frozen(seeds: Sequence[int], progress: Callable[[int], None] = lambda done: None) -> Frozen:
    """Train one GAN per seed by recipe r1 (non-saturating loss) and keep its generator at three stages.

    Args:
        seeds: of the runs.
        progress: called with the number of steps done.
    """
    fields = {
        "latent_dim": LATENT,
        "g_width": WIDTH,
        "g_depth": G_DEPTH,
        "d_width": WIDTH,
        "d_depth": G_DEPTH,
    }
    steps, kept = max(STAGES.values()), []
    for runs in played("r1", seeds, "digits", steps, steps // PACE, decay=0.0, **fields):
        progress(runs.step)
        if runs.step in STAGES.values():
            kept += [alone(runs.game.generator, k) for k in range(len(seeds))]
    names = tuple(stage for stage in STAGES for _ in seeds)
    return Frozen(stack(kept), names, tuple(seed for _ in STAGES for seed in seeds))


def fresh(at: Frozen, objective: str, rate: float, constraint: fixed_generator.Constraint) -> Game:
    """Introduce an untrained discriminator to every frozen generator.

    Args:
        at: the generators.
        objective: a key of `OBJECTIVES`.
        rate: of the discriminators.
        constraint: on them.
    """
    critics = stacked(lambda: discriminator(SHAPE, WIDTH, D_DEPTH), at.seeds, "fresh")
    return fixed_generator.game(critics, at.generators, objective, rate, constraint)


def trained(players: Game, at: Frozen, steps: int) -> Iterator[int]:
    """Train fresh discriminators on the digits' training rows; control comes back after every step."""
    rows, streams = first_rows(len(judge("digits").data.train)), Streams(at.seeds, "batches")

    def draw() -> tuple[Tensor, Tensor]:
        return streams.rows(rows, BATCH), streams.normal(BATCH, LATENT)

    yield from fixed_generator.train(players, draw, steps, streams)


def generator_gradients(players: Game, loss: str, latents: Tensor) -> list[Tensor]:
    """Gradient of the mean generator loss of every network in its own weights.

    Args:
        players: generators and one discriminator for each.
        loss: a key of `OBJECTIVES` whose generator loss does not read real rows.
        latents: `[K, B, D]`.

    Returns:
        One tensor `[K, ...]` per parameter.
    """
    fake = players.generator.call(latents)
    gradients = generator_gradient(players._replace(objective=OBJECTIVES[loss]), Batch(fake), fake).gradient
    return [gradient.detach() for gradient in gradients]
