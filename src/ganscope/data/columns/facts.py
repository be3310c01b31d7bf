"""What is found out about the values of each column in one pass over all rows, with flat memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.lazy_rows import blocks
from ganscope.words.lists import place

Values = NDArray[np.float64]
MOST_DISTINCT = 1_000
"""Distinct values that are kept of a column; of one with more it is only known that it has more."""
MOST_DECIMALS = 9
EXACT = 2.0**53


class Facts:
    """Facts about one column; NaN is no value.

    Example:
        >>> facts = Facts()
        >>> facts.add(np.array([4.5, np.nan, 0.25]), 0)
        >>> facts.low, facts.high, facts.missing, facts.decimals, facts.whole
        (0.25, 4.5, 1, 2, False)
    """

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.rows = 0
        self.missing = 0
        """How many rows have no value."""
        self.decimals: int | None = 0
        """The fewest decimals that write every value; None where that is more than nine."""
        self.distinct: Values | None = np.empty(0)
        """All distinct values, sorted; None where they are more than a thousand."""
        self.first = np.nan
        self.step = 0
        """The largest step in which all whole values lie from the first one; 0 before there are two."""
        self.counts_on = True
        """Whether every value is one more than the one before."""

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return self.decimals == 0

    @property
    def values(self) -> int:
        """How many rows have a value."""
        return self.rows - self.missing

    def add(self, column: Values, start: int) -> None:
        """Take in the values of the rows from `start` on."""
        self.rows += len(column)
        none = np.isnan(column)
        x = column[~none] if none.any() else column
        self.missing += len(column) - len(x)
        self.counts_on &= len(x) == len(column)
        if len(x) == 0:
            return
        if np.isnan(self.first):
            self.first = float(x[0])
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        if self.counts_on:
            self.counts_on = bool((x == self.first + np.arange(start, start + len(x))).all())
        self._count_decimals(x)
        self._count_distinct(x)
        if self.whole and self.step != 1 and max(abs(self.low), abs(self.high)) < EXACT:
            self.step = int(np.gcd.reduce((x - self.first).astype(np.int64), initial=self.step))

    def _count_decimals(self, x: Values) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            while self.decimals is not None and not (np.round(x, self.decimals) == x).all():
                self.decimals = self.decimals + 1 if self.decimals < MOST_DECIMALS else None

    def _count_distinct(self, x: Values) -> None:
        if self.distinct is None:
            return
        if len(self.distinct):
            at = np.minimum(np.searchsorted(self.distinct, x), len(self.distinct) - 1)
            x = x[self.distinct[at] != x]
        if len(x):
            together = np.union1d(self.distinct, x)
            self.distinct = together if len(together) <= MOST_DISTINCT else None


def scanned(
    name: str,
    columns: Sequence[str],
    values: NDArray[Any],
    lines: Sequence[int] | None,
    facts: Sequence[Facts],
    lost: Sequence[int] = (),
) -> Iterator[Values]:
    """Pass all rows on as float64, and collect facts on the way.

    Equal tables in different formats pass on the same bytes.

    Raises:
        BadInput: an infinity.
    """
    for start, block in blocks(values):
        rows = block.astype(np.float64)
        rows[:, list(lost)] = np.nan  # words that were given up on, some pages into the file
        if not np.isfinite(rows).all():
            rows[np.isnan(rows)] = np.nan  # one pattern of bits for all
            infinite = np.argwhere(np.isinf(rows))
            if len(infinite):
                row, column = (int(at) for at in infinite[0])
                raise BadInput(
                    f"{name} holds {rows[row, column]:g} in column '{columns[column]}', "
                    f"{place(start + row, lines)}: repair the value or remove the row."
                )
        for at, fact in enumerate(facts):
            fact.add(rows[:, at], start)
        yield rows
