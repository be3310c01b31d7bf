"""Generated rows of a table in a file like the one they were learnt from: CSV, TSV or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ganscope.contracts import BadInput
from ganscope.data import decoded, in_units
from ganscope.data.cells import arrow, text
from ganscope.data.column import Column, columns_of
from ganscope.data.columns.coding import values_of
from ganscope.export.samples import write_contents, write_samples
from ganscope.words.sentences import counted

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""


def write_table(path: Path, samples: Tensor, units: Mapping[str, Any], safe: bool = False) -> str:
    """Write generated rows with the columns, types, formats, order and names of the table they come from.

    Args:
        path: `.csv` or `.tsv` (no value is an empty cell), `.parquet` (no value is null), or, where all
            columns are numbers, `.npz` or `.npy`.
        samples: `[N, D]`, rows as they are learnt.
        units: `Dataset.units`.
        safe: whether words in text files that a spreadsheet would run as formulas get an apostrophe.

    Returns:
        A note on what was changed to be safe, else an empty text.

    Raises:
        BadInput: another ending, or a folder that is not there.

    Example:
        >>> import tempfile, torch
        >>> units = {"columns": ["n"], "mean": [2.0], "std": [1.0], "integer": [True], "constants": {}}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = write_table(Path(folder) / "x.csv", torch.tensor([[0.2], [1.1]]), units)
        ...     (Path(folder) / "x.csv").read_text().split()
        ['n', '2', '3']
    """
    changed: list[str] = []
    writers: dict[str, Callable[[], bytes]] = {
        ".csv": lambda: _csv(samples, units, ",", changed if safe else None),
        ".tsv": lambda: _csv(samples, units, "\t", changed if safe else None),
        ".parquet": lambda: _parquet(path, samples, units),
    }
    if path.suffix not in writers:
        names, values = in_units(samples, units)
        if values.dtype == object and path.suffix in (".npz", ".npy"):
            raise BadInput(
                f"samples cannot be written to {path}, since an array holds no words or dates: end the name "
                f"in {', '.join(writers)}."
            )
        write_samples(path, values, names)
        return ""
    write_contents(path, writers[path.suffix])
    if not changed:
        return ""
    return f"an apostrophe was put before {counted(len(changed), 'cell')} that a spreadsheet would run."


def _csv(samples: Tensor, units: Mapping[str, Any], delimiter: str, changed: list[str] | None) -> bytes:
    columns = columns_of(units)
    values = values_of(samples, columns)
    cells = [text(values[:, at], column) for at, column in enumerate(columns)]
    names = ["" if column.cells.get("nameless") else column.name for column in columns]
    if changed is not None:
        names = _harmless(names, changed)
        of_words = ("words", "date")
        cells = [
            _harmless(written, changed) if column.cells["as"] in of_words else written
            for written, column in zip(cells, columns, strict=True)
        ]
    file = StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*cells, strict=True))
    return file.getvalue().encode()


def _harmless(cells: Sequence[str], changed: list[str]) -> list[str]:
    """Put an apostrophe in front of cells that a spreadsheet would run."""
    formulas = [cell for cell in cells if cell.startswith(RUN_BY_SPREADSHEETS)]
    changed += formulas
    return [f"'{cell}" if cell.startswith(RUN_BY_SPREADSHEETS) else cell for cell in cells]


def _parquet(path: Path, samples: Tensor, units: Mapping[str, Any]) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise BadInput(
            f"{path} needs pyarrow to be written, which is not installed: pip install 'ganscope[parquet]'."
        ) from None
    table = decoded(samples, units)
    arrays = [_array(table[column.name], column) for column in columns_of(units)]
    file = BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(table)), file)
    return file.getvalue()


def _array(cells: Any, column: Column) -> Any:
    """Make an array of the type that the column has in its Parquet file, or that fits what a text holds."""
    import pyarrow as pa

    if "arrow" in column.cells:
        try:
            return arrow.array(cells, arrow.unpacked(column.cells["arrow"]))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pass  # an index that went on beyond its type
    how = column.cells["as"]
    if how == "words" and column.kind == "boolean":
        words = {word: word.casefold() == "true" for word in column.cells["words"]}
        if {word.casefold() for word in words} == {"true", "false"}:
            return arrow.array(np.array([words.get(cell) for cell in cells], dtype=object), pa.bool_())
    if how == "number":
        whole = column.cells.get("whole", column.kind == "integer")
        return arrow.array(cells, pa.int64() if whole else pa.float64())
    if how == "date":
        return arrow.array(cells, pa.date32() if column.cells["unit"] == "D" else pa.timestamp("us"))
    return arrow.array(cells, pa.string() if how == "words" else pa.bool_())
