"""Words that complaints and notes about data share: names listed, rows located, reasons shortened."""

from __future__ import annotations

import re
from collections.abc import Sequence


def some(names: Sequence[str], shown: int = 3) -> str:
    """List names, the first few by name, the others by number.

    Example:
        >>> some(["a", "b", "c", "d", "e"]), some(["a"])
        ('a, b, c and 2 more', 'a')
    """
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def place(row: int, lines: Sequence[int] | None = None) -> str:
    """Name a row, counted from 1, and its line where there is one.

    Example:
        >>> place(2, lines=[2, 3, 5])
        'row 3 (line 5)'
    """
    return f"row {row + 1}" + ("" if lines is None else f" (line {lines[row]})")


def shortened(text: str, longest: int = 30) -> str:
    """Cut a text from the user's data to a length that fits a sentence.

    Example:
        >>> shortened("a" * 50, longest=5)
        'aaaa…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def reason(error: Exception) -> str:
    """Take the first sentence of what another library says went wrong, to be put in brackets.

    Example:
        >>> reason(ValueError("No magic found. Is this a table?"))
        'No magic found'
    """
    words = re.split(r"[.!?]\s|\n", str(error).strip())[0].rstrip(".:")
    return shortened(words or type(error).__name__, 100)
