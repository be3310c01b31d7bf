"""Cells of the types of Apache Arrow, as Parquet has them: read as float64, and written in the same type."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
MOST_WORDS = 10_000
"""Distinct words that are kept of a column."""


def readable(kind: Any) -> bool:
    """Tell whether cells of a type can be learnt."""
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        _is_number(kind) or pt.is_boolean(kind) or pt.is_null(kind) or _is_text(kind) or _is_date(kind)
    )


class Reader:
    """Reads one column, batch by batch.

    Args:
        kind: its type.
        order: words in the order that the user gives.

    Example:
        >>> import pyarrow as pa
        >>> reader = Reader(pa.string())
        >>> reader.read(pa.array(["b", None, "a"])).tolist(), reader.cells["words"]
        ([0.0, nan, 1.0], ['b', 'a'])
    """

    def __init__(self, kind: Any, order: Sequence[str] = ()) -> None:
        import pyarrow.types as pt

        self.cells: dict[str, Any] = {"arrow": packed(kind)}
        inner = kind.value_type if pt.is_dictionary(kind) else kind
        if pt.is_boolean(inner):
            self.cells["as"] = "bool"
        elif _is_text(inner):
            self.cells |= {"as": "words", "words": list(order)}
        elif _is_date(inner):
            day = pt.is_date(inner)
            form = "%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S"
            self.cells |= {"as": "date", "format": form, "unit": "D" if day else "us"}
        else:
            self.cells["as"] = "number"
        self._places: dict[str | None, float] = {word: float(at) for at, word in enumerate(order)}

    def read(self, cells: Any) -> Values:
        """Read an array of the column's type; null is NaN."""
        import pyarrow as pa
        import pyarrow.types as pt

        if self.cells["as"] == "words":
            return self._words(cells)
        if pt.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if self.cells["as"] == "date":
            kind = (
                pa.date32()
                if self.cells["unit"] == "D"
                else pa.timestamp("us", tz=getattr(cells.type, "tz", None))
            )
            cells = cells.cast(kind, safe=False).cast(pa.int32() if self.cells["unit"] == "D" else pa.int64())
        if pt.is_null(cells.type):
            return np.full(len(cells), np.nan)
        values = cells.cast("float64", safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(values, dtype=np.float64)

    def _words(self, cells: Any) -> Values:
        import pyarrow.types as pt

        if not pt.is_dictionary(cells.type):
            cells = cells.dictionary_encode()
        local = []
        for word in cells.dictionary.to_pylist():
            if word is not None and word not in self._places and "lost" not in self.cells:
                self._places[word] = float(len(self._places))
                self.cells["words"].append(word)
            local.append(np.nan if word is None else self._places.get(word, np.nan))
        if len(self._places) > MOST_WORDS:
            self.cells["lost"] = f"it holds more than {MOST_WORDS:,} different words"
        if "lost" in self.cells:
            return np.full(len(cells), np.nan)
        at = cells.indices.fill_null(len(local)).to_numpy(zero_copy_only=False)
        return np.asarray(np.array([*local, np.nan])[at], dtype=np.float64)


def array(cells: NDArray[Any], kind: Any) -> Any:
    """Make an array of a type of what `typed` returned; None, NaN and NaT are null."""
    import pyarrow as pa
    import pyarrow.types as pt

    inner = kind.value_type if pt.is_dictionary(kind) else kind
    none = np.array([cell is None or cell != cell for cell in cells])  # noqa: PLR0124 - NaN differs from itself
    if pt.is_decimal(inner):
        import decimal

        step = decimal.Decimal(1).scaleb(-inner.scale)
        whole = [
            None if n else decimal.Decimal(repr(float(c))).quantize(step)
            for c, n in zip(cells, none, strict=True)
        ]
        made = pa.array(whole, inner)
    elif _is_number(inner) and cells.dtype.kind == "f" and not pt.is_floating(inner):
        made = pa.array(np.where(none, 0, cells).astype(np.int64), mask=none).cast(inner)
    elif pt.is_null(inner):
        return pa.nulls(len(cells))
    else:
        made = pa.array(cells, mask=none, from_pandas=True).cast(inner, safe=False)
    return made.dictionary_encode().cast(kind) if pt.is_dictionary(kind) else made


def packed(kind: Any) -> str:
    """Write a type as text, exactly."""
    import pyarrow as pa

    return base64.b64encode(pa.schema([pa.field("x", kind)]).serialize().to_pybytes()).decode()


def unpacked(text: str) -> Any:
    """Read a type back from its text."""
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text))).field(0).type


def _is_number(kind: Any) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _is_date(kind: Any) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_date(kind) or pt.is_timestamp(kind))
