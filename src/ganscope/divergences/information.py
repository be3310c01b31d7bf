"""KL, JS and TV between two distributions: how well the best discriminator tells them apart."""

from __future__ import annotations

import math
from collections.abc import Callable

from ganscope.contracts import BadInput
from ganscope.divergences.closed_form import (
    atom_pairs,
    gaussian_kl,
    gaussian_tv,
    js_cost,
    kl_cost,
    pieces_sum,
    tv_cost,
)
from ganscope.divergences.distributions import Discrete, Distribution, Gaussian, require_distribution
from ganscope.divergences.measure import Measure, measure
from ganscope.divergences.quadrature import crossings, integral

LOG_2 = math.log(2)


def kl(p: Distribution, q: Distribution) -> float:
    """Kullback-Leibler divergence of q from p, in nats.

    `KL(p || q) = E_p ln(p / q)`

    Args:
        p: The real distribution.
        q: The generator's. Both on the line, or clouds of points in the same dimension.

    Returns:
        At least 0; inf where p has mass and q has none.

    Raises:
        BadInput: Something that is no distribution known here.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Gaussian, Uniform
        >>> kl(Gaussian(0, 1), Gaussian(3, 1)), kl(Uniform(0, 2), Uniform(0, 1))
        (4.5, inf)

    Kullback and Leibler, On information and sufficiency, 1951.
    """
    if isinstance(p, Gaussian) and isinstance(q, Gaussian):
        return gaussian_kl(p.mean, p.std, q.mean, q.std)

    def density_cost(log_p: float, log_q: float) -> float:
        return math.exp(log_p) * (log_p - log_q) if log_p > -math.inf else 0.0

    def infinite(p: Measure, q: Measure) -> bool:
        return any(mass > 0 and not other for mass, other in atom_pairs(p, q)) or not _covers(q, p)

    return max(0.0, _divergence(p, q, kl_cost, density_cost, infinite))


def js(p: Distribution, q: Distribution) -> float:
    """Jensen-Shannon divergence, in nats.

    `JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2`, m the even mixture of both

    The binary cross-entropy of the optimal discriminator is `2 ln 2 - 2 JS`.

    Args:
        p: The real distribution.
        q: The generator's.

    Returns:
        Between 0 and ln 2, which disjoint supports reach at any distance; symmetric.

    Raises:
        BadInput: Something that is no distribution known here.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Dirac, Uniform
        >>> js(Dirac(0), Dirac(1)), js(Dirac(0), Dirac(0)), js(Uniform(0, 1), Uniform(0.5, 1.5))
        (0.6931471805599453, 0.0, 0.34657359027997264)

    Lin, Divergence measures based on the Shannon entropy, 1991; Goodfellow et al., NeurIPS 2014, theorem 1.
    """

    def density_cost(log_p: float, log_q: float) -> float:
        low, high = min(log_p, log_q), max(log_p, log_q)
        log_middle = high + math.log1p(math.exp(low - high)) - LOG_2
        half = [0.5 * math.exp(log) * (log - log_middle) for log in (low, high) if log > -math.inf]
        return math.fsum(half)

    return min(LOG_2, max(0.0, _divergence(p, q, js_cost, density_cost, lambda p, q: False)))


def tv(p: Distribution, q: Distribution) -> float:
    """Total variation: the largest difference in the probability of any event.

    `TV(p, q) = 1/2 ∫ |p - q|`

    Args:
        p: The real distribution.
        q: The generator's.

    Returns:
        Between 0 and 1, which disjoint supports reach at any distance; symmetric.

    Raises:
        BadInput: Something that is no distribution known here.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Dirac, Uniform
        >>> tv(Uniform(0, 1), Uniform(0.25, 1.25)), tv(Dirac(0), Dirac(0.1))
        (0.25, 1.0)

    Levin, Peres and Wilmer, Markov Chains and Mixing Times, 2009, section 4.1.
    """
    if isinstance(p, Gaussian) and isinstance(q, Gaussian):
        return gaussian_tv(p.mean, p.std, q.mean, q.std)

    def density_cost(log_p: float, log_q: float) -> float:
        return tv_cost(math.exp(log_p), math.exp(log_q))

    return min(1.0, _divergence(p, q, tv_cost, density_cost, lambda p, q: False))


def require_pair(p: Distribution, q: Distribution) -> None:
    """Refuse what is no distribution, and clouds of different dimension.

    Raises:
        BadInput: with what was given.
    """
    require_distribution(p, "p")
    require_distribution(q, "q")
    dimensions = [d.dimension if isinstance(d, Discrete) else 1 for d in (p, q)]
    if dimensions[0] != dimensions[1]:
        raise BadInput(
            f"p lives in {dimensions[0]} and q in {dimensions[1]} dimensions: give both in the same space"
        )


def _divergence(
    p: Distribution,
    q: Distribution,
    cost: Callable[[float, float], float],
    density_cost: Callable[[float, float], float],
    infinite: Callable[[Measure, Measure], bool],
) -> float:
    """Sum the cost over atoms and integrate it over densities, exactly where these are constant in pieces.

    Args:
        p: real.
        q: generated.
        cost: of two masses.
        density_cost: the same of two log densities; at least one is not -inf.
        infinite: whether the sum is infinite, from the supports alone.
    """
    require_pair(p, q)
    if isinstance(p, Discrete) and isinstance(q, Discrete):
        p_masses, q_masses = (dict(zip(d.points, d.weights, strict=True)) for d in (p, q))
        total = [cost(p_masses.get(x, 0.0), q_masses.get(x, 0.0)) for x in {**p_masses, **q_masses}]
        return math.inf if math.inf in total else math.fsum(total)
    first, second = measure(p), measure(q)
    if infinite(first, second):
        return math.inf
    if not first.gaussians and not second.gaussians:
        return pieces_sum(cost, first, second)

    def at(x: float) -> float:
        log_p, log_q = first.log_density(x), second.log_density(x)
        return 0.0 if max(log_p, log_q) == -math.inf else density_cost(log_p, log_q)

    atoms = math.fsum(cost(*pair) for pair in atom_pairs(first, second))
    marks = sorted({*first.breakpoints(), *second.breakpoints()})
    kinks = crossings(lambda x: log_ratio(first, second, x), marks)
    return atoms + integral(at, sorted({*marks, *kinks}))


def log_ratio(p: Measure, q: Measure, x: float) -> float:
    """Logarithm of the ratio of densities, the optimal logit off the atoms; 0 where neither has any."""
    log_p, log_q = p.log_density(x), q.log_density(x)
    return 0.0 if log_p == log_q else log_p - log_q


def _covers(outer: Measure, inner: Measure) -> bool:
    """Whether there is density of `outer` wherever there is of `inner`."""
    return all(any(low <= a and b <= high for low, high in outer.intervals()) for a, b in inner.intervals())
