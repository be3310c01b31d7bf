"""Words in cells, and yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.column import Column
from ganscope.words.lists import some
from ganscope.words.sentences import shortened

Values = NDArray[np.float64]


def typed(values: Values, column: Column) -> NDArray[Any]:
    """Return words, None where there is none.

    Example:
        >>> typed(np.array([1.0, np.nan]), Column("c", "category", {"as": "words", "words": ["a", "b"]}, {}))
        array(['b', None], dtype=object)
    """
    words = np.empty(len(values), dtype=object)
    if "digits" in column.cells:  # an index with zeros in front
        digits = column.cells["digits"]
        words[:] = [None if value != value else f"{value:0{digits}.0f}" for value in values.tolist()]  # noqa: PLR0124
        return words
    known = [*column.cells["words"], None]
    at = np.where(np.isnan(values), len(known) - 1, values).astype(np.int64)
    words[:] = [known[place] for place in at.tolist()]
    return words


def untyped(cells: NDArray[Any], column: Column) -> Values:
    """Return the place of each word among those of the column."""
    places: dict[Any, float] = {word: float(at) for at, word in enumerate(column.cells["words"])}
    places[None] = np.nan
    try:
        return np.array([places[None if cell != cell else cell] for cell in cells.tolist()])  # noqa: PLR0124
    except KeyError as error:
        raise BadInput(
            f"column '{column.name}' has no {shortened(repr(error.args[0]))}: its words are "
            f"{some(list(column.cells['words']), 8)}."
        ) from None


def text(values: Values, column: Column) -> list[str]:
    """Write words; no word is an empty cell."""
    return ["" if word is None else word for word in typed(values, column).tolist()]


def typed_bool(values: Values, column: Column) -> NDArray[Any]:  # noqa: ARG001
    """Return bool, or objects with None where some are missing."""
    none = np.isnan(values)
    flags: NDArray[Any] = values == 1.0
    if not none.any():
        return flags
    flags = flags.astype(object)
    flags[none] = None
    return flags


def untyped_bool(cells: NDArray[Any], column: Column) -> Values:  # noqa: ARG001
    """Return 0 and 1; None is NaN."""
    return np.array([np.nan if cell is None else float(cell) for cell in cells.tolist()])


def text_bool(values: Values, column: Column) -> list[str]:  # noqa: ARG001
    """Write True and False as Python and pandas do."""
    return ["" if value != value else str(value == 1.0) for value in values.tolist()]  # noqa: PLR0124
