"""The judge of ten digits, and of clusters: radius, fair shares, planted failures."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from ganscope.contracts import BadInput, ModeReport
from ganscope.metrics import ClassJudge, class_judge, mode_report, stacked_judge
from tests.metrics.labelled import Digits
from tests.metrics.planted import GRID, planted


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
