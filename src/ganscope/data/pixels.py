"""Pixels between how files store them and how networks see them: [-1, 1], one size, channels first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import ArrayRows, blocks, settled, take
from ganscope.data.split import split_images

SIZES = (8, 64)
"""Smallest and largest side of an image."""


def check_size(size: int | None) -> None:
    """Refuse a side no network here can draw.

    Raises:
        BadInput: below 8 or above 64.

    Example:
        >>> check_size(100)
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: --size 100 is not possible: give a side of 8 to 64 pixels.
    """
    if size is not None and not SIZES[0] <= size <= SIZES[1]:
        raise BadInput(f"--size {size} is not possible: give a side of {SIZES[0]} to {SIZES[1]} pixels.")


def pixels_in_range(low: float, high: float) -> Callable[[NDArray[Any]], Tensor]:
    """Map pixels from `[low, high]` to [-1, 1], as float32.

    Example:
        >>> pixels_in_range(0, 255)(np.array([0, 255], np.uint8)).tolist()
        [-1.0, 1.0]
    """
    # Exact at both ends: x * 2 - low - high is 0 in the middle.
    return lambda pixels: torch.from_numpy(np.asarray(pixels, np.float32) * 2 - (low + high)) / (high - low)


def image_dataset(
    name: str,
    pixels: NDArray[Any],
    convert: Callable[[NDArray[Any]], Tensor],
    notes: Sequence[str],
) -> Dataset:
    """Split stored images and hand them out as float32 `[B, C, S, S]` in [-1, 1].

    Args:
        name: name of the data.
        pixels: all images as they are stored, `[N, ...]`, in memory or mapped from a file.
        convert: turns stored images into float32 `[B, C, S, S]`.
        notes: what was decided while reading.

    Returns:
        The data set.

    Raises:
        BadInput: fewer than 20 images.

    Example:
        >>> pixels = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
        >>> data = image_dataset("noise", pixels, pixels_in_range(0, 255), ())
        >>> data.shape, len(data.train), len(data.held_out), data.value_range
        ((1, 8, 8), 20, 20, (-1.0, 1.0))
    """
    split = split_images((block for _, block in blocks(pixels)), name)
    held_out = convert(take(pixels, split.held_out))
    copies = len(split.apart) - len(split.held_out)
    told = [*notes, f"{copies} exact copies of held-out images were kept from training."] if copies else notes
    return Dataset(
        name,
        train=settled(ArrayRows(pixels, convert, split.apart), tuple(held_out.shape[1:])),
        held_out=held_out,
        value_range=(-1.0, 1.0),
        notes=tuple(told),
        digest=split.digest,
    )


def resized(images: Tensor, size: int) -> Tensor:
    """Bring the shorter side to `size` by antialiased bicubic interpolation and cut the centre out.

    Args:
        images: float32 `[B, C, H, W]` in [-1, 1].
        size: side of the result, in pixels.

    Returns:
        `[B, C, size, size]` in [-1, 1].

    Example:
        >>> resized(torch.zeros(2, 3, 20, 30), 8).shape
        torch.Size([2, 3, 8, 8])
    """
    height, width = images.shape[-2:]
    shorter = min(height, width)
    sides = [round(side * size / shorter) for side in (height, width)]
    images = torch.nn.functional.interpolate(images, size=sides, mode="bicubic", antialias=True)
    top, left = ((side - size) // 2 for side in sides)
    return images[..., top : top + size, left : left + size].clamp(-1, 1)
