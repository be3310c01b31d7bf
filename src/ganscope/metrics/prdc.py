"""Precision, recall, density and coverage: four counts over nearest-neighbour balls."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganscope.contracts import BadInput, Metric
from ganscope.metrics.matrix import two_sets
from ganscope.words.complaints import refuse_fraction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

K = 5
"""Which neighbour gives a ball its radius, where no other is asked for."""


class PRDC(NamedTuple):
    """The four shares; density alone may exceed 1."""

    precision: float
    """Share of fakes inside at least one real row's ball, in [0, 1]: quality."""
    recall: float
    """Share of reals inside at least one fake row's ball, in [0, 1]: diversity."""
    density: float
    """Mean number of real balls around a fake, divided by k; about 1 for real data."""
    coverage: float
    """Share of reals whose own ball holds a fake, in [0, 1]: diversity, not fooled by outlying fakes."""


def prdc(real: Tensor | ArrayLike, fake: Tensor | ArrayLike, k: int = K) -> PRDC:
    r"""Return precision, recall, density and coverage of a generated sample set.

    With `R_i` the distance of real row i to its k-th nearest *other* real row, and `F_j` likewise among the
    fakes,

    .. math::
        \text{precision} = \tfrac1M \sum_j 1[\exists i: \|x_i - y_j\| < R_i], \quad
        \text{recall} = \tfrac1N \sum_i 1[\exists j: \|x_i - y_j\| < F_j]

    .. math::
        \text{density} = \tfrac1{kM} \sum_{ij} 1[\|x_i - y_j\| < R_i], \quad
        \text{coverage} = \tfrac1N \sum_i 1[\exists j: \|x_i - y_j\| < R_i]

    A ball of radius 0, that of a row with at least k copies, holds the rows that equal it: repeated rows then
    match their like, where the strict inequality would let them match nothing, themselves included. Density
    counts each copy's ball, so rows with more than k copies can raise it above 1.

    Rival conventions count a point on the sphere as inside, or the row itself as its first neighbour. Judge
    the numbers beside those of two real samples of the same sizes: for N = M = 1000 and k = 5 their coverage
    is 0.969, for N -> infinity 1 - 2^-k. No single one of the four separates a collapsed from a blurred
    generator.

    Args:
        real: Features of real rows `[N, ...]`, N > k, finite.
        fake: Features of generated rows `[M, ...]`, M > k.
        k: Which neighbour gives the radius, at least 1.

    Returns:
        `PRDC(precision, recall, density, coverage)`.

    Raises:
        BadInput: k below 1 or not below the row counts, non-finite rows, or rows of differing size.

    Example:
        >>> line = np.arange(10.0)
        >>> prdc(line, line + 0.25, k=2)
        PRDC(precision=1.0, recall=1.0, density=1.05, coverage=1.0)

    Reference:
        Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020;
        Kynkäänniemi et al., "Improved Precision and Recall Metric", 2019.
    """
    from scipy.spatial.distance import cdist

    real_rows, fake_rows = two_sets(real, fake, least=2)
    refuse_fraction("k", k)
    if not 1 <= k < min(len(real_rows), len(fake_rows)):
        raise BadInput(
            f"k is {k} with {len(real_rows)} real and {len(fake_rows)} fake rows; a row has one "
            "neighbour fewer than there are rows, so lower k or give more rows."
        )
    real_radii, fake_radii = (radii(cdist(rows, rows), k) for rows in (real_rows, fake_rows))
    return from_distances(cdist(real_rows, fake_rows), real_radii, fake_radii, k)


def from_distances(
    real_fake: NDArray[np.float64],
    real_radii: NDArray[np.float64],
    fake_radii: NDArray[np.float64],
    k: int = K,
) -> PRDC:
    """Return precision, recall, density and coverage from distances that are known already.

    Args:
        real_fake: Distance of each real row to each fake one, `[N, M]`.
        real_radii: Distance of each real row to its k-th nearest other real row, `[N]`; see `radii`.
        fake_radii: The same among the fakes, `[M]`.
        k: Which neighbour gave the radii.

    Returns:
        `PRDC(precision, recall, density, coverage)`.

    Example:
        >>> from_distances(np.array([[0.5, 3.0]]), np.array([1.0]), np.array([1.0, 1.0]), k=1)
        PRDC(precision=0.5, recall=1.0, density=0.5, coverage=1.0)
    """
    in_real_ball = _inside(real_fake, real_radii[:, None])
    in_fake_ball = _inside(real_fake, fake_radii[None, :])
    return PRDC(
        precision=float(in_real_ball.any(axis=0).mean()),
        recall=float(in_fake_ball.any(axis=1).mean()),
        density=float(in_real_ball.sum() / (k * real_fake.shape[1])),
        coverage=float(in_real_ball.any(axis=1).mean()),
    )


def radii(distance: NDArray[np.float64], k: int = K) -> NDArray[np.float64]:
    """Return each row's distance to its k-th nearest other row.

    Args:
        distance: Distances within one set `[N, N]`, N > k; left as they are.
        k: Which neighbour, at least 1.

    Returns:
        `[N]`, in the unit of the distances.

    Example:
        >>> radii(np.array([[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]]), k=1)
        array([1., 1., 2.])
    """
    others = distance.copy()
    np.fill_diagonal(others, np.inf)
    nearest: NDArray[np.float64] = np.partition(others, k - 1, axis=1)[:, k - 1]
    return nearest


def _inside(distance: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which distances are below a radius; a ball of radius 0 holds what is at distance 0."""
    held: NDArray[np.bool_] = (distance < radius) | ((radius == 0) & (distance == 0))
    return held


def _metric(name: str, about: str) -> Metric:
    """One of the four numbers, which share their distances."""
    return Metric(
        label=name,
        needs="rows",
        better="higher",
        measure=attrgetter(name),
        about=about,
        shared=prdc,
        while_training=False,
        group="prdc",
    )


PRECISION = _metric(
    "precision", "Share of samples inside the ball around some real row that reaches its fifth neighbour."
)
RECALL = _metric("recall", "Share of real rows inside such a ball around some sample.")
DENSITY = _metric(
    "density", "Mean number of real rows' balls around a sample, divided by five; about 1 for real rows."
)
COVERAGE = _metric("coverage", "Share of real rows whose ball holds a sample.")
