"""Dates and times in cells: their format, and how they are counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.column import Column

Values = NDArray[np.float64]
DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d.%m.%y", "%d/%m/%y",
    "%m/%d/%y", "%d-%b-%y", "%Y%m%d",
)  # fmt: skip
"""Tried in this order: where a file can be read day first and month first, it is read day first."""
TIMES = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
MONTHS = ("%Y-%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%y")
FORMATS = (
    *DAYS,
    *(f"{day}{between}{time}" for day in DAYS for time in TIMES for between in (" ", "T", ", ")),
    *TIMES,
    *MONTHS,
)
ZONE = re.compile(r"(?<=\d)(Z|[+-]\d\d:?\d\d)$")
LIKE_A_DATE = re.compile(r"(?=.*\d)[\w:.,+/ -]{4,35}")
ISO = re.compile(r"%Y-%m-%d([ T]%H:%M(:%S(\.%f)?)?)?")
UNITS = {"%f": "us", "%S": "s", "%M": "m", "%d": "D"}
"""What the finest part of a format counts, as NumPy writes it; months otherwise."""
LOOKED_AT = 1_000
"""Distinct cells by which a format is found."""


def find(cells: Sequence[str]) -> str | None:
    """Return the format that fits all cells; None where they are no dates.

    A time zone that all cells share is part of the format.

    Example:
        >>> find(["31.12.2023", "01.02.2024"]), find(["2024-01-01T10:00:00Z"]), find(["12", "13"])
        ('%d.%m.%Y', '%Y-%m-%dT%H:%M:%SZ', None)
    """
    distinct = list(dict.fromkeys(cells))[:LOOKED_AT]
    if not distinct or not all(LIKE_A_DATE.fullmatch(cell) for cell in distinct):
        return None
    first = ZONE.search(distinct[0]) if ":" in distinct[0] else None
    zone = first[0] if first else ""
    if not all(cell.endswith(zone) for cell in distinct):
        return None
    if zone:
        distinct = [cell.removesuffix(zone) for cell in distinct]
    likely = _outline(distinct[0])
    for form in FORMATS:
        if OUTLINES[form] == likely and all(_fits(cell, form) for cell in distinct):
            return form + zone
    return None


def _outline(text: str) -> str:
    """Write every number as 0 and every word as a."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "0", text))


OUTLINES = {
    form: _outline(re.sub(r"%[YmdHMSfIy]", "0", re.sub(r"%[bBp]", "a", form)).replace("0T0", "0a0"))
    for form in FORMATS
}
"""What the cells of each format look like, so that few have to be tried."""


def also_fits(form: str, cells: Sequence[str]) -> str | None:
    """Return the format with month and day exchanged where it fits all cells too."""
    other = form.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    numeric = "%d" in form and "%m" in form and not form.startswith("%Y")
    distinct = list(dict.fromkeys(cells))[:LOOKED_AT]
    return other if numeric and all(_fits(cell, other) for cell in distinct) else None


def unit(form: str) -> str:
    """Return what values of a format count since 1970, as NumPy writes it: D, s, us and so on."""
    return next((name for part, name in UNITS.items() if part in form), "M")


def parse(cells: Sequence[str], form: str, known: dict[str, float]) -> Values:
    """Read dates of one format.

    Args:
        cells: their texts; those in `known` are looked up.
        form: the format.
        known: text -> value; what is read is added.

    Returns:
        Values `[N]`, counted in `unit(form)` since 1970.

    Raises:
        ValueError: a cell of another format.

    Example:
        >>> parse(["1970-01-03"], "%Y-%m-%d", {}).tolist()
        [2.0]
    """
    if ISO.fullmatch(form):
        length = len(re.sub("%.", "00", form.replace("%Y", "0000").replace("%f", "000000")))
        if set(map(len, cells)) == {length}:
            return np.array(cells, dtype=f"datetime64[{unit(form)}]").astype(np.int64).astype(np.float64)
    return np.array([_value(cell, form, known) for cell in cells], dtype=np.float64)


def typed(values: Values, column: Column) -> NDArray[Any]:
    """Return datetime64; NaT where there is no value."""
    count = np.where(np.isnan(values), np.iinfo(np.int64).min, values).astype(np.int64)
    return count.astype(f"datetime64[{column.cells['unit']}]").astype("datetime64[us]")


def untyped(cells: NDArray[Any], column: Column) -> Values:
    """Return the count of the column's unit since 1970."""
    try:
        moments = np.asarray(cells, dtype="datetime64[us]").astype(f"datetime64[{column.cells['unit']}]")
    except (TypeError, ValueError):
        raise BadInput(f"column '{column.name}' needs dates: convert it to datetime64.") from None
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64).astype(np.float64))


def text(values: Values, column: Column) -> list[str]:
    """Write dates in the format of their file.

    Example:
        >>> cells = {"as": "date", "format": "%d.%m.%Y", "unit": "D"}
        >>> text(np.array([0.0, np.nan]), Column("day", "datetime", cells, {}))
        ['01.01.1970', '']
    """
    form = column.cells["format"]
    moments = typed(values, column).tolist()
    digits = column.cells.get("fraction", 6)
    written = ["" if moment is None else _text(moment, form, digits) for moment in moments]
    if column.cells.get("padded", True):
        return written
    return [re.sub(r"(?<!\d)0(?=\d)", "", date, count=2) for date in written]


def cells_of(form: str, cells: Sequence[str]) -> dict[str, Any]:
    """Describe how dates are written.

    Args:
        form: their format.
        cells: some of them.
    """
    code = {"as": "date", "format": form, "unit": unit(form), "padded": padded(cells, form)}
    lengths = {len(cell) - cell.rfind(".") - 1 for cell in cells} if form.endswith("%f") else {6}
    return code if lengths == {6} or len(lengths) > 1 else {**code, "fraction": lengths.pop()}


def padded(cells: Sequence[str], form: str) -> bool:
    """Tell whether days and months of one digit are written with a zero in front."""
    looked_at = list(dict.fromkeys(cells))[:LOOKED_AT]
    whole, end = form.removesuffix("%f"), None if not form.endswith("%f") else "."
    bare = [cell if end is None else cell[: cell.rfind(end) + 1] for cell in looked_at if _fits(cell, form)]
    return all(_value_text(cell, whole) == cell for cell in bare)


def _text(moment: datetime, form: str, digits: int) -> str:
    """Write a moment, with so many digits of a second's fraction."""
    return moment.strftime(form.replace("%f", f"{moment.microsecond:06d}"[:digits]))


def _value_text(cell: str, form: str) -> str:
    return datetime.strptime(cell, form).strftime(form)  # noqa: DTZ007 - dates as they stand


def _value(cell: str, form: str, known: dict[str, float]) -> float:
    value = known.get(cell)
    if value is None:
        moment = datetime.strptime(cell, form)  # noqa: DTZ007 - dates as they stand
        known[cell] = value = float(
            np.datetime64(moment, "us").astype(f"datetime64[{unit(form)}]").astype(np.int64)
        )
    return value


def _fits(cell: str, form: str) -> bool:
    try:
        moment = datetime.strptime(cell, form)  # noqa: DTZ007 - dates as they stand
    except ValueError:
        return False
    if form == "%Y%m%d" and len(cell) != 8:
        return False
    return "%Y" not in form or moment.year >= 1000
