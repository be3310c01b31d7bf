"""The rows of a text in pieces of some thousand, each turned into columns of cells."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from ganscope.contracts import BadInput
from ganscope.data.text.delimiter import SPACES, Layout
from ganscope.words.lists import place

READ = 2**20
"""Characters read at a time."""
RECORDS = 8_192
"""Rows of a piece with quotes in it."""


class Piece(NamedTuple):
    """Some rows that follow each other."""

    columns: list[Sequence[str]]
    """The cells of each column; blanks around them are left."""
    start: int
    """Number of the first row, from 0."""
    lines: Sequence[int]
    """On which line of the file each row stands."""


def pieces(path: Path, encoding: str, layout: Layout) -> Iterator[Piece]:
    """Read the rows of a table.

    Where there are no quotes, lines are cut by themselves, which takes a third of the time.

    Yields:
        Pieces, in order.

    Raises:
        BadInput: a row of another length than the first.
    """
    with path.open(encoding=encoding) as file:
        line = 0
        for _ in range(layout.skipped):
            file.readline()
            line += 1
        headed = bool(layout.header) and not layout.in_comment
        row, rest = 0, ""
        while chunk := file.read(READ):
            text = rest + chunk
            if '"' in text:
                yield from _quoted(path, _lines(text, file), layout, headed, row, line)
                return
            end = text.rfind("\n") + 1
            text, rest = text[:end], text[end:]
            if not text:
                continue
            piece, headed = _plain(path, text.split("\n")[:-1], layout, headed, row, line)
            line += text.count("\n")
            row += len(piece.lines)
            yield piece
        if rest:
            yield _plain(path, [rest], layout, headed, row, line)[0]


def _lines(text: str, file: TextIO) -> Iterator[str]:
    """Walk through the lines of a text that goes on in a file."""
    *whole, last = text.split("\n")
    yield from (line + "\n" for line in whole)
    yield last + file.readline()
    yield from file


def _plain(
    path: Path, lines: Sequence[str], layout: Layout, headed: bool, row: int, before: int
) -> tuple[Piece, bool]:
    """Cut lines without quotes; say whether the header is still to come."""
    delimiter = None if layout.delimiter == SPACES else layout.delimiter
    numbers: Sequence[int] = range(before + 1, before + 1 + len(lines))
    if not all(lines):
        numbers = [before + 1 + at for at, line in enumerate(lines) if line]
        lines = [line for line in lines if line]
    if headed and lines:
        lines, numbers, headed = lines[1:], numbers[1:], False
    if delimiter is not None and {line.count(delimiter) for line in lines} == {layout.width - 1}:
        cells = delimiter.join(lines).split(delimiter)  # without a list for each row, twice as fast
        columns: list[Sequence[str]] = [cells[at :: layout.width] for at in range(layout.width)]
        return Piece(columns, row, numbers), headed
    records = [line.split(delimiter) for line in lines]
    return _piece(path, records, layout.width, row, numbers), headed


def _quoted(
    path: Path, lines: Iterator[str], layout: Layout, headed: bool, row: int, before: int
) -> Iterator[Piece]:
    """Cut lines as Python's csv does."""
    if layout.delimiter == SPACES:
        lines = (line.strip() + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=True)
    try:
        while batch := [(reader.line_num, record) for record in itertools.islice(reader, RECORDS)]:
            numbers = [before + number for number, record in batch if record]
            records = [record for _, record in batch if record]
            if headed and records:
                numbers, records, headed = numbers[1:], records[1:], False
            yield _piece(path, records, layout.width, row, numbers)
            row += len(records)
    except csv.Error as error:
        raise BadInput(
            f"{path} is no readable CSV at line {before + reader.line_num} ({error}): repair that line."
        ) from None


def _piece(path: Path, records: list[list[str]], width: int, row: int, lines: Sequence[int]) -> Piece:
    if not set(map(len, records)) <= {width}:
        filled = [at for at, record in enumerate(records) if any(cell.strip() for cell in record)]
        records, lines = [records[at] for at in filled], [lines[at] for at in filled]
    if not set(map(len, records)) <= {width}:
        at = next(at for at, record in enumerate(records) if len(record) != width)
        raise BadInput(
            f"{path} has {_cells(len(records[at]))} in {place(row + at)} (line {lines[at]}), but "
            f"{_cells(width)} in its first row: give every row one cell per column."
        )
    columns: list[Sequence[str]] = list(zip(*records, strict=True)) if records else [()] * width
    return Piece(columns, row, lines)


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
