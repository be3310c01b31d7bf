"""Numbers with several modes: how many there are, and the mixture of normals that they are learnt as.

The mode of a number is a choice, its place in the mode a number in [-1, 1] (Xu et al., Modeling tabular data
using conditional GAN, 2019).
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.data.columns.number import likeliest

Values = NDArray[np.float64]
BINS = 512
VALLEY = 0.5
"""A valley between two modes lies below this share of the lower one."""
LEAST = 0.05
"""Share of the rows that a mode holds, at least."""
NEAR_A_PEAK = 50.0
"""Rows within a kernel's width of a peak, at least, so that it is no accident."""
COMPONENTS = 10
LEAST_WEIGHT = 0.005
FITTED_TO = 2_000
"""Rows that a mixture is fitted to."""


def count_modes(x: Values, whole: bool) -> int:
    """Count the modes of a density that fall to half between them.

    The density is a kernel estimate with half of Silverman's bandwidth.

    Args:
        x: numbers.
        whole: whether they are whole, so that gaps of one are none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=2000)
        >>> count_modes(x, False), count_modes(x + rng.choice([0.0, 9.0], 2000), False)
        (1, 2)
    """
    from scipy.ndimage import gaussian_filter1d

    low, high = np.quantile(x, [0.005, 0.995])
    quarter, three = np.quantile(x, [0.25, 0.75])
    spread = min(float(x.std()), float(three - quarter) / 1.34) or float(x.std())
    if high <= low:
        return 1
    bandwidth = max(0.45 * spread * len(x) ** -0.2, 1.0 if whole else 0.0)
    margin = 3 * bandwidth
    edges = np.linspace(low - margin, high + margin, BINS + 1)
    width = edges[1] - edges[0]
    counts = np.histogram(x, edges)[0].astype(float)
    density = gaussian_filter1d(counts, max(bandwidth / width, 0.5), mode="constant")
    near = density * 2 * np.sqrt(np.pi) * max(bandwidth / width, 0.5)
    peaks: list[int] = []
    for at in np.flatnonzero((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])) + 1:
        if near[at] < NEAR_A_PEAK:
            continue
        if peaks and density[peaks[-1] : at].min() > VALLEY * min(density[peaks[-1]], density[at]):
            peaks[-1] = max(peaks[-1], int(at), key=lambda place: density[place])
        else:
            peaks.append(int(at))
    cuts = [int(a + density[a:b].argmin()) for a, b in itertools.pairwise(peaks)]
    held = [part.sum() / len(x) for part in np.split(counts, cuts)]
    return max(1, int(sum(share >= LEAST for share in held)))


def mixture(x: Values, low: float, high: float) -> list[list[float]]:
    """Fit a mixture of normals.

    Args:
        x: training numbers.
        low: the least number of all rows.
        high: the greatest.

    Returns:
        For each mode: centre and scale (four standard deviations, more where a row lies further out), then
        weight, mean and standard deviation.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    mean, std = x.mean(), x.std()
    fitted = ((x[:: max(1, len(x) // FITTED_TO)] - mean) / std)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = BayesianGaussianMixture(
            n_components=COMPONENTS, weight_concentration_prior=0.001, max_iter=100, random_state=0
        ).fit(fitted)
    kept = model.weights_ > LEAST_WEIGHT
    parts = zip(model.weights_[kept], model.means_[kept, 0], model.covariances_[kept, 0, 0], strict=True)
    modes = [[0.0, 0.0, float(w), float(mean + std * m), float(std * np.sqrt(v))] for w, m, v in parts]
    everywhere = np.concatenate([x, [low, high]])
    nearest = likeliest(everywhere, modes)
    used = []
    for at, mode in enumerate(modes):
        nearby = everywhere[nearest == at]
        if len(nearby):
            far = max(4 * mode[4], float(np.abs(nearby - mode[3]).max()))
            used.append([mode[3], far, *mode[2:]])
    return used


def code(x: Values, low: float, high: float) -> dict[str, Any]:
    """Return the entries of a column's code; empty where one mode holds nearly all."""
    modes = mixture(x, low, high)
    return {"modes": modes} if len(modes) > 1 else {}
