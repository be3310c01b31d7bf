"""Critics fitted between two fixed distributions: their gradients by layer, surface, weights and slope."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn

from ganscope.data import DATASETS
from ganscope.explain.experiments.perceptron import descend, perceptron
from ganscope.lipschitz import (
    clip_weights_,
    expected_slope,
    input_gradient,
    penalty,
    squared_slope,
    wasserstein_bounds,
)
from ganscope.objectives import OBJECTIVES

BATCH, COMPARED, CELLS = 256, 400, 48
DEPTH, DEEP_WIDTH, DEEP_STEPS = 12, 256, 60
SURFACE_WIDTH, SURFACE_STEPS = 128, 400
SCALES = {"ring": (0.7072, 1.8), "grid": (0.3536, 1.8), "swiss-roll": (1.0, 2.0)}
"""By how much the authors' program shrinks each data set, and half the side of the square that is drawn."""
SLOPE_WEIGHTS = (0.1, 1.0, 10.0)

Sampler = Callable[[int, Generator], Tensor]
"""Draws `[n, *shape]`."""


class Constraint(NamedTuple):
    """How a critic is kept Lipschitz: by a box of half width `clip`, or by a penalty of weight `weight`."""

    name: str
    clip: float = 0.0
    weight: float = 0.0


CLIPPED = (Constraint("clip 0.1", 0.1), Constraint("clip 0.01", 0.01), Constraint("clip 0.001", 0.001))
PENALISED = Constraint("gradient penalty", weight=0.1)
"""Weight 0.1, as in the authors' program for toy data; the paper's text has 10."""


def fit_critic(
    critic: nn.Module,
    real: Sampler,
    fake: Sampler,
    constraint: Constraint,
    steps: int,
    rng: Generator,
    rate: float | None = None,
) -> None:
    """Train a Wasserstein critic, in place, between two fixed distributions.

    Args:
        critic: `[B, *shape] -> [B, 1]`.
        real: draws real samples.
        fake: draws from the fixed generator.
        constraint: clipping goes with RMSprop at 5e-5, the penalty with Adam(0.5, 0.9) at 1e-4, as published.
        steps: updates, batches of 256.
        rng: every draw comes from it.
        rate: learning rate in place of the published one.
    """
    parameters = list(critic.parameters())
    optimizer: torch.optim.Optimizer
    if constraint.clip:
        optimizer = torch.optim.RMSprop(parameters, lr=rate or 5e-5)
    else:
        optimizer = torch.optim.Adam(parameters, lr=rate or 1e-4, betas=(0.5, 0.9))
    for _ in range(steps):
        x, y = real(BATCH, rng), fake(BATCH, rng)
        loss = OBJECTIVES["wasserstein"].d_loss(critic(x).squeeze(1), critic(y).squeeze(1)).mean()
        if constraint.weight:
            loss = loss + constraint.weight * penalty("gradient-penalty", critic, x, y, rng).mean()
        descend(optimizer, loss)
        if constraint.clip:
            clip_weights_(critic, constraint.clip)


def he_initialised(network: nn.Sequential, seed: int) -> nn.Sequential:
    """Draw weights N(0, 2 / inputs): through ReLU layers neither the signal nor the gradient shrinks."""
    rng = Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Linear):
                layer.weight.normal_(0, math.sqrt(2 / layer.in_features), generator=rng)
                layer.bias.zero_()
    return network


def layer_gradients(critic: nn.Sequential, real: Tensor, fake: Tensor) -> list[float]:
    """Norms of d(critic loss)/d(activations) behind every ReLU, from the input's side to the output's.

    Args:
        critic: linear layers and ReLUs.
        real: `[B, D]`.
        fake: `[B, D]`.

    Example:
        >>> layer_gradients(perceptron((2, 4, 1), 0), torch.ones(3, 2), torch.ones(3, 2))[0] > 0
        True
    """
    x, activations = torch.cat([real, fake]), []
    for layer in critic:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            activations.append(x)
    half = len(real)
    scores = x.squeeze(1)
    loss = OBJECTIVES["wasserstein"].d_loss(scores[:half], scores[half:]).mean()
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


def rows_of(name: str) -> Sampler:
    """Draw with replacement from a data set, scaled as in the authors' program."""
    rows = DATASETS[name]().train
    scale = SCALES[name][0]

    def draw(n: int, rng: Generator) -> Tensor:
        return scale * rows[torch.randint(len(rows), (n,), generator=rng)]

    return draw


def noisy(real: Sampler) -> Sampler:
    """Return figure 1a's fixed generator: the data plus unit Gaussian noise."""

    def draw(n: int, rng: Generator) -> Tensor:
        x = real(n, rng)
        return x + torch.randn(x.shape, generator=rng)

    return draw


class Surface(NamedTuple):
    """A trained critic over a square, and what it is worth there."""

    values: list[list[float]]
    """Scores `[CELLS][CELLS]`, rows from low to high y, standardised."""
    certified_share: float
    """Certified lower bound over exact W1, on fresh samples."""


def surface(name: str, constraint: Constraint, seed: int, steps: int) -> Surface:
    """Train a critic between a data set and its noisy copy, and map it."""
    real = rows_of(name)
    fake = noisy(real)
    rng = Generator().manual_seed(seed)
    critic = he_initialised(perceptron((2, *[SURFACE_WIDTH] * 3, 1), seed), seed)
    # ten times the published rates: hundreds of steps here, a hundred thousand there
    rate = 5e-4 if constraint.clip else 1e-3
    fit_critic(critic, real, fake, constraint, steps, rng, rate)
    axis = torch.linspace(-SCALES[name][1], SCALES[name][1], CELLS)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    with torch.no_grad():
        scores = critic(torch.stack([x, y], -1).reshape(-1, 2)).reshape(CELLS, CELLS).double()
    bounds = wasserstein_bounds(critic, real(COMPARED, rng), fake(COMPARED, rng))
    scores = (scores - scores.mean()) / scores.std()
    return Surface(
        [[round(v, 3) for v in row] for row in scores.tolist()], bounds.certified_lower / bounds.exact
    )


class Deep(NamedTuple):
    """A 12-layer critic after training."""

    gradients: list[float]
    factor: float
    at_the_box: float
    """Share of weights whose size is the clip value; 0 without clipping."""
    weights: list[float]
    """Histogram of the weights' sizes relative to the largest, 20 bins, as shares."""


def deep_critic(constraint: Constraint, seed: int, steps: int) -> Deep:
    """Train a 12-layer critic on the Swiss roll against a fixed, untrained 12-layer generator (figure 1b)."""
    rng = Generator().manual_seed(seed)
    generator = he_initialised(perceptron((2, *[DEEP_WIDTH] * (DEPTH - 1), 2), seed), seed)
    critic = he_initialised(perceptron((2, *[DEEP_WIDTH] * (DEPTH - 1), 1), seed), seed + 1000)
    real = rows_of("swiss-roll")

    def fake(n: int, rng: Generator) -> Tensor:
        with torch.no_grad():
            drawn: Tensor = generator(torch.randn(n, 2, generator=rng))
        return drawn

    fit_critic(critic, real, fake, constraint, steps, rng)
    sizes = torch.cat(
        [layer.weight.detach().abs().flatten() for layer in critic if isinstance(layer, nn.Linear)]
    )
    gradients = layer_gradients(critic, real(BATCH, rng), fake(BATCH, rng))
    histogram = torch.histc(sizes / sizes.max(), bins=20, min=0, max=1) / len(sizes)
    at_the_box = float((sizes >= 0.999 * constraint.clip).double().mean()) if constraint.clip else 0.0
    return Deep(gradients, factor_per_layer(gradients), at_the_box, histogram.tolist())


class Slope(NamedTuple):
    """A penalised critic between two Gaussians on a line, W1 = 4 apart."""

    weight: float
    measured: float
    """Mean slope between the two means."""
    predicted: float
    """1 + W1 / (2 weight)."""


def optimal_slope(weight: float, seed: int, steps: int) -> Slope:
    """Measure the slope a penalised critic settles at, between N(-2, 0.5²) and N(2, 0.5²)."""
    rng = Generator().manual_seed(seed)
    critic = he_initialised(perceptron((1, 64, 64, 1), seed), seed)

    def normal(mean: float) -> Sampler:
        return lambda n, rng: mean + 0.5 * torch.randn(n, 1, generator=rng)

    fit_critic(critic, normal(-2), normal(2), Constraint("", weight=weight), steps, rng, 3e-3)
    slopes = squared_slope(input_gradient(critic, torch.linspace(-1, 1, 101)[:, None])).sqrt()
    return Slope(weight, float(slopes.detach().mean()), expected_slope(4, weight))
