"""Sentences made from measurements: values with their spread, and comparatives that the numbers choose."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread


def mean(values: Iterable[float]) -> str:
    """Write mean ± standard deviation over seeds.

    Args:
        values: one per seed.

    Example:
        >>> mean([1.0, 2.0, 3.0]), mean([2.5])
        ('2.00 ± 1.00', '2.50')
    """
    return plus_minus(spread(values))


def span(values: Sequence[float], figures: int = 2) -> str:
    """Write the range over seeds; one number where both ends are written alike.

    Args:
        values: one per seed.
        figures: significant digits.

    Example:
        >>> span([82.0, 246.0], 3), span([0.5])
        ('82.0 to 246', '0.50')
    """
    low, high = (digits(value, figures) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def trend(ratios: Sequence[float]) -> str:
    """Say how a quantity changed, from its last value over its first in every seed.

    Args:
        ratios: one per seed, not negative.

    Example:
        >>> trend([82.0, 246.0]), trend([1e-5, 1e-4])
        ('grows by a factor of 82 to 250', 'falls by 4.0 to 5.0 decades')
        >>> trend([0.4, 0.3]), trend([0.8, 1.1])
        ('falls to 0.30 to 0.40 of its first value', 'stays within a factor of 2')
        >>> trend([0.1, 30.0])
        'changes by a factor of 0.10 to 30, depending on the seed'
    """
    low, high = min(ratios), max(ratios)
    if low >= 2:
        return f"grows by a factor of {span(ratios)}"
    if high <= 0.1:
        return "falls by " + (f"{span([-math.log10(r) for r in ratios])} decades" if low > 0 else "all of it")
    if high <= 0.5:
        return f"falls to {span(ratios)} of its first value"
    if low >= 0.5 and high <= 2:
        return "stays within a factor of 2"
    return f"changes by a factor of {span(ratios)}, depending on the seed"


def how_often(holds: Sequence[bool]) -> str:
    """Say in how many of the seeds something holds.

    Args:
        holds: one per seed, at least one.

    Example:
        >>> how_often([True, True]), how_often([True, False, False]), how_often([False, False])
        ('in every seed', 'in 1 of 3 seeds', 'in no seed')
    """
    if len(holds) == 1:
        return "in the one seed measured" if holds[0] else "not in the one seed measured"
    if all(holds):
        return "in every seed"
    return f"in {sum(holds)} of {len(holds)} seeds" if any(holds) else "in no seed"


def pick(first: Sequence[float], second: Sequence[float], above: str, mixed: str, below: str) -> str:
    """Choose the words that a comparison of two quantities deserves, seed by seed.

    Args:
        first: one value per seed.
        second: likewise.
        above: for the first above the second in every seed.
        mixed: for seeds that disagree, or values that are equal.
        below: for the first below the second in every seed.

    Example:
        >>> pick([3.0, 4.0], [1.0, 2.0], "more", "as much", "less")
        'more'
        >>> pick([3.0, 1.0], [1.0, 2.0], "more", "as much", "less")
        'as much'
    """
    pairs = list(zip(first, second, strict=True))
    if all(a > b for a, b in pairs):
        return above
    return below if all(a < b for a, b in pairs) else mixed


def moved(first: Sequence[float], last: Sequence[float]) -> str:
    """Say where a quantity began and where it ended, mean ± standard deviation over seeds.

    Args:
        first: one value per seed.
        last: likewise.

    Example:
        >>> moved([1.0, 2.0], [5.0, 6.0]), moved([1.0, 2.0], [2.0, 1.0])
        ('rises from 1.50 ± 0.71 to 5.50 ± 0.71', 'goes from 1.50 ± 0.71 to 1.50 ± 0.71')
    """
    verb = pick(last, first, "rises", "goes", "falls")
    return f"{verb} from {mean(first)} to {mean(last)}"
