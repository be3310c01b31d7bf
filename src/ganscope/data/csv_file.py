"""Tables in text: `.csv`, `.tsv` and their relatives, with or without a header."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ganscope.contracts import BadInput, Dataset
from ganscope.data.tables import table
from ganscope.words.lists import place, some
from ganscope.words.sentences import shortened

DELIMITERS = ("\t", ";", ",")
"""Tried in this order, since a decimal comma in a semicolon file would pass for a delimiter."""
SNIFFED = 2**16
"""Characters looked at to find the delimiter."""
MISSING = frozenset({"", "na", "n/a", "#n/a", "null", "none", "?", "-", "."})
"""Cells that stand for no value, in lower case."""
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


def csv_file(path: Path) -> Dataset:
    r"""Read a table of numbers from text with commas, semicolons or tabs between the cells.

    The first row is a header where it holds text above numbers, or nothing but text; else the columns are
    x0, x1, ...

    Args:
        path: the file: UTF-8, UTF-16 with its mark, or Windows-1252.

    Returns:
        The data set, standardised.

    Raises:
        BadInput: no text, cells that are no numbers, rows of unequal length, or too few of them.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "people.csv"
        ...     _ = path.write_text("height;age\n" + "".join(f"{150 + i};{20 + i}\n" for i in range(30)))
        ...     csv_file(path).columns
        ('height', 'age')
    """
    encoding = _encoding(path)
    delimiter = _delimiter(path, encoding)
    cells, lines = array("d"), array("q")
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        try:
            start = [(reader.line_num, record) for record in itertools.islice(_records(reader), 2)]
            if not start:
                raise BadInput(f"{path} holds blank lines only: give a table with a row per sample.")
            headed = _is_header([record for _, record in start])
            columns = _columns(start[0][1]) if headed else [f"x{at}" for at in range(len(start[0][1]))]
            rest = ((reader.line_num, record) for record in _records(reader))
            for line, record in itertools.chain(start[1:] if headed else start, rest):
                lines.append(line)
                if len(record) != len(columns):
                    raise BadInput(
                        f"{path} has {_cells(len(record))} in {place(len(lines) - 1, lines)}, but "
                        f"{_cells(len(columns))} in its first row: give every row one cell per column."
                    )
                try:
                    cells.extend(map(float, record))
                except ValueError:
                    where = place(len(lines) - 1, lines)
                    raise BadInput(_not_numbers(path, columns, record, where, delimiter)) from None
        except csv.Error as error:
            raise BadInput(
                f"{path} is no readable CSV at line {reader.line_num} ({error}): repair that line."
            ) from None
    values = np.frombuffer(cells, dtype=np.float64).reshape(len(lines), len(columns))
    notes = [] if encoding != "cp1252" else [f"{path.name} is not UTF-8: read as Windows-1252."]
    if not headed:
        notes.append(f"{path.name} has no header: its columns are called x0, x1, ...")
    return table(path.name, columns, values, lines, notes)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    return (record for record in reader if record)


def _encoding(path: Path) -> str:
    """Find out how the text is encoded: by its mark, else UTF-8, else Windows-1252."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        utf8 = True
        decoder = codecs.getincrementaldecoder("utf-8")()
        while chunk := file.read(2**20):
            if b"\0" in chunk:
                raise BadInput(f"{path} holds binary data, not text: save the table as CSV text.")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                utf8 = False
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    return "utf-8-sig" if utf8 else "cp1252"


def _delimiter(path: Path, encoding: str) -> str:
    """Choose the first delimiter that cuts the first rows into equally many cells, at least two."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        text = file.read(SNIFFED)
    whole = text.splitlines(keepends=True)
    if len(text) == SNIFFED and len(whole) > 1:
        whole = whole[:-1]  # the last one may be cut in two
    widths: dict[str, list[int]] = {}
    for delimiter in DELIMITERS:
        reader = csv.reader(whole, delimiter=delimiter, skipinitialspace=True)
        try:
            widths[delimiter] = [len(record) for record in itertools.islice(_records(reader), 20)]
        except csv.Error:
            widths[delimiter] = []
    for delimiter, counts in widths.items():
        if counts and min(counts) == max(counts) > 1:
            return delimiter
    return max(DELIMITERS, key=lambda delimiter: (max(widths[delimiter], default=0), delimiter == ","))


def _is_header(first: Sequence[Sequence[str]]) -> bool:
    """A header holds text above numbers, or nothing but text."""
    text = [_is_text(cell) for cell in first[0]]
    if all(text):
        return True
    return len(first) > 1 and any(
        above and _number(below) for above, below in zip(text, first[1], strict=False)
    )


def _columns(header: Sequence[str]) -> list[str]:
    """Clean the header's names; a nameless column is called after its place."""
    names = [name.strip() for name in header]
    names[0] = names[0].removeprefix("#").strip()  # numpy.savetxt comments its header out
    return [name or f"column {at + 1}" for at, name in enumerate(names)]


def _not_numbers(
    path: Path, columns: Sequence[str], record: Sequence[str], where: str, delimiter: str
) -> str:
    """Say which cells of a row are no numbers, and what to do about it."""
    bad = [at for at, cell in enumerate(record) if not _number(cell)]
    comma = [at for at in bad if delimiter != "," and DECIMAL_COMMA.fullmatch(record[at].strip())]
    text = [at for at in bad if _is_text(record[at])]
    worst = comma or text or bad[:1]
    cell = shortened(record[worst[0]].strip())
    listed = some([f"'{columns[at]}'" for at in worst])
    named = f"column{'' if len(worst) == 1 else 's'} {listed}, {where}"
    if comma:
        return f"{path} has a decimal comma ('{cell}') in {named}: save the numbers with decimal points."
    if text:
        them = "the column or encode it" if len(text) == 1 else "the columns or encode them"
        return f"{path} holds text ('{cell}') in {named}: remove {them} as numbers."
    held = f"'{cell}' instead of a value" if cell else "an empty cell"
    return f"{path} has {held} in {named}: fill it in or remove the row."


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_text(cell: str) -> bool:
    cell = cell.strip()
    return not (_number(cell) or DECIMAL_COMMA.fullmatch(cell) or cell.lower() in MISSING)
