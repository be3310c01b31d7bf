"""What was decided about the columns of a table, in sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ganscope.data.column import Column
from ganscope.words.foreign import named

NAMED = 8
"""How many columns a note names before it counts the rest."""


def notes_of(columns: Sequence[Column]) -> list[str]:
    """Say of which kinds the columns are and why, and what that means for samples."""
    told = []
    fixed = [_quoted(c, f" ({_value(c)})") for c in columns if c.kind == "constant"]
    if fixed:
        told.append(f"constant columns are not trained on, but put back into samples: {_some(fixed)}.")
    for what, code in (("continued", "index"), ("left empty", "empty")):
        names = [_quoted(c, f" ({c.reason})") for c in columns if c.code["as"] == code]
        if names:
            told.append(f"identifiers are not trained on, and {what} in samples: {_some(names)}.")
    whole = [_quoted(c) for c in columns if c.kind == "integer"]
    if whole:
        told.append(f"columns of whole numbers are rounded in samples: {_some(whole)}.")
    reasons = defaultdict(list)
    for column in columns:
        if column.kind in ("boolean", "category", "ordered", "datetime"):
            reasons[column.kind].append(_quoted(column, f" ({column.reason})"))
    for kind, names in reasons.items():
        told.append(f"of kind {kind}: {_some(names)}.")
    heavy = [
        _quoted(c, f" ({', '.join(f'{mass:g}' for mass in c.code['masses'])})")
        for c in columns
        if c.code.get("masses")
    ]
    if heavy:
        told.append(f"values that hold much of a column are drawn as such: {_some(heavy)}.")
    gaps = [_quoted(c) for c in columns if c.code.get("missing")]
    if gaps:
        told.append(f"missing values are learnt as missing: {_some(gaps)}.")
    shaped = [_quoted(c, f" ({c.reason.split('; ', 1)[1]})") for c in columns if "; " in c.reason]
    if shaped:
        told.append(f"how numbers are learnt: {_some(shaped)}.")
    return told


def _quoted(column: Column, more: str = "") -> str:
    return f"'{named(column.name)}'{more}"


def _some(names: Sequence[str], shown: int = NAMED) -> str:
    """List names with what is said of them, the first few by name, the others by number."""
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _value(column: Column) -> str:
    import numpy as np

    from ganscope.data.cells import text

    value = column.code["value"]
    return "empty" if value is None else text(np.array([value]), column)[0]
