"""One number over seeds: its mean, its sample standard deviation and its range."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple


class Spread(NamedTuple):
    """One number over seeds."""

    mean: float
    sd: float | None
    """Sample standard deviation (n - 1); None for one seed, which has none."""
    low: float
    high: float
    seeds: int


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean, sample standard deviation and range of the values that exist; None without any.

    Example:
        >>> spread([1.0, 2.0, None, 3.0])
        Spread(mean=2.0, sd=1.0, low=1.0, high=3.0, seeds=3)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    sd = statistics.stdev(known) if len(known) > 1 else None
    return Spread(statistics.fmean(known), sd, min(known), max(known), len(known))
