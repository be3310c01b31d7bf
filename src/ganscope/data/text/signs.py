"""Numbers with signs around them: decimal commas, thousands separators, currencies and per cent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

BEFORE = ("$", "€", "£", "¥", "CHF", "USD", "EUR", "Fr.")
AFTER = ("%", "€", "$", "CHF", "EUR", "USD", "kr")
FORMS = (
    (".", ",", re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")),
    (",", ".", re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d+)?")),
    (".", "'", re.compile(r"[-+]?\d{1,3}('\d{3})+(\.\d+)?")),
    (",", " ", re.compile(r"[-+]?\d{1,3}([  ]\d{3})+(,\d+)?")),
)
"""Decimal point, thousands separator, and a number that holds the latter."""
LOOKED_AT = 500
PLAIN = {".": re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"), ",": re.compile(r"[-+]?(\d+,?\d*|,\d+)")}


def any_of(cells: Mapping[str, Any]) -> bool:
    """Tell whether numbers have signs around them or another decimal point."""
    return any(part in cells for part in ("point", "thousands", "prefix", "suffix"))


def find(cells: Sequence[str], comma: bool = False) -> dict[str, str] | None:
    """Return the signs with which all cells are numbers; None where there are none such.

    Args:
        cells: distinct cells, none of them missing.
        comma: whether 1,234 is a little more than one, as in the other columns of its file.

    Example:
        >>> find(["$1,234.50", "$3.40"]), find(["1,5", "2,25"]), find(["a1"])
        ({'prefix': '$', 'thousands': ','}, {'point': ','}, None)
    """
    before = next((sign for sign in BEFORE if all(_bare(cell).startswith(sign) for cell in cells)), "")
    inside = [_without(cell, before, "") for cell in cells]
    after = next((sign for sign in AFTER if all(cell.endswith(sign) for cell in inside)), "")
    inside = [_without(cell, "", after) for cell in inside]
    blank = " " if after and all(cell.endswith(" ") for cell in inside) else ""
    inside = [cell.strip() for cell in inside]
    around = {"prefix": before, "suffix": blank + after}
    for point, thousands, pattern in FORMS:
        if comma and point != ",":
            continue
        grouped = [cell for cell in inside if not PLAIN[point].fullmatch(cell)]
        if all(map(pattern.fullmatch, grouped)):
            signs = around | {"point": point, "thousands": thousands if grouped else ""}
            return {name: sign for name, sign in signs.items() if sign and (name, sign) != ("point", ".")}
    return None


def has_decimal_comma(columns: Sequence[Sequence[str]], likely: bool) -> bool:
    """Tell whether the numbers of a file have decimal commas.

    Args:
        columns: cells of each column.
        likely: what is taken where 1,234 can mean both.

    Example:
        >>> has_decimal_comma([["11,037"], ["5,6295"]], likely=False)
        True
    """
    cells = [cell.strip() for column in columns for cell in column[:LOOKED_AT]]
    if any(re.fullmatch(r"[-+]?[\d,]*\.\d+", cell) for cell in cells):
        return False
    if any(re.fullmatch(r"[-+]?(\d*,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+)", cell) for cell in cells):
        return True
    return likely and any(re.fullmatch(r"[-+]?\d+,\d{3}", cell) for cell in cells)


def plain(cell: str, cells: Mapping[str, Any]) -> str:
    """Write a number without its signs.

    Raises:
        ValueError: its signs are others.

    Example:
        >>> plain("-$1,234.50", {"prefix": "$", "thousands": ","})
        '-1234.50'
    """
    inside = _without(cell, cells.get("prefix", ""), cells.get("suffix", "").strip())
    inside = inside.replace(cells.get("thousands", "\0"), "").replace(" ", "").strip()
    point = cells.get("point", ".")
    if not PLAIN[point].fullmatch(inside):
        raise ValueError(cell)
    return inside.replace(point, ".")


def _bare(cell: str) -> str:
    return cell.lstrip("-+")


def _without(cell: str, before: str, after: str) -> str:
    sign = cell[0] if cell[:1] in "-+" else ""
    return sign + cell[len(sign) :].removeprefix(before).strip() if before else cell.removesuffix(after)
