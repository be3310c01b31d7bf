"""A new discriminator trained against a frozen generator: what could be told apart."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.seeds import Streams, discriminator, stacked
from ganscope.training.stacks.stacking import Network

STEPS, BATCH, WIDTH, DEPTH, RATE = 150, 64, 128, 2, 1e-3


def fresh_discriminators(samples: Tensor, train: Tensor, seeds: Sequence[int], steps: int = STEPS) -> Network:
    """Train new discriminators by cross-entropy between real rows and samples of frozen generators.

    Args:
        samples: one set per seed, `[K, N, *shape]`; a probe never sees those it is judged on.
        train: real rows `[M, *shape]`.
        seeds: of weights and batches.
        steps: updates, batches of 64, Adam 1e-3.

    Returns:
        A stack `[K, B, *shape] -> [K, B, 1]`, raw logits.
    """
    probes = stacked(lambda: discriminator(train.shape[1:], WIDTH, DEPTH), seeds, "fresh")
    players = fixed_generator.game(probes, lambda rows: rows, "non-saturating", RATE)
    real, fake = Streams(seeds, "batches"), Streams(seeds, "samples")

    def draw() -> tuple[Tensor, Tensor]:
        return real.rows(train, BATCH), fake.rows_of_each(samples, BATCH)

    for _ in fixed_generator.train(players, draw, steps, real):
        pass
    return probes
