"""How the numbers of a column are learnt: standardised, transformed, or as a mixture of modes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def learnt_as(
    x: Values,  # noqa: ARG001
    moments: tuple[float, float],
) -> tuple[dict[str, Any], str]:
    """Choose how numbers are learnt.

    Args:
        x: training values without missing ones and without those of their own mass.
        moments: their mean and standard deviation.

    Returns:
        The entries of the column's code, and a clause about them; empty where they are only standardised.
    """
    mean, std = moments
    return {"mean": mean, "std": std}, ""
