"""Numbers in cells: their decimals, and the signs around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.column import Column
from ganscope.words.sentences import shortened

Values = NDArray[np.float64]
EXACT = 2.0**53
"""Up to here float64 holds every whole number."""


def typed(values: Values, column: Column) -> NDArray[Any]:
    """Return int64 where the column is of whole numbers and none is missing, else float64.

    Example:
        >>> typed(np.array([2.0, 3.0]), Column("n", "integer", {"as": "number"}, {})).dtype
        dtype('int64')
    """
    whole = column.cells.get("whole", column.kind == "integer")
    if whole and len(values) and bool((np.abs(values) < EXACT).all()):
        return values.astype(np.int64)
    return values


def untyped(cells: NDArray[Any], column: Column) -> Values:
    """Return float64; None is NaN."""
    try:
        return np.asarray(cells, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(
            f"column '{column.name}' holds {shortened(repr(cells[0]))}, but numbers are needed: convert it."
        ) from None


def text(values: Values, column: Column) -> list[str]:
    """Write numbers with the decimals and signs that their file has.

    Example:
        >>> price = Column("price", "continuous", {"as": "number", "fixed": 2, "prefix": "$"}, {})
        >>> text(np.array([2.5, np.nan]), price)
        ['$2.50', '']
    """
    cells = column.cells
    whole = cells.get("whole", column.kind == "integer")
    fixed = cells.get("fixed", 0 if whole else None)
    group = "," if cells.get("thousands") else ""
    numbers = (
        [format(value, f"{group}.{fixed}f") for value in values.tolist()]
        if fixed is not None
        else [format(value, group) if group else repr(value) for value in values.tolist()]
    )
    if not fixed and fixed is not None:
        numbers = ["0" if number == "-0" else number for number in numbers]
    point, thousands = cells.get("point", "."), cells.get("thousands", "")
    if point != "." or thousands not in ("", ","):
        signs = str.maketrans({".": point, ",": thousands})
        numbers = [number.translate(signs) for number in numbers]
    before, after = cells.get("prefix", ""), cells.get("suffix", "")
    none = np.isnan(values)
    return ["" if empty else f"{before}{number}{after}" for number, empty in zip(numbers, none, strict=True)]
