"""Cells of a table: how they are written, the types they have in Python, and their values as float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.data.cells import dates, numbers, words
from ganscope.data.column import Column

Values = NDArray[np.float64]


class Form(NamedTuple):
    """One way of writing values."""

    typed: Callable[[Values, Column], NDArray[Any]]
    """Values `[N]` as Python has them."""
    untyped: Callable[[NDArray[Any], Column], Values]
    """The way back."""
    text: Callable[[Values, Column], list[str]]
    """Values as a text file has them; no value is an empty text."""


FORMS: dict[str, Form] = {
    "number": Form(numbers.typed, numbers.untyped, numbers.text),
    "words": Form(words.typed, words.untyped, words.text),
    "bool": Form(words.typed_bool, words.untyped_bool, words.text_bool),
    "date": Form(dates.typed, dates.untyped, dates.text),
}


def typed(values: Values, column: Column) -> NDArray[Any]:
    """Return values in the type of their column."""
    return FORMS[column.cells["as"]].typed(values, column)


def untyped(cells: NDArray[Any], column: Column) -> Values:
    """Return the float64 values of what `typed` returned."""
    return FORMS[column.cells["as"]].untyped(cells, column)


def text(values: Values, column: Column) -> list[str]:
    """Write values as the table's text file has them."""
    return FORMS[column.cells["as"]].text(values, column)
