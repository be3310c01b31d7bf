"""One-sided label smoothing: the sums written out, the best discriminator, who may be smoothed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch.testing import assert_close

from ganscope.build.settings.no_effect import smoothable
from ganscope.contracts import BadInput
from ganscope.objectives import OBJECTIVES, smoothed
from tests.games import runs
from tests.objectives.exact import (
    EXTREMES,
    assert_losses,
    assert_slopes,
    every_pair,
    exact_log_sigmoid,
    exact_sigmoid,
)

AMOUNTS = [0.1, 0.25, 0.9]


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("dtype", EXTREMES)
@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_cross_entropy_against_the_label_one_minus_a(name: str, dtype: torch.dtype, amount: float) -> None:
    objective = smoothed(OBJECTIVES[name], amount)
    real, fake = every_pair(dtype)
    loss = objective.d_loss(real, fake)
    pairs = list(zip(real.tolist(), fake.tolist(), strict=True))
    by_hand = [
        -(1 - amount) * exact_log_sigmoid(r) - amount * exact_log_sigmoid(-r) - exact_log_sigmoid(-f)
        for r, f in pairs
    ]
    assert_losses(loss, torch.tensor(by_hand, dtype=dtype))
    d_real, d_fake = torch.autograd.grad(loss.sum(), (real, fake))
    # near the score where the two halves balance their difference is rounded
    target = torch.tensor([exact_sigmoid(r) - (1 - amount) for r, _ in pairs], dtype=dtype)
    assert_close(d_real, target, rtol=1e-5, atol=4 * torch.finfo(dtype).eps)
    assert_slopes(d_fake, torch.tensor([exact_sigmoid(f) for _, f in pairs], dtype=dtype))


@pytest.mark.parametrize("amount", AMOUNTS)
def test_least_squares_against_the_label_one_minus_a(amount: float) -> None:
    objective = smoothed(OBJECTIVES["least-squares"], amount)
    real, fake = every_pair(torch.float64)
    by_hand = [
        (r - (1 - amount)) ** 2 / 2 + f**2 / 2 for r, f in zip(real.tolist(), fake.tolist(), strict=True)
    ]
    assert_losses(objective.d_loss(real, fake), torch.tensor(by_hand, dtype=torch.float64))


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("name", smoothable())
def test_equilibrium_and_best_discriminator(name: str, amount: float) -> None:
    objective = smoothed(OBJECTIVES[name], amount)
    # weights of real and fake at one point: the best discriminator there says (1 - a) p / (p + q)
    for p, q in ((0.5, 0.5), (0.2, 0.7), (1.0, 0.1)):

        def loss(score: float, p: float = p, q: float = q) -> float:
            s, zero = torch.tensor([score, 0.0], dtype=torch.float64)
            constant = objective.d_loss(zero, zero)  # each half alone, up to a constant
            return float(
                p * (objective.d_loss(s, zero) - constant) + q * (objective.d_loss(zero, s) - constant)
            )

        best = minimize_scalar(loss, bounds=(-8, 8), method="bounded", options={"xatol": 1e-10})
        says = best.x if name == "least-squares" else 1 / (1 + math.exp(-best.x))
        assert says == pytest.approx((1 - amount) * p / (p + q), abs=1e-6)

    def alike(score: float) -> float:
        s = torch.full((2,), score, dtype=torch.float64)
        return float(objective.d_loss(s, s).mean())

    lowest = minimize_scalar(alike, bounds=(-8, 8), method="bounded", options={"xatol": 1e-10})
    assert objective.equilibrium == pytest.approx(lowest.fun, abs=1e-12)
    assert objective.equilibrium != OBJECTIVES[name].equilibrium


@pytest.mark.parametrize("name", OBJECTIVES)
def test_who_may_be_smoothed(name: str) -> None:
    objective = OBJECTIVES[name]
    assert smoothed(objective, 0.0) is objective
    if name in smoothable():
        assert smoothed(objective, 0.1).g_loss is objective.g_loss
        for amount in (-0.1, 1.0, math.nan):
            with pytest.raises(BadInput, match="smoothed by"):
                smoothed(objective, amount)
    else:
        with pytest.raises(BadInput, match="least-squares"):
            smoothed(objective, 0.1)


def test_a_built_game_has_the_smoothed_loss(tmp_path: Path) -> None:
    rules = runs(tmp_path, "minimax", label_smoothing=0.2).game.objective
    real, fake = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    assert_close(rules.d_loss(real, fake), OBJECTIVES["minimax"].d_loss(real, fake) + 0.2 * real)
