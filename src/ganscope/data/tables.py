"""A table as a data set: its columns recognised, encoded for training, and a part of its rows held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data.column import Column
from ganscope.data.columns.asked import as_asked
from ganscope.data.columns.coding import blocks_of, encoder, entries_of
from ganscope.data.columns.facts import Facts, scanned
from ganscope.data.columns.kinds import Seen
from ganscope.data.columns.moments import moments
from ganscope.data.columns.notes import notes_of
from ganscope.data.columns.outliers import refuse_outliers
from ganscope.data.lazy_rows import ArrayRows, blocks, settled, take
from ganscope.data.split import split_rows
from ganscope.data.wishes import wishes
from ganscope.words.lists import some

NUMBER = {"as": "number"}
NOTHING: Mapping[str, str] = MappingProxyType({})


def table(
    name: str,
    columns: Sequence[str],
    values: NDArray[Any],
    lines: Sequence[int] | None = None,
    notes: Sequence[str] = (),
    cells: Sequence[Mapping[str, Any]] | None = None,
    asked: Mapping[str, str] = NOTHING,
) -> Dataset:
    r"""Make a data set of a table; plain numbers have mean 0 and standard deviation 1 over its training rows.

    .. math:: z_{ij} = (x_{ij} - \bar x_j) / s_j, \quad s_j^2 = \frac1n \sum_i (x_{ij} - \bar x_j)^2

    Columns that are constant over the training rows, and identifiers, are left out of training.

    Args:
        name: name of the data.
        columns: one distinct name per column.
        values: `[N, D]`, real numbers of any type, in memory or mapped from a file; NaN is a missing value.
        lines: line of the file each row stands on, where there are lines.
        notes: what was decided while reading.
        cells: how the values of each column are written, see `Column.cells`; by default as numbers.
        asked: column -> its kind, where the user says what it is.

    Returns:
        The data set, with `columns`, `blocks`, `units`, `notes` and `digest` set.

    Raises:
        BadInput: fewer than 20 rows, a repeated column name, an infinity, nothing to learn, or a column that
            is not of the kind asked for.

    Example:
        >>> from ganscope.data import in_units
        >>> x = np.random.default_rng(0).normal(10.0, 3.0, (200, 2))
        >>> data = table("heights", ("a", "b"), x)
        >>> data.shape, len(data.train), len(data.held_out)
        ((2,), 150, 50)
        >>> names, back = in_units(data.held_out, data.units)
        >>> names, bool(abs(back.mean() - 10.0) < 1.0)
        (['a', 'b'], True)
    """
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise BadInput(f"{name} has more than one column '{twice[0]}': give every column a name of its own.")
    said = wishes(asked, name, columns)
    written = [NUMBER] * len(columns) if cells is None else cells
    lost = [at for at, column in enumerate(written) if "lost" in column]
    written = [{**column, "words": []} if "lost" in column else column for column in written]
    facts = [Facts() for _ in columns]
    words = repr([column["words"] for column in written if column.get("words")])
    split = split_rows(
        scanned(name, columns, values, lines, facts, lost), name, b"" if words == "[]" else words.encode()
    )
    low, high = (np.array([getattr(fact, end) for fact in facts]) for end in ("low", "high"))
    trained = moments(values, split.apart, low, high)
    wild = np.flatnonzero(np.isinf(trained.std) & np.isfinite(low))
    if len(wild):
        at = int(wild[0])
        raise BadInput(
            f"{name} spans {low[at]:g} to {high[at]:g} in column '{columns[at]}', too wide for a float64: "
            "rescale the column."
        )
    refuse_outliers(name, columns, values, trained, (low, high), lines)
    known = [
        as_asked(
            Seen(
                column,
                written[at],
                facts[at],
                trained.sample[:, at],
                float(trained.mean[at]),
                float(trained.std[at]),
                float(trained.first[at]),
                lambda heavy, at=at: _ends(values, at, heavy, facts[at]),  # type: ignore[misc]
            ),
            said.get(column),
        )
        for at, column in enumerate(columns)
    ]
    encode = encoder(known)
    names = entries_of(known)
    if not names:
        raise BadInput(_nothing(name, known, facts))

    def learnt(rows: NDArray[Any]) -> Tensor:
        return encode(rows.astype(np.float64))

    parts = blocks_of(known)
    return Dataset(
        name,
        train=settled(ArrayRows(values, learnt, split.apart), (len(names),)),
        held_out=learnt(take(values, split.held_out)),
        columns=names,
        blocks=() if all(block.kind == "linear" for block in parts) else parts,
        units={"columns": [column._asdict() for column in known]},
        notes=(*notes, *notes_of(known)),
        digest=split.digest,
    )


def _nothing(name: str, columns: Sequence[Column], facts: Sequence[Facts]) -> str:
    """Say that no column can be learnt, and why."""
    names, nothing = some([column.name for column in columns]), "which leaves nothing to learn"
    if any(column.kind == "identifier" for column in columns):
        return f"{name} has only constant columns and identifiers ({names}), {nothing}: add other columns."
    if all(fact.low == fact.high or not fact.values for fact in facts):
        return f"{name} has only constant columns ({names}), {nothing}: add one that varies."
    return (
        f"{name} has only columns ({names}) that are constant over its training rows, {nothing}: add rows "
        "that differ."
    )


def _ends(values: NDArray[Any], at: int, without: Sequence[float], facts: Facts) -> tuple[float, float]:
    """Return the least and greatest value of a column, some values left out."""
    if not without:
        return facts.low, facts.high
    low, high = np.inf, -np.inf
    for _, block in blocks(values):
        x = block[:, at].astype(np.float64)
        x = x[~np.isnan(x) & ~np.isin(x, without)]
        if len(x):
            low, high = min(low, float(x.min())), max(high, float(x.max()))
    return low, high
