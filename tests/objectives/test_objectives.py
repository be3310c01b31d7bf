"""Objectives against closed forms, a slow decimal version and the literature's own definitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.testing import assert_close

from ganscope.contracts import BadInput, Objective
from ganscope.objectives import OBJECTIVES
from ganscope.objectives.f_gan import F_DIVERGENCES, bounded_exp
from tests.objectives.exact import (
    EXP_LIMIT,
    EXTREMES,
    assert_losses,
    assert_slopes,
    capped_exp,
    capped_exp_slope,
    every_pair,
    exact_log_sigmoid,
    exact_sigmoid,
)

NAMES = list(OBJECTIVES)
Scalar = Callable[[float, torch.dtype], float]
# name -> (real half, its slope, fake half, its slope, generator's loss, its slope) of the objectives whose
# sample loss is real half + fake half, from the papers' formulas and in plain floats.
HALVES: dict[str, tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]] = {
    "minimax": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
    "non-saturating": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: -exact_log_sigmoid(s),
        lambda s, _: -exact_sigmoid(-s),
    ),
    "wasserstein": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, _: s,
        lambda _s, _: 1.0,
        lambda s, _: -s,
        lambda _s, _: -1.0,
    ),
    "hinge": (
        lambda r, _: max(0.0, 1 - r),
        lambda r, _: -1.0 if r < 1 else 0.0,
        lambda s, _: max(0.0, 1 + s),
        lambda s, _: 1.0 if s > -1 else 0.0,
        lambda s, _: -s,
        lambda _s, _: -1.0,
    ),
    "least-squares": (
        lambda r, _: (r - 1) ** 2 / 2,
        lambda r, _: r - 1,
        lambda s, _: s**2 / 2,
        lambda s, _: s,
        lambda s, _: (s - 1) ** 2 / 2,
        lambda s, _: s - 1,
    ),
    "f-kl": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, d: capped_exp(s - 1, d),
        lambda s, d: capped_exp_slope(s - 1, d),
        lambda s, d: -capped_exp(s - 1, d),
        lambda s, d: -capped_exp_slope(s - 1, d),
    ),
    "f-reverse-kl": (
        lambda r, d: capped_exp(-r, d),
        lambda r, d: -capped_exp_slope(-r, d),
        lambda s, _: s - 1,
        lambda _s, _: 1.0,
        lambda s, _: 1 - s,
        lambda _s, _: -1.0,
    ),
    "f-pearson": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, _: s**2 / 4 + s,
        lambda s, _: s / 2 + 1,
        lambda s, _: -(s**2) / 4 - s,
        lambda s, _: -s / 2 - 1,
    ),
    "f-hellinger": (
        lambda r, d: capped_exp(-r, d) - 1,
        lambda r, d: -capped_exp_slope(-r, d),
        lambda s, d: capped_exp(s, d) - 1,
        capped_exp_slope,
        lambda s, d: 1 - capped_exp(s, d),
        lambda s, d: -capped_exp_slope(s, d),
    ),
    "f-js": (
        lambda r, _: -math.log(2) - exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -math.log(2) - exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: math.log(2) + exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
    "f-gan": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
}


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


# ---- f-GAN: the divergences' generating functions, written here again from the paper's table 6 ----

F_GENERATORS: dict[str, Callable[[float], float]] = {
    "kl": lambda u: u * math.log(u),
    "reverse-kl": lambda u: -math.log(u),
    "pearson": lambda u: (u - 1) ** 2,
    "hellinger": lambda u: (math.sqrt(u) - 1) ** 2,
    "js": lambda u: u * math.log(u) - (u + 1) * math.log((1 + u) / 2),
    "gan": lambda u: u * math.log(u) - (u + 1) * math.log(u + 1),
}
F_SLOPES: dict[str, Callable[[float], float]] = {
    "kl": lambda u: math.log(u) + 1,
    "reverse-kl": lambda u: -1 / u,
    "pearson": lambda u: 2 * (u - 1),
    "hellinger": lambda u: 1 - 1 / math.sqrt(u),
    "js": lambda u: math.log(2 * u / (1 + u)),
    "gan": lambda u: math.log(u / (1 + u)),
}
# the raw output that attains the divergence: g_f(v) = f'(u)
BEST_OUTPUT: dict[str, Callable[[float], float]] = {
    "kl": lambda u: 1 + math.log(u),
    "reverse-kl": math.log,
    "pearson": lambda u: 2 * (u - 1),
    "hellinger": lambda u: math.log(u) / 2,
    "js": math.log,
    "gan": math.log,
}


@pytest.mark.parametrize("name", F_DIVERGENCES)
@pytest.mark.parametrize("output", [-3.0, -0.7, 0.0, 0.4, 2.0])
def test_conjugate_is_the_supremum(name: str, output: float) -> None:
    divergence, f = F_DIVERGENCES[name], F_GENERATORS[name]
    t = float(divergence.activation(torch.tensor(output, dtype=torch.float64)))

    def minus_gain(log_u: float) -> float:
        u = math.exp(log_u)
        return f(u) - u * t

    # Pearson: for t < -2 the supremum over u >= 0 is at u = 0; table 6 takes f on all of R, so do we
    if name == "pearson":
        best = -minimize_scalar(lambda u: f(u) - u * t, bounds=(-50, 50), method="bounded").fun
    else:
        best = -minimize_scalar(minus_gain, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10}).fun
    conjugate = divergence.conjugate(torch.tensor(t, dtype=torch.float64))
    assert float(conjugate) == pytest.approx(best, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_composition_and_inverse_slope(name: str) -> None:
    divergence = F_DIVERGENCES[name]
    v = torch.linspace(-8, 8, 65, dtype=torch.float64)
    t = divergence.activation(v)
    assert bool((t.diff() > 0).all())  # a larger output always speaks for real
    assert_close(divergence.composed(v), divergence.conjugate(t), rtol=1e-9, atol=1e-9)
    # f' and (f*)' are inverse to each other: the best output for the ratio u gives back u
    for u in (0.1, 0.5, 1.0, 3.0):
        output = torch.tensor(BEST_OUTPUT[name](u), dtype=torch.float64)
        best = divergence.activation(output)
        assert float(best) == pytest.approx(F_SLOPES[name](u), rel=1e-12, abs=1e-12)
        best.requires_grad_()
        (slope,) = torch.autograd.grad(divergence.conjugate(best), best)
        assert float(slope) == pytest.approx(u, rel=1e-12)


P = np.array([0.5, 0.3, 0.15, 0.05])
Q = np.array([0.1, 0.2, 0.3, 0.4])


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    m = (p + q) / 2
    return float((p * np.log(p / m)).sum() / 2 + (q * np.log(q / m)).sum() / 2)


# closed forms of the divergences themselves, with P real and Q generated
DIVERGENCES: dict[str, float] = {
    "f-kl": float((P * np.log(P / Q)).sum()),
    "f-reverse-kl": float((Q * np.log(Q / P)).sum()),
    "f-pearson": float(((P - Q) ** 2 / Q).sum()),
    "f-hellinger": float(((np.sqrt(P) - np.sqrt(Q)) ** 2).sum()),
    "f-js": 2 * jensen_shannon(P, Q),
    "f-gan": 2 * jensen_shannon(P, Q) - 2 * math.log(2),
    # and of the classic objectives: Goodfellow 2014 thm 1; Lim and Ye 2017: hinge is total variation;
    # Mao 2017: D* = p / (p + q)
    "minimax": 2 * jensen_shannon(P, Q) - 2 * math.log(2),
    "hinge": float(np.abs(P - Q).sum()) - 2,
    "least-squares": -float((P * Q / (P + Q)).sum()) / 2,
}
BEST: dict[str, Callable[[float], float]] = {
    **{f"f-{name}": output for name, output in BEST_OUTPUT.items()},
    "minimax": math.log,
    "hinge": lambda u: 1.0 if u > 1 else -1.0,
    "least-squares": lambda u: u / (1 + u),
}


def mean_d_loss(objective: Objective, outputs: Tensor) -> Tensor:
    """E d_loss over independent real ~ P and fake ~ Q, for an output per atom."""
    p, q = torch.from_numpy(P), torch.from_numpy(Q)
    real, fake = torch.cartesian_prod(outputs, outputs).unbind(1)
    return (torch.outer(p, q).flatten() * objective.d_loss(real, fake)).sum()


@pytest.mark.parametrize("name", DIVERGENCES)
def test_optimal_discriminator_attains_the_divergence(name: str) -> None:
    objective = OBJECTIVES[name]
    outputs = torch.tensor([BEST[name](u) for u in P / Q], dtype=torch.float64, requires_grad=True)
    loss = mean_d_loss(objective, outputs)
    assert -loss.item() == pytest.approx(DIVERGENCES[name], rel=1e-12)
    if name != "hinge":  # there the optimum sits on the kink
        (slope,) = torch.autograd.grad(loss, outputs)
        assert_close(slope, torch.zeros_like(slope), atol=1e-14, rtol=0)
    # a lower bound for every other discriminator
    rng = torch.Generator().manual_seed(3)
    for _ in range(50):
        other = outputs.detach() + torch.randn(4, generator=rng, dtype=torch.float64)
        assert float(-mean_d_loss(objective, other)) < DIVERGENCES[name]


def test_minimax_f_gan_and_js_are_one_game() -> None:
    real, fake = every_pair(torch.float64)
    minimax, gan, js = (OBJECTIVES[name] for name in ("minimax", "f-gan", "f-js"))
    assert_close(gan.d_loss(real, fake), minimax.d_loss(real, fake))
    assert_close(gan.g_loss(real, fake), minimax.g_loss(real, fake))
    assert_close(js.d_loss(real, fake), minimax.d_loss(real, fake) - 2 * math.log(2), atol=1e-12, rtol=1e-12)


def test_bounded_exp_is_exp_then_its_tangent() -> None:
    limit = EXP_LIMIT[torch.float64]
    x = torch.tensor([-1000.0, -1.0, 0.0, 600.0, limit, limit + 1, limit + 100, 1e4], dtype=torch.float64)
    x.requires_grad_()
    y = bounded_exp(x)
    assert_close(y[:5], x[:5].exp(), rtol=1e-15, atol=0)
    assert_close(y[5] / y[4], torch.tensor(2.0, dtype=torch.float64))
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert_close(slope, x.detach().clamp(max=limit).exp(), rtol=1e-12, atol=0)
    assert bool(bounded_exp(torch.tensor([1e3], dtype=torch.float32)).isfinite())


# ---- the contract, over all members ----


def test_the_members_are_the_promised_ones() -> None:
    promised = [
        *("minimax", "non-saturating", "wasserstein", "hinge", "least-squares", "relativistic"),
        *("relativistic-average", "f-kl", "f-reverse-kl", "f-pearson", "f-hellinger", "f-js", "f-gan"),
    ]
    assert promised == NAMES
    assert [name for name in NAMES if OBJECTIVES[name].needs_lipschitz] == ["wasserstein"]
    assert [name for name in NAMES if OBJECTIVES[name].bounded] == [
        "minimax",
        "non-saturating",
        "f-js",
        "f-gan",
    ]


@pytest.mark.parametrize("dtype", EXTREMES)
@pytest.mark.parametrize("name", NAMES)
def test_contract_shape_dtype_and_finite_everywhere(name: str, dtype: torch.dtype) -> None:
    objective = OBJECTIVES[name]
    real, fake = every_pair(dtype)
    for loss in (objective.d_loss(real, fake), objective.g_loss(real, fake)):
        assert loss.shape == real.shape
        assert loss.dtype == dtype
        assert bool(loss.isfinite().all())
        gradients = torch.autograd.grad(loss.mean(), (real, fake), allow_unused=True)
        assert all(gradient is None or bool(gradient.isfinite().all()) for gradient in gradients)
    for shape in ((7,), (2, 7), (2, 3, 7), (1,)):
        logits = torch.linspace(-2, 2, math.prod(shape), dtype=dtype).reshape(shape)
        assert objective.d_loss(logits, -logits).shape == shape
        assert objective.g_loss(logits, -logits).shape == shape


@pytest.mark.parametrize("name", NAMES)
def test_contract_gradients_by_central_differences(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(1)
    real = torch.randn(6, generator=rng, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(6, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(objective.d_loss, (real, fake))
    assert torch.autograd.gradcheck(lambda f: objective.g_loss(real.detach(), f), (fake,))


@pytest.mark.parametrize("name", NAMES)
def test_contract_a_better_discriminator_has_a_lower_loss(name: str) -> None:
    """The sign: `real` is the one pushed up, and the generator wants `fake` up."""
    objective = OBJECTIVES[name]
    zero = torch.zeros(4, dtype=torch.float64)
    # inside every objective's useful range: least squares wants real nearer 1 and fake nearer 0
    low, high = zero + 0.2, zero + 0.7
    assert bool((objective.d_loss(high, low) < objective.d_loss(low, high)).all())
    assert bool((objective.g_loss(low, high) < objective.g_loss(low, low)).all())


@pytest.mark.parametrize("name", NAMES)
def test_contract_only_relativistic_generators_look_at_real(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(2)
    real, other, fake = torch.randn(3, 8, generator=rng)
    depends = not torch.equal(objective.g_loss(real, fake), objective.g_loss(other, fake))
    assert depends == name.startswith("relativistic")


@pytest.mark.parametrize("name", NAMES)
def test_contract_coupled_tells_the_truth(name: str) -> None:
    """Perturb one sample: the losses of the others move if and only if the objective is marked coupled."""
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(4)
    real, fake = torch.randn(2, 8, generator=rng, dtype=torch.float64)
    others = torch.arange(8) != 3
    for loss in (objective.d_loss, objective.g_loss):
        before = loss(real, fake)
        for kind in range(2):
            moved = [real.clone(), fake.clone()]
            moved[kind][3] += 0.5
            changed = loss(*moved)[others] != before[others]
            assert bool(changed.all() if objective.coupled else not changed.any())


@pytest.mark.parametrize("name", NAMES)
def test_contract_permutation_and_batch_size(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(5)
    real, fake = torch.randn(2, 16, generator=rng, dtype=torch.float64)
    order = torch.randperm(16, generator=rng)
    for loss in (objective.d_loss, objective.g_loss):
        whole = loss(real, fake)
        assert_close(loss(real[order], fake[order]), whole[order])
        if not objective.coupled:
            assert torch.equal(torch.cat([loss(real[:5], fake[:5]), loss(real[5:], fake[5:])]), whole)


@pytest.mark.parametrize("name", NAMES)
def test_contract_stacked_runs_stay_apart(name: str) -> None:
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(6)
    real, fake = torch.randn(2, 3, 8, generator=rng, dtype=torch.float64)
    for loss in (objective.d_loss, objective.g_loss):
        stacked = loss(real, fake)
        alone = torch.stack([loss(real[k], fake[k]) for k in range(3)])
        assert torch.equal(stacked, alone)
        assert_close(torch.func.vmap(loss)(real, fake), alone)

        for bad in (math.nan, math.inf):
            sick_real, sick_fake = real.clone(), fake.clone()
            sick_real[0], sick_fake[0] = bad, bad
            sick_real.requires_grad_()
            sick_fake.requires_grad_()
            sick = loss(sick_real, sick_fake)
            assert torch.equal(sick[1:], stacked[1:])
            gradients = torch.autograd.grad(sick.sum(), (sick_real, sick_fake), allow_unused=True)
            assert all(g is None or bool(g[1:].isfinite().all()) for g in gradients)


@pytest.mark.parametrize("name", NAMES)
def test_contract_works_under_torch_func(name: str) -> None:
    """The stacked step differentiates under vmap: same numbers as ordinary autograd."""
    objective = OBJECTIVES[name]
    rng = torch.Generator().manual_seed(7)
    real, fake = torch.randn(2, 3, 8, generator=rng, dtype=torch.float64)
    for loss in (objective.d_loss, objective.g_loss):

        def mean_loss(r: Tensor, f: Tensor, loss: Callable[[Tensor, Tensor], Tensor] = loss) -> Tensor:
            return loss(r, f).mean()

        batched = torch.func.vmap(torch.func.grad(mean_loss, argnums=1))(real, fake)
        leaf = fake.clone().requires_grad_()
        (ordinary,) = torch.autograd.grad(loss(real, leaf).mean(-1).sum(), leaf)
        assert_close(batched, ordinary)


@pytest.mark.parametrize("name", NAMES)
def test_contract_refuses_logits_that_would_broadcast(name: str) -> None:
    with pytest.raises(BadInput, match=r"\(8, 1\).*\(8,\)"):
        OBJECTIVES[name].d_loss(torch.zeros(8, 1), torch.zeros(8))
