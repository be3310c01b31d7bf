"""A generator at three stages of its training, frozen, for fresh discriminators to be trained against.

Arjovsky and Bottou (2017, figures 1 to 3) froze a DCGAN after 1, 10 and 25 epochs on images. Here it is a
perceptron that makes handwritten digits of 8 x 8 pixels, early, half way and late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.data import DATASETS
from ganscope.explain.experiments.critics import slopes_at
from ganscope.explain.experiments.perceptron import Draws, Stack, descend
from ganscope.lipschitz import squared_slope
from ganscope.objectives import OBJECTIVES

STAGES = {"early": 30, "half way": 300, "late": 1200}
"""Name -> steps of training."""
LATENT, WIDTH, PIXELS, BATCH = 16, 64, 64, 64


class Frozen(NamedTuple):
    """Generators of all stages and seeds in one stack, stage by stage."""

    generators: Stack
    names: tuple[str, ...]
    """Stage of each network."""
    seeds: tuple[int, ...]
    """Seed of each network."""


def frozen(seeds: Sequence[int], progress: Callable[[int], None] = lambda done: None) -> Frozen:
    """Train one GAN per seed (non-saturating, R1) and keep its generator at three stages.

    Args:
        seeds: of weights, latents and batches.
        progress: called with the number of steps done.
    """
    rows = digits()
    generators = Stack((LATENT, WIDTH, WIDTH, PIXELS), seeds)
    critics = Stack((PIXELS, WIDTH, WIDTH, 1), [seed + 1 for seed in seeds])
    optimizers = [
        torch.optim.Adam(network.parameters(), 1e-3, (0.0, 0.9)) for network in (generators, critics)
    ]
    losses, draws = OBJECTIVES["non-saturating"], Draws(seeds, salt=1)
    kept: list[dict[str, Tensor]] = []
    for done in range(1, max(STAGES.values()) + 1):
        real, fake = draws.rows(rows, BATCH), generators(draws.normal(BATCH, LATENT))
        d_loss = losses.d_loss(critics.scores(real), critics.scores(fake.detach())).mean(1).sum()
        d_loss = d_loss + 0.5 * squared_slope(slopes_at(critics, real), batch_dims=2).mean(1).sum()
        descend(optimizers[1], d_loss)
        descend(optimizers[0], losses.g_loss(critics.scores(real), critics.scores(fake)).mean(1).sum())
        if done in STAGES.values():
            kept.append({name: value.clone() for name, value in generators.state_dict().items()})
        if done % 25 == 0:
            progress(done)
    every = Stack((LATENT, WIDTH, WIDTH, PIXELS), [seed for _ in STAGES for seed in seeds])
    every.load_state_dict({name: torch.cat([state[name] for state in kept]) for name in kept[0]})
    names = tuple(stage for stage in STAGES for _ in seeds)
    return Frozen(every, names, tuple(seed for _ in STAGES for seed in seeds))


def digits() -> Tensor:
    """Return the training rows of the digits, `[N, 64]`, in [-1, 1]."""
    train = DATASETS["digits"]().train
    return train[torch.arange(len(train))].flatten(1)


def fresh(seeds: Sequence[int]) -> Stack:
    """Return untrained discriminators, one per seed, none with its generator's random numbers."""
    return Stack((PIXELS, WIDTH, WIDTH, WIDTH, 1), [seed + 7 for seed in seeds])


def generator_gradients(
    generators: Stack, critics: Stack, objective: str, latents: Tensor
) -> tuple[Tensor, ...]:
    """Gradient of the mean generator loss of every network in its own weights.

    Args:
        generators: K networks.
        critics: one for each.
        objective: a key of `OBJECTIVES`.
        latents: `[K, B, D]`.

    Returns:
        One tensor `[K, ...]` per parameter.
    """
    scores = critics.scores(generators(latents))
    loss = OBJECTIVES[objective].g_loss(scores, scores).mean(1).sum()
    return torch.autograd.grad(loss, list(generators.parameters()))


def norms(gradients: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of every network's gradient, `[K]`, float64: squares of 1e-30 vanish in float32."""
    return torch.stack([g.double().flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
