"""From what a user names or hands over to a data set: a built-in name, a path, rows, or a torch data set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from ganscope.contracts import BadInput, Dataset
from ganscope.data import DATASETS
from ganscope.data.in_memory import from_rows, from_torch_dataset
from ganscope.data.load import load
from ganscope.data.tables import NOTHING
from ganscope.words.complaints import unknown
from ganscope.words.sentences import first_sentence

DataLike = Dataset | TorchDataset[Any] | Tensor | np.ndarray[Any, Any]
"""What may be handed over in Python in place of a name or a path."""


SCALE = "(black) to"
"""In the note of a run on pictures whose scale had to be found."""


def load_data(
    data: str | Path | DataLike,
    size: int = 0,
    before: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] = NOTHING,
) -> Dataset:
    """Return the data set that is named or handed over.

    Args:
        data: a built-in name, the path of a file or folder, rows `[N, *shape]`, a torch data set or a
            `Dataset`.
        size: side in pixels to which image files are brought, 0 for the default.
        before: the entry `data` of a run's `config.json`: pictures are then read on the scale of that run.
        columns: column of a table -> its kind, where it is to be another than the one recognised.

    Returns:
        The data set.

    Raises:
        BadInput: an unknown name, or data that cannot be trained on.

    Example:
        >>> load_data("ring").shape
        (2,)
    """
    if columns and not (isinstance(data, str | Path) and str(data) not in DATASETS):
        raise BadInput("--column has no effect on data that is no file of a table: leave it out.")
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Tensor | np.ndarray):
        return from_rows(data)
    if isinstance(data, TorchDataset):
        return from_torch_dataset(data)
    if not isinstance(data, str | Path):
        raise BadInput(
            f"data of type {type(data).__name__} cannot be trained on: give a name, a path, a tensor or "
            "array of rows, a torch dataset with a length, or a ganscope Dataset."
        )
    if str(data) in DATASETS:
        return DATASETS[str(data)]()
    if is_path(data):
        return load(data, size or None, (before or {}).get("scales"), columns)
    raise BadInput(unknown("data", data, DATASETS, f"Known: {', '.join(DATASETS)}, or a path"))


def is_path(data: str | Path) -> bool:
    """Tell whether a name that is no built-in data set means a file or folder.

    Example:
        >>> [is_path(name) for name in ("rings", "rings.csv", "my/rings")]
        [False, True, True]
    """
    name = str(data)
    return bool(Path(name).suffix) or os.sep in name or "/" in name or Path(name).exists()


def digest(data: Dataset) -> str:
    """Return a data set's fingerprint: its own, or that of its held-out rows and the number of the others."""
    if data.digest:
        return data.digest
    held_out = data.held_out.contiguous().numpy().tobytes()
    if data.held_out_condition is not None:
        held_out += data.held_out_condition.contiguous().numpy().tobytes()
    return hashlib.blake2b(held_out + str(len(data.train)).encode(), digest_size=16).hexdigest()


def check_rows(data: Dataset, batch_size: int) -> None:
    """Refuse a batch that is larger than the data."""
    if len(data.train) < batch_size:
        raise BadInput(
            f"--batch-size {batch_size} is more than the {len(data.train)} training rows of {data.name}: "
            f"use at most {len(data.train)}."
        )


def check_unchanged(data: Dataset, before: Mapping[str, Any], what: str) -> None:
    """Refuse to go on with other data than a run began with.

    Args:
        data: as it is now.
        before: the entry `data` of the run's `config.json`.
        what: what a complaint calls the run.

    Raises:
        BadInput: the data have changed.
    """
    if before.get("digest") not in (None, digest(data)):
        raise BadInput(
            f"{before['name']} has changed since {what} was trained on it: bring the old data back, train "
            "anew, or judge by it all the same with --data."
        )
    told, now = (
        [first_sentence(n) for n in notes if SCALE in n] for notes in (before.get("notes", ()), data.notes)
    )
    if told and not before.get("scales") and told != now:
        raise BadInput(
            f"{before['name']} was read on another scale when {what} was trained on it ({told[0]}): "
            "train anew, or judge by it all the same with --data."
        )
