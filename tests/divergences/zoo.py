"""Distributions of every kind, by name and drawn at random."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ganscope.divergences import (
    Dirac,
    Discrete,
    Distribution,
    Gaussian,
    Mixture,
    Uniform,
)

LOG_2 = math.log(2)
NARROW, WIDE = Gaussian(-1, 0.5), Gaussian(0.7, 2)
TWO = Mixture([Gaussian(-2, 0.3), Gaussian(1.5, 0.8)], [0.3, 0.7])
MIXED = Mixture([Uniform(-1, 2), Gaussian(0.5, 0.4), Dirac(0.25)], [0.5, 0.3, 0.2])
BOXES = Mixture([Uniform(-1, 1), Uniform(0.5, 3)], [0.6, 0.4])
ZOO: dict[str, Distribution] = {
    "narrow": NARROW, "wide": WIDE, "two": TWO, "mixed": MIXED, "boxes": BOXES, "box": Uniform(-0.5, 2),
    "points": Discrete([0.0, 0.25, 2.0], [0.5, 0.25, 0.25]), "dirac": Dirac(1.25),
}  # fmt: skip
PAIRS = list(itertools.product(ZOO, ZOO))
finite = st.floats(-20, 20).map(lambda x: round(x, 3))
widths = st.floats(0.05, 5).map(lambda x: round(x, 3))
gaussians = st.builds(Gaussian, finite, widths)
boxes = st.builds(lambda low, width: Uniform(low, low + width), finite, widths)
clouds = st.lists(finite, min_size=1, max_size=5).map(lambda x: Discrete(x, np.ones(len(x)) / len(x)))
simple = st.one_of(gaussians, boxes, clouds)
distributions = st.one_of(
    simple, st.lists(simple, min_size=2, max_size=3).map(lambda x: Mixture(x, np.ones(len(x)) / len(x)))
)
quickly = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def density(distribution: Distribution, x: Any) -> Any:
    """The density once more, in mpmath's precision and without our normal form."""
    if isinstance(distribution, Gaussian):
        return mpmath.npdf(x, distribution.mean, distribution.std)
    if isinstance(distribution, Uniform):
        inside = distribution.low <= x <= distribution.high
        return mpmath.mpf(1) / (distribution.high - distribution.low) if inside else mpmath.mpf(0)
    assert isinstance(distribution, Mixture)
    parts = zip(distribution.components, distribution.weights, strict=True)
    return mpmath.fsum(weight * density(part, x) for part, weight in parts)
