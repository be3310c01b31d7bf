"""Rows of one table in the units of another, so that samples can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data import decoded, encoded, trained_columns
from ganscope.folder import files


def into(data: Dataset, fake: Tensor, units: Mapping[str, Any] | None) -> Tensor:
    """Express generated rows of one table as another with the same column names is learnt.

    Args:
        data: the table they will be compared with.
        fake: samples `[N, D]`.
        units: the units in which the samples were learnt; None for data that is no table.

    Returns:
        Samples `[N, D']`; the samples themselves where nothing has to be done.

    Raises:
        BadInput: a column of `data` that the samples do not have.
    """
    if units is None or data.units is None or _same(units, data.units):
        return fake
    table = decoded(fake, units)
    lacking = [name for name in trained_columns(data.units) if name not in table]
    if lacking:
        names = list(table)
        raise BadInput(
            f"{data.name} has a column '{lacking[0]}' that the samples do not have: give --data with the "
            f"columns {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
        )
    return encoded(table, data.units)


def _same(units: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return bool(files.jsonable(dict(units)) == files.jsonable(dict(others)))
