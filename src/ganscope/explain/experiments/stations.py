"""The gradient at every station of its way back, from the loss to the generator's first layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganscope.explain.answer import Progress
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.seeds import Streams, alone, discriminator, generator, stacked
from ganscope.objectives import OBJECTIVES

STATIONS = ("a", "z", "critic 3", "critic 2", "critic 1", "x = G(latent)", "generator 2", "generator 1")
WIDTH, ROWS, LATENT = 64, 256, 8
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU)


class Pair(NamedTuple):
    """An untrained generator, a discriminator that has learnt to tell its samples apart, and latents."""

    generator: nn.Module
    discriminator: nn.Module
    latents: Tensor
    """`[256, 8]`."""


def confident(seeds: Sequence[int], steps: int, progress: Progress) -> list[Pair]:
    """Train discriminators against untrained generators, real points N((3, 3), 0.5²), until they are sure.

    Args:
        seeds: one pair each.
        steps: of Adam, rate 1e-3.
        progress: called with steps done.
    """
    generators = stacked(lambda: generator(2, LATENT, WIDTH, 2), seeds, "generator")
    discriminators = stacked(lambda: discriminator((2,), WIDTH, 3), seeds)
    players = fixed_generator.game(discriminators, generators, "minimax")
    streams = Streams(seeds, "batches")

    def draw() -> tuple[Tensor, Tensor]:
        return 0.5 * streams.normal(ROWS, 2) + 3, streams.normal(ROWS, LATENT)

    for done in fixed_generator.train(players, draw, steps, streams):
        progress(done, steps)
    latents = Streams(seeds, "probe").normal(ROWS, LATENT)
    return [Pair(alone(generators, k), alone(discriminators, k), latents[k]) for k in range(len(seeds))]


def arriving(loss: str, pair: Pair) -> list[float]:
    """Median over samples of the gradient's norm at every station, from the loss backwards.

    Args:
        loss: "minimax" or "non-saturating".
        pair: two perceptrons, of two and of three hidden layers.

    Returns:
        One number per entry of `STATIONS`; the first is |dL/da|.
    """
    hidden: list[Tensor] = []
    h = pair.latents
    for network in (pair.generator, pair.discriminator):
        for layer in network.children():
            h = layer(h)
            if isinstance(layer, ACTIVATIONS):
                hidden.append(h)
        hidden.append(h)
    z = hidden.pop().squeeze(1)
    gradients = torch.autograd.grad(OBJECTIVES[loss].g_loss(z, z).sum(), [*hidden, z])
    norms = [gradient.reshape(len(pair.latents), -1).norm(dim=1) for gradient in reversed(gradients)]
    outer = norms[0] / (z.sigmoid() * (-z).sigmoid()).detach()
    return [float(values.median()) for values in (outer, *norms)]
