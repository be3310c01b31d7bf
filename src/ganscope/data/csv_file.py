"""Tables in text: `.csv`, `.tsv` and their relatives, with or without a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import Scratch
from ganscope.data.tables import NOTHING, table
from ganscope.data.text import by_arrow, signs
from ganscope.data.text.delimiter import Layout, layout_of
from ganscope.data.text.encoding import encoding_of
from ganscope.data.text.guess import is_missing
from ganscope.data.text.pieces import Piece, pieces
from ganscope.data.text.values import ColumnReader
from ganscope.data.wishes import Wish, wishes
from ganscope.words.foreign import named
from ganscope.words.lists import place, some
from ganscope.words.sentences import shortened

READINGS = 6
"""So many times a file is read at most until it is known what every column holds."""


def csv_file(path: Path, asked: Mapping[str, str] = NOTHING) -> Dataset:
    r"""Read a table from text with commas, semicolons, tabs, bars or blanks between the cells.

    The first row is a header where it holds text above numbers, or nothing but text; else the columns are
    x0, x1, ... Numbers, dates, words and missing values are told apart column by column.

    Args:
        path: the file: UTF-8, UTF-16 with its mark, or an encoding that can be guessed.
        asked: column -> its kind, where the user says what it is.

    Returns:
        The data set.

    Raises:
        BadInput: no text, numbers with a few words among them, rows of unequal length, or too few of them.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "people.csv"
        ...     _ = path.write_text("height;age\n" + "".join(f"{150 + i};{20 + i}\n" for i in range(30)))
        ...     csv_file(path).columns
        ('height', 'age')
    """
    encoding, note = encoding_of(path)
    layout = layout_of(path, encoding)
    if layout.width == 0:
        raise BadInput(f"{path} holds blank lines only: give a table with a row per sample.")
    header = names_of(layout)
    said = wishes(asked, path.name, header)
    first = next(pieces(path, encoding, layout), None)
    readers = [] if first is None else _readers(first, layout, [said.get(name) for name in header])
    if first is not None:
        _read(path, first, readers, header)
    values = _by_arrow(path, encoding, layout, readers)
    if values is None:
        values, readers = _by_ourselves(path, encoding, layout, [reader.again() for reader in readers])
    cells = [reader.cells for reader in readers] or None
    for at, name in enumerate(layout.header if cells else ()):
        if not name.strip():
            readers[at].cells["nameless"] = True
    notes = [*([note] if note else []), *layout.notes, *_signs_note(header, readers)]
    return table(path.name, header, values, notes=notes, cells=cells, asked=asked)


def _by_arrow(
    path: Path, encoding: str, layout: Layout, readers: Sequence[ColumnReader]
) -> NDArray[np.float64] | None:
    """Read all rows in the fast way; None where that cannot be done."""
    if not readers or not by_arrow.can_read(encoding, layout, readers):
        return None
    try:
        with Scratch((layout.width,), np.float64) as scratch:
            for rows in by_arrow.blocks_of(path, layout, readers):
                scratch.append(rows)
            return scratch.rows()
    except (ImportError, ValueError):
        return None


def _by_ourselves(
    path: Path, encoding: str, layout: Layout, readers: list[ColumnReader]
) -> tuple[NDArray[np.float64], list[ColumnReader]]:
    """Read all rows, again where a column holds something else than its first cells."""
    header = names_of(layout)
    for _ in range(READINGS):
        with Scratch((layout.width,), np.float64) as scratch:
            for piece in pieces(path, encoding, layout):
                scratch.append(_read(path, piece, readers, header))
            values = scratch.rows()
        broken = [name for name, reader in zip(header, readers, strict=True) if reader.broken]
        if not broken:
            return values, readers
        readers = [reader.again() for reader in readers]
    raise BadInput(
        f"{path} holds cells of many kinds in column '{named(broken[0])}': take it as words with --column "
        f"{named(broken[0])}=category."
    )


def names_of(layout: Layout) -> list[str]:
    """Clean the header's names; a nameless column is called after its place.

    Example:
        >>> names_of(Layout(",", 0, (" a", ""), in_comment=False, width=2))
        ['a', 'column 2']
    """
    names = [name.strip() for name in layout.header] or [f"x{at}" for at in range(layout.width)]
    return [name or f"column {at + 1}" for at, name in enumerate(names)]


def _readers(piece: Piece, layout: Layout, asked: Sequence[Wish | None]) -> list[ColumnReader]:
    comma = signs.has_decimal_comma(piece.columns, likely=layout.delimiter == ";")
    return [ColumnReader(comma=comma, asked=wish) for wish in asked]


def _read(
    path: Path, piece: Piece, readers: Sequence[ColumnReader], header: Sequence[str]
) -> NDArray[np.float64]:
    """Read a piece; the values of columns that have to be read again are NaN."""
    values = np.full((len(piece.lines), len(readers)), np.nan)
    for at, (reader, cells) in enumerate(zip(readers, piece.columns, strict=True)):
        if reader.broken:
            continue
        column = reader.read(cells)
        if column is None:
            if reader.hopeless:
                raise BadInput(_odd_one(path, header[at], piece, reader, cells))
            continue
        values[:, at] = column
        if reader.cells["as"] == "number" and np.isinf(column).any():
            row = int(np.isinf(column).argmax())
            raise BadInput(
                f"{path} holds {column[row]:g} in column '{header[at]}', {place(piece.start + row)} (line "
                f"{piece.lines[row]}): repair the value or remove the row."
            )
    return values


def _odd_one(path: Path, name: str, piece: Piece, reader: ColumnReader, cells: Sequence[str]) -> str:
    """Say which cell among numbers, or dates, is none."""
    row = next(at for at, cell in enumerate(cells) if not (reader.fits(cell.strip()) or is_missing(cell)))
    where = f"column '{name}', {place(piece.start + row)} (line {piece.lines[row]})"
    cell = shortened(cells[row].strip())
    if reader.cells["as"] == "date":
        return f"{path} holds '{cell}' in {where}, which is no date of the format {reader.cells['format']}."
    return (
        f"{path} holds text ('{cell}') among the numbers of {where}: remove the row, leave the cell blank, "
        f"or take the column as words with --column {name}=category."
    )


def _signs_note(header: Sequence[str], readers: Sequence[ColumnReader]) -> list[str]:
    """Say which numbers were read without the signs around them."""
    notes = []
    for part, said in (
        ("point", "a decimal comma is read in"),
        ("thousands", "thousands separators are read in"),
        ("prefix", "currency signs are read in"),
        ("suffix", "signs behind numbers are read in"),
    ):
        names = [f"'{name}'" for name, reader in zip(header, readers, strict=True) if part in reader.cells]
        if names:
            notes.append(f"{said} {some(names, 8)}, and written again in samples.")
    return notes
