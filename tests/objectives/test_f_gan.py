"""f-GANs: conjugates, and the divergences their best discriminators attain."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.testing import assert_close

from ganscope.contracts import Objective
from ganscope.objectives import OBJECTIVES
from ganscope.objectives.f_gan import F_DIVERGENCES, bounded_exp
from tests.objectives.exact import (
    EXP_LIMIT,
    every_pair,
)

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
