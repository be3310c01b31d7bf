"""Tables in Parquet, by way of the optional pyarrow; read in batches, so that memory stays flat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import Scratch
from ganscope.data.tables import table
from ganscope.words.lists import place
from ganscope.words.sentences import reason, shortened

BATCH = 2**17
"""Cells read at a time."""


def parquet(path: Path) -> Dataset:
    """Read a table of numbers (or booleans) from a `.parquet` file.

    Args:
        path: the file.

    Returns:
        The data set, standardised.

    Raises:
        BadInput: pyarrow is missing, the file cannot be read, or it holds something else than numbers.

    Example:
        >>> import pyarrow as pa, pyarrow.parquet, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "heights.parquet"
        ...     pyarrow.parquet.write_table(pa.table({"a": range(30), "b": [x / 2 for x in range(30)]}), path)
        ...     parquet(path).columns
        ('a', 'b')
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise BadInput(
            f"{path} needs pyarrow to be read, which is not installed: pip install 'ganscope[parquet]'."
        ) from None
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**16) as file:
            # pandas writes its index as a column when it is not just the row number.
            index = [name for name in file.schema_arrow.names if name.startswith("__index_level_")]
            columns = [name for name in file.schema_arrow.names if name not in index]
            if not columns:
                raise BadInput(f"{path} has no columns: give a table with a column per variable.")
            _check_types(path, file, columns)
            start = 0
            with Scratch((len(columns),), np.float64) as scratch:
                for batch in file.iter_batches(max(1, BATCH // len(columns)), columns=columns):
                    scratch.append(np.column_stack(_numbers(path, columns, batch, start)))
                    start += batch.num_rows
                values = scratch.rows()
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path} cannot be read as Parquet ({reason(error)}): write it again.") from None
    notes = [f"the index column {name} was left out." for name in index]
    return table(path.name, columns, values, notes=notes)


def _check_types(path: Path, file: Any, columns: list[str]) -> None:
    """Refuse a column that holds no numbers, with an example of what it holds."""
    import pyarrow.types as pt

    for name in columns:
        kind = file.schema_arrow.field(name).type
        if pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind) or pt.is_decimal(kind):
            continue
        first = next(iter(file.iter_batches(1, columns=[name])), None)
        example = "" if first is None else f" (row 1: {shortened(str(first.column(0)[0]))!r})"
        raise BadInput(
            f"{path} holds {kind} in column '{name}'{example}, which is no number: remove the column or "
            "encode it as numbers."
        )


def _numbers(path: Path, columns: list[str], batch: Any, start: int) -> list[Any]:
    """Turn the columns of a batch to float64."""
    for name, column in zip(columns, batch.columns, strict=True):
        if column.null_count:
            row = start + column.is_null().index(True).as_py()
            raise BadInput(
                f"{path} has an empty cell in column '{name}', {place(row)}: fill it in or remove the row."
            )
    return [column.cast("float64", safe=False).to_numpy(zero_copy_only=False) for column in batch.columns]
