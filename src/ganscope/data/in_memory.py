"""Data handed over in Python: a tensor of rows, or any map-style torch dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.config import CUSTOM
from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import Remaining, blocks
from ganscope.data.split import fingerprint, split, split_images, split_rows

LARGEST = 1e18
"""Of a number whose square float32 still holds, and sums of a few."""
LOOKED_AT = 1_000
"""Items of a torch dataset that are read to fingerprint it."""


def from_rows(rows: Tensor | NDArray[Any]) -> Dataset:
    """Make a data set of rows as they are: nothing is standardised or scaled, samples come in the same units.

    Args:
        rows: `[N, *shape]`, real and finite, at least 20. Images `[N, C, H, W]` within [-1, 1] get a bounded
            generator.

    Returns:
        The data set, float32; its held-out rows are fixed by the content.

    Raises:
        BadInput: another shape or type, too few rows, NaN or an infinity.

    Example:
        >>> data = from_rows(torch.randn(600, 2, generator=torch.Generator().manual_seed(0)))
        >>> data.shape, len(data.train), len(data.held_out), data.value_range
        ((2,), 540, 60, None)
    """
    try:
        values = rows.detach().cpu() if isinstance(rows, Tensor) else torch.tensor(rows)
    except TypeError:
        raise BadInput(
            f"the data is an array of {rows.dtype}, but only real numbers can be learnt: convert it to "
            "float32."
        ) from None
    if values.ndim < 2 or values.is_complex():
        raise BadInput(
            f"data of shape {list(values.shape)} and type {values.dtype} cannot be trained on: give real "
            "rows [N, ...], as in x[:, None] for single numbers."
        )
    values = values.float().contiguous()
    bad = ~values.flatten(1).isfinite().all(1)
    if bad.any():
        raise BadInput(
            f"the data holds NaN or an infinity in row {int(bad.int().argmax())} (counted from 0): remove or "
            "repair such rows."
        )
    wide = values.flatten(1).abs().amax(1) > LARGEST
    if wide.any():
        row = int(wide.int().argmax())
        raise BadInput(
            f"the data holds {float(values[row].abs().max()):.3g} in row {row} (counted from 0), and numbers "
            f"above {LARGEST:g} overflow when float32 squares them: rescale the data, or remove such rows."
        )
    image = values.ndim == 4
    content = (block for _, block in blocks(values.numpy()))
    parts = (split_images if image else split_rows)(content, "the data")
    left = torch.ones(len(values), dtype=torch.bool)
    left[torch.from_numpy(parts.apart)] = False
    bounded = image and bool(values.abs().max() <= 1)
    return Dataset(
        CUSTOM,
        train=values[left],
        held_out=values[torch.from_numpy(parts.held_out)],
        value_range=(-1.0, 1.0) if bounded else None,
        notes=(_range_note(values),) if image and not bounded else (),
        digest=parts.digest,
    )


def from_torch_dataset(dataset: Any) -> Dataset:
    """Make a data set of a map-style torch dataset, whose items are read when a batch asks for them.

    An item is a tensor, or a tuple or list that starts with one; labels are left alone. The held-out rows are
    fixed by a fingerprint of up to 1,000 items, evenly spaced, and by the number of items alone where reading
    an item twice gives two results (random augmentation).

    Args:
        dataset: has `len()` and takes an index; items are finite, all of one shape `[*shape]`, as they shall
            be trained on (images `[C, H, W]` in [-1, 1]).

    Returns:
        The data set, float32.

    Raises:
        BadInput: no length, fewer than 20 items, or items that are no tensors, not finite, or of two shapes.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> data = from_torch_dataset(TensorDataset(torch.arange(60.0)[:, None], torch.zeros(60)))
        >>> data.shape, len(data.train), len(data.held_out)
        ((1,), 30, 30)
    """
    try:
        n = len(dataset)
    except TypeError:
        raise BadInput(
            f"the data is a {type(dataset).__name__}, which has no length: give a tensor, or a map-style "
            "dataset with __len__ and __getitem__."
        ) from None
    split("", n)  # too few rows are told before any is read
    shape = tuple(_item(dataset, 0, None).shape)
    looked_at = np.unique(np.linspace(0, n - 1, min(n, LOOKED_AT)).astype(np.int64)).tolist()
    first = torch.stack([_item(dataset, at, shape) for at in looked_at])
    digest, _ = fingerprint([np.full((1, *shape), n, np.int64), first.numpy()])
    notes: list[str] = []
    if not torch.equal(first[0], _item(dataset, 0, shape)):
        digest, _ = fingerprint([np.array([n])])
        notes.append("items differ when read twice: the held-out rows are fixed by their number alone.")
    held_out = split(digest, n)
    bounded = len(shape) == 3 and bool(first.abs().max() <= 1)
    if len(shape) == 3 and not bounded:
        notes.append(_range_note(first))
    rows = ItemRows(dataset, shape, np.sort(held_out))
    return Dataset(
        CUSTOM,
        train=rows,
        held_out=torch.stack([_item(dataset, int(at), shape) for at in held_out]),
        value_range=(-1.0, 1.0) if bounded else None,
        notes=tuple(notes),
        digest=digest,
    )


class ItemRows:
    """Training rows of a torch dataset, read one item at a time, without those kept apart."""

    def __init__(self, dataset: Any, shape: tuple[int, ...], apart: NDArray[np.int64]) -> None:
        self._dataset = dataset
        self._shape = shape
        self._remaining = Remaining(len(dataset), apart)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._remaining)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        """Return the rows at an index tensor `[B]` as float32 `[B, *shape]`."""
        return torch.stack(
            [_item(self._dataset, at, self._shape) for at in self._remaining.positions(index).tolist()]
        )


def _item(dataset: Any, at: int, shape: tuple[int, ...] | None) -> Tensor:
    """Read one item, and check it: user code can return anything."""
    item = dataset[at]
    value = item[0] if isinstance(item, tuple | list) and len(item) > 0 else item
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = torch.tensor(value)
    if not isinstance(value, Tensor) or value.is_complex() or value.ndim == 0:
        kind = f"a {'scalar' if isinstance(value, Tensor) else type(value).__name__}"
        raise BadInput(
            f"item {at} of the dataset is {kind}, but a tensor of real numbers, alone or first in a tuple, "
            "is needed: add a transform that makes one."
        )
    if shape is not None and tuple(value.shape) != shape:
        raise BadInput(
            f"item {at} of the dataset has shape {list(value.shape)}, but item 0 has {list(shape)}: bring "
            "all items to one shape."
        )
    value = value.detach().cpu().float()
    if not value.isfinite().all():
        raise BadInput(f"item {at} of the dataset holds NaN or an infinity: remove or repair such items.")
    return value


def _range_note(images: Tensor) -> str:
    return (
        f"image values from {images.min():g} to {images.max():g} are used as they are: GANs train best when "
        "they are scaled to -1 to 1."
    )
