"""Exact transport beside closed forms, the linear program, the assignment problem and SciPy on the line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import ot
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from ganscope import transport
from ganscope.contracts import BadInput, RunFailed
from ganscope.transport import exact_w1, transport_plan

Array = NDArray[np.float64]


def cloud(rows: int, dimension: int, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(rows, dimension))


def by_linear_program(x: Array, y: Array, a: Array, b: Array) -> float:
    """The definition, handed to SciPy's solver."""
    n, m = len(x), len(y)
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    answer = linprog(
        cdist(x, y).ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a / a.sum(), b / b.sum()])
    )
    assert answer.fun is not None
    return float(answer.fun)


@pytest.mark.parametrize(
    ("n", "m", "dimension"), [(1, 1, 2), (5, 5, 2), (7, 12, 3), (20, 13, 1), (15, 15, 10)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_linear_program(n: int, m: int, dimension: int, weighted: bool) -> None:
    x, y = cloud(n, dimension, 1), cloud(m, dimension, 2) + 0.5
    a, b = np.random.default_rng(3).random(n), np.random.default_rng(4).random(m)
    if not weighted:
        assert exact_w1(x, y) == pytest.approx(by_linear_program(x, y, np.ones(n), np.ones(m)), rel=1e-10)
    assert exact_w1(x, y, a, b) == pytest.approx(by_linear_program(x, y, a, b), rel=1e-10)


@pytest.mark.parametrize(
    ("rows", "dimension"), [(1, 3), (200, 2), (150, 64), (transport.MOST_ASSIGNED + 1, 2)]
)
def test_assignment_and_simplex_agree(rows: int, dimension: int) -> None:
    # Birkhoff: with equal masses some optimal coupling is a permutation.
    x, y = cloud(rows, dimension, 5), 1.5 * cloud(rows, dimension, 6)
    cost = cdist(x, y)
    assert exact_w1(x, y) == pytest.approx(float(ot.emd2([], [], cost, numItermax=10**7)), rel=1e-12)
    assert exact_w1(x, y) == pytest.approx(cost[linear_sum_assignment(cost)].mean(), rel=1e-12)
    assert exact_w1(x, y) == pytest.approx(exact_w1(x, y, np.ones(rows)), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_on_the_line_agrees_with_scipy_and_with_the_solver(weighted: bool) -> None:
    x, y = cloud(300, 1, 7), 2.0 * cloud(211, 1, 8) + 1.0
    a = np.random.default_rng(9).random(300) if weighted else None
    b = np.random.default_rng(10).random(211) if weighted else None
    # Third package: SciPy; and the plane's solver on the same points with a second, constant coordinate.
    assert exact_w1(x, y, a, b) == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0], a, b), rel=1e-12)
    in_the_plane = exact_w1(np.pad(x, ((0, 0), (0, 1))), np.pad(y, ((0, 0), (0, 1))), a, b)
    assert exact_w1(x, y, a, b) == pytest.approx(in_the_plane, rel=1e-12)
    assert exact_w1(x[:, 0], y[:, 0], a, b) == exact_w1(x, y, a, b)


def test_on_the_line_is_the_mean_difference_of_sorted_samples() -> None:
    x, y = cloud(1000, 1, 11), cloud(1000, 1, 12)
    quantiles = np.abs(np.sort(x[:, 0]) - np.sort(y[:, 0])).mean()
    assert exact_w1(x, y) == pytest.approx(quantiles, rel=1e-13)


@pytest.mark.parametrize("dimension", [1, 2, 30])
@pytest.mark.parametrize("length", [1e-9, 1.0, 1e9])
def test_translation_costs_its_length(dimension: int, length: float) -> None:
    x = cloud(100, dimension, 13)
    shift = length * np.ones(dimension) / math.sqrt(dimension)
    # Tiny shifts lose digits in x + shift itself.
    assert exact_w1(x, x + shift) == pytest.approx(length, rel=1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 9])
def test_equal_sets_in_any_order_are_at_distance_zero(dimension: int) -> None:
    x = cloud(120, dimension, 14)
    assert exact_w1(x, x) == 0.0
    assert exact_w1(x, x[::-1]) == 0.0
    assert exact_w1(x, np.repeat(x, 3, axis=0)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("dimension", [1, 2])
def test_is_a_metric(dimension: int) -> None:
    x, y, z = cloud(40, dimension, 15), cloud(55, dimension, 16) + 1.0, cloud(30, dimension, 17) - 1.0
    assert exact_w1(x, y) == pytest.approx(exact_w1(y, x), rel=1e-12)
    assert exact_w1(x, z) <= exact_w1(x, y) + exact_w1(y, z)
    # Never less than what the means are apart.
    assert exact_w1(x, y) >= np.linalg.norm(x.mean(axis=0) - y.mean(axis=0))


@pytest.mark.parametrize("dimension", [1, 2])
def test_weights_are_repeated_points(dimension: int) -> None:
    x, y = cloud(6, dimension, 18), cloud(5, dimension, 19)
    repeats = [1, 2, 3, 1, 4, 0]
    assert exact_w1(x, y, x_weights=repeats) == pytest.approx(
        exact_w1(np.repeat(x, repeats, axis=0), y), rel=1e-12
    )
    # Only proportions count.
    assert exact_w1(x, y, [10.0 * r for r in repeats]) == pytest.approx(exact_w1(x, y, repeats), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1e20, 1e200])
@pytest.mark.parametrize("dimension", [1, 3])
def test_scales_without_overflow(dimension: int, scale: float) -> None:
    x, y = cloud(30, dimension, 20), cloud(25, dimension, 21)
    assert exact_w1(scale * x, scale * y) == pytest.approx(scale * exact_w1(x, y), rel=1e-12)


def test_far_from_the_origin_keeps_its_digits() -> None:
    # |a|^2 + |b|^2 - 2ab, as fast distance code has it, would lose all of them here.
    x, y = cloud(30, 2, 22), cloud(30, 2, 23)
    assert exact_w1(x + 2.0**30, y + 2.0**30) == pytest.approx(exact_w1(x, y), rel=1e-6)


def test_two_copies_of_one_point_far_out_are_at_distance_zero() -> None:
    assert exact_w1(np.full((3, 2), 1e6), np.full((4, 2), 1e6)) == 0.0


def test_a_single_point_pays_every_distance() -> None:
    y = cloud(50, 2, 24)
    assert exact_w1([[0.0, 0.0]], y) == pytest.approx(np.linalg.norm(y, axis=1).mean(), rel=1e-13)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_plan_is_a_coupling_and_pays_the_distance(dimension: int) -> None:
    x, y = cloud(25, dimension, 25), cloud(40, dimension, 26)
    a = np.arange(25.0)
    plan = transport_plan(x, y, x_weights=a)
    assert plan.dtype == np.float64
    assert (plan >= 0.0).all()
    assert np.count_nonzero(plan) <= 25 + 40 - 1
    np.testing.assert_allclose(plan.sum(axis=1), a / a.sum(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(plan.sum(axis=0), np.full(40, 1 / 40), rtol=0, atol=1e-15)
    assert (plan * cdist(x, y)).sum() == pytest.approx(exact_w1(x, y, a), rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 2])
def test_float32_rows_are_computed_in_float64(dimension: int) -> None:
    x, y = cloud(20, dimension, 27).astype(np.float32), cloud(20, dimension, 28).astype(np.float32)
    assert exact_w1(x, y) == exact_w1(x.astype(np.float64), y.astype(np.float64))


def test_a_truncated_solution_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_PIVOTS", 10)
    with pytest.raises(RunFailed, match="stopped before the optimum"):
        exact_w1(cloud(100, 2, 29), cloud(101, 2, 30))


def test_more_pivots_than_the_solver_allows_by_default_are_no_truncation() -> None:
    # POT's own default is 100,000 pivots; this pair of clouds needs more than 1,000.
    x, y = cloud(300, 2, 31), cloud(300, 2, 32)
    with pytest.warns(UserWarning, match="numItermax"):
        ot.emd2([], [], cdist(x, y), numItermax=1000)
    assert exact_w1(x, y, np.ones(300)) > 0.0


POINTS = [[0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("call", [exact_w1, transport_plan])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], POINTS), "at least one point"),
        ((POINTS, np.zeros((0, 2))), "at least one point"),
        ((POINTS, np.zeros((2, 0))), "at least one point"),
        ((POINTS, np.zeros((2, 2, 2))), "at least one point"),
        ((POINTS, [[0.0, math.nan]]), "NaN or infinity"),
        (([[math.inf, 0.0]], POINTS), "NaN or infinity"),
        ((POINTS, [[0.0], [1.0]]), "same space"),
        ((POINTS, POINTS, [1.0]), "one mass per point"),
        ((POINTS, POINTS, [1.0, -0.5]), "not negative"),
        ((POINTS, POINTS, None, [0.0, 0.0]), "positive sum"),
        ((POINTS, POINTS, None, [math.nan, 1.0]), "finite"),
        ((POINTS, POINTS, None, [math.inf, 1.0]), "finite"),
    ],
)
def test_wrong_input_is_named(call: Any, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        call(*arguments)
