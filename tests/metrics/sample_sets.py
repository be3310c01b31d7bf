"""Samples, and the types of what measures them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.metrics import PRDC

Array = NDArray[np.float64]
Metric = Callable[[Tensor, Tensor], float | PRDC]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
