"""NumPy's own files: `.npy`, mapped rather than read, and `.npz`; a table or images by the array's shape."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import Scratch, blocks
from ganscope.data.npz_member import large_member
from ganscope.data.pixel_scale import BYTE, Extent, Scale, extent, joined, note_on, scale_of
from ganscope.data.pixels import SIZES, image_dataset, pixels_in_range, resized
from ganscope.data.tables import table
from ganscope.words.lists import some
from ganscope.words.sentences import reason

MAGIC = b"\x93NUMPY"
NAMES = ("data", "x", "X", "images", "samples")
"""Which array of several in an `.npz` is the data; the first of these that is there."""
CHANNELS = (1, 3, 4)
Scales = Mapping[str, Sequence[float]]
"""Black and white of pixels of more than 8 bits, by their kind."""


def array_file(path: Path, size: int | None = None, scales: Scales | None = None) -> Dataset:
    """Read rows `[N]` or `[N, D]`, or images `[N, H, W]`, `[N, C, H, W]` or `[N, H, W, C]`.

    A `.npy` is mapped, so that a file larger than memory trains as well. Pickled objects are never loaded.

    Args:
        path: a `.npy` or `.npz` file.
        size: side to which images are resized and cropped, 8 to 64; None keeps theirs.
        scales: black and white, where they are decided already.

    Returns:
        The data set: a table is standardised, images are scaled to [-1, 1].

    Raises:
        BadInput: a file that cannot be read, or whose array is neither table nor images.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "noise.npy"
        ...     np.save(path, np.random.default_rng(0).random((30, 16, 16)))
        ...     data = array_file(path, size=8)
        >>> data.shape, data.notes[0]
        ((1, 8, 8), '30 images [N, H, W], 16 x 16 pixels, grey.')
    """
    name, values = _read(path)
    return from_array(name, values, size, scales)


def from_array(
    name: str, values: NDArray[Any], size: int | None = None, scales: Scales | None = None
) -> Dataset:
    """Make a data set of an array: a table of one or two axes, images of three or four.

    Args:
        name: name of the data.
        values: real numbers.
        size: side to which images are resized and cropped.
        scales: black and white, where they are decided already.

    Returns:
        The data set.

    Raises:
        BadInput: another number of axes, another type, or `size` for a table.

    Example:
        >>> from_array("heights", np.arange(40.0)).columns
        ('x0',)
    """
    if values.dtype.kind not in "biuf":
        raise BadInput(
            f"{name} holds {values.dtype}, but only real numbers can be learnt: convert the array, as in "
            "array.astype('float32')."
        )
    if values.size == 0 or not 1 <= values.ndim <= 4:
        raise BadInput(
            f"{name} has shape {list(values.shape)}, but a table [N, D] or images [N, H, W], [N, C, H, W] or "
            "[N, H, W, C] are needed: reshape the array."
        )
    if values.ndim > 2:
        return _images(name, values, size, scales)
    if size is not None:
        raise BadInput(f"--size {size} has no effect on the table {name}: leave it out.")
    rows = values.reshape(len(values), -1)
    return table(name, [f"x{at}" for at in range(rows.shape[1])], rows)


def _read(path: Path) -> tuple[str, NDArray[Any]]:
    """Map the array of a `.npy`, or read the one that is meant of a `.npz`."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(0)
        try:
            if start == MAGIC:
                return path.name, np.load(path, mmap_mode="r", allow_pickle=False)
            if start.startswith(b"PK"):
                with np.load(file, allow_pickle=False) as archive:
                    member = _member(path, archive.files)
                    name = path.name if len(archive.files) == 1 else f"{path.name}[{member}]"
                    large = large_member(path, member)
                    return name, archive[member] if large is None else large
        except BadInput:
            raise
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            if "object" in str(error).lower():
                raise BadInput(
                    f"{path} holds Python objects, which are never loaded because they can run code: save "
                    "plain numbers, as in numpy.save(path, array.astype('float32'))."
                ) from None
            raise BadInput(
                f"{path} cannot be read as a NumPy array ({reason(error)}): save it again with numpy.save."
            ) from None
    raise BadInput(f"{path} is no file of a NumPy array: save one with numpy.save or numpy.savez.")


def _member(path: Path, names: list[str]) -> str:
    """Choose the array of an archive."""
    if len(names) == 1:
        return names[0]
    known = [name for name in NAMES if name in names]
    if not known:
        held = f"the arrays {some(names, 8)}" if names else "no array"
        raise BadInput(
            f"{path} holds {held} and none is called {', '.join(NAMES[:-1])} or {NAMES[-1]}: give one of "
            "them such a name."
        )
    return known[0]


def _images(name: str, values: NDArray[Any], size: int | None, scales: Scales | None) -> Dataset:
    """Find out where the channels are and what the numbers mean, and say so."""
    first, meaning = _channels_first(name, values)
    kind = "float" if values.dtype.kind == "f" else "whole"
    pixels = _extent(name, values, first)
    scale = _scale(pixels, values.dtype, (scales or {}).get(kind))
    scaled = pixels_in_range(*scale)
    range_note = note_on(pixels, scale)
    facts = None if values.dtype.itemsize == 1 and kind == "whole" else {kind: tuple(scale)}

    def convert(rows: NDArray[Any]) -> Tensor:
        return scaled(np.ascontiguousarray(first(rows)))

    example = first(values[:1])
    count, channels, height, width = len(values), *example.shape[1:]
    notes = [
        f"{count:,} images {meaning}, {height} x {width} pixels, {'grey' if channels == 1 else 'colour'}.",
        range_note,
    ]
    if size is None and (height != width or not SIZES[0] <= height <= SIZES[1]):
        raise BadInput(
            f"{name} holds images of {height} x {width} pixels, but they must be square with a side of "
            f"{SIZES[0]} to {SIZES[1]}: add --size, e.g. --size 32."
        )
    if size is None or (height, width) == (size, size):
        return image_dataset(name, values, convert, notes)._replace(scales=facts)
    notes.append(f"resized and cropped to {size} x {size} pixels.")
    with Scratch((channels, size, size), np.float32) as scratch:
        for _, block in blocks(values):
            scratch.append(resized(convert(block), size).numpy())
        stored = scratch.rows()
    made = image_dataset(name, stored, lambda rows: torch.from_numpy(np.array(rows)), notes)
    return made._replace(scales=facts)


def _channels_first(name: str, values: NDArray[Any]) -> tuple[Callable[[NDArray[Any]], NDArray[Any]], str]:
    """Return what moves the channels behind the rows and drops alpha, and how the axes were read."""
    if values.ndim == 3:
        return (lambda rows: rows[:, None]), "[N, H, W]"
    if values.shape[1] in CHANNELS:
        alpha, meaning = values.shape[1] == 4, "[N, C, H, W]"
        move = (lambda rows: rows[:, :3]) if alpha else (lambda rows: rows)
    elif values.shape[3] in CHANNELS:
        alpha, meaning = values.shape[3] == 4, "[N, H, W, C]"
        move = lambda rows: np.moveaxis(rows, 3, 1)[:, :3]  # noqa: E731 - the third of three one-liners
    else:
        raise BadInput(
            f"{name} has shape {list(values.shape)}, but 1, 3 or 4 channels are needed at the second or the "
            "last place: select or reorder the channels."
        )
    return move, meaning + (", its fourth channel (alpha) dropped" if alpha else "")


def _extent(name: str, values: NDArray[Any], first: Callable[[NDArray[Any]], NDArray[Any]]) -> Extent:
    """Look where the pixels of all images lie; alpha is none."""
    extents = []
    for start, block in blocks(values):
        bad = ~np.isfinite(block).reshape(len(block), -1).all(axis=1)
        if bad.any():
            raise BadInput(
                f"{name} holds NaN or an infinity in image {start + int(bad.argmax()) + 1}: repair or "
                "remove it."
            )
        extents.append(extent(first(block), -(-len(values) // len(block))))
    return joined(extents)


def _scale(pixels: Extent, dtype: np.dtype[Any], given: Sequence[float] | None) -> Scale:
    """Decide which values mean black and white; bytes always have theirs."""
    if dtype == np.uint8:
        return Scale(0.0, BYTE)
    return Scale(*given) if given else scale_of(pixels, dtype.kind != "f")
