"""The recipe `auto`: settings chosen by the shape of the data and the number of rows, with reasons.

The choices were compared on the ring and the grid, on two tables of numbers and three mixed ones
(`validation/tables`), and on digits of 8 and 16 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

DRAWN_BY_CONVOLUTION = (20, 24, 28, 32, 40, 48, 56, 64)
"""Sides of images; up to 16 pixels dense layers came nearer to real digits, in a tenth of the time."""
LARGEST_BATCH, SMALLEST_BATCH = 64, 8


class Setting(NamedTuple):
    """One decision."""

    field: str
    """Name of the configuration field."""
    value: Any
    reason: str
    """One line on why."""


def auto_settings(
    shape: Sequence[int], rows: int, network: str | None = None, choices: int = 0
) -> list[Setting]:
    """Choose sensible settings from the data's shape alone: no trial runs, the same for the same shape.

    Args:
        shape: shape of one sample: `(D,)` for points and tables, `(C, H, W)` for images.
        rows: training rows, at least 1.
        network: an architecture that is settled already; None leaves it to the shape.
        choices: how many of the blocks of a row are choices: categories, and masses and modes of numbers.

    Returns:
        Configuration fields, each with its value and one line of reason.

    Example:
        >>> [s.value for s in auto_settings((3, 32, 32), 50_000) if s.field in ("network", "batch_size")]
        ['dcgan', 64]
        >>> auto_settings((2,), 50)[-1]
        Setting(field='batch_size', value=8, reason='at most a quarter of the 50 rows')
    """
    points = len(shape) == 1 and shape[0] <= 2
    convolution = network == "dcgan" or (network is None and _drawable(shape))
    return [
        Setting("objective", "non-saturating", "its gradient does not vanish when the discriminator wins"),
        Setting("penalty", "r1", "converges with one critic step, where wgan-gp takes five"),
        Setting("penalty_weight", *_weight(points, choices)),
        *([_pack(choices)] if choices and rows > 1 else []),
        *(_convolutional(shape) if convolution else _dense(shape, choices)),
        *_speed(points),
        Setting("ema", 0.999, "the averaged generator draws better samples than its last step"),
        _batch_size(rows),
    ]


def _drawable(shape: Sequence[int]) -> bool:
    return len(shape) == 3 and shape[1] == shape[2] and shape[1] in DRAWN_BY_CONVOLUTION


def _weight(points: bool, choices: int) -> tuple[float, str]:
    if points:
        return 0.1, "lets modes be narrow"
    return (0.1, "mixed rows came nearer to real ones than with 1") if choices else (1.0, "as in recipe r1")


def _pack(choices: int) -> Setting:
    of = "one choice" if choices == 1 else f"{choices} choices"
    return Setting("pack", 2, f"{of} a row: a value that is drawn too often shows in a pair of rows")


def _dense(shape: Sequence[int], choices: int) -> list[Setting]:
    values = math.prod(shape)
    kind = f"{values} value{'s' if values > 1 else ''} a row"
    width, why = 128 if values <= 64 else 256 if values <= 512 else 512, f"128, 256 or 512 by the {kind}"
    if values <= 2:
        width, why = 256, "narrow modes of points need wider layers than rows of a table"
    return [
        Setting("network", "mlp", f"{kind}: no images, too small ones for convolutions, or of an odd size"),
        Setting("g_width", width, why),
        Setting("d_width", width, "as wide as the generator"),
        Setting("latent_dim", 64, "mixed rows came nearer to real ones than with 16")
        if choices
        else Setting("latent_dim", min(128, max(8, values // 2)), "half the values of a row, 8 to 128"),
    ]


def _convolutional(shape: Sequence[int]) -> list[Setting]:
    channels, side = shape[0], shape[-1]
    latent = 64 if channels == 1 else 128
    return [
        Setting("network", "dcgan", f"square images of {side} pixels"),
        Setting("g_width", 64, "channels next to the image; each stage away from it has twice as many"),
        Setting("d_width", 64, "as wide as the generator"),
        Setting("g_norm", "batch", "as in DCGAN; recall was higher with it than without"),
        Setting("latent_dim", latent, f"64 for one channel, 128 for more; here {channels}"),
    ]


def _speed(points: bool) -> list[Setting]:
    beta2 = (0.99, "steadies the steps towards narrow modes") if points else (0.9, "as in recipe r1")
    steps = (10_000, "narrow modes sharpen late") if points else (6_000, "enough for rows of this kind")
    return [
        Setting("g_lr", 1e-3, "falls to 0 over the second half of the run"),
        Setting("d_lr", 1e-3, "as fast as the generator"),
        Setting("beta1", 0.0, "no momentum: it keeps the two networks circling"),
        Setting("beta2", *beta2),
        Setting("steps", *steps),
    ]


def _batch_size(rows: int) -> Setting:
    quarter = 2 ** int(math.log2(max(1, rows // 4)))
    batch = min(LARGEST_BATCH, max(min(SMALLEST_BATCH, rows), quarter))
    reason = (
        "larger ones cost time and gained nothing"
        if batch == LARGEST_BATCH
        else (f"at most a quarter of the {rows} rows")
    )
    return Setting("batch_size", batch, reason)
