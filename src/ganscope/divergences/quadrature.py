"""Adaptive quadrature that says when it cannot keep its promise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from scipy.integrate import quad
from scipy.optimize import brentq

from ganscope.contracts import RunFailed

ACCURACY = 1e-9
"""Largest estimated error of an integral, relative to its size where that is above 1."""
GRID = 32


def integral(function: Callable[[float], float], marks: Sequence[float]) -> float:
    """Integrate from the first mark to the last, each piece between two marks by itself.

    Args:
        function: smooth between marks, finite inside them.
        marks: sorted, at least two.

    Returns:
        The integral, with an estimated error of at most 1e-9 (relative where it is above 1).

    Raises:
        RunFailed: the estimate is larger.

    Example:
        >>> round(integral(lambda x: x * x, [0, 1, 3]), 12)
        9.0
    """
    value = error = 0.0
    for low, high in itertools.pairwise(marks):
        # the full output comes with a message where there would be a warning; the estimate decides
        piece, doubt = quad(function, low, high, epsabs=1e-14, epsrel=1e-12, limit=400, full_output=1)[:2]
        value, error = value + piece, error + doubt
    if not error <= ACCURACY * max(1.0, abs(value)):
        raise RunFailed(
            f"an integral came out as {value:g} with an error up to {error:.1g}, above {ACCURACY:g}"
        )
    return value


def crossings(function: Callable[[float], float], marks: Sequence[float]) -> list[float]:
    """Find where a function changes sign, on a grid of 32 places between neighbouring marks, then exactly.

    Example:
        >>> [round(x, 9) for x in crossings(lambda x: x * x - 2, [-3, 0, 3])]
        [-1.414213562, 1.414213562]
        >>> crossings(lambda x: x, [-1, 0, 1])
        [0]
    """
    roots: list[float] = []
    before = 0.0
    for low, high in itertools.pairwise(marks):
        # the ends themselves may be jumps: stay inside
        places = [low + (high - low) * (k + 0.5) / GRID for k in range(GRID)]
        places = [low + (high - low) * 1e-9, *places, high - (high - low) * 1e-9]
        values = [function(x) for x in places]
        if before * values[0] < 0:
            roots.append(low)
        before = values[-1]
        for a, b, left, right in zip(places, places[1:], values, values[1:], strict=False):
            if left == 0 and right != 0:
                roots.append(a)
            elif left * right < 0:
                roots.append(float(brentq(function, a, b, xtol=1e-15 * max(1.0, abs(a), abs(b)), rtol=1e-14)))
    return roots
