"""The recipe `auto`: settings chosen by the shape of the data and the number of rows, with reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

DCGAN_SIDES = (10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
"""Sides of images the convolutional networks draw; at 8 pixels the dense ones do as well and are faster."""


class Setting(NamedTuple):
    """One decision."""

    field: str
    """Name of the configuration field."""
    value: Any
    reason: str
    """One line on why."""


def auto_settings(shape: Sequence[int], rows: int, network: str | None = None) -> list[Setting]:
    """Choose sensible settings from the data's shape alone: no trial runs, the same for the same shape.

    Args:
        shape: shape of one sample: `(D,)` for points and tables, `(C, H, W)` for images.
        rows: training rows, at least 1.
        network: an architecture that is settled already; None leaves it to the shape.

    Returns:
        Configuration fields, each with its value and one line of reason.

    Example:
        >>> [s.value for s in auto_settings((3, 32, 32), 50_000) if s.field in ("network", "batch_size")]
        ['dcgan', 64]
    """
    convolutional = network == "dcgan" or (network is None and _drawable(shape))
    points = len(shape) == 1 and shape[0] <= 2
    return [
        Setting("objective", "non-saturating", "its gradient does not vanish when the discriminator wins"),
        Setting("penalty", "r1", "converges with one critic step, at a fifth of the cost of wgan-gp"),
        Setting(
            "penalty_weight",
            *((0.1, "modes of points may be narrow") if points else (1.0, "as in the paper")),
        ),
        *(_convolutional(shape) if convolutional else _dense(shape)),
        *_speed(rows, points),
        Setting("ema", 0.999, "averaged weights give smoother samples than the last ones"),
    ]


def _drawable(shape: Sequence[int]) -> bool:
    return len(shape) == 3 and shape[1] == shape[2] and shape[1] in DCGAN_SIDES


def _dense(shape: Sequence[int]) -> list[Setting]:
    values = math.prod(shape)
    kind = f"{values} values a row"
    width = 128 if values <= 64 else 256 if values <= 512 else 512
    return [
        Setting("network", "mlp", f"{kind}, no grid of pixels that convolutions could draw"),
        Setting("g_width", width, kind),
        Setting("d_width", width, "as wide as the generator"),
        Setting("latent_dim", min(128, max(8, values // 2)), "at least 8, else half the values of a row"),
    ]


def _convolutional(shape: Sequence[int]) -> list[Setting]:
    side, channels = shape[-1], shape[0]
    colours = "grey" if channels == 1 else "colour" if channels == 3 else f"{channels} channels"
    width = 32 if channels == 1 or side > 32 else 64
    return [
        Setting("network", "dcgan", f"images of {side} x {side} pixels, {colours}"),
        Setting("g_width", width, "channels before the last layer; doubled at every halving of the image"),
        Setting("d_width", width, "as wide as the generator"),
        Setting("g_norm", "batch", "as in DCGAN; the discriminator has none, for a penalty forbids it"),
        Setting("latent_dim", 64 if channels == 1 else 128, f"enough for images in {colours}"),
    ]


def _speed(rows: int, points: bool) -> list[Setting]:
    batch = min(64, 2 ** int(math.log2(max(1, rows // 4))))
    few = f"a quarter of {rows} rows at most" if batch < 64 else "larger ones cost time and gain little here"
    rate = 1e-3 if points else 5e-4
    return [
        Setting("batch_size", batch, few),
        Setting("steps", 10_000 if points else 8_000, "about a minute for small networks on one core"),
        Setting("g_lr", rate, "Adam with beta1 0" if points else "the default"),
    ]
