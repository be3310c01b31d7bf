"""Wasserstein distances between two distributions: how far mass must be carried."""

from __future__ import annotations

import math

from scipy.special import ndtri

from ganscope.divergences.closed_form import gaussian_w1, gaussian_w2, pieces_w1, pieces_w2
from ganscope.divergences.distributions import Discrete, Distribution, Gaussian
from ganscope.divergences.information import require_pair
from ganscope.divergences.measure import Measure, measure
from ganscope.divergences.quadrature import crossings, integral
from ganscope.transport import exact_w1

FARTHEST = 13.0
"""Levels beyond Phi(13) hold 6e-39 of the mass."""


def w1(p: Distribution, q: Distribution) -> float:
    """Wasserstein-1 or Earth Mover's distance, Euclidean ground cost.

    `W1(p, q) = ∫ |F_p - F_q|` on the line

    Args:
        p: The real distribution.
        q: The generator's. Both on the line, or clouds of points in the same dimension.

    Returns:
        At least 0, in the unit of the points; symmetric.

    Raises:
        BadInput: Something that is no distribution known here.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Dirac, Uniform
        >>> w1(Dirac(0), Dirac(3)), w1(Uniform(0, 1), Uniform(2, 3)), w1(Dirac([0, 0]), Dirac([3, 4]))
        (3.0, 2.0, 5.0)

    Vallender, Calculation of the Wasserstein distance between probability distributions on the line, 1974.
    """
    require_pair(p, q)
    if isinstance(p, Discrete) and isinstance(q, Discrete):
        return exact_w1(p.points, q.points, p.weights, q.weights)
    scales = _normal(p), _normal(q)
    if scales[0] and scales[1]:
        return gaussian_w1(*scales[0], *scales[1])
    first, second = measure(p), measure(q)
    if not first.gaussians and not second.gaussians:
        return pieces_w1(first, second)
    marks = sorted({*first.breakpoints(), *second.breakpoints()})
    kinks = crossings(lambda x: first.cdf(x) - second.cdf(x), marks)
    return integral(lambda x: abs(first.cdf(x) - second.cdf(x)), sorted({*marks, *kinks}))


def w2(p: Distribution, q: Distribution) -> float:
    """Wasserstein-2 distance on the line; not squared.

    `W2(p, q)² = ∫_0^1 (F_p^{-1}(u) - F_q^{-1}(u))² du`

    Args:
        p: The real distribution, on the line.
        q: The generator's, on the line.

    Returns:
        At least `w1`, in the unit of the points; symmetric.

    Raises:
        BadInput: Something that is no distribution on the line known here.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Gaussian, Uniform
        >>> w2(Gaussian(0, 1), Gaussian(3, 5)), w2(Uniform(0, 1), Uniform(2, 3))
        (5.0, 2.0)

    Peyré and Cuturi, Computational Optimal Transport, 2019, remark 2.30.
    """
    require_pair(p, q)
    first, second = measure(p), measure(q)
    scales = _normal(p), _normal(q)
    if scales[0] and scales[1]:
        return gaussian_w2(*scales[0], *scales[1])
    if not first.gaussians and not second.gaussians:
        return pieces_w2(first, second)

    def difference(t: float) -> float:
        squared = (first.quantile(t) - second.quantile(t)) ** 2
        return squared * math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi)

    return math.sqrt(max(0.0, integral(difference, level_marks(first, second))))


def level_marks(p: Measure, q: Measure) -> list[float]:
    """Return levels between which both quantile functions are smooth, in standard deviations, sorted."""
    marks = {-FARTHEST, FARTHEST, *(float(step) for step in range(-9, 10, 3))}
    for m in (p, q):
        for x in m.breakpoints():
            for t in (float(ndtri(m.cdf(x))), float(ndtri(m.cdf(x, before=True))), -float(ndtri(m.tail(x)))):
                if -FARTHEST < t < FARTHEST:
                    marks.add(t)
    kept = [-FARTHEST]
    for mark in sorted(marks):
        if mark > kept[-1] + 1e-9:  # the same level, rounded twice
            kept.append(mark)
    return kept


def _normal(distribution: Distribution) -> tuple[float, float] | None:
    """Mean and std of a Gaussian, or of a single point as one without width."""
    if isinstance(distribution, Gaussian):
        return distribution.mean, distribution.std
    if isinstance(distribution, Discrete) and len(distribution.points) == 1 and distribution.dimension == 1:
        return distribution.points[0][0], 0.0
    return None
