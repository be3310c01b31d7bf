"""Mean and standard deviation of training rows, block by block, and a sample of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.data.lazy_rows import blocks

Values = NDArray[np.float64]
SAMPLED = 2**20
"""Values of training rows, evenly spaced, by which the shape of columns is judged; 1,000 rows at least."""


class Moments(NamedTuple):
    """What the training rows say of each column."""

    mean: Values
    """NaN where values are missing."""
    std: Values
    """0 exactly for a constant column, NaN where values are missing."""
    first: Values
    """Values of the first training row."""
    sample: Values
    """Evenly spaced training rows `[M, D]`."""


def moments(values: NDArray[Any], apart: NDArray[np.int64], low: Values, high: Values) -> Moments:
    """Compute mean and standard deviation of all rows but those kept apart (Chan et al., 1979).

    Columns are first mapped to [0, 1], so that no square overflows or vanishes.

    Args:
        values: all rows `[N, D]`.
        apart: positions of rows that are left out, sorted.
        low: least value of each column, over all rows.
        high: greatest value of each column.

    Returns:
        The moments.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        span = high - low
    usual = (span > 0) & np.isfinite(span)
    low, scale = np.where(np.isfinite(low), low, 0.0), np.where(usual, span, 1.0)
    count, mean, squares = 0, np.zeros(len(span)), np.zeros(len(span))
    first, constant = np.zeros(len(span)), np.ones(len(span), dtype=bool)
    wanted = max(1_000, SAMPLED // max(1, len(span)))
    every, sample = max(1, -(-len(values) // wanted)), []
    for start, block in blocks(values):
        inside = apart[np.searchsorted(apart, start) : np.searchsorted(apart, start + len(block))]
        rows = np.delete(block, inside - start, axis=0).astype(np.float64)
        if len(rows) == 0:
            continue
        if count == 0:
            first = rows[0]
        constant &= (rows == first).all(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            z = (rows - low) / scale
            shift = z.mean(axis=0) - mean
            squares += ((z - z.mean(axis=0)) ** 2).sum(axis=0)
            squares += shift**2 * (count * len(rows) / (count + len(rows)))
            mean += shift * (len(rows) / (count + len(rows)))
        sample.append(rows[-count % every :: every].copy())  # so that the block is let go
        count += len(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        std = np.where(np.isfinite(span), scale * np.sqrt(squares / count), np.inf)
        return Moments(low + scale * mean, np.where(constant, 0.0, std), first, np.concatenate(sample))
