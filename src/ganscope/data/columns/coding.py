"""Tables as they are written and as they are learnt: pure functions of the columns."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Block
from ganscope.data.cells import text, typed, untyped
from ganscope.data.column import Column, columns_of
from ganscope.data.columns import choice, number

Values = NDArray[np.float64]


def decoded(samples: Tensor, units: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Bring learnt rows back to the table they come from: its columns, types, order and names.

    Numbers are rounded as they are in the table, and brought into the range that the column was seen to have.
    A choice is its largest entry. A constant column is put back, a running index is continued, and other
    identifiers are left empty.

    Args:
        samples: `[N, D]`, rows as they are learnt, on any device.
        units: `Dataset.units`, also after a round trip through JSON.

    Returns:
        For each column its values `[N]`: int64, float64, bool, datetime64, or str and None. A missing
        value is NaN, NaT or None; whole numbers with missing ones are float64.

    Raises:
        BadInput: samples of another width.

    Example:
        >>> from ganscope.data.column import Column
        >>> city = Column("city", "category", {"as": "words", "words": ["Bern", "Oslo"]},
        ...               {"as": "choice", "values": [0.0, 1.0], "missing": True})
        >>> rows = decoded(torch.tensor([[0.1, 0.9, 0.0], [0.0, 0.2, 0.3]]), {"columns": [city._asdict()]})
        >>> rows["city"].tolist()
        ['Oslo', None]
    """
    columns = columns_of(units)
    values = values_of(samples, columns)
    return {column.name: typed(values[:, at], column) for at, column in enumerate(columns)}


def encoded(table: Mapping[str, Any], units: Mapping[str, Any]) -> Tensor:
    """Write rows of a table as they are learnt: the way back of `decoded`.

    Args:
        table: for each column its values `[N]`, as `decoded` returns them.
        units: `Dataset.units`.

    Returns:
        `[N, D]`, float32.

    Raises:
        BadInput: a column that is missing, or a word that the column does not have.
    """
    columns = columns_of(units)
    lacking = [column.name for column in columns if width(column) and column.name not in table]
    if lacking:
        raise BadInput(f"the table has no column '{lacking[0]}': give the columns {', '.join(table)} and it.")
    count = len(next(iter(table.values())))
    values = np.full((count, len(columns)), np.nan)
    for at, column in enumerate(columns):
        if width(column):
            values[:, at] = untyped(np.asarray(table[column.name]), column)
    return rows_of(values, columns)


def as_written(samples: Tensor, units: Mapping[str, Any]) -> Tensor:
    """Return rows as their written table says them: after rounding, clipping and choosing.

    It is `encoded(decoded(samples))`, and leaves rows alone that come from a table.

    Args:
        samples: `[N, D]`, rows as they are learnt.
        units: `Dataset.units`.

    Returns:
        `[N, D]`, float32, on the CPU; rows that are not finite are returned as they are.

    Example:
        >>> units = {"columns": ["n"], "mean": [2.0], "std": [0.5], "integer": [True], "constants": {}}
        >>> as_written(torch.tensor([[0.3], [2.4]]), units).tolist()
        [[0.0], [2.0]]
    """
    samples = samples.detach().cpu().float()
    columns = columns_of(units)
    finite = samples.isfinite().all(dim=1)
    written = samples.clone()
    written[finite] = rows_of(values_of(samples[finite], columns), columns)
    return written


def in_units(samples: Tensor, units: Mapping[str, Any]) -> tuple[list[str], NDArray[Any]]:
    r"""Bring learnt rows back to the units and columns of the table they come from, as one array.

    .. math:: x_{ij} = \bar x_j + s_j z_{ij}

    for plain numbers; see `decoded` for the others.

    Args:
        samples: `[N, D]`, rows as they are learnt.
        units: `Dataset.units`, also after a round trip through JSON.

    Returns:
        The column names, and values `[N, columns]`: float64 where all columns are numbers (NaN is a missing
        one), else objects: int, float, bool, str, datetime, or None.

    Raises:
        BadInput: samples of another width.

    Example:
        >>> units = {"columns": ["n", "k"], "mean": [2.0], "std": [0.8], "integer": [True],
        ...          "constants": {"k": 7.0}}
        >>> in_units(torch.tensor([[0.0], [1.5]]), units)
        (['n', 'k'], array([[2., 7.], [3., 7.]]))
    """
    columns = columns_of(units)
    names = [column.name for column in columns]
    if all(column.cells["as"] == "number" for column in columns):
        return names, values_of(samples, columns)
    table = decoded(samples, units)
    values = np.empty((len(samples), len(columns)), dtype=object)
    for at, name in enumerate(names):
        cells = table[name].astype(object)
        none = table[name] != table[name]
        cells[np.asarray(none, dtype=bool)] = None
        values[:, at] = cells
    return names, values


def trained_columns(units: Mapping[str, Any]) -> list[str]:
    """Name the columns of a table that are learnt."""
    return [column.name for column in columns_of(units) if width(column)]


def values_of(samples: Tensor, columns: Sequence[Column]) -> Values:
    """Read the values `[N, columns]` of learnt rows."""
    wanted = sum(map(width, columns))
    if samples.ndim != 2 or samples.shape[1] != wanted:
        raise BadInput(
            f"samples of shape {list(samples.shape)} do not fit the {wanted} trained columns: "
            f"give [N, {wanted}]."
        )
    z = samples.detach().cpu().double().numpy()
    values, start = np.empty((len(z), len(columns))), 0
    for at, column in enumerate(columns):
        end = start + width(column)
        values[:, at] = _decode(z[:, start:end], column)
        start = end
    return values


def rows_of(values: NDArray[Any], columns: Sequence[Column]) -> Tensor:
    """Write values `[N, columns]` as they are learnt, float32 `[N, D]`."""
    return encoder(columns)(values)


def encoder(columns: Sequence[Column]) -> Callable[[Values], Tensor]:
    """Return the function that writes values `[N, columns]` as they are learnt, float32 `[N, D]`.

    Plain numbers are standardised all at once, so that a wide table costs little.
    """
    ends = list(itertools.accumulate(map(width, columns), initial=0))
    plain = [at for at, column in enumerate(columns) if _plain(column)]
    mean, std = (np.array([columns[at].code[part] for at in plain]) for part in ("mean", "std"))
    places = np.array([ends[at] for at in plain], dtype=np.int64)
    others = [(at, column) for at, column in enumerate(columns) if width(column) and not _plain(column)]

    def encode(values: Values) -> Tensor:
        rows = np.empty((len(values), ends[-1]), np.float32)
        if plain:
            rows[:, places] = (values[:, plain] - mean) / std
        for at, column in others:
            how = choice if column.code["as"] == "choice" else number
            rows[:, ends[at] : ends[at + 1]] = how.encode(values[:, at], column.code)
        return torch.from_numpy(rows)

    return encode


def _plain(column: Column) -> bool:
    code = column.code
    return code["as"] == "number" and number.width(code) == 1 and "mean" in code and "transform" not in code


def entries_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Name each entry of a learnt row: after its column, and after its choice where it is one.

    Example:
        >>> size = Column("size", "category", {"as": "words", "words": ["S", "M"]},
        ...               {"as": "choice", "values": [0.0, 1.0], "missing": False})
        >>> entries_of([size])
        ('size: S', 'size: M')
    """
    names: list[str] = []
    for column in columns:
        code = column.code
        if code["as"] == "choice":
            words = text(np.array(code["values"]), column)
            choices = [*words, *(["missing"] if code["missing"] else [])]
        elif code["as"] == "number":
            names.append(column.name)
            modes = [f"mode {at + 1}" for at in range(len(code["modes"]))] if "modes" in code else ["other"]
            masses = text(np.array(code.get("masses", ())), column)
            choices = [*modes, *masses, *(["missing"] if code.get("missing") else [])]
            choices = choices if len(choices) > 1 else []
        else:
            choices = []
        names += [f"{column.name}: {choice}" for choice in choices]
    return tuple(names)


def width(column: Column) -> int:
    """Count the entries that a column has in a learnt row."""
    match column.code["as"]:
        case "choice":
            return choice.width(column.code)
        case "number":
            return number.width(column.code)
        case _:
            return 0


def blocks_of(columns: Sequence[Column]) -> tuple[Block, ...]:
    """Say into which blocks the entries of a learnt row fall."""
    blocks: list[Block] = []
    for column in columns:
        if column.code["as"] == "choice":
            blocks.append(Block("choice", choice.width(column.code), column.name))
        elif column.code["as"] == "number":
            blocks.append(Block("bounded" if "modes" in column.code else "linear", 1, column.name))
            if number.choices(column.code) > 1:
                blocks.append(Block("choice", number.choices(column.code), column.name))
    return tuple(blocks)


def _decode(z: Values, column: Column) -> Values:
    code = column.code
    match code["as"]:
        case "choice":
            return choice.decode(z, code)
        case "number":
            return number.decode(z, code)
        case "constant":
            return np.full(len(z), np.nan if code["value"] is None else code["value"])
        case "index":
            return np.asarray(code["next"] + code["step"] * np.arange(float(len(z))), dtype=np.float64)
        case _:
            return np.full(len(z), np.nan)
