"""Pixels of more than eight bits, as Pillow hands them out: whole numbers, floats, and colours of 16 bits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Kind = Literal["bytes", "whole", "float"]
SWAPPED = {"16B": "16L", "16L": "16B", "16N": "16B" if np.little_endian else "16L"}
"""By order of two bytes, the one in which a decoder that keeps the high byte keeps the low one instead."""


def kind_of(image: Image) -> Kind:
    """Tell how a picture stores its pixels; one that is open and not yet decoded.

    Example:
        >>> from PIL import Image
        >>> [kind_of(Image.new(mode, (1, 1))) for mode in ("RGB", "I;16", "F")]
        ['bytes', 'whole', 'float']
    """
    if image.mode == "F":
        return "float"
    return "whole" if image.mode.startswith("I") or _low_byte(image) else "bytes"


def deep_pixels(open_image: Callable[[], Image]) -> NDArray[Any]:
    """Decode the pixels of a picture whose kind is not bytes.

    Pillow keeps only the high byte of colours of 16 bits; these are decoded twice, and put together.

    Args:
        open_image: opens the picture, anew at each call.

    Returns:
        `[H, W, C]`, upright, with one channel or three, or four where there is transparency.

    Raises:
        ValueError: NaN or infinity among the pixels.

    Example:
        >>> from PIL import Image
        >>> deep_pixels(lambda: Image.fromarray(np.full((2, 3), 4095, np.uint16))).shape
        (2, 3, 1)
    """
    with open_image() as image:
        low_byte = _low_byte(image)
        pixels = _upright(image)
    if low_byte:
        with open_image() as image:
            setattr(image, "tile", low_byte)  # noqa: B010 - of opened files only
            pixels = pixels.astype(np.uint16) * 256 + _upright(image)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise ValueError("not finite")
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _low_byte(image: Image) -> list[Any]:
    """What is to be decoded to get the low bytes of colours of 16 bits; nothing for other pictures."""
    tiles: list[Any] = []
    for tile in getattr(image, "tile", ()):
        arguments = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        raw = str(arguments[0])
        colours, _, order = raw.partition(";")
        if image.mode != colours or colours not in ("RGB", "RGBA") or order not in SWAPPED:
            return []
        changed = (f"{colours};{SWAPPED[order]}", *arguments[1:])
        tiles.append(tile._replace(args=changed if isinstance(tile.args, tuple) else changed[0]))
    return tiles


def _upright(image: Image) -> NDArray[Any]:
    from PIL import ImageOps

    image.load()
    with contextlib.suppress(Exception):  # broken EXIF data leave a good picture as it is
        image = ImageOps.exif_transpose(image)
    return np.asarray(image)
