"""Tables of numbers: standardised for training, and brought back to their own units and columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import ArrayRows, blocks, settled, take
from ganscope.data.split import split_rows
from ganscope.words.lists import place, some

NAMED = 8
"""How many columns a note names before it counts the rest."""


def table(
    name: str,
    columns: Sequence[str],
    values: NDArray[Any],
    lines: Sequence[int] | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    r"""Make a data set of a table, with columns of mean 0 and standard deviation 1 over the training rows.

    .. math:: z_{ij} = (x_{ij} - \bar x_j) / s_j, \quad s_j^2 = \frac1n \sum_i (x_{ij} - \bar x_j)^2

    Columns that are constant over the training rows are left out, and put back by `in_units`.

    Args:
        name: name of the data.
        columns: one distinct name per column.
        values: `[N, D]`, real numbers of any type, in memory or mapped from a file.
        lines: line of the file each row stands on, where there are lines.
        notes: what was decided while reading.

    Returns:
        The data set, with `columns`, `units`, `notes` and `digest` set.

    Raises:
        BadInput: fewer than 20 rows, a repeated column name, NaN or an infinity, or nothing but constants.

    Example:
        >>> x = np.random.default_rng(0).normal(10.0, 3.0, (200, 2))
        >>> data = table("heights", ("a", "b"), x)
        >>> data.shape, len(data.train), len(data.held_out)
        ((2,), 150, 50)
        >>> from ganscope.data import in_units
        >>> names, back = in_units(data.held_out, data.units)
        >>> names, bool(abs(back.mean() - 10.0) < 1.0)
        (['a', 'b'], True)
    """
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise BadInput(f"{name} has more than one column '{twice[0]}': give every column a name of its own.")
    scan = _Scan.of_columns(len(columns))
    split = split_rows(_scanned(name, columns, values, lines, scan), name)
    moments = _moments(values, split.apart, scan)
    kept = np.flatnonzero(moments.std > 0)
    if len(kept) == 0:
        raise BadInput(
            f"{name} has only constant columns ({some(columns)}), which leaves nothing to learn: add one "
            "that varies."
        )
    wild = np.flatnonzero(~np.isfinite(moments.std))
    if len(wild):
        column = int(wild[0])
        raise BadInput(
            f"{name} spans {scan.low[column]:g} to {scan.high[column]:g} in column '{columns[column]}', too "
            "wide for a float64: rescale the column."
        )
    mean, std = moments.mean[kept], moments.std[kept]

    def standardised(rows: NDArray[Any]) -> Tensor:
        z = (rows[:, kept].astype(np.float64) - mean) / std
        return torch.from_numpy(z.astype(np.float32))

    constants = {
        column: float(moments.first[at]) for at, column in enumerate(columns) if moments.std[at] == 0
    }
    trained = [columns[at] for at in kept.tolist()]
    integer = [bool(scan.whole[at]) for at in kept]
    units = {
        "columns": list(columns),
        "mean": mean.tolist(),
        "std": std.tolist(),
        "integer": integer,
        "constants": constants,
    }
    fixed = some([f"'{column}' ({value:g})" for column, value in constants.items()], NAMED)
    whole = some([f"'{column}'" for column, flag in zip(trained, integer, strict=True) if flag], NAMED)
    told = [
        *notes,
        *([f"constant columns are not trained on, but put back into samples: {fixed}."] if fixed else []),
        *([f"columns of whole numbers are rounded in samples: {whole}."] if whole else []),
    ]
    return Dataset(
        name,
        train=settled(ArrayRows(values, standardised, split.apart), (len(kept),)),
        held_out=standardised(take(values, split.held_out)),
        columns=tuple(trained),
        units=units,
        notes=tuple(told),
        digest=split.digest,
    )


class _Scan(NamedTuple):
    """Facts about all rows, collected on the way."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    whole: NDArray[np.bool_]

    @classmethod
    def of_columns(cls, count: int) -> _Scan:
        return cls(np.full(count, np.inf), np.full(count, -np.inf), np.ones(count, dtype=bool))


class _Moments(NamedTuple):
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    """0 exactly for a constant column."""
    first: NDArray[np.float64]
    """Values of the first training row."""


def _scanned(
    name: str, columns: Sequence[str], values: NDArray[Any], lines: Sequence[int] | None, scan: _Scan
) -> Iterator[NDArray[np.float64]]:
    """Pass all rows on as float64, checked; equal tables in different formats pass on the same bytes."""
    for start, block in blocks(values):
        rows = block.astype(np.float64)
        finite = np.isfinite(rows)
        if not finite.all():
            row, column = (int(at) for at in np.argwhere(~finite)[0])
            raise BadInput(
                f"{name} holds {rows[row, column]:g} in column '{columns[column]}', "
                f"{place(start + row, lines)}: repair the value or remove the row."
            )
        np.minimum(scan.low, rows.min(axis=0), out=scan.low)
        np.maximum(scan.high, rows.max(axis=0), out=scan.high)
        np.logical_and(scan.whole, (rows == np.rint(rows)).all(axis=0), out=scan.whole)
        yield rows


def _moments(values: NDArray[Any], apart: NDArray[np.int64], scan: _Scan) -> _Moments:
    """Mean and standard deviation of the training rows, block by block (Chan et al., 1979).

    Columns are first mapped to [0, 1], so that no square overflows or vanishes.
    """
    with np.errstate(over="ignore"):
        span = scan.high - scan.low
    low, scale = scan.low, np.where((span > 0) & np.isfinite(span), span, 1.0)
    count, mean, squares = 0, np.zeros(len(span)), np.zeros(len(span))
    first, constant = np.zeros(len(span)), np.ones(len(span), dtype=bool)
    for start, block in blocks(values):
        inside = apart[np.searchsorted(apart, start) : np.searchsorted(apart, start + len(block))]
        rows = np.delete(block, inside - start, axis=0).astype(np.float64)
        if len(rows) == 0:
            continue
        if count == 0:
            first = rows[0]
        constant &= (rows == first).all(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            z = (rows - low) / scale
            shift = z.mean(axis=0) - mean
            squares += ((z - z.mean(axis=0)) ** 2).sum(axis=0)
            squares += shift**2 * (count * len(rows) / (count + len(rows)))
            mean += shift * (len(rows) / (count + len(rows)))
        count += len(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        std = np.where(np.isfinite(span), scale * np.sqrt(squares / count), np.inf)
        return _Moments(low + scale * mean, np.where(constant, 0.0, std), first)
