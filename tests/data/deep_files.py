"""Pictures of more than 8 bits written as files: a ramp each, one brighter than the other."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.distance import cdist

from tests.data.digit_files import every_row

COUNT = 24
Array = NDArray[Any]


def ramps(low: float, high: float, dtype: Any, count: int = COUNT) -> list[Array]:
    """Pictures of 8 by 8 pixels that together run from `low` to `high`; each has a part of the range."""
    ramp = np.linspace(0.0, 1.0, 64).reshape(8, 8)
    parts = [low + (high - low) * ramp * (at + 1) / count for at in range(count)]
    if high - low == 1 and np.dtype(dtype).kind == "u":  # masks, no two alike
        bits = np.random.default_rng(0).random((count, 8, 8)) < np.linspace(0.2, 0.8, count)[:, None, None]
        return list(bits.astype(dtype))
    whole = np.issubdtype(np.dtype(dtype), np.integer)
    return [(np.rint(part) if whole else part).astype(dtype) for part in parts]


def write(folder: Path, pictures: list[Array], ending: str) -> Path:
    folder.mkdir(exist_ok=True)
    for at, picture in enumerate(pictures):
        path = folder / f"{at:03d}.{ending}"
        if picture.ndim == 3:
            path.write_bytes(png_of_16_bits(picture))
        else:
            Image.fromarray(picture).save(path)
    return folder


def png_of_16_bits(pixels: Array) -> bytes:
    """A PNG with 16 bits a channel, `[H, W, C]`: Pillow writes none with colours."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    written = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def assert_pixels(dataset: Any, pictures: list[Array], light: Callable[[Array], Array]) -> None:
    """The rows are these pictures, in some order, each pixel as bright as it should be, 0 to 1."""
    found = (every_row(dataset).flatten(1).double().numpy() + 1) / 2
    expected = np.stack([light(picture.astype(np.float64)).ravel() for picture in pictures])
    nearest = cdist(found, expected).argmin(1)
    assert sorted(nearest) == list(range(len(expected)))
    np.testing.assert_allclose(found, expected[nearest], atol=2e-5)
