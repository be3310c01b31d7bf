"""Pictures of the second kept half: faces, hands of a clock, ramps, segments, bubbles, photographs."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[Any]


def _grid(size: int) -> tuple[Pictures, Pictures]:
    at = np.arange(size) - (size - 1) / 2
    return at[None, :, None], at[None, None, :]


def _a(values: Pictures) -> Pictures:
    """One number a picture, to spread over its pixels."""
    return values[:, None, None]


def faces(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Faces of 16 by 16 pixels that smile, frown, or do neither."""
    y, x = _grid(16)
    kind = rng.choice(3, n, p=[0.4, 0.3, 0.3])
    dy, dx = y - _a(rng.uniform(-1, 1, n)), x - _a(rng.uniform(-1, 1, n))
    head = np.tanh(_a(rng.uniform(5.8, 6.6, n)) - np.hypot(dy, dx))
    eyes = np.exp(-((dy + 2) ** 2 + (abs(dx) - _a(rng.uniform(1.8, 2.4, n))) ** 2))
    bend = _a(np.array([-0.16, 0.16, 0.0])[kind] * rng.uniform(0.8, 1.2, n))
    mouth = np.exp(-((dy - 2.6 - bend * (dx**2 - 4)) ** 2)) * (abs(dx) < 3.4)
    return np.clip(head - 1.8 * eyes - 1.8 * mouth, -1, 1)[:, None], kind


def hands(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """One hand of a clock, 12 by 12 pixels; kinds are the quarters it points to."""
    y, x = _grid(12)
    angle = rng.uniform(0, 2 * math.pi, n)
    c, s = _a(np.cos(angle)), _a(np.sin(angle))
    along, across = c * x + s * y, -s * x + c * y
    length = _a(rng.uniform(4.0, 5.2, n))
    away = np.hypot(np.maximum(np.maximum(-along, along - length), 0), across)
    return np.tanh(1.5 * (1.0 - away))[:, None], (angle / (math.pi / 2)).astype(int)


def ramps(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Colours that run from one side to the other, 12 by 12 pixels, four directions with a colour each."""
    y, x = _grid(12)
    kind = rng.integers(4, size=n)
    angle = kind * math.pi / 2 + 0.15 * rng.normal(size=n)
    slope = _a(rng.uniform(0.08, 0.14, n))
    run = slope * (_a(np.cos(angle)) * x + _a(np.sin(angle)) * y)
    tint = np.array([[1, 0.5, 0], [0, 1, 0.5], [0.5, 0, 1], [0.8, 0.8, 0.8]])[kind][:, :, None, None]
    return np.tanh(2 * run[:, None] * tint + tint - 0.6), kind


def segments(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Ten digits of seven segments, as a pocket calculator shows them, 12 by 12 pixels."""
    lit = ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111",
           "1111011")  # fmt: skip
    # top, upper left, upper right, middle, lower left, lower right, bottom: middle, half height, half width
    boxes = ((-4, 0, 0, 2), (-2, -2, 1.5, 0), (-2, 2, 1.5, 0), (0, 0, 0, 2), (2, -2, 1.5, 0), (2, 2, 1.5, 0),
             (4, 0, 0, 2))  # fmt: skip
    y, x = _grid(12)
    kind = rng.integers(10, size=n)
    dy, dx = y - _a(rng.uniform(-0.8, 0.8, n)), x - _a(rng.uniform(-1.5, 1.5, n))
    thick = _a(rng.uniform(0.5, 1.0, n))
    ink = np.zeros((n, 12, 12))
    for k, (down, right, high, wide) in enumerate(boxes):
        away = np.hypot(np.maximum(abs(dy - down) - high, 0), np.maximum(abs(dx - right) - wide, 0))
        shown = _a(np.array([float(digit[k]) for digit in lit])[kind])
        ink = np.maximum(ink, shown / (1 + np.exp(4 * (away - thick))))
    return 2 * ink[:, None] - 1, kind


def bubbles(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """One, two or three small discs side by side, 16 by 16 pixels."""
    y, x = _grid(16)
    kind = rng.choice(3, n, p=[0.4, 0.35, 0.25])
    down = rng.uniform(-3, 3, n)
    ink = np.zeros((n, 16, 16))
    for k in range(3):
        right = (k - kind / 2) * 5.0 + 0.4 * rng.normal(size=n)
        away = np.hypot(y - _a(down), x - _a(right))
        ink = np.maximum(ink, _a(1.0 * (k <= kind)) / (1 + np.exp(3 * (away - _a(rng.uniform(1.4, 2.2, n))))))
    return 2 * ink[:, None] - 1, kind


@cache
def _photograph(name: str) -> Pictures:
    from sklearn.datasets import load_sample_image

    image = load_sample_image(name).astype(float) / 127.5 - 1
    high, wide = (side // 3 * 3 for side in image.shape[:2])
    small: Pictures = image[:high, :wide].reshape(high // 3, 3, wide // 3, 3, 3).mean((1, 3))
    return small.transpose(2, 0, 1)


def _patches(name: str, size: int, rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Patches, sorted into kinds by thirds of their brightness."""
    image = _photograph(name)
    rows, columns = (rng.integers(side - size + 1, size=n) for side in image.shape[1:])
    x = np.stack([image[:, i : i + size, j : j + size] for i, j in zip(rows, columns, strict=True)])
    thirds = {"china.jpg": [-0.1, 0.5], "flower.jpg": [-0.75, -0.4]}[name]
    return x, np.digitize(x.mean((1, 2, 3)), thirds)


def temple(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Patches of 8 by 8 pixels of the temple that scikit-learn ships."""
    return _patches("china.jpg", 8, rng, n)


def flower(rng: np.random.Generator, n: int) -> tuple[Pictures, Pictures]:
    """Patches of 8 by 8 pixels of the flower that scikit-learn ships."""
    return _patches("flower.jpg", 8, rng, n)


SECOND_PICTURES: dict[str, Callable[[np.random.Generator, int], tuple[Pictures, Pictures]]] = {
    "faces": faces, "hands": hands, "ramps": ramps, "segments": segments, "bubbles": bubbles,
    "temple": temple, "flower": flower,
}  # fmt: skip
