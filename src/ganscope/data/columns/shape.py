"""How the numbers of a column are learnt: standardised, transformed, or as a mixture of modes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.data.columns import modes, transform

Values = NDArray[np.float64]
SKEW, KURTOSIS = 2.0, 7.0
"""Beyond these a distribution is far from normal (West, Finch and Curran, 1995), and transformed."""
BENT_SKEW, BENT_KURTOSIS = 0.5, 2.0
"""Within these a power has made it normal; else its quantiles do."""
FEWEST = 50
"""Numbers below which no shape is judged, ..."""
DISTINCT = 20
"""... and distinct ones."""
JUDGED = 20_000
"""Evenly spaced numbers by which a shape is judged, at most."""
SMALLEST = 1e-100
"""Standard deviations below this, or above its inverse, are left to standardising alone."""


def learnt_as(
    x: Values, moments: tuple[float, float], ends: tuple[float, float], whole: bool
) -> tuple[dict[str, Any], str]:
    """Choose how numbers are learnt.

    - As a mixture where their density has more than one mode and falls to half between them.
    - By a power, or by their quantiles, where skewness is above 2 or excess kurtosis above 7.
    - Standardised otherwise.

    Args:
        x: training values without missing ones and without those of their own mass.
        moments: their mean and standard deviation.
        ends: the least and greatest of all rows.
        whole: whether they are whole numbers.

    Returns:
        The entries of the column's code, and a clause about them; empty where they are only standardised.
    """
    mean, std = moments
    plain = {"mean": mean, "std": std}
    if len(x) < FEWEST or len(np.unique(x)) < DISTINCT or not SMALLEST < std < 1 / SMALLEST:
        return plain, ""
    x = x[:: -(-len(x) // JUDGED)]
    count = modes.count_modes(x, whole)
    if count > 1:
        mixture = modes.code(x, *ends)
        return (mixture, f"{count} modes: learnt as a mixture") if mixture else (plain, "")
    skew, kurtosis = shape(x)
    if abs(skew) <= SKEW and kurtosis <= KURTOSIS:
        return plain, ""
    how = transform.power(x, *ends)
    transformed = transform.forward(x, how)
    after = (
        shape(transformed) if np.isfinite(transformed).all() and transformed.std() > 0 else (np.inf, np.inf)
    )
    if abs(after[0]) <= BENT_SKEW and abs(after[1]) <= BENT_KURTOSIS:
        remark = f"skewness {skew:.1f}: learnt by a power"
    else:
        how = transform.quantiles(x, *ends)
        transformed = transform.forward(x, how)
        half = np.quantile(x, [0.01, 0.99])
        remark = (
            f"heavy tails, 98 % within {half[0]:.4g} to {half[1]:.4g} but all within {ends[0]:.4g} to "
            f"{ends[1]:.4g}: learnt by quantiles"
        )
    return {"mean": float(transformed.mean()), "std": float(transformed.std()), "transform": how}, remark


def shape(x: Values) -> tuple[float, float]:
    """Return skewness and excess kurtosis.

    Example:
        >>> shape(np.array([-1.0, 1.0]))
        (0.0, -2.0)
    """
    z = (x - x.mean()) / x.std()
    return float((z**3).mean()), float((z**4).mean() - 3.0)
