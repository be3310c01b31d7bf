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
FAR_SHARE = 0.005
"""Share of the rows, and two of them, at least, at an end that lies further out than all others are apart."""
MOST = 5


def masses(x: Values) -> list[float]:
    """Return the values of a column that each hold a large share of its rows, the largest share first.

    Args:
        x: values `[N]`, none missing.

    Returns:
        At most five values, each of at least 10 % of the rows and of five times the fair share of a distinct
        value, or of half of the rows; or of 0.5 % if it lies further out than all the others are apart, such
        as -999 for a missing value.

    Example:
        >>> masses(np.concatenate([np.zeros(90), np.arange(10.0, 20.0)])), masses(np.arange(6.0))
        ([0.0], [])
    """
    if len(x) == 0:
        return []
    distinct, counts = np.unique(x, return_counts=True)
    shares = counts / len(x)
    large = (shares >= LEAST_SHARE) & ((shares * len(distinct) >= OF_A_FAIR_SHARE) | (shares >= HALF))
    large |= _far_out(distinct, counts)
    order = np.argsort(-shares, kind="stable")
    return [float(distinct[at]) for at in order if large[at]][:MOST]


def _far_out(distinct: Values, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark an end that rows share and that lies further out than all other values are apart."""
    marked = np.zeros(len(distinct), dtype=bool)
    if len(distinct) < MOST:
        return marked
    shared = counts >= np.maximum(2, FAR_SHARE * counts.sum())
    marked[0] = shared[0] and distinct[1] - distinct[0] > distinct[-1] - distinct[1]
    marked[-1] = shared[-1] and distinct[-1] - distinct[-2] > distinct[-2] - distinct[0]
    return marked
