"""Mode reports on planted samples with known answers, and the judges of labelled data."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC
from torch import Tensor

from ganscope.contracts import BadInput, ModeReport
from ganscope.data import DATASETS
from ganscope.metrics import ClassJudge, class_judge, mode_report, reverse_kl_floor, stacked_judge

GRID = torch.tensor([[2.0 * i, 2.0 * j] for i in range(-2, 3) for j in range(-2, 3)])


def planted(counts: list[int], std: float = 0.05, seed: int = 0) -> Tensor:
    """As many samples around each grid centre as told, all within 2 std."""
    noise = torch.randn(sum(counts), 2, generator=torch.Generator().manual_seed(seed)).clamp(-1.4, 1.4)
    return GRID.repeat_interleave(torch.tensor(counts), dim=0) + std * noise


def by_loops(samples: Tensor, centres: Tensor, std: float) -> ModeReport:
    """The definition, one sample at a time."""
    held: Counter[int] = Counter()
    for sample in samples.tolist():
        distances = [math.dist(sample, centre) for centre in centres.tolist()]
        if min(distances) <= 3.0 * std:
            held[distances.index(min(distances))] += 1
    missing = tuple(k for k in range(len(centres)) if held[k] < 0.2 * len(samples) / len(centres) - 1e-9)
    shares = [count / held.total() for count in held.values()]
    reverse_kl = sum(p * math.log(p * len(centres)) for p in shares) if shares else math.inf
    return ModeReport(len(centres) - len(missing), held.total() / len(samples), reverse_kl, missing)


@pytest.mark.parametrize("std", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_loops(std: float, seed: int) -> None:
    samples = 3.0 * torch.randn(300, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    fast, slow = mode_report(samples, GRID, std), by_loops(samples, GRID, std)
    assert fast._replace(reverse_kl=0.0) == slow._replace(reverse_kl=0.0)
    assert fast.reverse_kl == pytest.approx(slow.reverse_kl, rel=1e-12)


def test_all_modes_evenly() -> None:
    assert mode_report(planted([40] * 25), GRID, 0.05) == ModeReport(25, 1.0, 0.0, ())


def test_one_mode_dropped() -> None:
    report = mode_report(planted([40] * 7 + [0] + [40] * 17), GRID, 0.05)
    assert (report.captured, report.missing, report.high_quality) == (24, (7,), 1.0)
    # 24 equal shares against 25.
    assert report.reverse_kl == pytest.approx(math.log(25 / 24), rel=1e-12)


def test_total_collapse_has_the_largest_divergence() -> None:
    report = mode_report(planted([0] * 12 + [500] + [0] * 12), GRID, 0.05)
    assert (report.captured, len(report.missing)) == (1, 24)
    assert report.reverse_kl == pytest.approx(math.log(25), rel=1e-12)


def test_a_mode_at_exactly_a_fifth_of_its_fair_share_is_captured() -> None:
    # 1,000 samples: the fair share is 40, a fifth of it 8.
    report = mode_report(planted([8, 7] + [40] * 22 + [105]), GRID, 0.05)
    assert report.missing == (1,)


@pytest.mark.parametrize("modes", range(2, 60))
def test_a_fifth_is_exact_for_any_number_of_modes(modes: int) -> None:
    # 5 K samples, one at each of K - 1 modes: exactly a fifth; 0.2 * (1 / K) * 5 K may round above 1.
    centres = 10.0 * torch.arange(modes).unsqueeze(1)
    samples = torch.cat([centres[1:], centres[:1].expand(4 * modes + 1, 1)])
    assert mode_report(samples, centres, 1.0).captured == modes


def test_the_share_is_of_all_samples_not_of_the_good_ones() -> None:
    good, blur = planted([4] * 25), torch.full((900, 2), 1.0)
    assert mode_report(good, GRID, 0.05).captured == 25
    report = mode_report(torch.cat([good, blur]), GRID, 0.05)
    assert (report.captured, report.high_quality) == (0, 0.1)
    # The divergence, however, is over the good ones.
    assert report.reverse_kl == 0.0


def test_a_uniform_blob_over_the_grid_captures_nothing() -> None:
    blob = 10.0 * torch.rand(10_000, 2, generator=torch.Generator().manual_seed(3)) - 5.0
    distance, nearest = torch.cdist(blob, GRID).min(dim=1)
    assert (
        len(set(nearest[distance <= 0.15].tolist())) == 25
    )  # every mode, nearly free, if one good sample will do
    report = mode_report(blob, GRID, 0.05)
    assert report.captured == 0
    assert report.high_quality == pytest.approx(25 * math.pi * 0.15**2 / 100, rel=0.2)


@pytest.mark.parametrize("name", ["ring", "grid", "gaussians"])
def test_real_data_holds_every_mode(name: str) -> None:
    data = DATASETS[name]()
    assert data.centres is not None
    assert data.std is not None
    assert isinstance(data.train, Tensor)
    modes, dimension = data.centres.shape
    report = mode_report(data.train, data.centres, data.std)
    assert (report.captured, report.missing) == (modes, ())
    # Within 3 std: erf(3 / sqrt 2) on the line, 1 - exp(-9 / 2) in the plane.
    expected = math.erf(3 / math.sqrt(2)) if dimension == 1 else 1.0 - math.exp(-4.5)
    assert report.high_quality == pytest.approx(expected, abs=0.003)
    # Its mean for a perfect sampler is (K - 1) / 2N.
    assert 0.0 <= report.reverse_kl < 3.0 * (modes - 1) / (2 * len(data.train)) + 1e-4


def test_three_std_inclusive_and_nearest() -> None:
    centres = torch.tensor([[0.0], [4.0]])
    # The balls overlap: 2.5 lies in both and belongs to the nearer centre, 4; 7 is on the edge, 7.5 outside.
    report = mode_report(torch.tensor([[2.5], [7.0], [7.5], [-3.0]]), centres, 1.0)
    assert report.high_quality == 0.75
    assert report.reverse_kl == pytest.approx(
        math.log(2) + (math.log(1 / 3) + 2 * math.log(2 / 3)) / 3, rel=1e-12
    )


def test_no_good_sample_at_all() -> None:
    report = mode_report(torch.full((10, 2), 99.0), GRID, 0.05)
    assert report == ModeReport(0, 0.0, math.inf, tuple(range(25)))


def test_samples_that_are_not_finite_are_near_no_mode() -> None:
    samples = planted([40] * 25)
    samples[0, 0], samples[1, 1] = math.nan, math.inf
    report = mode_report(samples, GRID, 0.05)
    assert (report.captured, report.high_quality) == (25, 0.998)
    assert mode_report(torch.full((10, 2), math.nan), GRID, 0.05).captured == 0


def test_takes_samples_with_a_graph_and_in_any_shape() -> None:
    samples = planted([40] * 25).requires_grad_()
    assert mode_report(samples, GRID, 0.05).captured == 25
    assert mode_report(samples.detach().reshape(-1, 1, 1, 2), GRID, 0.05).captured == 25


@pytest.mark.parametrize(
    ("samples", "centres", "std", "message"),
    [
        (torch.zeros(0, 2), GRID, 0.05, "samples has shape"),
        (torch.zeros(5, 3), GRID, 0.05, "3 numbers per row and a mode centre 2"),
        (torch.zeros(5, 2), GRID[:0], 0.05, "centres has shape"),
        (torch.zeros(5, 2), GRID * math.nan, 0.05, "centres holds NaN"),
        (torch.zeros(5, 2), GRID, 0.0, "std is 0.0"),
        (torch.zeros(5, 2), GRID, -1.0, "std is -1.0"),
        (torch.zeros(5, 2), GRID, math.nan, "std is nan"),
        (torch.zeros(5, 2), GRID, math.inf, "std is inf"),
    ],
)
def test_wrong_input_is_named(samples: Tensor, centres: Tensor, std: float, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        mode_report(samples, centres, std)


# The judge of classes ---------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    data = DATASETS["digits"]()
    assert isinstance(data.train, Tensor)
    assert data.labels is not None
    assert data.held_out_labels is not None
    return data.train, data.labels, data.held_out, data.held_out_labels


@pytest.fixture(scope="module")
def judge(digits: tuple[Tensor, Tensor, Tensor, Tensor]) -> ClassJudge:
    return class_judge(*digits)


Digits = tuple[Tensor, Tensor, Tensor, Tensor]


def test_the_digit_judge_is_right_on_held_out_rows(judge: ClassJudge, digits: Digits) -> None:
    assert 0.97 <= judge.accuracy <= 1.0
    report = judge.report(digits[2])
    assert (report.captured, report.missing) == (10, ())
    # The radius lets 95 % of the training rows pass, and about as many others.
    assert report.high_quality == pytest.approx(0.95, abs=0.03)
    assert report.reverse_kl < 0.05


def test_the_radius_is_the_quantile_of_real_to_real_distances(judge: ClassJudge, digits: Digits) -> None:
    # Third package: scikit-learn's neighbours; column 0 is the row itself.
    rows = digits[0].flatten(1).double().numpy()
    distances, _ = NearestNeighbors(n_neighbors=2, algorithm="kd_tree").fit(rows).kneighbors(rows)
    assert judge.high_quality_radius == pytest.approx(float(np.quantile(distances[:, 1], 0.95)), rel=1e-9)


def test_training_rows_are_all_good_and_fairly_shared(judge: ClassJudge, digits: Digits) -> None:
    report = judge.report(digits[0])
    assert (report.captured, report.high_quality) == (10, 1.0)
    assert report.reverse_kl < 1e-4


@pytest.mark.parametrize("dropped", [0, 7])
def test_a_dropped_digit_is_missing(judge: ClassJudge, digits: Digits, dropped: int) -> None:
    train, labels, _, _ = digits
    report = judge.report(train[labels != dropped])
    assert report.missing == (dropped,)
    share = (labels == dropped).double().mean().item()
    assert report.reverse_kl == pytest.approx(-math.log(1.0 - share), abs=2e-3)


def test_one_digit_copied(judge: ClassJudge, digits: Digits) -> None:
    report = judge.report(digits[0][:1].expand(500, 1, 8, 8))
    assert report.captured == 1
    assert digits[1][0].item() not in report.missing


def test_noise_and_the_mean_digit_capture_nothing(judge: ClassJudge, digits: Digits) -> None:
    noise = 2.0 * torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(4)) - 1.0
    assert judge.report(noise) == ModeReport(0, 0.0, math.inf, tuple(range(10)))
    assert judge.report(digits[0].mean(dim=0, keepdim=True).expand(50, 1, 8, 8)).captured == 0


def test_blur_lowers_quality_but_not_the_variety(judge: ClassJudge, digits: Digits) -> None:
    generator = torch.Generator().manual_seed(5)
    reports = [
        judge.report(digits[2] + s * torch.randn(397, 1, 8, 8, generator=generator)) for s in (0, 0.2, 0.4)
    ]
    shares = [report.high_quality for report in reports]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.5


def test_distances_in_blocks_are_the_same(
    judge: ClassJudge, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judge.report(digits[2])
    monkeypatch.setattr("ganscope.metrics.modes.BLOCK", 100)
    again = class_judge(*digits)
    assert again[1:] == judge[1:]
    assert again.report(digits[2]) == whole


def test_a_diverged_generator_captures_nothing(judge: ClassJudge) -> None:
    assert judge.report(torch.full((20, 1, 8, 8), math.nan)).captured == 0


Rows = NDArray[np.float64]


def clusters(counts: list[int], seed: int) -> tuple[Rows, NDArray[np.int64]]:
    """Separate clusters on the line at 0, 100, 200, ...: any classifier names them."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return 100.0 * labels[:, None] + np.random.default_rng(seed).normal(size=(len(labels), 1)), labels


def test_fair_shares_are_those_of_the_training_rows() -> None:
    rows, labels = clusters([100, 50, 50], seed=6)
    three = class_judge(rows, labels, rows, labels)
    assert three.accuracy == 1.0
    # 200 samples: fifths of the fair shares are 20, 10 and 10.
    samples = torch.tensor(np.concatenate([rows[:19], rows[100:110], np.repeat(rows[150:151], 171, axis=0)]))
    report = three.report(samples)
    assert report.missing == (0,)
    shares, fair = np.array([19, 10, 171]) / 200, np.array([0.5, 0.25, 0.25])
    assert report.reverse_kl == pytest.approx(float((shares * np.log(shares / fair)).sum()), rel=1e-12)
    assert class_judge(rows, labels, rows, labels).report(samples[1:]).missing == (0,)
    assert class_judge(rows, labels, rows, labels).report(torch.tensor(rows)).reverse_kl == 0.0


def test_only_samples_nearer_than_the_radius_count() -> None:
    # Neighbours are 1 apart throughout, so the radius is 1; a sample 1 away from its row is outside.
    rows = np.concatenate([np.arange(50.0), 500.0 + np.arange(50.0)])[:, None]
    labels = np.repeat([0, 1], 50)
    two = class_judge(rows, labels, rows, labels)
    assert two.high_quality_radius == 1.0
    report = two.report(torch.tensor([[-1.0], [-0.999], [549.999], [550.0]]))
    assert (report.high_quality, report.captured) == (0.5, 2)


def test_the_classifier_sees_only_training_rows() -> None:
    rows, labels = clusters([30, 30], seed=7)
    swapped = class_judge(rows, labels, rows, 1 - labels)
    assert swapped.accuracy == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.0]], [0], [[0.0]], [0]), "at least 2"),
        (([[0.0], [1.0]], [0], [[0.0]], [0]), "labels must be 2 whole numbers"),
        (([[0.0], [1.0]], [0, 0], [[0.0]], [0]), "two or more classes"),
        (([[0.0], [1.0]], [0, 2], [[0.0]], [0]), "2 classes and run up to 2"),
        (([[0.0], [1.0]], [0, 1], [[0.0]], [2]), "up to 2"),
        (([[0.0], [1.0]], [-1, 1], [[0.0]], [0]), "from 0 on"),
        (([[0.0], [1.0]], [0.5, 1], [[0.0]], [0]), "whole numbers"),
        (([[0.0], [1.0]], [0, 1], [[0.0, 1.0]], [0]), "held_out_rows hold 2 numbers"),
        (([[0.0], [math.nan]], [0, 1], [[0.0]], [0]), "train_rows holds NaN"),
    ],
)
def test_wrong_labels_are_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        class_judge(*arguments)


def test_samples_of_another_size_are_named(judge: ClassJudge) -> None:
    with pytest.raises(BadInput, match="9 numbers per row and a training row 64"):
        judge.report(torch.zeros(5, 1, 3, 3))
    with pytest.raises(BadInput, match="samples has shape"):
        judge.report(torch.zeros(0, 1, 8, 8))


# The judge of stacked digits --------------------------------------------------


@pytest.fixture(scope="module")
def stacked() -> Digits:
    data = DATASETS["stacked-digits"]()
    assert isinstance(data.train, Tensor)
    assert data.labels is not None
    assert data.held_out_labels is not None
    return data.train, data.labels, data.held_out, data.held_out_labels


@pytest.fixture(scope="module")
def thousand(stacked: Digits) -> ClassJudge:
    return stacked_judge(*stacked)


def test_the_stacked_judge_is_right_when_all_three_digits_are(
    thousand: ClassJudge, judge: ClassJudge, stacked: Digits, digits: Digits
) -> None:
    # Second source: a classifier of the 1,400 single digits, asked for each channel.
    single = SVC(C=10.0).fit(digits[0].flatten(1).numpy(), digits[1].numpy())
    read = single.predict(stacked[2].reshape(-1, 64).numpy()).reshape(-1, 3)
    told = np.array([[int(digit) for digit in f"{mode:03d}"] for mode in stacked[3].tolist()])
    assert thousand.accuracy == pytest.approx((read == told).all(axis=1).mean(), abs=0.002)
    assert thousand.accuracy == pytest.approx(judge.accuracy**3, abs=0.02)
    assert thousand.report(stacked[2]).high_quality == pytest.approx(0.95, abs=0.03)


def test_stacked_training_rows_hold_all_thousand_modes(thousand: ClassJudge, stacked: Digits) -> None:
    # One row of each mode: the divergence is that of equal shares to the training shares.
    firsts = [int((stacked[1] == mode).nonzero()[0]) for mode in range(1000)]
    report = thousand.report(stacked[0][firsts])
    assert report.high_quality == 1.0
    assert report.captured >= 990  # the classifier misreads a few of the rows it learned from
    shares = stacked[1].bincount().double() / len(stacked[1])
    assert report.reverse_kl == pytest.approx((0.001 * (0.001 / shares).log()).sum().item(), abs=0.02)


def test_stacked_modes_are_read_channel_by_channel(thousand: ClassJudge, stacked: Digits) -> None:
    rows, labels = stacked[0][:4000], stacked[1][:4000]
    # No 7 in the first channel: modes 700 .. 799 are gone.
    report = thousand.report(rows[labels // 100 != 7])
    assert set(range(700, 800)) <= set(report.missing)
    # All rows equal: one mode, whose number is the row's label.
    one = thousand.report(rows[:1].expand(200, 3, 8, 8))
    assert one.captured == 1
    assert set(range(1000)) - set(one.missing) == {int(labels[0])}
    # New combinations of training digits are real rows as well.
    mixed = torch.stack([rows[:500, 0], rows[500:1000, 1], rows[1000:1500, 2]], dim=1)
    assert thousand.report(mixed).high_quality == 1.0


def test_the_stacked_radius_adds_the_channels_squares(
    thousand: ClassJudge, judge: ClassJudge, stacked: Digits
) -> None:
    # Second source: scikit-learn's neighbours among the 1,400 single digits.
    images = stacked[0].double().reshape(-1, 64).numpy()
    single = np.unique(images, axis=0)
    distances, _ = NearestNeighbors(n_neighbors=2, algorithm="kd_tree").fit(single).kneighbors(single)
    known = {image.tobytes(): distance for image, distance in zip(single, distances[:, 1], strict=True)}
    rows = np.linalg.norm(np.array([known[image.tobytes()] for image in images]).reshape(-1, 3), axis=1)
    assert len(single) == 1400
    assert thousand.high_quality_radius == pytest.approx(float(np.quantile(rows, 0.95)), rel=1e-9)
    assert judge.high_quality_radius < thousand.high_quality_radius < math.sqrt(3) * judge.high_quality_radius


def test_stacked_noise_captures_nothing(thousand: ClassJudge) -> None:
    noise = 2.0 * torch.rand(100, 3, 8, 8, generator=torch.Generator().manual_seed(8)) - 1.0
    assert thousand.report(noise).captured == 0
    assert thousand.report(torch.full((5, 3, 8, 8), math.nan)).high_quality == 0.0


def test_rows_that_are_no_stacked_digits_are_named(digits: Digits) -> None:
    with pytest.raises(BadInput, match="stacked digits are rows"):
        stacked_judge(*digits)


def test_reports_leave_every_global_generator_alone(
    judge: ClassJudge, stacked: Digits, digits: Digits
) -> None:
    before = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()  # noqa: NPY002
    mode_report(planted([4] * 25), GRID, 0.05)
    judge.report(digits[2])
    class_judge(*digits)
    stacked_judge(*stacked).report(stacked[2][:50])
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


def test_judges_built_twice_agree(judge: ClassJudge, digits: Digits) -> None:
    again = class_judge(*digits)
    assert again[1:] == judge[1:]
    assert again.report(digits[2]) == judge.report(digits[2])


# The floor of the reverse KL ----


@pytest.mark.parametrize(("shares", "samples"), [((0.5, 0.5), 3), ((0.2, 0.3, 0.5), 6), ((0.6, 0.1, 0.3), 4)])
def test_the_floor_of_the_reverse_kl_is_the_mean_over_all_samples(
    shares: tuple[float, ...], samples: int
) -> None:
    # second source: every possible sequence of modes with its probability
    expected = 0.0
    for drawn in itertools.product(range(len(shares)), repeat=samples):
        held = Counter(drawn)
        probability = math.prod(shares[mode] for mode in drawn)
        expected += probability * sum(
            n / samples * math.log(n / samples / shares[mode]) for mode, n in held.items()
        )
    assert reverse_kl_floor(shares, samples) == pytest.approx(expected, rel=1e-12)
    assert reverse_kl_floor([7 * share for share in shares], samples) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("modes", [1, 2, 10, 1000])
def test_the_floor_of_the_reverse_kl_nears_its_expansion(modes: int) -> None:
    samples = 40 * modes
    floor = reverse_kl_floor([1 / modes] * modes, samples)
    assert floor == pytest.approx((modes - 1) / (2 * samples), rel=0.01, abs=1e-12)
    assert floor >= (modes - 1) / (2 * samples) * (1 - 1e-9)


def test_the_floor_of_the_reverse_kl_is_what_a_perfect_sampler_measures() -> None:
    rng = np.random.default_rng(0)
    centres = 100 * np.arange(12.0)[:, None]
    measured = [mode_report(centres[rng.integers(12, size=90)], centres, 1.0).reverse_kl for _ in range(400)]
    error = np.std(measured) / math.sqrt(len(measured))
    assert abs(np.mean(measured) - reverse_kl_floor([1] * 12, 90)) < 4 * error


@pytest.mark.parametrize(("shares", "samples"), [((0.5, 0.5), 0), ((1.0, 0.0), 5), ((1.0, -1.0), 5), ((), 5)])
def test_a_floor_of_nothing_is_refused(shares: tuple[float, ...], samples: int) -> None:
    with pytest.raises(BadInput, match="at least"):
        reverse_kl_floor(shares, samples)
