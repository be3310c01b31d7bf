"""What the diagnosis measures: each number against a closed form or a second, independent computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

import ganscope as gs
from ganscope.diagnose.measure import balance, collapse, slopes, swing
from ganscope.diagnose.measure.anatomy import alignment, dissect, loss_factors
from ganscope.diagnose.measure.players import parts_of, player, sample_of, trainable
from ganscope.objectives import OBJECTIVES


def rows(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("ties", [False, True])
def test_auc_is_the_rank_sum(ties: bool) -> None:
    real, fake = rows(70, 1)[:, 0], rows(50, 1, 1)[:, 0] - 0.3
    if ties:
        real, fake = real.round(), fake.round()
    ranks = rankdata(torch.cat([real, fake]).numpy())
    by_ranks = (ranks[:70].sum() - 70 * 71 / 2) / 70 / 50  # Mann and Whitney
    assert balance.auc(real, fake) == pytest.approx(by_ranks, abs=1e-12)
    assert balance.auc(real, real) == pytest.approx(0.5)


def test_auc_error_is_what_scores_of_no_meaning_spread() -> None:
    draws = [balance.auc(rows(60, 1, s)[:, 0], rows(40, 1, 1000 + s)[:, 0]) for s in range(400)]
    assert np.std(draws) == pytest.approx(balance.auc_error(60, 40), rel=0.12)


@pytest.mark.parametrize(("shift", "low", "high"), [(0.0, 0.35, 0.65), (1.0, 0.62, 0.9), (6.0, 0.999, 1.0)])
def test_a_fresh_discriminator_finds_what_there_is(shift: float, low: float, high: float) -> None:
    x, y = rows(200, 2).double(), rows(200, 2, 1).double() + torch.tensor([shift, 0.0])
    found = balance.fresh_auc(torch.cdist(x, x), torch.cdist(x, y), torch.cdist(y, y))
    best = 0.5 * (1 + math.erf(shift / 2))  # of the linear score, optimal for two Gaussians
    assert low <= found <= high
    assert found <= best + 4 * balance.auc_error(100, 100)


@pytest.mark.parametrize("logit", [-300.0, -30.0, -1.0, 0.0, 2.0, 30.0])
def test_loss_factors_follow_the_closed_forms(logit: float) -> None:
    s = [torch.full((4, 1), logit)]
    p = 1 / (1 + math.exp(-logit))
    q = 1 / (1 + math.exp(logit))
    for name, slope in (("minimax", p), ("non-saturating", q), ("wasserstein", 1.0)):
        found = loss_factors(OBJECTIVES[name], s, s)
        assert found["logit_slope"] == pytest.approx(slope, rel=1e-9)
        if name != "wasserstein":
            assert found["dp_ds"] == pytest.approx(p * q, rel=1e-9)
            assert found["dl_dp"] == pytest.approx(1 / q if name == "minimax" else 1 / p, rel=1e-9)


def test_anatomy_of_linear_networks_is_exact() -> None:
    generator, critic = nn.Linear(3, 2, bias=False), nn.Linear(2, 1)
    latent = rows(16, 3)
    g, d = (player(m, trainable(m)) for m in (generator, critic))
    found = dissect(
        lambda: g(latent),
        lambda x: parts_of(d(x), 16),
        [torch.zeros(16, 1)],
        g,
        d,
        OBJECTIVES["wasserstein"],
        2.0,
    ).values
    w = critic.weight.detach().norm().item()
    assert found["critic_slope"] == pytest.approx(2 * w, rel=1e-6)
    assert found["signal"] == pytest.approx(2 * w, rel=1e-6)
    assert found["cancellation"] == pytest.approx(1.0, rel=1e-6)
    by_hand = (critic.weight.detach().T @ latent.mean(0)[None]).norm().item()
    assert found["generator_gradient"] == pytest.approx(by_hand, rel=1e-5)
    (layer,) = found["generator_layers"]
    assert layer[1] == pytest.approx(by_hand / generator.weight.detach().norm().item(), rel=1e-5)
    assert found["zeros"] == found["dead"] == 0


def test_critic_layers_are_the_norms_that_hooks_see() -> None:
    critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    generator = nn.Linear(3, 2)
    latent = rows(9, 3)
    g, d = (player(m, trainable(m)) for m in (generator, critic))
    found = dissect(
        lambda: g(latent), lambda x: parts_of(d(x), 9), [torch.zeros(9, 1)], g, d, OBJECTIVES["hinge"], 1.0
    ).values
    h = generator(latent).detach()
    norms = []
    for depth in (0, 2, 4):
        first = critic[: depth + 1](h).detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic[depth + 1 :](first).sum(), first)
        norms.append(float(slope.norm(dim=1).median()))
    assert [name for name, _ in found["critic_layers"]] == ["4", "2", "0"]
    assert [value for _, value in found["critic_layers"]] == pytest.approx(norms[::-1], rel=1e-5)


def test_alignment_has_a_sign() -> None:
    before, slope = [rows(3, 4)], [rows(3, 4, 1)]
    down = alignment(slope, before, [before[0] - 0.1 * slope[0]])
    up = alignment(slope, before, [before[0] + 0.1 * slope[0]])
    assert down[0] == pytest.approx(1.0, abs=1e-6)
    assert up[0] == pytest.approx(-1.0, abs=1e-6)
    assert alignment(slope, before, before) == (None, 0.0)


def test_diversity_agrees_with_the_metrics() -> None:
    real, fake = rows(300, 2), 1.3 * rows(150, 2, 1)
    prepared = collapse.prepare(real)
    assert prepared is not None
    found = collapse.measure(prepared, fake)
    expected = gs.metrics.prdc(prepared.rows, fake)
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name] == pytest.approx(getattr(expected, name), abs=1e-12), name


def test_null_bands_hold_fresh_real_rows() -> None:
    """A second, independent sample of the same distribution lies inside the band of every statistic."""
    prepared = collapse.prepare(rows(1000, 2))
    assert prepared is not None
    for seed in range(3):
        found = collapse.measure(prepared, rows(500, 2, 100 + seed))
        for name, (mean, sd) in prepared.nulls.items():
            assert abs(found[name] - mean) < 5 * sd + 0.01, (name, found[name], mean, sd)
        assert found["missing"] == []


def test_a_missing_mode_is_named_by_a_real_row_of_it() -> None:
    data = gs.data.DATASETS["grid"]()
    assert data.centres is not None
    assert isinstance(data.train, Tensor)
    real = data.train[:1000]
    nearest = torch.cdist(data.train, data.centres).argmin(1)
    fake = data.train[nearest != 3][1000:1500]
    prepared = collapse.prepare(real)
    assert prepared is not None
    found = collapse.measure(prepared, fake)
    assert found["starved"] > 0.02
    owners = torch.cdist(real[[prepared.exemplars[k] for k in found["missing"]]], data.centres).argmin(1)
    assert set(owners.tolist()) == {3}


@pytest.mark.parametrize("every", [1, 10])
def test_a_swing_is_measured(every: int) -> None:
    t = np.arange(400)
    noise = np.random.default_rng(0).normal(size=400)
    series = 0.7 * np.sin(2 * np.pi * t / 40) + 0.1 * noise + 0.01 * t
    found = swing.swing([[x, 0.0] for x in series], every)
    assert found is not None
    assert found.period == pytest.approx(40 * every, abs=2 * every)
    assert found.amplitude == pytest.approx(0.7, rel=0.1)
    assert found.concentration > 0.9
    assert abs(found.growth) < 0.1


@pytest.mark.parametrize(("rate", "sign"), [(-0.01, -1), (0.01, 1)])
def test_damped_and_growing_swings_differ(rate: float, sign: int) -> None:
    t = np.arange(400)
    found = swing.swing([[x] for x in np.exp(rate * t) * np.sin(2 * np.pi * t / 40)], 1)
    assert found is not None
    assert found.growth == pytest.approx(rate * 40, rel=0.3)
    assert math.copysign(1, found.growth) == sign


def test_slopes_of_a_linear_critic() -> None:
    weight = torch.tensor([[3.0], [4.0]])
    assert slopes.slope_quantiles(lambda x: [x @ weight], rows(9, 2)) == pytest.approx([5.0] * 3)
    patches = slopes.slope_quantiles(lambda x: [torch.cat([x @ weight, 0 * x], 1)], rows(9, 2))
    assert patches == pytest.approx([5 / 3] * 3)  # of the mean over three patches


def test_results_of_many_shapes_are_read() -> None:
    n, image = 4, (3, 8, 8)
    assert sample_of((torch.zeros(n, 9), torch.ones(n, *image)), image).shape == (n, *image)
    patch, score = torch.zeros(n, 1, 2, 2), torch.zeros(n, 1)
    assert [p.shape for p in parts_of(patch, n)] == [(n, 4)]
    assert [p.shape for p in parts_of([patch, score], n)] == [(n, 4), (n, 1)]
    assert [p.shape for p in parts_of([[patch, score], [score, patch]], n)] == [(n, 1), (n, 4)]
    assert [p.shape for p in parts_of((score, [patch, patch]), n)] == [(n, 1)]
    assert [p.shape for p in parts_of({"features": patch, "logits": score}, n)] == [(n, 1)]
