"""Values beside which all others of their column are one: float32 keeps seven digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.columns.moments import Moments
from ganscope.data.lazy_rows import blocks
from ganscope.words.foreign import named
from ganscope.words.lists import place

FURTHEST = 1e12
"""Span of a column in spans of its middle 98 % of rows; log-normal values of sigma 5 reach about 1e6."""


def refuse_outliers(
    name: str,
    columns: Sequence[str],
    values: NDArray[Any],
    trained: Moments,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    lines: Sequence[int] | None,
) -> None:
    """Refuse a table with a value that leaves nothing else to learn of its column.

    Args:
        name: of the table.
        columns: their names.
        values: all rows `[N, D]`, NaN where one is missing.
        trained: holds some of its rows.
        ends: least and greatest value of each column, over all rows.
        lines: of the rows in the file.

    Raises:
        BadInput: naming the value, its place and the values beside it.
    """
    low, high = ends
    for at, column in enumerate(trained.sample.T):
        known = np.sort(column[np.isfinite(column)])
        left_out = max(1, len(known) // 100)
        usual = known[left_out:-left_out]
        if not len(usual) or usual[0] == usual[-1]:
            continue
        least, most = float(usual[0]), float(usual[-1])
        if max(high[at] - most, least - low[at]) / FURTHEST > most - least:
            row, value = _furthest(values, at, least)
            where = f"column '{named(columns[at])}', {place(row, lines)}"
            raise BadInput(
                f"{name} holds {value:g} in {where}, beside values from {least:.3g} to {most:.3g}: repair "
                "it, leave it empty if it stands for a missing value, or remove the row."
            )


def _furthest(values: NDArray[Any], at: int, start: float) -> tuple[int, float]:
    """The row and the value that are furthest from a value."""
    farthest = (0, start)
    for first, block in blocks(values):
        column = block[:, at].astype(np.float64)
        row = int(np.nan_to_num(np.abs(column - start), nan=0.0).argmax())
        if abs(column[row] - start) > abs(farthest[1] - start):
            farthest = (first + row, float(column[row]))
    return farthest
