"""What pixels of more than eight bits mean: one black and one white for all pictures of a folder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BYTE = 255.0
DARK = 128.0
"""Pixels of no known range whose largest value is below this are scaled by it, rather than by 255."""
DEPTHS = (10, 12, 14, 16)
"""Bits that cameras and scanners measure with, beyond 8."""
SAMPLED = 2**20
"""Pixels, of all pictures together, that are looked at to see where most of them lie."""
TAIL = 0.1
"""Per cent of the pixels on either side that may lie far from all others."""
FAR = 10.0
"""Range of all pixels over that without the tails from which the tails count as outliers."""


class Scale(NamedTuple):
    """The values that are drawn black and white; what lies beyond is drawn as these."""

    black: float
    white: float


class Extent(NamedTuple):
    """Where the pixels of all pictures lie."""

    low: float
    high: float
    sample: NDArray[Any]
    """Some of the pixels, equally many of each picture."""

    def without_tails(self) -> tuple[float, float]:
        """The range of all pixels but a thousandth on either side."""
        low, high = np.percentile(self.sample.astype(np.float64), [TAIL, 100 - TAIL])
        return float(low), float(high)


def extent(pixels: NDArray[Any], pictures: int) -> Extent:
    """Look where the pixels of one picture lie.

    Args:
        pixels: of one picture, finite.
        pictures: how many there are in all; of more of them fewer pixels are kept.

    Returns:
        Its range, and an evenly spaced sample.

    Example:
        >>> extent(np.array([[3.0, -1.0]]), 1)[:2]
        (-1.0, 3.0)
    """
    flat = pixels.reshape(-1)
    step = max(1, flat.size * pictures // SAMPLED)
    return Extent(float(flat.min()), float(flat.max()), flat[:: min(step, max(1, flat.size // 16))])


def joined(extents: list[Extent]) -> Extent:
    """Where the pixels of all pictures lie together.

    Example:
        >>> joined([Extent(0, 2, np.array([1])), Extent(-1, 1, np.array([0]))])[:2]
        (-1, 2)
    """
    low, high = min(e.low for e in extents), max(e.high for e in extents)
    return Extent(low, high, np.concatenate([e.sample for e in extents]))


def scale_of(pixels: Extent, whole: bool) -> Scale:
    """Decide what is black and what is white.

    Bytes, bits and the usual ranges of floats keep their own black and white, so that pictures look as they
    do elsewhere. Values of any other range run from the smallest to the largest in all pictures; when a few
    outliers would leave nothing but one shade to all others, these are cut off.

    Args:
        pixels: where they lie.
        whole: whether the pixels are stored as whole numbers.

    Returns:
        The scale; white is above black.

    Example:
        >>> scale_of(Extent(0, 3327, np.array([0, 3000])), whole=True)
        Scale(black=0.0, white=4095.0)
        >>> scale_of(Extent(-1000.0, 575.0, np.array([-1000, 500])), whole=True)
        Scale(black=-1000.0, white=575.0)
    """
    low, high = pixels.low, pixels.high
    whole = whole or bool((pixels.sample == np.rint(pixels.sample)).all())
    if low >= 0:
        white = _usual_white(high, whole)
        if white is not None:
            return Scale(0.0, white)
    elif low >= -1 and high <= 1 and low <= -0.5:
        return Scale(-1.0, 1.0)
    return _whole_range(pixels)


def note_on(pixels: Extent, scale: Scale) -> str:
    """Say how pixels were read, and what of it may not have been meant.

    Args:
        pixels: where they lie.
        scale: what is black and white.

    Example:
        >>> note_on(Extent(0, 3327, np.array([0, 3000])), Scale(0, 4095))
        'pixels from 0 to 3327 were read as 0 (black) to 4095 (white).'
    """
    black, white = scale
    note = (
        f"pixels from {pixels.low:g} to {pixels.high:g} were read as {black:g} (black) to {white:g} (white)"
    )
    if pixels.low < black or pixels.high > white:
        note += ", and the few beyond as these"
    note += "."
    if pixels.high < black + (white - black) / 2:
        return f"{note} If {pixels.high:g} is meant as white, rescale them."
    _, most = pixels.without_tails()
    if most < black + (white - black) / FAR:
        return f"{note} Nearly all of them are dark, below {most:g}: rescale the files if that is not meant."
    return note


def _usual_white(high: float, whole: bool) -> float | None:
    """White of pixels that are at least 0, by how large they become; None where no usual range fits."""
    if high <= 1:
        return 1.0 if whole or high >= 0.5 else None
    if high <= BYTE:
        return high if high < DARK else BYTE
    if whole:
        return next((float(2**bits - 1) for bits in DEPTHS if high < 2**bits), None)
    return None


def _whole_range(pixels: Extent) -> Scale:
    """From the smallest to the largest value, or to where a few outliers begin; from 0 if none is below."""
    low, high = pixels.low, pixels.high
    most_low, most_high = pixels.without_tails()
    width = most_high - most_low
    if width > 0 and high - low > FAR * width:
        low = low if most_low - low <= width else most_low
        high = high if high - most_high <= width else most_high
    black = 0.0 if low >= 0 else low
    return Scale(black, high if high > black else black + 1.0)
