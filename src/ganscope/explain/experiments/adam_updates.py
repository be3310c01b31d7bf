"""What Adam makes of gradients of one shape and many sizes."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import nn

RATE, EPSILON, UPDATES, WEIGHTS = 1e-3, 1e-8, 50, 2000
EXPONENTS = range(13)
"""Gradients are scaled by 10 to minus this."""


class Updates(NamedTuple):
    """Adam's updates, by exponent of the scale."""

    size: list[float]
    """Mean norm of an update."""
    along: list[float]
    """Cosine between the sum of all updates and the direction in which the mean gradient descends."""


def adam_updates(signal: float, seed: int) -> Updates:
    """Feed Adam a fixed direction plus noise, scaled by powers of ten.

    Args:
        signal: norm of the fixed direction; that of the noise is 1 a step.
        seed: of direction and noise.
    """
    rng = torch.Generator().manual_seed(seed)
    direction = torch.randn(WEIGHTS, generator=rng, dtype=torch.float64)
    direction *= signal / direction.norm()
    steps = torch.randn(UPDATES, WEIGHTS, generator=rng, dtype=torch.float64) / math.sqrt(WEIGHTS)
    sizes, along = [], []
    for exponent in EXPONENTS:
        weight = nn.Parameter(torch.zeros(WEIGHTS, dtype=torch.float64))
        optimizer = torch.optim.Adam([weight], RATE, eps=EPSILON)
        path = [weight.detach().clone()]
        for step in steps:
            weight.grad = 10.0**-exponent * (direction + step)
            optimizer.step()
            path.append(weight.detach().clone())
        moves = torch.stack(path).diff(dim=0)
        sizes.append(float(moves.norm(dim=1).mean()))
        along.append(float(-path[-1] @ direction / path[-1].norm() / direction.norm()))
    return Updates(sizes, along)
