"""Wrong calls of what is measured from samples and critics: one sentence with the remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import ganscope as gs
from tests.journeys.sentences import assert_a_clear_sentence


def linear(x: torch.Tensor) -> torch.Tensor:
    return x.sum(1)


ROWS, HOLED = torch.arange(12.0).reshape(6, 2), torch.full((6, 2), torch.nan)
MIXING = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
MEASURES: dict[str, tuple[Callable[[], object], list[str]]] = {
    "slopes at NaN": (lambda: gs.lipschitz.estimate(linear, HOLED), ["points holds NaN", "remove"]),
    "slope of one row": (lambda: gs.lipschitz.estimate(linear, ROWS[:1]), ["(1, 2)", "at least two"]),
    "slopes of a mixing critic": (
        lambda: gs.lipschitz.estimate(MIXING, ROWS),
        ["BatchNorm, which mixes the rows of a batch", "critic.eval()"],
    ),
    "bounds of a mixing critic": (
        lambda: gs.lipschitz.wasserstein_bounds(lambda x: x.sum(1) - x.mean(), ROWS, ROWS.flip(1)),
        ["changes with the rest of its batch", "remove that layer"],
    ),
    "bounds at NaN": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, HOLED),
        ["fake holds NaN", "remove"],
    ),
    "bounds in two spaces": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, ROWS[:, :1]),
        ["(2,)", "(1,)", "same space"],
    ),
    "bounds of one row": (
        lambda: gs.lipschitz.wasserstein_bounds(linear, ROWS, ROWS[:1]),
        ["fake has shape (1, 2)", "at least two"],
    ),
    "spectral norm of nothing": (
        lambda: gs.lipschitz.spectral_norm(nn.Sequential(nn.ReLU())),
        ["no linear or convolution layer"],
    ),
    "orthogonal LayerNorm": (
        lambda: gs.lipschitz.orthogonal(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4)), (2,)),
        ["LayerNorm", "no orthogonal counterpart", "spectral normalisation"],
    ),
    "k as many as rows": (lambda: gs.metrics.prdc(ROWS, ROWS, k=6), ["k is 6", "6 real", "lower k"]),
    "KID of one row": (lambda: gs.metrics.kid(ROWS[:1], ROWS), ["real has shape (1, 2)", "at least 2"]),
    "Frechet distance of NaN": (lambda: gs.metrics.frechet_distance(ROWS, HOLED), ["fake holds NaN"]),
    "sliced W1 in two spaces": (lambda: gs.metrics.sliced_w1(ROWS, ROWS[:, :1]), ["2 numbers", "same space"]),
    "sliced W1 without a slice": (
        lambda: gs.metrics.sliced_w1(ROWS, ROWS, projections=0),
        ["projections is 0", "at least 1"],
    ),
    "EMD of NaN": (lambda: gs.metrics.emd(HOLED, ROWS), ["x holds NaN"]),
    "floor of no sample": (lambda: gs.metrics.reverse_kl_floor([1, 1], 0), ["0 samples", "at least one"]),
}


@pytest.mark.parametrize("case", MEASURES)
def test_measures(case: str) -> None:
    call, words = MEASURES[case]
    with pytest.raises(gs.BadInput) as complaint:
        call()
    assert_a_clear_sentence(str(complaint.value), words)
