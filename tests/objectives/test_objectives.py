"""Objectives against closed forms, a slow decimal version and the literature's own definitions."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.testing import assert_close

from ganscope.objectives import OBJECTIVES
from tests.objectives.exact import (
    EXTREMES,
    assert_losses,
    assert_slopes,
    every_pair,
    exact_log_sigmoid,
    exact_sigmoid,
)
from tests.objectives.halves import HALVES, NAMES, Scalar


@pytest.mark.parametrize("dtype", EXTREMES)
@pytest.mark.parametrize("name", HALVES)
def test_losses_and_gradients_equal_the_papers_formulas_at_extreme_logits(
    name: str, dtype: torch.dtype
) -> None:
    objective, halves = OBJECTIVES[name], HALVES[name]
    real, fake = every_pair(dtype)
    r_of, dr_of, s_of, ds_of, g_of, dg_of = halves

    def column(function: Scalar, logits: Tensor) -> Tensor:
        return torch.tensor([function(v, dtype) for v in logits.tolist()], dtype=dtype)

    d = objective.d_loss(real, fake)
    assert_losses(d, column(r_of, real) + column(s_of, fake))
    d_real, d_fake = torch.autograd.grad(d.sum(), (real, fake))
    assert_slopes(d_real, column(dr_of, real))
    assert_slopes(d_fake, column(ds_of, fake))

    g = objective.g_loss(real, fake)
    assert_losses(g, column(g_of, fake))
    (g_fake,) = torch.autograd.grad(g.sum(), fake)
    assert_slopes(g_fake, column(dg_of, fake))


@pytest.mark.parametrize("dtype", EXTREMES)
def test_paired_relativistic_formula(dtype: torch.dtype) -> None:
    real, fake = every_pair(dtype)
    objective = OBJECTIVES["relativistic"]
    gaps = [r - f for r, f in zip(real.tolist(), fake.tolist(), strict=True)]
    rank_real = torch.tensor([exact_sigmoid(-gap) for gap in gaps], dtype=dtype)
    rank_fake = torch.tensor([exact_sigmoid(gap) for gap in gaps], dtype=dtype)

    d = objective.d_loss(real, fake)
    assert_losses(d, torch.tensor([-exact_log_sigmoid(gap) for gap in gaps], dtype=dtype))
    d_real, d_fake = torch.autograd.grad(d.sum(), (real, fake))
    assert_slopes(d_real, -rank_real)
    assert_slopes(d_fake, rank_real)

    g = objective.g_loss(real, fake)
    assert_losses(g, torch.tensor([-exact_log_sigmoid(-gap) for gap in gaps], dtype=dtype))
    g_real, g_fake = torch.autograd.grad(g.sum(), (real, fake))
    assert_slopes(g_real, rank_fake)
    assert_slopes(g_fake, -rank_fake)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1000.0])
def test_average_relativistic_formula_by_loops(scale: float) -> None:
    # second source: the paper's eqs. 14 and 15, sample by sample, in decimal
    rng = torch.Generator().manual_seed(0)
    real = (scale * (2 * torch.rand(5, generator=rng, dtype=torch.float64) - 1)).requires_grad_()
    fake = (scale * (2 * torch.rand(5, generator=rng, dtype=torch.float64) - 1)).requires_grad_()
    mean_real, mean_fake = sum(real.tolist()) / 5, sum(fake.tolist()) / 5
    objective = OBJECTIVES["relativistic-average"]

    expected_d, expected_g = [], []
    for r, f in zip(real.tolist(), fake.tolist(), strict=True):
        expected_d.append(-exact_log_sigmoid(r - mean_fake) - exact_log_sigmoid(-(f - mean_real)))
        expected_g.append(-exact_log_sigmoid(f - mean_real) - exact_log_sigmoid(-(r - mean_fake)))
    d, g = objective.d_loss(real, fake), objective.g_loss(real, fake)
    assert_close(d, torch.tensor(expected_d, dtype=torch.float64), rtol=1e-12, atol=1e-12)
    assert_close(g, torch.tensor(expected_g, dtype=torch.float64), rtol=1e-12, atol=1e-12)

    # d/dfake_j of the mean generator loss: own term, and 1/B of all real terms through mean(fake)
    (g_fake,) = torch.autograd.grad(g.mean(), fake)
    through_mean = sum(exact_sigmoid(r - mean_fake) for r in real.tolist()) / 5
    expected = [(-exact_sigmoid(mean_real - f) - through_mean) / 5 for f in fake.tolist()]
    assert_close(g_fake, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", EXTREMES)
def test_the_generators_slope_has_the_name_it_bears(dtype: torch.dtype) -> None:
    """Saturating: the gradient dies where D wins. Non-saturating: it is -1 there."""
    logits = torch.tensor([-100.0, 0.0, 100.0], dtype=dtype, requires_grad=True)
    (saturating,) = torch.autograd.grad(OBJECTIVES["minimax"].g_loss(logits, logits).sum(), logits)
    (flipped,) = torch.autograd.grad(OBJECTIVES["non-saturating"].g_loss(logits, logits).sum(), logits)
    assert -1e-43 <= saturating[0].item() <= 0
    assert saturating[1].item() == -0.5
    assert saturating[2].item() == -1
    assert flipped[0].item() == -1
    assert flipped[1].item() == -0.5
    assert -1e-43 <= flipped[2].item() <= 0


EQUILIBRIA = {
    "minimax": 2 * math.log(2),
    "non-saturating": 2 * math.log(2),
    "wasserstein": 0.0,
    "hinge": 2.0,
    "least-squares": 0.25,
    "relativistic": math.log(2),
    "relativistic-average": 2 * math.log(2),
    "f-kl": 0.0,
    "f-reverse-kl": 0.0,
    "f-pearson": 0.0,
    "f-hellinger": 0.0,
    "f-js": 0.0,
    "f-gan": 2 * math.log(2),
}


@pytest.mark.parametrize("name", NAMES)
def test_equilibrium_is_the_best_loss_of_a_discriminator_that_cannot_tell(name: str) -> None:
    objective = OBJECTIVES[name]
    assert objective.equilibrium == EQUILIBRIA[name]

    def constant_discriminator(score: float) -> float:
        logits = torch.full((3,), score, dtype=torch.float64)
        return float(objective.d_loss(logits, logits).mean())

    best = minimize_scalar(constant_discriminator, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})
    assert best.fun == pytest.approx(EQUILIBRIA[name], abs=1e-12)
