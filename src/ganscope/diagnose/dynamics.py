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
    """An oscillation, or what there is in its place."""

    amplitude: float
    """sqrt 2 x standard deviation about the trend, in standard deviations of the data that way."""
    peak: float
    """First positive peak of the autocorrelation after its first zero; 1 for a pure sine, 0 for none."""
    period: float
    """Lag of that peak, in steps; 0 for none."""
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


def swing(series: Sequence[float], every: float) -> Swing | None:
    """Look for an oscillation in one observable.

    The trend (a parabola) is taken off. An oscillation shows as a peak of the autocorrelation after its first
    zero crossing; noise and drift have none.

    Args:
        series: observations at equal distances.
        every: steps between two of them.

    Returns:
        What was found; None below 48 finite observations.

    Example:
        >>> found = swing([math.sin(n / 5) for n in range(400)], every=10)
        >>> round(found.amplitude, 1), round(found.peak, 1), found.period
        (1.0, 1.0, 310)
    """
    x = np.asarray(series, dtype=np.float64)
    if len(x) < FEWEST or not np.isfinite(x).all():
        return None
    t = np.linspace(-1, 1, len(x))
    x = x - np.polynomial.polynomial.polyval(t, np.polynomial.polynomial.polyfit(t, x, 2))
    amplitude = float(np.sqrt(2) * x.std())
    if amplitude == 0:
        return Swing(0.0, 0.0, 0.0, 0.0, 0.0)
    correlation = _autocorrelation(x)
    below = np.flatnonzero(correlation < 0)
    if len(below) == 0:
        return Swing(amplitude, 0.0, 0.0, 0.0, 0.0)
    lag = _first_peak(correlation[: len(x) // 3 + 1], int(below[0]))
    peak = float(correlation[lag])
    if peak <= 0 or lag < 3:
        return Swing(amplitude, 0.0, 0.0, 0.0, 0.0)
    return Swing(amplitude, peak, lag * every, len(x) / lag, _growth(x, lag))


def _autocorrelation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    n = len(x)
    spectrum = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    lags = np.fft.irfft(spectrum)[:n]
    unbiased: NDArray[np.float64] = lags / (n - np.arange(n)) * n / lags[0]
    return unbiased


def _first_peak(correlation: NDArray[np.float64], start: int) -> int:
    """Lag of the first peak after the first zero that comes near the highest: later ones repeat it."""
    if start >= len(correlation):
        return 0
    highest = correlation[start:].max()
    for lag in range(start + 1, len(correlation) - 1):
        before, here, after = correlation[lag - 1 : lag + 2]
        if here >= max(before, after) and here >= 0.8 * highest:
            return lag
    return 0


def _growth(x: NDArray[np.float64], lag: int) -> float:
    """Slope of the log of the amplitude per period, over whole periods."""
    sizes = [x[start : start + lag].std() for start in range(0, len(x) - lag + 1, lag)]
    kept = [size for size in sizes if size > 0]
    if len(kept) < 2:
        return 0.0
    return float(np.polynomial.polynomial.polyfit(np.arange(len(kept)), np.log(kept), 1)[1])
