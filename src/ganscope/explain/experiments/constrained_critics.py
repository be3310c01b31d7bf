"""Critics clipped or penalised between two fixed distributions: gradients by layer, weights, surface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.data import DATASETS
from ganscope.explain.answer import Progress
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.fixed_generator import Constraint
from ganscope.explain.experiments.seeds import Streams, alone, generator, stacked
from ganscope.lipschitz import wasserstein_bounds
from ganscope.objectives import OBJECTIVES

BATCH, COMPARED, CELLS = 256, 400, 48
DEPTH, DEEP_WIDTH = 12, 256
SURFACE_WIDTH = 128
SCALES = {"ring": (0.7072, 1.8), "grid": (0.3536, 1.8), "swiss-roll": (1.0, 2.0)}
"""By how much the authors' program shrinks each data set, and half the side of the square that is drawn."""

CLIPPED = (
    Constraint("clip 0.1", clip=0.1),
    Constraint("clip 0.01", clip=0.01),
    Constraint("clip 0.001", clip=0.001),
)
PENALISED = Constraint("gradient penalty", weight=0.1)
"""Weight 0.1, as in the authors' program for toy data; the paper's text has 10."""


class Deep(NamedTuple):
    """A 12-layer critic after training."""

    gradients: list[float]
    """Norms of d loss / d activations, from the input's side to the output's."""
    factor: float
    """By which the gradient changes at each layer on its way back."""
    at_the_box: float
    """Share of weights whose size is the clip value; 0 without clipping."""
    weights: list[float]
    """Histogram of the weights' sizes relative to the largest, 20 bins, as shares."""


class Surface(NamedTuple):
    """A trained critic over a square, and what it is worth there."""

    values: list[list[float]]
    """Scores `[CELLS][CELLS]`, rows from low to high y, standardised."""
    certified_share: float
    """Certified lower bound over exact W1, on fresh samples."""


def published_rate(constraint: Constraint) -> float:
    """Learning rate that goes with a constraint in the papers: RMSprop's or Adam's."""
    return 5e-5 if constraint.clip else 1e-4


def rows_of(name: str) -> Tensor:
    """Return all training rows of a data set, scaled as in the authors' program."""
    rows = DATASETS[name]().train
    return SCALES[name][0] * rows[torch.arange(len(rows))]


def layer_gradients(critic: nn.Module, real: Tensor, fake: Tensor) -> list[float]:
    """Norms of d(critic loss)/d(activations) behind every ReLU, from the input's side to the output's.

    Args:
        critic: linear layers and ReLUs.
        real: `[B, D]`.
        fake: `[B, D]`.

    Example:
        >>> layer_gradients(generator(1, 2, 4, 1), torch.ones(3, 2), torch.ones(3, 2))[0] > 0
        True
    """
    x, activations = torch.cat([real, fake]), []
    for layer in critic.children():
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            activations.append(x)
    scores = x.squeeze(1)
    loss = OBJECTIVES["wasserstein"].d_loss(scores[: len(real)], scores[len(real) :]).mean()
    return [float(g.norm()) for g in torch.autograd.grad(loss, activations)]


def factor_per_layer(norms: Sequence[float]) -> float:
    """Return the factor by which the gradient changes at each layer on its way back: 10 ** slope of log10.

    Args:
        norms: from input to output; zeros, where float32 has underflowed, are left out.

    Example:
        >>> round(factor_per_layer([8.0, 4.0, 2.0]), 6), round(factor_per_layer([0.0, 1e-4, 1e-2]), 6)
        (2.0, 0.01)
    """
    logs = [(depth, math.log10(norm)) for depth, norm in enumerate(norms) if norm > 0]
    places, values = zip(*logs, strict=True)
    return float(10 ** -np.polyfit(places, values, 1)[0])


def deep_critics(constraint: Constraint, seeds: Sequence[int], steps: int, progress: Progress) -> list[Deep]:
    """Train 12-layer ReLU critics on the Swiss roll against fixed, untrained 12-layer generators (figure 1b).

    Args:
        constraint: on the critics.
        seeds: one critic and one generator each.
        steps: of the optimiser, at the published rate.
        progress: of this training.
    """
    generators = stacked(lambda: generator(2, 2, DEEP_WIDTH, DEPTH - 1), seeds, "generator")
    critics = stacked(lambda: generator(1, 2, DEEP_WIDTH, DEPTH - 1), seeds)
    rate = published_rate(constraint)
    players = fixed_generator.game(critics, generators, "wasserstein", rate, constraint)
    rows, streams = rows_of("swiss-roll"), Streams(seeds, "batches")

    def draw() -> tuple[Tensor, Tensor]:
        return streams.rows(rows, BATCH), streams.normal(BATCH, 2)

    for done in fixed_generator.train(players, draw, steps, streams):
        progress(done, steps)
    real, latent = draw()
    with torch.no_grad():
        fake = generators.call(latent)
    return [_deep(alone(critics, k), real[k], fake[k], constraint.clip) for k in range(len(seeds))]


def _deep(critic: nn.Module, real: Tensor, fake: Tensor, clip: float) -> Deep:
    layers = [layer for layer in critic.children() if isinstance(layer, nn.Linear)]
    sizes = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
    gradients = layer_gradients(critic, real, fake)
    histogram = torch.histc(sizes / sizes.max(), bins=20, min=0, max=1) / len(sizes)
    at_the_box = float((sizes >= 0.999 * clip).double().mean()) if clip else 0.0
    return Deep(gradients, factor_per_layer(gradients), at_the_box, histogram.tolist())


def surfaces(
    name: str, constraint: Constraint, seeds: Sequence[int], steps: int, progress: Progress
) -> list[Surface]:
    """Train critics between a data set and its copy with unit Gaussian noise (figure 1a), and map them.

    Args:
        name: a key of `SCALES`.
        constraint: on the critics.
        seeds: one critic each.
        steps: of the optimiser, at ten times the published rate: hundreds here, a hundred thousand there.
        progress: of this training.
    """
    critics = stacked(lambda: generator(1, 2, SURFACE_WIDTH, 3), seeds)
    rate = 10 * published_rate(constraint)
    players = fixed_generator.game(critics, lambda x: x, "wasserstein", rate, constraint)
    rows, streams = rows_of(name), Streams(seeds, "batches")

    def draw(count: int = BATCH) -> tuple[Tensor, Tensor]:
        return streams.rows(rows, count), streams.rows(rows, count) + streams.normal(count, 2)

    for done in fixed_generator.train(players, draw, steps, streams):
        progress(done, steps)
    real, fake = draw(COMPARED)
    return [_surface(alone(critics, k), SCALES[name][1], real[k], fake[k]) for k in range(len(seeds))]


def _surface(critic: nn.Module, half: float, real: Tensor, fake: Tensor) -> Surface:
    axis = torch.linspace(-half, half, CELLS)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    with torch.no_grad():
        scores = critic(torch.stack([x, y], -1).reshape(-1, 2)).reshape(CELLS, CELLS).double()
    scores = (scores - scores.mean()) / scores.std()
    bounds = wasserstein_bounds(critic, real, fake)
    values = [[round(value, 3) for value in row] for row in scores.tolist()]
    return Surface(values, bounds.certified_lower / bounds.exact)
