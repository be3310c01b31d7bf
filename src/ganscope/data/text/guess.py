"""What a cell of text looks like."""

from __future__ import annotations

import re

WORDS = "NA N/A n/a na NaN nan NAN -nan null NULL Null None #N/A #NA <NA> N.A. n.a. ? - -- ."
MISSING = frozenset(["", *WORDS.split()])
"""Cells that stand for no value."""
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


def is_missing(cell: str) -> bool:
    """Tell whether a cell stands for no value.

    Example:
        >>> [is_missing(cell) for cell in (" ", "n/a", "none", "0")]
        [True, True, False, False]
    """
    return cell.strip() in MISSING


def is_number(cell: str) -> bool:
    """Tell whether a cell is a plain number.

    Example:
        >>> [is_number(cell) for cell in ("-1e3", "1,5", "nan", "x")]
        [True, False, False, False]
    """
    if is_missing(cell):
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_text(cell: str) -> bool:
    """Tell whether a cell is neither a number nor missing."""
    return not (is_number(cell) or is_missing(cell) or DECIMAL_COMMA.fullmatch(cell.strip()))
