"""Critics and discriminators between two clouds at known distances: N(0, 1) real, N((d, 0), 1) fake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Progress
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.fixed_generator import UNCONSTRAINED, Constraint
from ganscope.explain.experiments.seeds import Streams, alone, discriminator, scores, stacked
from ganscope.lipschitz import WassersteinBounds, wasserstein_bounds
from ganscope.objectives import OBJECTIVES

DISTANCES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
WIDTH, BATCH, HELD_OUT, RATE = 64, 128, 256, 1e-3
PENALISED = Constraint("gradient penalty", weight=10.0)


class Critics(NamedTuple):
    """What trained networks say of two clouds at known distances, `[distance][seed]`."""

    bounds: list[list[WassersteinBounds]]
    """Of a critic with a gradient penalty."""
    cross_entropy: list[list[float]]
    """2 ln 2 minus the loss of a trained discriminator: an estimate of twice JS."""


def critics(seeds: Sequence[int], steps: int, progress: Progress) -> Critics:
    """Train critics and discriminators, all distances and seeds as one stack, and judge them on fresh points.

    Args:
        seeds: of weights, batches and held-out points.
        steps: of Adam.
        progress: of both trainings together.
    """
    every = [(distance, seed) for distance in DISTANCES for seed in seeds]
    owners = [seed for _, seed in every]
    shift = torch.tensor([[[distance, 0.0]] for distance, _ in every])
    held_out = Streams(owners, "probe")
    real, fake = held_out.normal(HELD_OUT, 2), held_out.normal(HELD_OUT, 2) + shift
    trained = []
    for index, (objective, constraint) in enumerate((("wasserstein", PENALISED), ("minimax", UNCONSTRAINED))):
        network, streams = stacked(lambda: discriminator((2,), WIDTH, 2), owners), Streams(owners, "batches")
        players = fixed_generator.game(network, lambda latent: latent + shift, objective, RATE, constraint)

        def draw(streams: Streams = streams) -> tuple[Tensor, Tensor]:
            return streams.normal(BATCH, 2), streams.normal(BATCH, 2)

        for done in fixed_generator.train(players, draw, steps, streams):
            progress(index * steps + done, 2 * steps)
        trained.append(network)
    with torch.no_grad():
        d_loss = OBJECTIVES["minimax"].d_loss(scores(trained[1], real), scores(trained[1], fake)).mean(1)
    bounds = [wasserstein_bounds(alone(trained[0], k), real[k], fake[k]) for k in range(len(every))]
    below = (2 * math.log(2) - d_loss).tolist()
    starts = range(0, len(every), len(seeds))
    return Critics([bounds[k : k + len(seeds)] for k in starts], [below[k : k + len(seeds)] for k in starts])
