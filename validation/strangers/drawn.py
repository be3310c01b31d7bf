"""Small pictures drawn on the spot: shapes, stripes, blobs, crosses, letters, and digits at a larger size."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[Any]
SIZE = 16


def _grid(size: int = SIZE) -> tuple[Pictures, Pictures]:
    at = np.arange(size) - (size - 1) / 2
    return at[None, :, None], at[None, None, :]


def shapes(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Discs, squares, diamonds and rings of varying place and size."""
    y, x = _grid()
    kind = rng.choice(4, n, p=[0.3, 0.3, 0.2, 0.2])
    at = rng.uniform(-2.5, 2.5, (2, n, 1, 1))
    radius = rng.uniform(3.0, 5.0, (n, 1, 1))
    dy, dx = y - at[0], x - at[1]
    round_, square, diamond = np.hypot(dy, dx), np.maximum(abs(dy), abs(dx)), abs(dy) + abs(dx)
    distance = np.choose(kind[:, None, None], [round_, square, diamond * 0.8, abs(round_ - 0.5) + 1.5])
    return np.tanh(radius - distance)[:, None], kind


def stripes(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Waves in four directions."""
    y, x = _grid()
    kind = rng.choice(4, n)
    angle = (kind * math.pi / 4 + 0.08 * rng.normal(size=n))[:, None, None]
    wave = rng.uniform(0.7, 0.9, (n, 1, 1)) * (np.cos(angle) * x + np.sin(angle) * y)
    return np.tanh(2 * np.sin(wave + rng.uniform(0, 2 * math.pi, (n, 1, 1))))[:, None], kind


def blobs(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """A soft coloured spot near one of four corners; each corner has its colour."""
    y, x = _grid()
    kind = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    corners = np.array([[-3.5, -3.5], [-3.5, 3.5], [3.5, -3.5], [3.5, 3.5]])
    colours = np.array([[1, 0.1, 0.1], [0.1, 1, 0.1], [0.2, 0.2, 1], [1, 1, 0.1]])
    at = corners[kind] + 0.6 * rng.normal(size=(n, 2))
    spread = rng.uniform(1.8, 2.8, (n, 1, 1))
    spot = np.exp(-((y - at[:, 0, None, None]) ** 2 + (x - at[:, 1, None, None]) ** 2) / (2 * spread**2))
    return 2 * spot[:, None] * colours[kind][:, :, None, None] - 1, kind


def crosses(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Upright and slanted crosses, thin and thick."""
    y, x = _grid()
    kind = rng.choice(4, n)
    at = rng.uniform(-2, 2, (2, n, 1, 1))
    angle = np.where(kind % 2, math.pi / 4, 0.0)[:, None, None] + 0.1 * rng.normal(size=(n, 1, 1))
    dy, dx = y - at[0], x - at[1]
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, -np.sin(angle) * dx + np.cos(angle) * dy
    half = np.where(kind < 2, 0.8, 1.8)[:, None, None]
    arms = np.minimum(np.maximum(abs(u) - half, abs(v) - 5.5), np.maximum(abs(v) - half, abs(u) - 5.5))
    return np.tanh(-1.5 * arms)[:, None], kind


def bars(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Coloured bars of 32 by 32 pixels, lying or standing."""
    y, x = _grid(32)
    kind = rng.choice(2, n, p=[0.6, 0.4])
    along = np.where(kind[:, None, None] == 0, y, x) - rng.uniform(-9, 9, (n, 1, 1))
    bar = 1 / (1 + np.exp(abs(along) - rng.uniform(3, 5, (n, 1, 1))))
    tint = np.where(kind[:, None] == 0, [1.0, 0.4, 0.1], [0.1, 0.5, 1.0]) * rng.uniform(0.8, 1.0, (n, 1))
    return 2 * bar[:, None] * tint[:, :, None, None] - 1, kind


@cache
def _letters() -> Pictures:
    from PIL import Image, ImageDraw, ImageFont

    drawn = []
    for letter in "AEHKMOTX":
        image = Image.new("L", (32, 32))
        ImageDraw.Draw(image).text((16, 16), letter, fill=255, font=ImageFont.load_default(26), anchor="mm")
        drawn.append(np.asarray(image, dtype=np.float64) / 255)
    return np.stack(drawn)


def letters(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Eight capitals, each moved a little, at 16 by 16 pixels."""
    kind = rng.choice(8, n)
    moved = np.stack(
        [
            np.roll(_letters()[k], tuple(rng.integers(-2, 3, 2)), (0, 1)).reshape(16, 2, 16, 2).mean((1, 3))
            for k in kind
        ]
    )
    return 2 * moved[:, None] - 1, kind


@cache
def _digits() -> tuple[Pictures, Pictures]:
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return zoom(loaded.images / 16, (1, 3, 3), order=1), loaded.target


def large_digits(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Digits enlarged to 28 by 28 pixels and moved by a pixel or two."""
    images, kinds = _digits()
    pick = rng.integers(len(images), size=n)
    placed = -np.ones((n, 1, 28, 28))
    for k, (which, (i, j)) in enumerate(zip(pick, rng.integers(1, 4, (n, 2)), strict=True)):
        placed[k, 0, i : i + 24, j : j + 24] = 2 * np.clip(images[which], 0, 1) - 1
    return placed, kinds[pick]


PICTURES: dict[str, Callable[[np.random.Generator, int], tuple[Pictures, Pictures]]] = {
    "shapes": shapes, "stripes": stripes, "blobs": blobs, "crosses": crosses, "bars": bars,
    "letters": letters, "large-digits": large_digits,
}  # fmt: skip
