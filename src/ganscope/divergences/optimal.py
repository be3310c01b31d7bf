"""The discriminator at its optimum, and the gradient it hands to a generator that can only move.

For a separable objective the best score of a point depends on `p(x)/q(x)` alone, so the generator's loss of a
point is a function of the log ratio `s = ln p - ln q`: see `OPTIMA`. Moving q by θ changes the loss by what
the slope of that function does to the mass carried along it, and by the mass carried over its jumps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.special import expit, log_expit, ndtr

from ganscope.contracts import BadInput
from ganscope.divergences.distributions import Distribution
from ganscope.divergences.information import log_ratio, require_pair
from ganscope.divergences.measure import Measure, measure
from ganscope.divergences.quadrature import crossings, integral
from ganscope.divergences.wasserstein import level_marks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Side = Literal["right", "left"]
NEGLIGIBLE = 1e-12
"""What an integrand may be at the end of its range, and quantiles may differ by and still be equal."""
LARGEST_LOG = 700.0


class Optimum(NamedTuple):
    """The generator's loss of a point under the optimal discriminator, as a function of s = ln p - ln q."""

    loss: Callable[[float], float]
    """Falling; may be infinite at s = ±inf."""
    log_steepness: Callable[[float], float]
    """Logarithm of minus its derivative."""


def _log_sigmoid(s: float) -> float:
    return float(log_expit(s))


def _exp(s: float) -> float:
    return math.exp(s) if s < LARGEST_LOG else math.inf


# log(1 - D*), D* = sigmoid(s)
_SATURATING = Optimum(lambda s: _log_sigmoid(-s), _log_sigmoid)

OPTIMA: dict[str, Optimum] = {
    "minimax": _SATURATING,
    # -log D*
    "non-saturating": Optimum(lambda s: -_log_sigmoid(s), lambda s: _log_sigmoid(-s)),
    # D* = sign(s), loss -D*: all of it is in the jumps
    "hinge": Optimum(lambda s: -float(np.sign(s)), lambda s: -math.inf),
    # (D* - 1)^2 / 2, D* = p / (p + q)
    "least-squares": Optimum(
        lambda s: 0.5 * float(expit(-s)) ** 2, lambda s: 2 * _log_sigmoid(-s) + _log_sigmoid(s)
    ),
    # f-GANs: f(u) - u f'(u), u = e^s
    "f-kl": Optimum(lambda s: -_exp(s), lambda s: s),
    "f-reverse-kl": Optimum(lambda s: 1 - s, lambda s: 0.0),
    "f-pearson": Optimum(lambda s: 1 - _exp(2 * s), lambda s: math.log(2) + 2 * s),
    "f-hellinger": Optimum(lambda s: 1 - _exp(0.5 * s), lambda s: 0.5 * s - math.log(2)),
    "f-js": Optimum(lambda s: math.log(2) + _log_sigmoid(-s), _log_sigmoid),
    "f-gan": _SATURATING,
}
"""Separable objectives at their optimum. The relativistic ones have no optimum in closed form."""


def optimal_discriminator(p: Distribution, q: Distribution) -> Callable[[ArrayLike], NDArray[np.float64]]:
    """Return the discriminator that tells two distributions apart best, as a probability.

    `D*(x) = p(x) / (p(x) + q(x))`

    Args:
        p: The real distribution, on the line.
        q: The generator's, on the line.

    Returns:
        A function of points, any shape, with values in [0, 1]; NaN where neither has mass. At an atom the
        masses count and densities do not.

    Raises:
        BadInput: Something that is no distribution on the line known here.

    Example:
        >>> from ganscope.divergences import Gaussian, Uniform
        >>> optimal_discriminator(Gaussian(-1, 1), Gaussian(1, 1))([0.0, 50.0]).round(4).tolist()
        [0.5, 0.0]
        >>> optimal_discriminator(Uniform(0, 1), Uniform(2, 3))([0.5, 1.5, 2.5])
        array([ 1., nan,  0.])

    Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, proposition 1.
    """
    require_pair(p, q)
    first, second = measure(p), measure(q)
    p_atoms, q_atoms = dict(first.atoms), dict(second.atoms)

    def at(x: float) -> float:
        masses = p_atoms.get(x, 0.0), q_atoms.get(x, 0.0)
        if sum(masses):
            return masses[0] / sum(masses)
        log_p, log_q = first.log_density(x), second.log_density(x)
        return math.nan if max(log_p, log_q) == -math.inf else float(expit(log_p - log_q))

    def discriminator(x: ArrayLike) -> NDArray[np.float64]:
        points = np.asarray(x, dtype=np.float64)
        return np.array([at(point) for point in points.ravel().tolist()]).reshape(points.shape)

    return discriminator


def generator_gradient(objective: str, p: Distribution, q: Distribution, side: Side = "right") -> float:
    """Return how the generator's loss changes as its distribution moves, D held at its optimum.

    `d/dθ E_{x ~ q}[ g(x + θ) ]` at θ = 0, with g the generator's loss of a point under the D that is optimal
    for p and the unmoved q. For "wasserstein" that is the slope of `W1(p, q shifted by θ)`.

    Where neither distribution has mass, D keeps the value it has beside: disjoint supports give 0 for a loss
    that saturates.

    Args:
        objective: A key of `OPTIMA`, or "wasserstein".
        p: The real distribution, on the line.
        q: The generator's, on the line.
        side: At a kink, such as that of W1 between equal distributions, or where mass is carried over a jump
            of D, the derivative for moves to the "right" or to the "left"; elsewhere they are equal.

    Returns:
        The derivative, in the loss's unit per unit of the line; negative when moving to the right helps.
        Infinite where mass is carried to where the loss is infinite.

    Raises:
        BadInput: Another objective or side; something that is no distribution on the line known here; or a
            pair without such a derivative: an atom, around which D is not defined, or an infinite loss.
        RunFailed: An integral that could not be had to 1e-9.

    Example:
        >>> from ganscope.divergences import Dirac, Gaussian
        >>> generator_gradient("wasserstein", Dirac(0), Dirac(3))
        1.0
        >>> [generator_gradient("wasserstein", Dirac(0), Dirac(0), side) for side in ("right", "left")]
        [1.0, -1.0]
        >>> round(generator_gradient("f-reverse-kl", Gaussian(0, 1), Gaussian(3, 1)), 6)
        3.0

    Arjovsky and Bottou, Towards principled methods for training GANs, ICLR 2017, theorems 2.4 and 2.5.
    """
    if side not in ("right", "left"):
        raise BadInput(f'side {side!r} is none: give "right" or "left"')
    require_pair(p, q)
    first, second = measure(p), measure(q)
    if objective == "wasserstein":
        return _w1_slope(first, second, side)
    if objective not in OPTIMA:
        raise BadInput(
            f"objective {objective!r} has no optimal discriminator in closed form: give one of "
            f"{', '.join(('wasserstein', *OPTIMA))}"
        )
    if first.atoms or second.atoms:
        raise BadInput(
            f"there is no gradient of {objective!r} for distributions with atoms: the optimal discriminator "
            "is defined on the atoms and not around them; give Gaussians or uniforms, or use wasserstein"
        )
    _require_finite_loss(objective, first, second)
    return _carried(objective, first, second) + _jumped(objective, first, second, side)


def _require_finite_loss(objective: str, p: Measure, q: Measure) -> None:
    """Refuse a generator that makes what no real sample resembles, where the loss of that is infinite."""
    if math.isfinite(OPTIMA[objective].loss(-math.inf)):
        return
    marks = sorted({*p.breakpoints(), *q.breakpoints()})
    for low, high in itertools.pairwise(marks):
        middle = low + 0.5 * (high - low)
        if q.log_density(middle) > -math.inf and p.log_density(middle) == -math.inf:
            raise BadInput(
                f"there is no gradient of {objective!r} here: the optimal discriminator is certain of fakes "
                f"near {middle:g}, where no real mass is, and the loss of these is infinite"
            )


def _carried(objective: str, p: Measure, q: Measure) -> float:
    """`∫ q(x) d/dx g(s(x)) dx` between the jumps."""
    log_steepness = OPTIMA[objective].log_steepness

    def at(x: float) -> float:
        log_p, log_q = p.log_density(x), q.log_density(x)
        if min(log_p, log_q) == -math.inf:
            return 0.0
        log_size = log_q + log_steepness(log_p - log_q)
        if log_size > LARGEST_LOG:
            raise _endless(objective)
        return math.exp(log_size) * (q.log_slope(x) - p.log_slope(x)) if log_size > -math.inf else 0.0

    marks = sorted({*p.breakpoints(), *q.breakpoints()})
    if (p.gaussians or q.gaussians) and max(map(abs, map(at, (marks[0], marks[-1])))) > NEGLIGIBLE:
        raise _endless(objective)
    return integral(at, marks)


def _endless(objective: str) -> BadInput:
    return BadInput(
        f"there is no gradient of {objective!r} here: its divergence is infinite, for q has thinner tails "
        "than p"
    )


def _jumped(objective: str, p: Measure, q: Measure, side: Side) -> float:
    """Sum over the jumps of g: its height times the density of the mass that is carried over it."""
    places = {end for m in (p, q) for low, high, _ in m.uniforms for end in (low, high)}
    marks = sorted({*p.breakpoints(), *q.breakpoints()})
    flips = crossings(lambda x: log_ratio(p, q, x), marks) if objective == "hinge" else []
    total = 0.0
    for x in sorted({*places, *flips}):
        density = math.exp(q.log_density(x, "left" if side == "right" else "right"))
        if density > 0:
            height = _loss_beside(objective, p, q, x, "right") - _loss_beside(objective, p, q, x, "left")
            total += density * height if height else 0.0
    return total


def _loss_beside(objective: str, p: Measure, q: Measure, x: float, side: str) -> float:
    """Loss just right or left of x; where neither has mass, that on the other side, for D is flat there."""
    log_p, log_q = p.log_density(x, side), q.log_density(x, side)
    if max(log_p, log_q) == -math.inf:
        other = "left" if side == "right" else "right"
        log_p, log_q = p.log_density(x, other), q.log_density(x, other)
    s = log_p - log_q
    if objective == "hinge" and abs(s) < NEGLIGIBLE:
        # where densities cross, which of them is larger shows beside the place, not at it
        s = (p.log_slope(x) - q.log_slope(x)) * (1 if side == "right" else -1)
    return OPTIMA[objective].loss(s)


def _w1_slope(p: Measure, q: Measure, side: Side) -> float:
    """Share of the mass that is carried away from its partner minus the share carried towards it."""

    def lead(t: float) -> float:
        return q.quantile(t) - p.quantile(t)

    ends = [*p.ends(), *q.ends()]
    tie = NEGLIGIBLE * max(1e-300, *map(abs, ends))
    total = 0.0
    for low, high in _pieces(lead, level_marks(p, q)):
        ahead = lead(0.5 * (low + high))
        sign = (1.0 if side == "right" else -1.0) if abs(ahead) <= tie else math.copysign(1.0, ahead)
        total += sign * _between(low, high)
    return min(1.0, max(-1.0, total))


def _pieces(function: Callable[[float], float], marks: Sequence[float]) -> list[tuple[float, float]]:
    """Cut the line of levels at the marks and where the function changes sign."""
    cuts = sorted({*marks, *crossings(function, marks)})
    return list(itertools.pairwise(cuts))


def _between(low: float, high: float) -> float:
    """Standard normal mass between two levels, of one tail where both lie in it."""
    return float(ndtr(-low) - ndtr(-high) if low > 0 else ndtr(high) - ndtr(low))
