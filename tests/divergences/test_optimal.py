"""The optimal discriminator and the generator's gradient, against the library's own losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch

import ganscope as gs
from ganscope.divergences import (
    OPTIMA,
    Dirac,
    Discrete,
    Distribution,
    Gaussian,
    Mixture,
    Uniform,
    generator_gradient,
    js,
    kl,
    landscape,
    optimal_discriminator,
    shifted,
    tv,
    w1,
)
from tests.divergences.zoo import LOG_2, NARROW, TWO, WIDE, density


def test_optimal_discriminator_is_the_best_of_its_neighbours() -> None:
    p, q = TWO, WIDE
    best = optimal_discriminator(p, q)

    def cross_entropy(discriminator: Any) -> float:
        x = np.linspace(-20, 20, 20_001)
        d = np.clip(discriminator(x), 1e-300, 1 - 1e-16)
        real, fake = (np.array([float(density(m, v)) for v in x[::20]]) for m in (p, q))
        return float(np.trapezoid(-real * np.log(d[::20]) - fake * np.log1p(-d[::20]), x[::20]))

    lowest = cross_entropy(best)
    assert lowest == pytest.approx(2 * LOG_2 - 2 * js(p, q), abs=1e-3)
    for bump in (0.02, -0.02):
        assert cross_entropy(lambda x, b=bump: np.clip(best(x) + b * np.exp(-(x**2)), 0, 1)) > lowest


def test_optimal_discriminator_where_supports_differ() -> None:
    best = optimal_discriminator(Uniform(0, 2), Uniform(1, 5))
    assert best([0.5, 1.5, 3.0]).tolist() == [1.0, pytest.approx(2 / 3), 0.0]
    assert math.isnan(best(7.0))
    atoms = optimal_discriminator(Discrete([0, 1], [0.5, 0.5]), Discrete([1, 2], [0.25, 0.75]))
    assert atoms([[0, 1, 2]]).tolist() == [[1.0, pytest.approx(2 / 3), 0.0]]
    assert optimal_discriminator(Dirac(0), Gaussian(0, 1))([0.0, 1.0]).tolist() == [1.0, 0.0]
    assert optimal_discriminator(Gaussian(0, 1), Gaussian(2, 1))(1000.0) == 0.0


def scores(objective: str, log_ratio: torch.Tensor) -> torch.Tensor:
    """The raw output v at the optimum, from the literature and not from our table: g_f(v) = f'(u)."""
    u = log_ratio.exp()
    if objective in ("minimax", "non-saturating", "f-reverse-kl", "f-js", "f-gan"):
        return log_ratio
    return {
        "least-squares": lambda: torch.sigmoid(log_ratio),
        "f-kl": lambda: 1 + log_ratio,
        "f-pearson": lambda: 2 * (u - 1),
        "f-hellinger": lambda: 0.5 * log_ratio,  # 1 - exp(-v) = 1 - 1/sqrt(u)
    }[objective]()


@pytest.mark.parametrize("objective", [name for name in OPTIMA if name != "hinge"])
@pytest.mark.parametrize(
    ("p", "q"),
    [
        (Gaussian(0, 1), Gaussian(1, 1)),
        (Gaussian(0.5, 1.2), Gaussian(-0.7, 1)),
        (TWO, Gaussian(0.3, 2.5)),
        (Mixture([Gaussian(-1, 1), Gaussian(1, 1)], [0.5, 0.5]), Gaussian(0.5, 1)),
    ],
)
def test_generator_gradient_is_what_autograd_gets_from_our_losses(
    objective: str, p: Distribution, q: Distribution
) -> None:
    """Shift a fine grid of q's mass through the fixed optimal D, and let autograd differentiate the loss."""
    x = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    mass = torch_log_density(q, x).exp() * (x[1] - x[0])
    x, mass = x[mass > 1e-300], mass[mass > 1e-300]
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    moved = x + shift
    log_ratio = torch_log_density(p, moved) - torch_log_density(q, moved)
    v = scores(objective, log_ratio)
    loss = gs.objectives.OBJECTIVES[objective].g_loss(v, v)
    (expected,) = torch.autograd.grad((mass * loss).sum(), shift)
    for side in ("right", "left"):
        assert generator_gradient(objective, p, q, side) == pytest.approx(expected.item(), abs=1e-7)


def torch_log_density(distribution: Distribution, x: torch.Tensor) -> torch.Tensor:
    if isinstance(distribution, Gaussian):
        mean, std = (torch.tensor(v, dtype=x.dtype) for v in (distribution.mean, distribution.std))
        return -0.5 * ((x - mean) / std) ** 2 - std.log() - 0.5 * math.log(2 * math.pi)
    assert isinstance(distribution, Mixture)
    parts = zip(distribution.components, distribution.weights, strict=True)
    return torch.stack([torch_log_density(part, x) + math.log(weight) for part, weight in parts]).logsumexp(0)


@pytest.mark.parametrize(
    ("objective", "divergence"),
    [
        ("f-kl", kl),
        ("f-reverse-kl", lambda p, q: kl(q, p)),
        ("f-js", lambda p, q: 2 * js(p, q)),
        ("minimax", lambda p, q: 2 * js(p, q)),
        ("non-saturating", lambda p, q: kl(q, p) - 2 * js(p, q)),  # Arjovsky and Bottou, theorem 2.5
        ("hinge", lambda p, q: 2 * tv(p, q)),
        ("wasserstein", w1),
    ],
)
def test_with_smooth_densities_it_is_the_slope_of_the_divergence(objective: str, divergence: Any) -> None:
    p, q, h = WIDE, TWO, 1e-4
    expected = (divergence(p, shifted(q, h)) - divergence(p, shifted(q, -h))) / (2 * h)
    assert generator_gradient(objective, p, q) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 5.0, 10.0])
def test_hinge_where_densities_cross_at_a_breakpoint(distance: float) -> None:
    """TV of unit Gaussians is 2 Phi(d/2) - 1; at d = 2, 5, 10 they cross where quadrature is cut anyhow."""
    slope = 0.5 * generator_gradient("hinge", Gaussian(0, 1), Gaussian(distance, 1))
    assert slope == pytest.approx(math.exp(-(distance**2) / 8) / math.sqrt(2 * math.pi), rel=1e-9)


def test_wasserstein_slope_at_kinks_is_one_sided() -> None:
    for p in (Dirac(0), Gaussian(1, 2), Uniform(0, 1), Discrete([0, 1], [0.5, 0.5])):
        assert generator_gradient("wasserstein", p, p, "right") == 1
        assert generator_gradient("wasserstein", p, p, "left") == -1
        for by in (-3.0, 3.0):
            sign = math.copysign(1, by)
            assert generator_gradient("wasserstein", p, shifted(p, by), "left") == pytest.approx(sign)
    half = Discrete([0, 5], [0.5, 0.5])
    assert generator_gradient("wasserstein", Discrete([0, 1], [0.5, 0.5]), half, "right") == pytest.approx(1)
    assert generator_gradient("wasserstein", Discrete([0, 1], [0.5, 0.5]), half, "left") == pytest.approx(0)


def test_where_the_discriminator_is_certain() -> None:
    apart = Uniform(0, 1), Uniform(2, 3)
    for side in ("right", "left"):
        for objective in ("minimax", "least-squares", "hinge", "f-kl", "f-gan"):
            assert generator_gradient(objective, *apart, side) == 0, objective
    for objective in ("non-saturating", "f-reverse-kl"):
        with pytest.raises(gs.BadInput, match="certain of fakes near"):
            generator_gradient(objective, *apart)
    # mass carried over the end of the real support: loss ln(1/2) -> 0, density 1
    overlap = Uniform(0, 1), Uniform(0.5, 1.5)
    assert generator_gradient("minimax", *overlap, "right") == pytest.approx(LOG_2)
    assert generator_gradient("minimax", *overlap, "left") == math.inf  # into D = 1
    assert generator_gradient("hinge", *overlap, "right") == pytest.approx(1)
    assert generator_gradient("hinge", *overlap, "left") == pytest.approx(2)


def test_thin_tails_have_no_pearson_gradient() -> None:
    with pytest.raises(gs.BadInput, match="thinner tails"):
        generator_gradient("f-pearson", Gaussian(0, 3), Gaussian(1, 1))


def test_landscape_of_two_points() -> None:
    found = landscape(Dirac(0), Dirac(0), [-2.0, 0.0, 3.0])
    assert found.w1 == found.w2 == [2, 0, 3]
    assert found.tv == [1, 0, 1]
    assert found.kl == [math.inf, 0, math.inf]
    assert found.cross_entropy == pytest.approx([0, 2 * LOG_2, 0])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Gaussian(0, 0), "std 0.0 does not exist: give std above 0"),
        (lambda: Gaussian(math.nan, 1), "mean nan"),
        (lambda: Gaussian(0, math.inf), "std inf"),
        (lambda: Gaussian("0", 1), "mean '0'"),  # type: ignore[arg-type]
        (lambda: Uniform(1, 1), "give low below high"),
        (lambda: Uniform(2, 1), "from 2.0 to 1.0"),
        (lambda: Dirac(math.inf), "one finite point"),
        (lambda: Dirac([]), "one finite point"),
        (lambda: Discrete([], []), "shape"),
        (lambda: Discrete([0, math.nan], [0.5, 0.5]), "NaN or infinite"),
        (lambda: Discrete([0, 1], [0.5, 0.6]), "sum 1.1: divide them"),
        (lambda: Discrete([0, 1], [1.5, -0.5]), "negative"),
        (lambda: Discrete([0, 1], [1.0]), "one per part"),
        (lambda: Mixture([], []), "one per part"),
        (lambda: Mixture([Gaussian(0, 1)], [0.5]), "sum 0.5"),
        (lambda: Mixture([Dirac([0, 0])], [1]), "2 dimensions: mixtures live on the line"),
        (lambda: Mixture([scipy.stats.norm()], [1]), "no distribution known here"),  # type: ignore[list-item]
        (lambda: kl(Gaussian(0, 1), 3.0), "q is 3.0, which is no distribution"),  # type: ignore[arg-type]
        (lambda: w1(torch.zeros(3), Gaussian(0, 1)), "p is tensor"),  # type: ignore[arg-type]
        (lambda: shifted(Gaussian(0, 1), math.nan), "by nan"),
        (lambda: generator_gradient("relativistic", NARROW, WIDE), "no optimal discriminator in closed form"),
        (lambda: generator_gradient("minmax", NARROW, WIDE), "no optimal discriminator"),
        (lambda: generator_gradient("minimax", Dirac(0), Dirac(1)), "with atoms"),
        (lambda: generator_gradient("minimax", NARROW, WIDE, "up"), "give .right. or"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused(make: Any, told: str) -> None:
    with pytest.raises(gs.BadInput, match=told):
        make()
