"""The judge of a thousand stacked digits, channel by channel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC

from ganscope.contracts import BadInput
from ganscope.metrics import ClassJudge, stacked_judge
from tests.metrics.labelled import Digits


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
