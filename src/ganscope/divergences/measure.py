"""A distribution on the line in normal form: atoms, uniform and Gaussian pieces, each with its mass."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import ndtr

from ganscope.contracts import BadInput
from ganscope.divergences.distributions import Discrete, Distribution, Gaussian, Mixture, Uniform

FAR = 38.0
"""Standard deviations beyond which a Gaussian's density is below the smallest float64."""
HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


class Measure(NamedTuple):
    """Masses sum to 1; atoms are sorted and distinct."""

    atoms: tuple[tuple[float, float], ...]
    """(point, mass)."""
    uniforms: tuple[tuple[float, float, float], ...]
    """(low, high, mass)."""
    gaussians: tuple[tuple[float, float, float], ...]
    """(mean, std, mass)."""

    def log_density(self, x: float, side: str = "") -> float:
        """Logarithm of the density without the atoms; -inf where there is none.

        Args:
            x: where.
            side: at the end of a uniform piece, what holds just "right" or "left" of it; by default the piece
                is closed at both ends.
        """
        terms = [
            math.log(mass / std) - 0.5 * ((x - mean) / std) ** 2 - HALF_LOG_2_PI
            for mean, std, mass in self.gaussians
        ]
        terms += [
            math.log(mass / (high - low))
            for low, high, mass in self.uniforms
            if low <= x <= high and not (x == low and side == "left") and not (x == high and side == "right")
        ]
        return _log_sum(terms)

    def log_slope(self, x: float) -> float:
        """Derivative of `log_density` off the ends of uniform pieces; 0 where there is no density."""
        log_density = self.log_density(x)
        if log_density == -math.inf:
            return 0.0
        slope = 0.0
        for mean, std, mass in self.gaussians:
            log_term = math.log(mass / std) - 0.5 * ((x - mean) / std) ** 2 - HALF_LOG_2_PI
            slope -= math.exp(log_term - log_density) * (x - mean) / std**2
        return slope

    def cdf(self, x: float, *, before: bool = False) -> float:
        """P(X <= x), or P(X < x)."""
        total = sum(mass for point, mass in self.atoms if point < x or (point == x and not before))
        total += sum(mass * min(max((x - low) / (high - low), 0.0), 1.0) for low, high, mass in self.uniforms)
        return total + sum(mass * float(ndtr((x - mean) / std)) for mean, std, mass in self.gaussians)

    def tail(self, x: float) -> float:
        """P(X > x), with full relative precision on the right."""
        total = sum(mass for point, mass in self.atoms if point > x)
        total += sum(
            mass * min(max((high - x) / (high - low), 0.0), 1.0) for low, high, mass in self.uniforms
        )
        return total + sum(mass * float(ndtr((mean - x) / std)) for mean, std, mass in self.gaussians)

    def quantile(self, t: float) -> float:
        """Smallest x with P(X <= x) >= Phi(t): levels in standard deviations, for the sake of the tails."""
        if len(self.gaussians) == 1 and not self.atoms and not self.uniforms:
            mean, std, _ = self.gaussians[0]
            return mean + std * t
        level = float(ndtr(min(t, -t)))
        low, high = self.ends()

        def excess(x: float) -> float:
            return self.cdf(x) - level if t < 0 else level - self.tail(x)

        # An atom that holds the level is met exactly; between atoms the distribution function is continuous.
        for point, _ in self.atoms:
            below = (
                self.cdf(point, before=True) - level if t < 0 else level - self.tail(point) - self._at(point)
            )
            if below < 0 <= excess(point):
                return point
            if excess(point) < 0:
                low = max(low, point)
            else:
                high = min(high, point)
        if excess(low) >= 0:
            return low
        if excess(high) < 0:
            return high
        return float(brentq(excess, low, high, xtol=1e-15 * max(1.0, abs(low), abs(high)), rtol=1e-15))

    def ends(self) -> tuple[float, float]:
        """Where all mass lies that float64 can tell from none."""
        marks = self.breakpoints()
        return min(marks), max(marks)

    def breakpoints(self) -> list[float]:
        """Atoms, ends of uniform pieces, and places along every Gaussian, so that no peak is missed."""
        marks = [point for point, _ in self.atoms]
        marks += [end for low, high, _ in self.uniforms for end in (low, high)]
        steps = (0.0, 1.0, 2.5, 5.0, 9.0, 16.0, FAR)
        marks += [
            mean + sign * step * std for mean, std, _ in self.gaussians for step in steps for sign in (-1, 1)
        ]
        return sorted(set(marks))

    def intervals(self) -> list[tuple[float, float]]:
        """Where the density is positive: disjoint intervals in order; the whole line for a Gaussian piece."""
        if self.gaussians:
            return [(-math.inf, math.inf)]
        joined: list[tuple[float, float]] = []
        for low, high, _ in sorted(self.uniforms):
            if joined and low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], high))
            else:
                joined.append((low, high))
        return joined

    def _at(self, x: float) -> float:
        return sum(mass for point, mass in self.atoms if point == x)


def measure(distribution: Distribution) -> Measure:
    """Bring a distribution on the line into normal form.

    Raises:
        BadInput: it is a cloud of points in more than one dimension.

    Example:
        >>> measure(Mixture([Uniform(0, 1), Discrete([3.0], [1.0])], [0.25, 0.75]))
        Measure(atoms=((3.0, 0.75),), uniforms=((0.0, 1.0, 0.25),), gaussians=())
    """
    atoms: dict[float, float] = {}
    uniforms: list[tuple[float, float, float]] = []
    gaussians: list[tuple[float, float, float]] = []
    for part, weight in _parts(distribution, 1.0):
        if isinstance(part, Gaussian):
            gaussians.append((part.mean, part.std, weight))
        elif isinstance(part, Uniform):
            uniforms.append((part.low, part.high, weight))
        elif part.dimension > 1:
            raise BadInput(
                f"a cloud of points in {part.dimension} dimensions was given: this is known on the line only"
            )
        else:
            for (x,), mass in zip(part.points, part.weights, strict=True):
                atoms[x] = atoms.get(x, 0.0) + weight * mass
    return Measure(tuple(sorted(atoms.items())), tuple(uniforms), tuple(gaussians))


def _parts(distribution: Distribution, weight: float) -> list[tuple[Gaussian | Uniform | Discrete, float]]:
    """Flatten nested mixtures; parts without mass are left out."""
    if not isinstance(distribution, Mixture):
        return [(distribution, weight)] if weight > 0 else []
    pairs = zip(distribution.components, distribution.weights, strict=True)
    return [entry for part, share in pairs for entry in _parts(part, weight * share)]


def _log_sum(terms: list[float]) -> float:
    if not terms:
        return -math.inf
    largest = max(terms)
    return largest + math.log(math.fsum(math.exp(term - largest) for term in terms))
