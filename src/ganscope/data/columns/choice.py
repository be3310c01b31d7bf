"""One of a few values, or none: a one-hot vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def code(values: Sequence[float], missing: bool) -> dict[str, Any]:
    """Describe a choice among sorted values; where some are missing, no value is the last choice."""
    return {"as": "choice", "values": [float(value) for value in values], "missing": missing}


def width(code: Mapping[str, Any]) -> int:
    """Count the choices."""
    return len(code["values"]) + bool(code["missing"])


def encode(values: Values, code: Mapping[str, Any]) -> Values:
    """Write each value as a one-hot vector; one that is none of the choices is written as zeros.

    Example:
        >>> encode(np.array([2.0, np.nan]), code([1.0, 2.0], missing=True)).tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    known = np.array(code["values"])
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    is_choice = known[at] == values
    if code["missing"]:
        none = np.isnan(values)
        at, is_choice = np.where(none, len(known), at), is_choice | none
    return np.asarray(one_hot(at, width(code)) * is_choice[:, None], dtype=np.float64)


def decode(z: Values, code: Mapping[str, Any]) -> Values:
    """Take the choice with the largest entry.

    Example:
        >>> decode(np.array([[0.2, 0.9, 0.1], [0.0, 0.3, 0.5]]), code([1.0, 2.0], missing=True)).tolist()
        [2.0, nan]
    """
    choices = np.array([*code["values"], *([np.nan] if code["missing"] else [])])
    return np.asarray(choices[z.argmax(axis=1)])


def one_hot(at: NDArray[np.integer[Any]], width: int) -> Values:
    """Write places as one-hot vectors `[N, width]`."""
    z = np.zeros((len(at), width))
    z[np.arange(len(at)), at] = 1.0
    return z
