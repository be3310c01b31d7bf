"""Data sets of the Hugging Face hub, by way of the optional package `datasets`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ganscope.contracts import BadInput, Dataset
from ganscope.data.picture_files import pictures
from ganscope.data.tables import table
from ganscope.words.lists import place
from ganscope.words.sentences import reason, shortened

if TYPE_CHECKING:
    from PIL.Image import Image


class Records(Protocol):
    """Rows by number, each a mapping from column name to value: a list of dicts, or a hub data set."""

    def __len__(self) -> int:
        """Count the rows."""
        ...

    def __getitem__(self, at: int, /) -> Mapping[str, Any]:
        """Return one row."""
        ...


def from_hub(name: str, split: str = "train", size: int | None = None) -> Dataset:
    """Download a data set of images or numbers, or take it from the cache of `datasets`.

    Args:
        name: its name on the hub, such as `ylecun/mnist`.
        split: which of its splits; a part of it is held out as of any other data.
        size: side of the images, 8 to 64; None is 32.

    Returns:
        The data set.

    Raises:
        BadInput: `datasets` is missing, the name is unknown, the network is down, or a row is unusable.
    """
    try:
        datasets = importlib.import_module("datasets")
    except ImportError:
        raise BadInput(
            f"'{name}' comes from the hub through the package datasets, which is not installed: pip install "
            "'ganscope[images]'."
        ) from None
    try:
        records = datasets.load_dataset(name, split=split)
    except Exception as error:  # a library of many downloaders, each with errors of its own
        raise BadInput(
            f"'{name}' with split '{split}' cannot be loaded from the hub ({reason(error)}): check the "
            "name, the split and the network."
        ) from None
    return from_records(name, records, size)


def from_records(name: str, records: Records, size: int | None = None) -> Dataset:
    """Make a data set of records: the first column of images, or else all columns, which must be numbers.

    Args:
        name: name of the data.
        records: at least 20, all with the columns of the first.
        size: side of the images, 8 to 64; None is 32.

    Returns:
        The data set.

    Raises:
        BadInput: no records, or a value that is no number.

    Example:
        >>> from_records("pairs", [{"a": i, "b": i / 2} for i in range(20)]).columns
        ('a', 'b')
    """
    from PIL import Image

    if len(records) == 0:
        raise BadInput(f"{name} holds no rows: choose another split.")
    columns = list(records[0])
    images = [column for column in columns if isinstance(records[0][column], Image.Image)]
    if images:

        def image(at: str) -> Image.Image:
            image: Image.Image = records[int(at)][images[0]]
            return image

        notes = [f"images are those of column '{images[0]}'."]
        return pictures(name, [str(at) for at in range(len(records))], image, size, notes)
    values = np.empty((len(records), len(columns)))
    for at in range(len(records)):
        row = records[at]
        for column, cell in enumerate(row[key] for key in columns):
            if not isinstance(cell, int | float):
                raise BadInput(
                    f"{name} holds {shortened(str(cell))!r} in column '{columns[column]}', {place(at)}: "
                    "remove the column or encode it as numbers."
                )
            values[at, column] = cell
    return table(name, columns, values)
