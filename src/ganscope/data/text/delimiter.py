"""How a text is laid out as a table: comments, what stands between cells, and the header."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ganscope.data.cells import dates
from ganscope.data.text.guess import is_missing, is_number, is_text
from ganscope.words.lists import some

DELIMITERS = ("\t", ";", "|", ",")
"""Tried in this order, since a decimal comma in a semicolon file would pass for a delimiter."""
SPACES = " "
SNIFFED = 2**16
"""Characters looked at to find the layout."""
ROWS = 20
"""Rows looked at."""
SEPARATOR = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


class Layout(NamedTuple):
    """How a text is laid out."""

    delimiter: str
    """What stands between cells; a blank stands for any number of them."""
    skipped: int
    """Lines before the header, or before the first row where there is none."""
    header: tuple[str, ...]
    """Cells of the header; empty without one."""
    in_comment: bool
    """Whether the header is the last of the lines that are skipped."""
    width: int
    """Cells a row."""
    notes: tuple[str, ...] = ()


def layout_of(path: Path, encoding: str) -> Layout:
    """Find out how a text is laid out by its first 64 kB.

    Args:
        path: the file.
        encoding: Python's name of its encoding.

    Returns:
        The layout; `width` is 0 for blank lines only.
    """
    with path.open(encoding=encoding, errors="replace") as file:
        text = file.read(SNIFFED)
    lines = [line + "\n" for line in text.split("\n")]
    if lines[-1] == "\n" or (len(text) == SNIFFED and len(lines) > 1):
        lines = lines[:-1]  # the last one may be cut in two
    start, delimiter = 0, None
    if lines and (separator := SEPARATOR.fullmatch(lines[0])):
        start, delimiter = 1, separator[1]
    notes = []
    comments = list(itertools.takewhile(lambda line: line.startswith("#") or not line.strip(), lines[start:]))
    body = lines[start + len(comments) :]
    comments = [line for line in comments if line.strip()]
    after = start + len(lines[start:]) - len(body)
    delimiter = delimiter or _delimiter(body or comments)
    rows = records(body, delimiter)
    if not rows and not comments:
        return Layout(delimiter, 0, (), in_comment=False, width=0)
    said = records([comments[-1].removeprefix("#")], delimiter)[0] if comments else []
    width = len(rows[0]) if rows else len(said)
    numbers_below = bool(rows) and all(is_number(cell) or is_missing(cell) for cell in rows[0])
    in_comment = bool(comments) and (not rows or (len(said) == width and numbers_below))
    header = said if in_comment else []
    if (comments and not in_comment) or len(comments) > 1:
        left = len(comments) - in_comment
        notes.append(f"{path.name} begins with {left} comment line{'s' if left > 1 else ''}, left out.")
    if not in_comment and rows and is_header(rows):
        header = rows[0]
        if all(map(is_number, header)):
            notes.append(
                f"the numbers of the first row ({some(header)}) were taken as the names of the columns."
            )
    if not header:
        notes.append(f"{path.name} has no header: its columns are called x0, x1, ...")
    if delimiter in ("|", SPACES):
        notes.append(f"cells of {path.name} are cut at {'blanks' if delimiter == SPACES else delimiter}.")
    return Layout(delimiter, after, tuple(header), in_comment, width, tuple(notes))


def records(lines: Sequence[str], delimiter: str, most: int = ROWS + 1) -> list[list[str]]:
    """Cut the first rows into cells; empty where that cannot be done."""
    lines = [line.strip() + "\n" for line in lines] if delimiter == SPACES else lines
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        return list(itertools.islice(filled(reader), most))
    except csv.Error:
        return []


def filled(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Leave blank lines out."""
    return (record for record in reader if record)


def is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns.

    It does where it holds text above numbers, or no numbers at all, unless all its words come again below; or
    numbers that count on, such as years, above rows that do not.
    """
    first, below = rows[0], rows[1:]
    columns = [[row[at] for row in below if at < len(row)] for at in range(len(first))]
    if any(map(is_number, first)):
        above_numbers = any(
            is_text(cell) and below and is_number(below[0])
            for cell, below in zip(first, columns, strict=True)
        )
        return above_numbers or _numbers_as_names(first, below)
    told = [at for at, cell in enumerate(first) if is_text(cell)]
    if all(dates.find([first[at]]) for at in told):
        return False
    return not below or not all(first[at] in columns[at] for at in told)


def _numbers_as_names(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell names such as 2019, 2020, 2021 from values."""
    if not below or len(first) < 2 or not _counts_on(first) or _counts_on(below[0]):
        return False
    return len(first) > 2 or all("." in cell for cell in below[0])


def _counts_on(cells: Sequence[str]) -> bool:
    if not all(re.fullmatch(r"\d{1,4}", cell) for cell in cells):
        return False
    numbers = list(map(int, cells))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _delimiter(lines: Sequence[str]) -> str:
    """Choose the first delimiter that cuts the first rows into equally many cells, at least two."""
    widths = {delimiter: list(map(len, records(lines, delimiter))) for delimiter in (*DELIMITERS, SPACES)}
    for delimiter in DELIMITERS:
        counts = widths[delimiter]
        if counts and min(counts) == max(counts) > 1:
            return delimiter
    most = max(DELIMITERS, key=lambda delimiter: (max(widths[delimiter], default=0), delimiter == ","))
    spaced = widths[SPACES]
    if max(widths[most], default=0) < 2 and spaced and min(spaced) == max(spaced) > 1:
        cells = [cell for row in records(lines, SPACES)[1:] for cell in row]
        if cells and 2 * sum(is_number(cell) for cell in cells) >= len(cells):
            return SPACES
    return most
