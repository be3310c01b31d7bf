"""Values at which mass sits: zeros of a zero-inflated column, the end of a capped one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
LEAST_SHARE = 0.1
"""Share of the rows that a value holds, at least, to have a mass of its own."""
OF_A_FAIR_SHARE = 5.0
"""So many times the fair share of each distinct value it holds as well, ..."""
HALF = 0.5
"""... unless it holds half of all rows."""
MOST = 5


def masses(x: Values) -> list[float]:
    """Return the values of a column that each hold a large share of its rows, the largest share first.

    Args:
        x: values `[N]`, none missing.

    Returns:
        At most five values, each of at least 10 % of the rows and of five times the fair share of a distinct
        value, or of half of the rows.

    Example:
        >>> masses(np.concatenate([np.zeros(90), np.arange(10.0, 20.0)])), masses(np.arange(6.0))
        ([0.0], [])
    """
    if len(x) == 0:
        return []
    distinct, counts = np.unique(x, return_counts=True)
    shares = counts / len(x)
    large = (shares >= LEAST_SHARE) & ((shares * len(distinct) >= OF_A_FAIR_SHARE) | (shares >= HALF))
    order = np.argsort(-shares, kind="stable")
    return [float(distinct[at]) for at in order if large[at]][:MOST]
