r"""Skewed numbers brought near to a normal distribution, and back: Yeo-Johnson, or their quantiles.

Yeo and Johnson, A new family of power transformations, Biometrika 2000; scikit-learn finds the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
QUANTILES = 200
EDGE = 1e-7
"""Distance from 0 and 1 that a share keeps, so that its normal quantile is finite."""


def forward(x: Values, how: Mapping[str, Any] | None) -> Values:
    r"""Transform numbers; None leaves them as they are.

    .. math:: t(x) = ((u + 1)^\lambda - 1) / \lambda, \quad u = (x - x_{\min}) / s

    Example:
        >>> how = {"power": 0.0, "low": 0.0, "high": 9.0, "scale": 1.0}
        >>> forward(np.array([0.0, 1.0]), how).round(4).tolist()
        [0.0, 0.6931]
    """
    if how is None:
        return x
    if "power" in how:
        u = np.maximum((x - how["low"]) / how["scale"], 0.0)
        return _powered(u, how["power"])
    from scipy.special import ndtri

    share = np.interp(x, how["quantiles"], how["shares"])
    return np.asarray(ndtri(np.clip(share, EDGE, 1 - EDGE)), dtype=np.float64)


def _powered(u: Values, power: float) -> Values:
    log = np.log1p(u)
    return np.asarray(log if power == 0 else np.expm1(power * log) / power, dtype=np.float64)


def backward(z: Values, how: Mapping[str, Any] | None) -> Values:
    """Undo `forward`; what lies beyond the ends of the numbers that were seen is brought to them."""
    if how is None:
        return z
    if "power" in how:
        ends = forward(np.array([how["low"], how["high"]]), how)
        t = np.clip(z, *ends)
        power = how["power"]
        u = np.expm1(t) if power == 0 else np.expm1(np.log1p(power * t) / power)
        return np.asarray(how["low"] + how["scale"] * u, dtype=np.float64)
    from scipy.special import ndtr

    share = ndtr(z)
    share = np.where(share <= EDGE * (1 + 1e-4), 0.0, np.where(1 - share <= EDGE * (1 + 1e-4), 1.0, share))
    return np.asarray(np.interp(share, how["shares"], how["quantiles"]), dtype=np.float64)


def power(x: Values, low: float, high: float) -> dict[str, Any]:
    """Find the power that makes numbers most normal, by maximum likelihood."""
    from sklearn.preprocessing import PowerTransformer

    scale = float(x.std())
    power = PowerTransformer("yeo-johnson", standardize=False).fit(((x - low) / scale)[:, None]).lambdas_[0]
    return {"power": 0.0 if abs(power) < 1e-6 else float(power), "low": low, "high": high, "scale": scale}


def quantiles(x: Values, low: float, high: float) -> dict[str, Any]:
    """Find the quantiles of numbers; the first and the last are their ends over all rows."""
    from sklearn.preprocessing import QuantileTransformer

    count = min(QUANTILES, len(x))
    fitted = QuantileTransformer(n_quantiles=count, subsample=None).fit(x[:, None])
    places, inverse = np.unique(fitted.quantiles_[:, 0], return_inverse=True)
    shares = np.bincount(inverse, weights=fitted.references_) / np.bincount(inverse)
    places[0], places[-1], shares[0], shares[-1] = low, high, 0.0, 1.0
    return {"quantiles": places.tolist(), "shares": shares.tolist()}
