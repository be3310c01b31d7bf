"""Small networks that move at once by full-batch gradient steps, and how far the generator's mean swings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ganscope.contracts import Batch
from ganscope.explain.answer import Progress
from ganscope.explain.experiments.seeds import Streams, discriminator, generator, stacked
from ganscope.lipschitz import PENALTIES
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game, Term
from ganscope.training.moves.simultaneous import simultaneous
from ganscope.training.step import StepInput

EVERY, ROWS, RATE, WIDTH, LATENT = 10, 256, 0.05, 32, 4
MEAN, STD = 1.0, 0.3
"""Of the data, N((1, 1), 0.3²)."""


class Swing(NamedTuple):
    """How much the generator's mean still moves at the end, over seeds."""

    path: list[list[float]]
    """Per seed, the first coordinate of the generator's mean, every 10 steps."""
    amplitude: list[float]
    """Per seed: half its range over the last third, in standard deviations of the data."""


def swing(objective: str, gamma: float, seeds: Sequence[int], steps: int, progress: Progress) -> Swing:
    """Train small networks by simultaneous gradient steps on one fixed batch, and watch the generator's mean.

    Args:
        objective: a key of `OBJECTIVES`.
        gamma: weight of R1; 0 for none.
        seeds: of weights, data and latents.
        steps: of both players, a multiple of 10.
        progress: of this training.
    """
    players = (
        stacked(lambda: generator(2, LATENT, WIDTH, 2), seeds, "generator"),
        stacked(lambda: discriminator((2,), WIDTH, 2), seeds),
    )
    g_optimizer, d_optimizer = (torch.optim.SGD(list(p.parameters.values()), RATE) for p in players)
    terms = (Term(PENALTIES["r1"], gamma, "real"),) if gamma else ()
    game = Game(*players, OBJECTIVES[objective], g_optimizer, d_optimizer, terms, stacked=True)
    streams = Streams(seeds, "batches")
    real, latent = STD * streams.normal(ROWS, 2) + MEAN, streams.normal(ROWS, LATENT)
    whole = StepInput(Batch(real), latent, [None] * len(terms))
    means = []
    for done in range(steps):
        if done % EVERY == 0:
            progress(done, steps)
            with torch.no_grad():
                means.append(game.generator.call(latent)[:, :, 0].mean(1))
        simultaneous(game, whole)
    paths = torch.stack(means, 1)
    late = paths[:, -len(means) // 3 :]
    return Swing(paths.tolist(), ((late.amax(1) - late.amin(1)) / 2 / STD).tolist())
