"""Slow observables of a run, and whether they swing: amplitude, period, damped or growing. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

COMPONENTS = 2
FEWEST = 48
"""Observations below which nothing is said."""


class Swing(NamedTuple):
    """How observables swing."""

    amplitude: float
    """sqrt 2 x standard deviation about the trend, of the observable that moves most: in its own unit."""
    concentration: float
    """Share of the variance in the one octave of frequencies that holds most: 1 for a sine, 1/4 for noise."""
    period: float
    """Mean period in that octave, in steps; 0 where nothing moves."""
    periods: float
    """How many of them were seen."""
    growth: float
    """Rate of the envelope in log units per period: negative for a damped swing."""


def directions(real: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and main directions of real rows, scaled by the data's spread along each.

    Args:
        real: `[N, *shape]`, N at least 2.

    Returns:
        Mean `[D]` and `[D, 2]`: `(x - mean) @ directions` is in standard deviations of the data.
    """
    import torch

    flat = real.detach().flatten(1).float().cpu()
    mean = flat.mean(0)
    centred = flat - mean
    _, values, axes = torch.pca_lowrank(centred, q=min(6, *centred.shape), center=False)
    sd = (values[:COMPONENTS] / math.sqrt(max(1, len(flat) - 1))).clamp(min=1e-12)
    return mean, axes[:, :COMPONENTS] / sd


def swing(points: Sequence[Sequence[float]], every: float, cycles: int = 5) -> Swing | None:
    """Look for an oscillation in some observables at once.

    The trend (a parabola) is taken off each. Games of two networks swing with a period that drifts, so that
    no lag repeats; yet their variance stays within an octave of frequencies, where drift, random walks and
    coloured noise spread it over many.

    Args:
        points: one row a look, at equal distances, one column an observable, all in the same unit.
        every: steps between two looks.
        cycles: the lowest frequency looked at, in cycles of the whole stretch: below it is drift.

    Returns:
        The swing; None below 48 looks or where one is not finite.

    Example:
        >>> seen = swing([[math.sin(n / 5)] for n in range(400)], every=10)
        >>> round(seen.amplitude, 1), round(seen.concentration, 2), round(seen.period, -1)
        (1.0, 1.0, 310.0)
    """
    x = np.asarray(points, dtype=np.float64)
    n = len(x)
    if n < FEWEST or not np.isfinite(x).all():
        return None
    t = np.linspace(-1, 1, n)
    x = x - np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyfit(t, x, 2)).T
    amplitudes = np.sqrt(2) * x.std(0)
    power = (np.abs(np.fft.rfft(x * np.hanning(n)[:, None], axis=0)) ** 2).sum(1)
    below = np.cumsum(power)
    lowest = np.arange(cycles, n // 8 + 1)  # from period n / cycles down to 4 looks
    if not power.any() or len(lowest) == 0:
        return Swing(0.0, 0.0, 0.0, 0.0, 0.0)
    held = (below[2 * lowest] - below[lowest - 1]) / below[-1]
    low = int(lowest[held.argmax()])
    octave = np.arange(low, 2 * low + 1)
    frequency = float((octave * power[octave]).sum() / power[octave].sum())
    main = int(amplitudes.argmax())
    return Swing(
        float(amplitudes[main]),
        float(held.max()),
        n / frequency * every,
        frequency,
        _growth(x[:, main], max(3, round(n / frequency))),
    )


def _growth(x: NDArray[np.float64], lag: int) -> float:
    """Slope of the log of the amplitude per period, over whole periods."""
    sizes = [x[start : start + lag].std() for start in range(0, len(x) - lag + 1, lag)]
    kept = [size for size in sizes if size > 0]
    if len(kept) < 2:
        return 0.0
    return float(np.polynomial.polynomial.polyfit(np.arange(len(kept)), np.log(kept), 1)[1])
