"""What is known of a column: its kind, how its cells are written, and how its values are learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "continuous", "integer", "boolean", "category", "ordered", "datetime", "constant", "identifier"
]


class Column(NamedTuple):
    """A column of a table; JSON-able.

    Between its cells and what is learnt a value is a float64: the number itself, the place of a word in
    `cells["words"]`, or a date counted in steps since 1970; NaN is no value.
    """

    name: str
    kind: Kind
    cells: Mapping[str, Any]
    """How values are written, by `cells["as"]`: number, words, bool or date."""
    code: Mapping[str, Any]
    """How values are learnt, by `code["as"]`: number, choice, constant, index or empty."""
    reason: str = ""
    """Why it is of this kind."""


def columns_of(units: Mapping[str, Any]) -> list[Column]:
    """Read the columns of a table from its `units`, those of earlier run folders too.

    Example:
        >>> old = {"columns": ["n", "k"], "mean": [2.0], "std": [0.8], "integer": [True],
        ...        "constants": {"k": 7.0}}
        >>> [(column.name, column.kind) for column in columns_of(old)]
        [('n', 'integer'), ('k', 'constant')]
    """
    if units["columns"] and isinstance(units["columns"][0], Mapping):
        return [Column(**column) for column in units["columns"]]
    constants = units["constants"]
    trained = iter(zip(units["mean"], units["std"], units["integer"], strict=True))
    columns = []
    for name in map(str, units["columns"]):
        if name in constants:
            columns.append(constant(name, {"as": "number"}, constants[name]))
            continue
        mean, std, whole = next(trained)
        code = {"as": "number", "mean": mean, "std": std, "decimals": 0 if whole else None}
        columns.append(Column(name, "integer" if whole else "continuous", {"as": "number"}, code))
    return columns


def constant(name: str, cells: Mapping[str, Any], value: float | None) -> Column:
    """Make a column that holds one value throughout; None is no value at all."""
    return Column(name, "constant", cells, {"as": "constant", "value": value}, "it holds one value")
