"""Tables in Parquet, by way of the optional pyarrow; read in batches, so that memory stays flat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput, Dataset
from ganscope.data.cells import arrow
from ganscope.data.lazy_rows import Scratch
from ganscope.data.tables import NOTHING, table
from ganscope.data.wishes import wishes
from ganscope.words.sentences import reason, shortened

BATCH = 2**17
"""Cells read at a time."""


def parquet(path: Path, asked: Mapping[str, str] = NOTHING) -> Dataset:
    """Read a table of numbers, words, dates and booleans from a `.parquet` file.

    Args:
        path: the file.
        asked: column -> its kind, where the user says what it is.

    Returns:
        The data set.

    Raises:
        BadInput: pyarrow is missing, the file cannot be read, or it holds lists, structures or bytes.

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
            twice = [name for name, count in Counter(columns).items() if count > 1]
            if twice:
                raise BadInput(
                    f"{path} has more than one column '{twice[0]}': give every column a name of its own."
                )
            said = wishes(asked, path.name, columns)
            orders = {name: wish.order for name, wish in said.items()}
            readers = [arrow.Reader(_field(path, file, name).type, orders.get(name, ())) for name in columns]
            with Scratch((len(columns),), np.float64) as scratch:
                for batch in file.iter_batches(max(1, BATCH // len(columns)), columns=columns):
                    scratch.append(_values(batch, readers))
                values = scratch.rows()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the system's
        raise BadInput(f"{path} cannot be read as Parquet ({reason(error)}): write it again.") from None
    notes = [f"the index column {name} was left out." for name in index]
    return table(
        path.name, columns, values, notes=notes, cells=[reader.cells for reader in readers], asked=asked
    )


def _field(path: Path, file: Any, name: str) -> Any:
    """Return what the file says of a column; refuse one that cannot be learnt, with an example of it."""
    field = file.schema_arrow.field(name)
    if arrow.readable(field.type):
        return field
    first = next(iter(file.iter_batches(1, columns=[name])), None)
    example = "" if first is None else f" (row 1: {shortened(str(first.column(0)[0]))!r})"
    raise BadInput(
        f"{path} holds {field.type} in column '{name}'{example}, which cannot be learnt: remove the column, "
        "or encode it as numbers, words or dates."
    )


def _values(batch: Any, readers: list[arrow.Reader]) -> NDArray[np.float64]:
    return np.column_stack([reader.read(cells) for reader, cells in zip(readers, batch.columns, strict=True)])
