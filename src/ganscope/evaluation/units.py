"""Rows of one table in the units of another, so that samples can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data import in_units
from ganscope.folder import files


def into(data: Dataset, fake: Tensor, units: Mapping[str, Any] | None) -> Tensor:
    """Express generated rows of one table in the standardised columns of another with the same column names.

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
    names, values = in_units(fake, units)
    lacking = [column for column in data.columns if column not in names]
    if lacking:
        raise BadInput(
            f"{data.name} has a column '{lacking[0]}' that the samples do not have: give --data with the "
            f"columns {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
        )
    wanted = torch.from_numpy(values[:, [names.index(column) for column in data.columns]])
    mean, std = (torch.tensor(data.units[key], dtype=torch.float64) for key in ("mean", "std"))
    return ((wanted - mean) / std).float()


def _same(units: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return bool(files.jsonable(dict(units)) == files.jsonable(dict(others)))
