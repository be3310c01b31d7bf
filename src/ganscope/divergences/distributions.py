"""The distributions that divergences are known for: Gaussians, uniforms, points and mixtures of them.

A point may lie in any dimension, so `Dirac` and `Discrete` do too; everything else lives on the line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np

from ganscope.contracts import BadInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SUM_TOLERANCE = 1e-9
"""Weights must sum to 1 within this; they are then scaled to do so exactly."""


@dataclass(frozen=True)
class Gaussian:
    """Normal distribution on the line.

    Args:
        mean: finite.
        std: standard deviation, above 0.

    Raises:
        BadInput: a parameter that is not finite, or std not above 0.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        _settle(self, mean=self.mean, std=self.std)
        if self.std <= 0:
            raise BadInput(
                f"Gaussian with std {self.std} does not exist: give std above 0, or use Dirac(mean)"
            )


@dataclass(frozen=True)
class Uniform:
    """Uniform distribution on [low, high].

    Args:
        low: finite.
        high: finite, above low.

    Raises:
        BadInput: a parameter that is not finite, or low not below high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _settle(self, low=self.low, high=self.high)
        if self.low >= self.high:
            raise BadInput(
                f"Uniform from {self.low} to {self.high} does not exist: give low below high, or Dirac(low)"
            )


@dataclass(frozen=True)
class Discrete:
    """Finitely many points with masses.

    Args:
        points: `[N]` on the line, or `[N, D]`; finite. Equal points are joined.
        weights: `[N]`, not negative, of sum 1.

    Raises:
        BadInput: no point, a value that is not finite, or weights that are no probabilities.
    """

    points: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]

    def __init__(self, points: ArrayLike, weights: ArrayLike) -> None:
        table = np.asarray(points, dtype=np.float64)
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2 or 0 in table.shape:
            raise BadInput(f"Discrete with points of shape {table.shape} does not exist: give [N] or [N, D]")
        if not np.isfinite(table).all():
            raise BadInput("Discrete with a point that is NaN or infinite does not exist: give finite points")
        masses = probabilities(weights, len(table), "Discrete")
        joined: dict[tuple[float, ...], float] = {}
        for row, mass in zip((table + 0.0).tolist(), masses, strict=True):  # + 0.0: -0 is 0
            if mass > 0:
                joined[tuple(row)] = joined.get(tuple(row), 0.0) + mass
        object.__setattr__(self, "points", tuple(joined))
        object.__setattr__(self, "weights", tuple(joined.values()))

    @property
    def dimension(self) -> int:
        """D of the points."""
        return len(self.points[0])


def Dirac(x: float | Sequence[float]) -> Discrete:  # noqa: N802 - the name of a distribution
    """Return all mass at one point, a number or a vector.

    Example:
        >>> Dirac(2).points, Dirac([0.0, 1.0]).dimension
        (((2.0,),), 2)
    """
    point = np.atleast_1d(np.asarray(x, dtype=np.float64))
    if point.ndim != 1 or not point.size or not np.isfinite(point).all():
        raise BadInput(f"Dirac at {x} does not exist: give one finite point, a number or a vector")
    return Discrete(point[None], [1.0])


@dataclass(frozen=True)
class Mixture:
    """Mixture of distributions on the line.

    Args:
        components: any of Gaussian, Uniform, Dirac, Discrete and Mixture, on the line.
        weights: as many, not negative, of sum 1.

    Raises:
        BadInput: a component that is no distribution on the line, or weights that are no probabilities.
    """

    components: tuple[Distribution, ...]
    weights: tuple[float, ...]

    def __init__(self, components: Sequence[Distribution], weights: ArrayLike) -> None:
        components = tuple(components)
        for component in components:
            require_distribution(component, "a component of Mixture")
            if isinstance(component, Discrete) and component.dimension > 1:
                raise BadInput(
                    f"Mixture has a component in {component.dimension} dimensions: mixtures live on the line"
                )
        object.__setattr__(self, "components", components)
        object.__setattr__(self, "weights", probabilities(weights, len(components), "Mixture"))


Distribution: TypeAlias = Union[Gaussian, Uniform, Discrete, Mixture]  # noqa: UP007 - a forward reference


def require_distribution(value: object, name: str) -> None:
    """Refuse what is no distribution known here.

    Raises:
        BadInput: with the list of those that are.
    """
    if not isinstance(value, Gaussian | Uniform | Discrete | Mixture):
        raise BadInput(
            f"{name} is {value!r:.60}, which is no distribution known here: give Gaussian(mean, std), "
            "Uniform(low, high), Dirac(x), Discrete(points, weights) or Mixture(components, weights)"
        )


def shifted(distribution: Distribution, by: float) -> Distribution:
    """Move a distribution along the line; a cloud of points in D dimensions along its first axis.

    Example:
        >>> shifted(Uniform(0, 1), 2)
        Uniform(low=2.0, high=3.0)
    """
    require_distribution(distribution, "the distribution to shift")
    _require_finite("A shift", "by", by)
    if isinstance(distribution, Gaussian):
        return Gaussian(distribution.mean + by, distribution.std)
    if isinstance(distribution, Uniform):
        return Uniform(distribution.low + by, distribution.high + by)
    if isinstance(distribution, Mixture):
        return Mixture([shifted(part, by) for part in distribution.components], distribution.weights)
    return Discrete([[x + by, *rest] for x, *rest in distribution.points], distribution.weights)


def probabilities(values: ArrayLike, count: int, name: str) -> tuple[float, ...]:
    """Check weights and scale away the last rounding of their sum.

    Raises:
        BadInput: not `count` weights, one that is negative or not finite, or a sum that is not 1.
    """
    weights = np.asarray(values, dtype=np.float64)
    if weights.shape != (count,) or count == 0:
        raise BadInput(f"{name} has weights of shape {weights.shape}: give one per part, shape ({count},)")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise BadInput(f"{name} has a weight that is negative, NaN or infinite: weights are probabilities")
    total = math.fsum(weights.tolist())
    if abs(total - 1) > SUM_TOLERANCE:
        raise BadInput(f"{name} has weights of sum {total:.10g}: divide them by their sum, so that it is 1")
    return tuple((weights / total).tolist())


def _settle(distribution: Gaussian | Uniform, **parameters: float) -> None:
    """Store the parameters as floats, once they are known to be finite."""
    for name, value in parameters.items():
        _require_finite(type(distribution).__name__, name, value)
        object.__setattr__(distribution, name, float(value))


def _require_finite(what: str, name: str, value: object) -> None:
    if not isinstance(value, int | float | np.integer | np.floating) or not math.isfinite(value):
        raise BadInput(f"{what} with {name} {value!r} does not exist: give a finite number")
