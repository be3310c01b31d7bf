"""Precision, recall, density and coverage, by loops and by the original formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from ganscope.contracts import BadInput
from ganscope.metrics import PRDC, prdc
from tests.metrics.sample_sets import Array, normal


def by_loops(real: Array, fake: Array, k: int) -> PRDC:
    """The definitions, one pair at a time."""

    def radius(rows: Array, i: int) -> float:
        return sorted(math.dist(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    real_radius = [radius(real, i) for i in range(len(real))]
    fake_radius = [radius(fake, j) for j in range(len(fake))]

    def holds(distance: float, r: float) -> bool:
        return distance < r if r > 0 else distance == 0

    inside = [[holds(math.dist(x, y), r) for y in fake] for x, r in zip(real, real_radius, strict=True)]
    covered = [[holds(math.dist(x, y), r) for y, r in zip(fake, fake_radius, strict=True)] for x in real]
    return PRDC(
        precision=sum(any(row[j] for row in inside) for j in range(len(fake))) / len(fake),
        recall=sum(any(row) for row in covered) / len(real),
        density=sum(map(sum, inside)) / (k * len(fake)),
        coverage=sum(any(row) for row in inside) / len(real),
    )


def by_original_formula(real: Array, fake: Array, k: int) -> PRDC:
    """The formula of the authors' package `prdc`, written out anew: the row itself is neighbour zero."""

    def kth(rows: Array) -> Array:
        distances = pairwise_distances(rows, rows, metric="euclidean")
        nearest = np.take_along_axis(
            distances, np.argpartition(distances, k + 1, axis=-1)[..., : k + 1], axis=-1
        )
        largest: Array = nearest.max(axis=-1)
        return largest

    between = pairwise_distances(real, fake, metric="euclidean")
    return PRDC(
        precision=float((between < kth(real)[:, None]).any(axis=0).mean()),
        recall=float((between < kth(fake)[None, :]).any(axis=1).mean()),
        density=float((1.0 / k) * (between < kth(real)[:, None]).sum(axis=0).mean()),
        coverage=float((between.min(axis=1) < kth(real)).mean()),
    )


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(
    ("dimension", "scale", "shift"), [(1, 1.0, 0.0), (2, 0.5, 0.5), (8, 1.3, 0.1), (2, 1.0, 50.0)]
)
def test_prdc_agrees_with_loops_and_with_the_original_formula(
    k: int, dimension: int, scale: float, shift: float
) -> None:
    real = normal(40, dimension, seed=14).numpy()
    fake = scale * normal(33, dimension, seed=15).numpy() + shift
    assert prdc(real, fake, k) == pytest.approx(by_loops(real, fake, k), rel=1e-12)
    assert prdc(real, fake, k) == pytest.approx(by_original_formula(real, fake, k), rel=1e-12)


def test_prdc_takes_five_neighbours_unless_told() -> None:
    real, fake = normal(50, 2, seed=16), normal(50, 2, seed=17)
    assert prdc(real, fake) == prdc(real, fake, k=5)


def test_prdc_convention_strictly_inside_the_ball() -> None:
    # Both radii are 1, and the real at 1 and the fake at 2 exactly 1 apart: `<=` would say 1/2 four times.
    assert prdc([0.0, 1.0], [2.0, 3.0], k=1) == PRDC(0.0, 0.0, 0.0, 0.0)


def test_prdc_convention_self_excluded() -> None:
    # With itself as the first neighbour every radius were 0 and nothing inside.
    assert prdc([0.0, 1.0], [0.5, 1.5], k=1) == PRDC(1.0, 1.0, 1.5, 1.0)


def test_prdc_convention_collapsed_generator_has_precision_and_no_recall() -> None:
    real, fake = normal(100, 2, seed=18), 1e-6 * normal(100, 2, seed=19)
    collapsed, spread = prdc(real, fake), prdc(fake, real)
    assert collapsed.precision == 1.0
    assert collapsed.recall == 0.0
    assert spread.precision == 0.0
    assert spread.recall == 1.0


def test_prdc_of_identical_sets_is_perfect() -> None:
    rows = normal(60, 3, seed=20)
    answer = prdc(rows, rows)
    assert (answer.precision, answer.recall, answer.coverage) == (1.0, 1.0, 1.0)
    # A real ball holds itself and the k - 1 rows nearer than the k-th: k in all.
    assert answer.density == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("values", [2, 4, 12])
def test_prdc_of_repeated_rows_agrees_with_loops(k: int, values: int) -> None:
    rng = np.random.default_rng(values)
    real, fake = (rng.integers(0, values, (n, 2)).astype(float) for n in (40, 33))
    answer = prdc(real, fake, k)
    assert answer == pytest.approx(by_loops(real, fake, k), rel=1e-12)
    if values == 2:  # every ball has radius 0
        assert answer[:2] == (1.0, 1.0)
        assert answer.coverage == 1.0


def test_prdc_of_a_set_of_repeated_rows_with_itself_is_not_zero() -> None:
    rows = np.repeat(normal(10, 2, seed=25).numpy(), 6, axis=0)
    answer = prdc(rows, rows)
    assert (answer.precision, answer.recall, answer.coverage) == (1.0, 1.0, 1.0)
    assert answer.density == pytest.approx(6 / 5)  # each row lies in the balls of its six copies
    apart = prdc(rows, rows + 1e-9)
    assert apart == PRDC(0.0, 0.0, 0.0, 0.0)  # near is not equal


def test_prdc_of_two_real_samples_has_the_expected_coverage() -> None:
    # E = 1 - prod (N - i) / (N + M - i) = 0.969 (Naeem et al., lemma 2), sd 0.008.
    answer = prdc(normal(1000, 2, seed=21), normal(1000, 2, seed=22))
    assert answer.coverage == pytest.approx(0.969, abs=0.03)
    assert answer.density == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("k", [0, -1, 9, 10])
def test_prdc_names_a_k_that_has_no_neighbour(k: int) -> None:
    with pytest.raises(BadInput, match=f"k is {k} with 20 real and 9 fake rows"):
        prdc(normal(20, 2, seed=23), normal(9, 2, seed=24), k)
