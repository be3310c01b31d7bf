"""A grid of modes, and as many samples around each as told."""

from __future__ import annotations

import torch
from torch import Tensor

GRID = torch.tensor([[2.0 * i, 2.0 * j] for i in range(-2, 3) for j in range(-2, 3)])


def planted(counts: list[int], std: float = 0.05, seed: int = 0) -> Tensor:
    """As many samples around each grid centre as told, all within 2 std."""
    noise = torch.randn(sum(counts), 2, generator=torch.Generator().manual_seed(seed)).clamp(-1.4, 1.4)
    return GRID.repeat_interleave(torch.tensor(counts), dim=0) + std * noise
