"""Metrics of two sample sets beside closed forms, slow loops, SciPy and formulas written out anew."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances
from torch import Tensor

from ganscope import metrics
from ganscope.contracts import BadInput
from ganscope.metrics import METRICS, PRDC, emd, frechet_distance, kid, prdc, sliced_w1
from ganscope.metrics import kid as kid_function
from ganscope.transport import exact_w1
from tests.metrics import metric_references

Array = NDArray[np.float64]
Metric = Callable[[Tensor, Tensor], float | PRDC]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def values(answer: float | PRDC) -> list[float]:
    return list(answer) if isinstance(answer, tuple) else [answer]


# Every metric -----------------------------------------------------------------

OF_TWO_SETS: dict[str, Metric] = {
    "emd": emd, "frechet-distance": frechet_distance, "kid": kid, "prdc": prdc, "sliced-w1": sliced_w1,
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_returns_plain_finite_floats_for_images_of_any_dtype(name: str) -> None:
    real, fake = normal(30, 1, 4, 4, seed=1), normal(25, 1, 4, 4, seed=2) + 0.3
    expected = values(OF_TWO_SETS[name](real, fake))
    assert all(type(value) is float and math.isfinite(value) for value in expected)
    rounded = [images.float() for images in (real, fake)]
    as_double = values(OF_TWO_SETS[name](rounded[0].double(), rounded[1].double()))
    assert values(OF_TWO_SETS[name](rounded[0], rounded[1])) == as_double
    assert values(OF_TWO_SETS[name](real.flatten(1), fake.flatten(1))) == expected
    # Half precision has no NumPy twin.
    assert all(math.isfinite(value) for value in values(OF_TWO_SETS[name](real.bfloat16(), fake.bfloat16())))


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_ignores_the_order_of_rows(name: str) -> None:
    real, fake = normal(40, 3, seed=3), normal(30, 3, seed=4)
    shuffled = OF_TWO_SETS[name](real.flip(0), fake.roll(7, 0))
    assert values(shuffled) == pytest.approx(values(OF_TWO_SETS[name](real, fake)), rel=1e-12)


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_takes_generator_output_and_leaves_it_alone(name: str) -> None:
    real, fake = normal(20, 3, seed=5), normal(20, 3, seed=6).requires_grad_()
    copies = real.clone(), fake.detach().clone()
    OF_TWO_SETS[name](real, fake)
    assert torch.equal(real, copies[0])
    assert torch.equal(fake.detach(), copies[1])
    assert fake.grad is None


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_every_metric_leaves_every_global_generator_alone(name: str) -> None:
    before = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
    OF_TWO_SETS[name](normal(30, 3, seed=7), normal(30, 3, seed=8))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


@pytest.mark.parametrize("name", OF_TWO_SETS)
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(9, 2), torch.zeros(9, 3), "same space"),
        (torch.zeros(0, 2), torch.zeros(9, 2), "real has shape"),
        (torch.zeros(9, 2), torch.zeros(0, 2), "fake has shape"),
        (torch.zeros(9, 0), torch.zeros(9, 0), "at least"),
        (torch.full((9, 2), math.nan), torch.zeros(9, 2), "real holds NaN"),
        (torch.zeros(9, 2), torch.full((9, 2), math.inf), "fake holds NaN or infinity"),
        (torch.tensor(1.0), torch.zeros(9, 2), "real has shape"),
    ],
)
def test_every_metric_names_wrong_input(name: str, real: Tensor, fake: Tensor, message: str) -> None:
    if name == "emd":  # symmetric, so its sets are x and y
        message = message.replace("real", "x").replace("fake", "y")
    with pytest.raises(BadInput, match=message):
        OF_TWO_SETS[name](real, fake)


@pytest.mark.parametrize("metric", [frechet_distance, kid, prdc])
def test_one_row_has_no_spread(metric: Metric) -> None:
    with pytest.raises(BadInput, match="at least 2"):
        metric(torch.zeros(9, 2), torch.zeros(1, 2))


def test_every_listed_name_exists() -> None:
    assert all(hasattr(metrics, name) for name in metrics.__all__)
    measures = {metric.measure for metric in METRICS.values() if metric.shared is None}
    assert set(OF_TWO_SETS.values()) <= measures | {metric.shared for metric in METRICS.values()}
    assert all(getattr(PRDC, name) for name, metric in METRICS.items() if metric.group == "prdc")


# Earth Mover's Distance -------------------------------------------------------


def test_emd_flattens_samples_and_is_the_exact_distance() -> None:
    x, y = normal(20, 1, 3, 3, seed=9), normal(15, 1, 3, 3, seed=10)
    a = torch.arange(20.0)
    assert emd(x, y) == exact_w1(x.reshape(20, 9).numpy(), y.reshape(15, 9).numpy())
    assert emd(x, y, x_weights=a) == exact_w1(x.reshape(20, 9).numpy(), y.reshape(15, 9).numpy(), a.numpy())
    assert emd(x, y, y_weights=a[:15]) == exact_w1(x.reshape(20, 9), y.reshape(15, 9), None, a[:15].numpy())


def test_emd_of_a_translation_is_its_length() -> None:
    x = normal(200, 2, seed=11)
    assert emd(x, x + torch.tensor([3.0, -4.0])) == pytest.approx(5.0, rel=1e-12)
    assert emd(x, x[torch.randperm(200, generator=torch.Generator().manual_seed(0))]) == 0.0


def test_emd_of_large_gaussian_samples_nears_the_closed_form() -> None:
    # W1 between N(0, 1) and N(0, 4) on the line is (2 - 1) E|Z| = sqrt(2 / pi).
    x, y = normal(100_000, seed=12), 2.0 * normal(100_000, seed=13)
    assert emd(x, y) == pytest.approx(math.sqrt(2 / math.pi), abs=0.03)


# Precision, recall, density, coverage -----------------------------------------


def by_loops(real: Array, fake: Array, k: int) -> PRDC:
    """The definitions, one pair at a time."""

    def radius(rows: Array, i: int) -> float:
        return sorted(math.dist(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    real_radius = [radius(real, i) for i in range(len(real))]
    fake_radius = [radius(fake, j) for j in range(len(fake))]
    inside = [[math.dist(x, y) < r for y in fake] for x, r in zip(real, real_radius, strict=True)]
    covered = [[math.dist(x, y) < r for y, r in zip(fake, fake_radius, strict=True)] for x in real]
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


def test_prdc_of_two_real_samples_has_the_expected_coverage() -> None:
    # E = 1 - prod (N - i) / (N + M - i) = 0.969 (Naeem et al., lemma 2), sd 0.008.
    answer = prdc(normal(1000, 2, seed=21), normal(1000, 2, seed=22))
    assert answer.coverage == pytest.approx(0.969, abs=0.03)
    assert answer.density == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("k", [0, -1, 9, 10])
def test_prdc_names_a_k_that_has_no_neighbour(k: int) -> None:
    with pytest.raises(BadInput, match=f"k is {k} with 20 real and 9 fake rows"):
        prdc(normal(20, 2, seed=23), normal(9, 2, seed=24), k)


# Kernel inception distance ----------------------------------------------------


def kid_by_loops(real: Array, fake: Array) -> float:
    def kernel(x: Array, y: Array) -> float:
        return float(sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1.0) ** 3

    def within(rows: Array) -> float:
        pairs = [kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
        return math.fsum(pairs) / (len(rows) * (len(rows) - 1))

    between = math.fsum(kernel(x, y) for x in real for y in fake) / (len(real) * len(fake))
    return within(real) + within(fake) - 2.0 * between


@pytest.mark.parametrize(("n", "m", "dimension"), [(2, 2, 1), (20, 31, 4), (25, 10, 64)])
def test_kid_agrees_with_loops(n: int, m: int, dimension: int) -> None:
    real, fake = normal(n, dimension, seed=25).numpy(), normal(m, dimension, seed=26).numpy() + 0.4
    assert kid(real, fake) == pytest.approx(kid_by_loops(real, fake), rel=1e-10)
    assert kid(real, fake) == pytest.approx(kid(fake, real), rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 3, 100])
@pytest.mark.parametrize("at", [0.5, 1.0, 4.0])
def test_kid_of_two_points_is_its_closed_form(dimension: int, at: float) -> None:
    # All real rows at 0, all fake ones at `at` in every coordinate: k = 1, (at^2 + 1)^3 and 1.
    answer = kid(torch.zeros(4, dimension), torch.full((6, dimension), at))
    assert answer == pytest.approx((at**2 + 1.0) ** 3 - 1.0, rel=1e-12)


def test_kid_is_unbiased() -> None:
    # The mean over many pairs of small samples of one distribution is 0; the biased estimate's is about +1.
    answers = [kid(normal(8, 2, seed=1000 + i), normal(8, 2, seed=5000 + i)) for i in range(400)]
    assert abs(float(np.mean(answers))) < 4.0 * float(np.std(answers)) / math.sqrt(400)
    assert min(answers) < 0.0


def test_kid_in_blocks_is_the_same_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    real, fake = normal(50, 3, seed=27), normal(41, 3, seed=28)
    whole = kid(real, fake)
    monkeypatch.setattr(sys.modules[kid_function.__module__], "BLOCK", 7)
    assert kid(real, fake) == pytest.approx(whole, rel=1e-12)


# Fréchet distance -------------------------------------------------------------


def with_moments(rows: int, mean: Array, root: Array, seed: int) -> Array:
    """A sample whose mean and covariance (n - 1) are exactly `mean` and `root root^T`."""
    noise = normal(rows, len(mean), seed=seed).numpy()
    noise -= noise.mean(axis=0)
    whitened = np.linalg.qr(noise)[0] * math.sqrt(rows - 1)
    return whitened @ root.T + mean


def test_frechet_of_a_shift_is_its_squared_length() -> None:
    x = normal(100, 2, seed=29)
    assert frechet_distance(x, x + torch.tensor([3.0, 4.0])) == pytest.approx(25.0, rel=1e-12)


def test_frechet_of_scaled_gaussians_is_its_closed_form() -> None:
    # Axes shared: the sum of squared differences of means and of standard deviations, whatever the counts.
    stds, others = np.array([1.0, 2.0, 0.5]), np.array([3.0, 2.0, 0.1])
    x = with_moments(50, np.zeros(3), np.diag(stds), seed=30)
    y = with_moments(80, np.array([1.0, 0.0, -2.0]), np.diag(others), seed=31)
    assert frechet_distance(x, y) == pytest.approx(5.0 + ((stds - others) ** 2).sum(), rel=1e-12)


def test_frechet_convention_covariance_over_n_minus_1() -> None:
    # Variances 2 and 8 by n - 1; 1 and 4 by n would give 1 instead of 2.
    assert frechet_distance([-1.0, 1.0], [-2.0, 2.0]) == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(60, 40, 2), (300, 200, 20)])
def test_frechet_agrees_with_the_matrix_root(n: int, m: int, dimension: int) -> None:
    x = (normal(n, dimension, seed=32) @ normal(dimension, dimension, seed=33)).numpy()
    y = (normal(m, dimension, seed=34) @ normal(dimension, dimension, seed=35)).numpy() + 0.5
    one, two = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = x.mean(axis=0) - y.mean(axis=0)
    slow = shift @ shift + np.trace(one + two - 2.0 * sqrtm(one @ two).real)
    assert frechet_distance(x, y) == pytest.approx(float(slow), rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(10, 12, 50), (10, 200, 50), (2, 2, 3)])
def test_frechet_of_singular_covariances_is_exact(n: int, m: int, dimension: int) -> None:
    # Second source: tr (S1 S2)^1/2 from the eigenvalues of R1 S2 R1, with R1 the root of S1.
    x, y = normal(n, dimension, seed=36).numpy(), 2.0 * normal(m, dimension, seed=37).numpy()
    one, two = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    spectrum, axes = np.linalg.eigh(one)
    root = axes @ np.diag(np.sqrt(spectrum.clip(0.0))) @ axes.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ two @ root).clip(0.0)).sum()
    shift = x.mean(axis=0) - y.mean(axis=0)
    slow = shift @ shift + np.trace(one) + np.trace(two) - 2.0 * overlap
    assert frechet_distance(x, y) == pytest.approx(float(slow), rel=1e-5)
    # Exactly 0 where the matrix root leaves 1e-6: the same singular set twice.
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-11)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_frechet_scales_with_the_square(scale: float) -> None:
    x, y = normal(50, 4, seed=38), 2.0 * normal(50, 4, seed=39) + 1.0
    assert frechet_distance(scale * x, scale * y) == pytest.approx(
        scale**2 * frechet_distance(x, y), rel=1e-12
    )


def test_frechet_of_constant_columns_and_constant_sets() -> None:
    x = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-14)
    assert frechet_distance(torch.zeros(5, 3), torch.ones(4, 3)) == pytest.approx(3.0, rel=1e-14)


# What moves which number ------------------------------------------------------


@pytest.mark.parametrize("metric", [emd, frechet_distance, kid, sliced_w1])
def test_distances_grow_with_the_shift(metric: Any) -> None:
    x, y = normal(200, 2, seed=40), normal(200, 2, seed=41)
    answers = [metric(x, y + shift) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert answers == sorted(answers)
    assert answers[0] < 0.5
    assert answers[-1] > 1.0


def test_half_the_spread_and_double_the_spread_move_opposite_numbers() -> None:
    # A pattern, not one number, tells a collapsed generator from a blurred one.
    real, narrow, wide = (
        normal(300, 16, seed=42),
        0.4 * normal(300, 16, seed=43),
        2.0 * normal(300, 16, seed=44),
    )
    assert prdc(real, narrow).precision > 0.95
    assert prdc(real, narrow).recall < 0.05
    assert prdc(real, wide).precision < 0.05
    assert prdc(real, wide).recall > 0.95
    assert cdist(real, narrow).mean() < cdist(real, wide).mean()


# Sliced W1 --------------------------------------------------------------------


def test_sliced_w1_of_a_shift_is_its_mean_projection() -> None:
    # closed form: every slice moves by |theta . t|, in the mean |t| Gamma(D/2) / (sqrt(pi) Gamma(D/2 + 1/2))
    real = normal(60, 5, seed=0)
    shift = torch.arange(5, dtype=torch.float64)
    found = sliced_w1(real, real + shift, projections=4000)
    mean = math.gamma(2.5) / (math.sqrt(math.pi) * math.gamma(3)) * float(shift.norm())
    deviation = float(shift.norm()) * math.sqrt(1 / 5 - (mean / float(shift.norm())) ** 2) / math.sqrt(4000)
    assert found == pytest.approx(mean, abs=4 * deviation)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (40, 25)])
def test_sliced_w1_on_the_line_is_w1(n: int, m: int) -> None:
    real, fake = normal(n, 1, seed=0), 2 * normal(m, 1, seed=1) + 1
    assert sliced_w1(real, fake, projections=3) == pytest.approx(emd(real, fake), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(30, 30, 2), (30, 45, 7)])
def test_sliced_w1_agrees_with_pot(n: int, m: int, dimension: int) -> None:
    """POT's, at the same directions."""
    import ot

    real, fake = normal(n, dimension, seed=0), 1.5 * normal(m, dimension, seed=1) + 0.3
    directions = np.random.default_rng(3).standard_normal((50, dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    theirs = ot.sliced_wasserstein_distance(real.numpy(), fake.numpy(), projections=directions.T, p=1)
    assert sliced_w1(real, fake, projections=50, seed=3) == pytest.approx(theirs, rel=1e-10)


def test_sliced_w1_never_exceeds_w1_and_repeats_itself() -> None:
    real, fake = normal(50, 6, seed=0), normal(50, 6, seed=1) + 0.5
    assert 0 < sliced_w1(real, fake) < emd(real, fake)
    assert sliced_w1(real, fake) == sliced_w1(real, fake)
    assert sliced_w1(real, fake, seed=1) != sliced_w1(real, fake)
    assert sliced_w1(real, real.flip(0)) == 0.0
    assert sliced_w1(7 * real, 7 * fake) == pytest.approx(7 * sliced_w1(real, fake), rel=1e-12)
    for wrong in ({"projections": 0}, {"seed": -1}):
        with pytest.raises(BadInput, match="give at least 1"):
            sliced_w1(real, fake, **wrong)


# Against the field's reference packages ---------------------------------------


@pytest.mark.parametrize("name", metric_references.CASES)
def test_metrics_agree_with_prdc_and_torch_fidelity(name: str) -> None:
    """prdc 0.2 and torch-fidelity 0.4.0, whose answers are stored: see `metric_references.py`."""
    stored = json.loads(metric_references.STORED.read_text())["cases"][name]
    real, fake = metric_references.features(name)
    assert kid(real, fake) == pytest.approx(stored["kid"], rel=1e-9)
    # their root is that of the product's eigenvalues, which are rounded where the covariances are singular
    assert frechet_distance(real, fake) == pytest.approx(stored["frechet"], rel=1e-6)
    for k in metric_references.NEIGHBOURS:
        assert prdc(real, fake, k=k)._asdict() == pytest.approx(stored["prdc"][str(k)], rel=1e-12)
