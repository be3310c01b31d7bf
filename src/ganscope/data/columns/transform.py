"""Skewed numbers brought near to a normal distribution, and back: Yeo-Johnson, or their quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def forward(x: Values, how: Mapping[str, Any] | None) -> Values:
    """Transform numbers; None leaves them as they are."""
    if how is None:
        return x
    raise NotImplementedError


def backward(z: Values, how: Mapping[str, Any] | None) -> Values:
    """Undo `forward`."""
    if how is None:
        return z
    raise NotImplementedError
