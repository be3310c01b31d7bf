"""Divergences that have a formula: two Gaussians, and everything made of uniform pieces and atoms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from scipy.special import ndtr

from ganscope.divergences.measure import Measure

LOG_2 = math.log(2)


def gaussian_kl(mean: float, std: float, other_mean: float, other_std: float) -> float:
    """Return KL(N(mean, std²) || N(other_mean, other_std²)) in nats.

    `ln(s'/s) + (s² + (m - m')²) / (2 s'²) - 1/2`

    Example:
        >>> gaussian_kl(0, 1, 2, 1)
        2.0
    """
    ratio = std / other_std
    return 0.5 * (ratio**2 - 1 - 2 * math.log(ratio) + ((mean - other_mean) / other_std) ** 2)


def gaussian_tv(mean: float, std: float, other_mean: float, other_std: float) -> float:
    """Return the total variation between two Gaussians, from the one or two places where densities cross.

    Equal std: `2 Phi(|m - m'| / (2 s)) - 1`.

    Example:
        >>> round(gaussian_tv(0, 1, 2, 1), 6)
        0.682689
    """
    places = gaussian_crossings(mean, std, other_mean, other_std)
    marks = [-math.inf, *places, math.inf]
    total = 0.0
    for low, high in itertools.pairwise(marks):
        total += abs(_mass(low, high, mean, std) - _mass(low, high, other_mean, other_std))
    return min(1.0, 0.5 * total)


def gaussian_crossings(mean: float, std: float, other_mean: float, other_std: float) -> list[float]:
    """Return where two Gaussian densities are equal, sorted; nothing for equal ones.

    Example:
        >>> gaussian_crossings(0, 1, 2, 1)
        [1.0]
    """
    if std == other_std:
        return [0.5 * (mean + other_mean)] if mean != other_mean else []
    # in units of the narrower one, from its mean: no square of a large coordinate
    if std > other_std:
        mean, std, other_mean, other_std = other_mean, other_std, mean, std
    r, d = std / other_std, (other_mean - mean) / other_std
    # (1 - r²) y² + 2 r d y - d² + 2 ln r = 0, y = (x - mean) / std
    a, b, c = 1 - r * r, r * d, -d * d + 2 * math.log(r)
    root = math.sqrt(b * b - a * c)
    near = -(b + math.copysign(root, b))
    return sorted(mean + std * y for y in ((near / a, c / near) if near else (root / a, -root / a)))


def gaussian_w1(mean: float, std: float, other_mean: float, other_std: float) -> float:
    """Return the Wasserstein-1 distance of two Gaussians; a std may be 0, for a Dirac.

    Quantiles differ by `a + b z`, z normal, so it is the mean of a folded normal:
    `E|a + b z| = |b| sqrt(2/pi) exp(-a²/(2 b²)) + |a| erf(|a| / (sqrt(2) |b|))`, a = m - m', b = s - s'.

    Example:
        >>> gaussian_w1(0, 1, 3, 1), round(gaussian_w1(0, 1, 0, 0), 6)
        (3.0, 0.797885)
    """
    a, b = abs(float(mean) - other_mean), abs(std - other_std)
    if b == 0:
        return a
    z = a / (math.sqrt(2) * b)
    return b * math.sqrt(2 / math.pi) * math.exp(-z * z) + a * math.erf(z)


def gaussian_w2(mean: float, std: float, other_mean: float, other_std: float) -> float:
    """Return the Wasserstein-2 distance of two Gaussians on the line, `sqrt((m - m')² + (s - s')²)`.

    Example:
        >>> gaussian_w2(0, 1, 3, 5)
        5.0
    """
    return math.hypot(mean - other_mean, std - other_std)


def pieces_sum(cost: Callable[[float, float], float], p: Measure, q: Measure) -> float:
    """Integrate a cost of two densities that are constant between breakpoints, and sum it over atoms.

    Args:
        cost: of two densities or two masses, homogeneous of degree 1; 0 for two zeros.
        p: without Gaussian pieces.
        q: likewise.

    Returns:
        The exact integral; inf where the cost is inf on something.
    """
    marks = sorted({*p.breakpoints(), *q.breakpoints()})
    total = [cost(p_mass, q_mass) for p_mass, q_mass in atom_pairs(p, q)]
    for low, high in itertools.pairwise(marks):
        middle = low + 0.5 * (high - low)
        densities = [math.exp(m.log_density(middle)) for m in (p, q)]
        if any(densities):
            total.append(cost(*densities) * (high - low))
    return math.fsum(total) if math.inf not in total else math.inf


def pieces_w1(p: Measure, q: Measure) -> float:
    """Return the area between two piecewise linear distribution functions."""
    marks = sorted({*p.breakpoints(), *q.breakpoints()})
    areas = []
    for low, high in itertools.pairwise(marks):
        left = p.cdf(low) - q.cdf(low)
        right = p.cdf(high, before=True) - q.cdf(high, before=True)
        areas.append((high - low) * mean_of_line(left, right))
    return math.fsum(areas)


def pieces_w2(p: Measure, q: Measure) -> float:
    """Return the root mean square difference of two piecewise linear quantile functions."""
    p_pieces, q_pieces = quantile_pieces(p), quantile_pieces(q)
    total, low, i, j = [], 0.0, 0, 0
    while i < len(p_pieces) and j < len(q_pieces):
        high = min(p_pieces[i][1], q_pieces[j][1])
        a, b = (_at(p_pieces[i], u) - _at(q_pieces[j], u) for u in (low, high))
        total.append(max(0.0, high - low) * (a * a + a * b + b * b) / 3)
        i, j, low = i + (p_pieces[i][1] <= high), j + (q_pieces[j][1] <= high), high
    return math.sqrt(math.fsum(total))


def quantile_pieces(m: Measure) -> list[tuple[float, float, float, float]]:
    """Return the quantile function without Gaussian pieces: (level, level, x, x), linear between."""
    marks = m.breakpoints()
    pieces = []
    for index, x in enumerate(marks):
        before, after = m.cdf(x, before=True), m.cdf(x)
        if after > before:
            pieces.append((before, after, x, x))
        if index + 1 < len(marks):
            end = m.cdf(marks[index + 1], before=True)
            if end > after:
                pieces.append((after, end, x, marks[index + 1]))
    last = pieces[-1]
    return [*pieces[:-1], (last[0], 1.0, last[2], last[3])]  # the sum of masses may round below 1


def atom_pairs(p: Measure, q: Measure) -> list[tuple[float, float]]:
    """Return the two masses at every atom of either."""
    p_atoms, q_atoms = dict(p.atoms), dict(q.atoms)
    return [(p_atoms.get(x, 0.0), q_atoms.get(x, 0.0)) for x in sorted({*p_atoms, *q_atoms})]


def kl_cost(p: float, q: float) -> float:
    """`p ln(p/q)`, inf where p has mass and q has none."""
    if p == 0:
        return 0.0
    return p * math.log(p / q) if q > 0 else math.inf


def js_cost(p: float, q: float) -> float:
    """`p/2 ln(2p/(p+q)) + q/2 ln(2q/(p+q))`."""
    return 0.5 * (kl_cost(p, 0.5 * (p + q)) + kl_cost(q, 0.5 * (p + q)))


def tv_cost(p: float, q: float) -> float:
    """`|p - q| / 2`."""
    return 0.5 * abs(p - q)


def mean_of_line(left: float, right: float) -> float:
    """Return the mean of |y| along a straight line from `left` to `right`.

    Example:
        >>> mean_of_line(1, 3), mean_of_line(-1, 1)
        (2.0, 0.5)
    """
    if left * right >= 0:
        return 0.5 * abs(left + right)
    return 0.5 * (left * left + right * right) / (abs(left) + abs(right))


def _mass(low: float, high: float, mean: float, std: float) -> float:
    a, b = (low - mean) / std, (high - mean) / std
    return float(ndtr(-a) - ndtr(-b) if a > 0 else ndtr(b) - ndtr(a))


def _at(piece: Sequence[float], level: float) -> float:
    low, high, left, right = piece
    return left if high == low else left + (right - left) * (level - low) / (high - low)
