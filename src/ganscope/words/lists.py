"""Names listed and rows located, the same in messages, notes and reports."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.words.foreign import named, shown


def some(names: Sequence[str], shown: int = 3) -> str:
    """List names, the first few by name, the others by number.

    Example:
        >>> some(["a", "b", "c", "d", "e"]), some(["a"])
        ('a, b, c and 2 more', 'a')
    """
    said = ", ".join(map(named, names[:shown]))
    return said + (f" and {len(names) - shown} more" if len(names) > shown else "")


def listed(names: Sequence[str], most: int = 5) -> str:
    """Join names as a sentence does.

    Args:
        names: at least one.
        most: names and number together; of more names the last ones are counted.

    Example:
        >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=2)
        ('a, b and c', 'a and 2 more')
    """
    if len(names) > most:
        return some(names, most - 1)
    said = [shown(name) for name in names]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def place(row: int, lines: Sequence[int] | None = None) -> str:
    """Name a row, counted from 1, and its line where there is one.

    Example:
        >>> place(2, lines=[2, 3, 5])
        'row 3 (line 5)'
    """
    return f"row {row + 1}" + ("" if lines is None else f" (line {lines[row]})")
