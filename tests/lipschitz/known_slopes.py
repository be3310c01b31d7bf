"""Critics of known slope, and what each penalty asks of a slope."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganscope.lipschitz import (
    PENALTIES,
)

NAMES = list(PENALTIES)
# what each member asks of a slope g, in plain floats
COSTS: dict[str, Callable[[float], float]] = {
    "gradient-penalty": lambda g: (g - 1) ** 2,
    "one-sided": lambda g: max(0.0, g - 1) ** 2,
    "dragan": lambda g: (g - 1) ** 2,
    "r1": lambda g: g**2 / 2,
    "r2": lambda g: g**2 / 2,
    "wgan-div": lambda g: g**6,
}


def linear_critic(shape: tuple[int, ...], norm: float) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """D(x) = w.x + 3 with |w| = norm, and w."""
    rng = torch.Generator().manual_seed(len(shape))
    w = torch.randn(shape, generator=rng, dtype=torch.float64)
    w = (w * norm / w.norm()).requires_grad_()
    return lambda x: (x * w).flatten(1).sum(1) + 3, w


def samples(batch: int, shape: tuple[int, ...], seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return (
        torch.randn(batch, *shape, generator=rng, dtype=torch.float64),
        2 + torch.randn(batch, *shape, generator=rng, dtype=torch.float64),
    )


def small_critic(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Smooth and nonlinear, with slopes on both sides of 1."""
    torch.manual_seed(seed)
    first, middle, last = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 1)
    with torch.no_grad():
        first.weight.mul_(3)
        last.weight.mul_(5)
    return nn.Sequential(first, nn.Tanh(), middle, nn.Softplus(), last).to(dtype)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
