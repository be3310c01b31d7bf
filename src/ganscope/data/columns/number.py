r"""A number: standardised, where need be with a choice between modes, values of their own mass, and none.

A row holds one scalar and, where there is more than one choice, a one-hot vector of

- the modes of a mixture (one without a mixture), in which the scalar says where the number lies;
- the values at which mass sits, such as 0 in a zero-inflated column;
- no value, where some are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.data.columns import choice, transform

Values = NDArray[np.float64]


def choices(code: Mapping[str, Any]) -> int:
    """Count what a row chooses between; 1 is no choice."""
    return len(_modes(code)) + len(code.get("masses", ())) + bool(code.get("missing"))


def width(code: Mapping[str, Any]) -> int:
    """Count the entries of a row."""
    count = choices(code)
    return 1 + (count if count > 1 else 0)


def encode(values: Values, code: Mapping[str, Any]) -> Values:
    r"""Write numbers as rows `[N, width]`.

    .. math:: z = (t(x) - \mu_k) / s_k

    with the transform t of a skewed column, and the mode k that is likeliest to hold x.

    Example:
        >>> code = {"as": "number", "mean": 5.0, "std": 2.0, "masses": [0.0], "missing": True}
        >>> encode(np.array([7.0, 0.0, np.nan]), code).tolist()
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    modes, masses = _modes(code), code.get("masses", ())
    none = np.isnan(values)
    plain = ~none
    at = np.full(len(values), len(modes) + len(masses))
    for place, mass in enumerate(masses):
        here = values == mass
        at[here] = len(modes) + place
        plain &= ~here
    x = transform.forward(values[plain], code.get("transform"))
    mode = likeliest(x, code["modes"]) if "modes" in code else np.zeros(len(x), dtype=np.int64)
    scalar = np.zeros(len(values))
    scalar[plain] = (x - modes[mode, 0]) / modes[mode, 1]
    at[plain] = mode
    if choices(code) == 1:
        return scalar[:, None]
    return np.hstack([scalar[:, None], choice.one_hot(at, choices(code))])


def decode(z: Values, code: Mapping[str, Any]) -> Values:
    """Read numbers from rows: rounded as the column is, and within the range that it was seen to have.

    Example:
        >>> code = {"as": "number", "mean": 5.0, "std": 2.0, "decimals": 0, "low": 1.0, "high": 9.0}
        >>> decode(np.array([[0.3], [-4.0]]), code).tolist()
        [6.0, 1.0]
    """
    modes, masses = _modes(code), code.get("masses", ())
    count = choices(code)
    at = z[:, 1:].argmax(axis=1) if count > 1 else np.zeros(len(z), dtype=np.int64)
    mode = np.minimum(at, len(modes) - 1)
    x = transform.backward(z[:, 0] * modes[mode, 1] + modes[mode, 0], code.get("transform"))
    if "grid" in code:
        base, step = code["grid"]
        x = base + step * np.rint((x - base) / step)
    if code.get("decimals") is not None:
        x = np.round(x, code["decimals"]) + 0.0  # no negative zero
    if code.get("low") is not None:
        x = np.clip(x, code["low"], code["high"])
    fixed = np.array([*masses, np.nan])
    return np.where(at < len(modes), x, fixed[np.maximum(at - len(modes), 0)])


def likeliest(x: Values, modes: list[list[float]]) -> NDArray[np.int64]:
    """Return which mode of a mixture of normals each number most likely comes from."""
    weight, mean, std = (np.array([mode[part] for mode in modes]) for part in (2, 3, 4))
    log_density = np.log(weight / std) - 0.5 * ((x[:, None] - mean) / std) ** 2
    return np.asarray(log_density.argmax(axis=1), dtype=np.int64)


def _modes(code: Mapping[str, Any]) -> Values:
    """Centre and scale of each mode; without a mixture the column's mean and standard deviation."""
    return np.array(
        [mode[:2] for mode in code["modes"]] if "modes" in code else [[code["mean"], code["std"]]]
    )
