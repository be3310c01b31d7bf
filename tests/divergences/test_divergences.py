"""Divergences against closed forms, mpmath, SciPy and the library's own losses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    w2,
)
from ganscope.divergences.closed_form import gaussian_crossings

LOG_2 = math.log(2)
NARROW, WIDE = Gaussian(-1, 0.5), Gaussian(0.7, 2)
TWO = Mixture([Gaussian(-2, 0.3), Gaussian(1.5, 0.8)], [0.3, 0.7])
MIXED = Mixture([Uniform(-1, 2), Gaussian(0.5, 0.4), Dirac(0.25)], [0.5, 0.3, 0.2])
BOXES = Mixture([Uniform(-1, 1), Uniform(0.5, 3)], [0.6, 0.4])
ZOO: dict[str, Distribution] = {
    "narrow": NARROW, "wide": WIDE, "two": TWO, "mixed": MIXED, "boxes": BOXES, "box": Uniform(-0.5, 2),
    "points": Discrete([0.0, 0.25, 2.0], [0.5, 0.25, 0.25]), "dirac": Dirac(1.25),
}  # fmt: skip
PAIRS = list(itertools.product(ZOO, ZOO))

finite = st.floats(-20, 20).map(lambda x: round(x, 3))
widths = st.floats(0.05, 5).map(lambda x: round(x, 3))
gaussians = st.builds(Gaussian, finite, widths)
boxes = st.builds(lambda low, width: Uniform(low, low + width), finite, widths)
clouds = st.lists(finite, min_size=1, max_size=5).map(lambda x: Discrete(x, np.ones(len(x)) / len(x)))
simple = st.one_of(gaussians, boxes, clouds)
distributions = st.one_of(
    simple, st.lists(simple, min_size=2, max_size=3).map(lambda x: Mixture(x, np.ones(len(x)) / len(x)))
)
quickly = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def density(distribution: Distribution, x: Any) -> Any:
    """The density once more, in mpmath's precision and without our normal form."""
    if isinstance(distribution, Gaussian):
        return mpmath.npdf(x, distribution.mean, distribution.std)
    if isinstance(distribution, Uniform):
        inside = distribution.low <= x <= distribution.high
        return mpmath.mpf(1) / (distribution.high - distribution.low) if inside else mpmath.mpf(0)
    assert isinstance(distribution, Mixture)
    parts = zip(distribution.components, distribution.weights, strict=True)
    return mpmath.fsum(weight * density(part, x) for part, weight in parts)


def by_mpmath(cost: Any, p: Distribution, q: Distribution, marks: Sequence[float]) -> float:
    """Tanh-sinh quadrature of a cost of two densities, 20 digits: another method in another package."""
    with mpmath.workdps(20):
        return float(mpmath.quad(lambda x: cost(density(p, x), density(q, x)), marks))


def mp_kl(p: Any, q: Any) -> Any:
    return p * mpmath.log(p / q) if p > 0 else mpmath.mpf(0)


def mp_js(p: Any, q: Any) -> Any:
    return (mp_kl(p, (p + q) / 2) + mp_kl(q, (p + q) / 2)) / 2 if p + q > 0 else mpmath.mpf(0)


def test_two_gaussians_by_hand() -> None:
    assert kl(Gaussian(0, 1), Gaussian(3, 1)) == 4.5
    assert kl(Gaussian(1, 2), Gaussian(1, 1)) == pytest.approx(-math.log(2) + 1.5, rel=1e-15)
    assert tv(Gaussian(0, 1), Gaussian(2, 1)) == pytest.approx(math.erf(1 / math.sqrt(2)), rel=1e-15)
    assert w1(Gaussian(0, 1), Gaussian(-4, 1)) == 4
    assert w1(Gaussian(0, 3), Gaussian(0, 1)) == pytest.approx(2 * math.sqrt(2 / math.pi), rel=1e-15)
    assert w2(Gaussian(0, 1), Gaussian(3, 5)) == 5


def test_two_gaussians_of_different_width_against_mpmath() -> None:
    marks: list[float] = [-40, -4, -2, -1, 0, 1, 4, 40]
    assert kl(NARROW, WIDE) == pytest.approx(by_mpmath(mp_kl, NARROW, WIDE, marks), abs=1e-12)
    assert kl(WIDE, NARROW) == pytest.approx(by_mpmath(mp_kl, WIDE, NARROW, marks), abs=1e-12)
    assert js(NARROW, WIDE) == pytest.approx(by_mpmath(mp_js, NARROW, WIDE, marks), abs=1e-10)
    crossings = gaussian_crossings(-1, 0.5, 0.7, 2)
    marks = sorted([*marks, *crossings])
    half = by_mpmath(lambda p, q: abs(p - q) / 2, NARROW, WIDE, marks)
    assert tv(NARROW, WIDE) == tv(WIDE, NARROW) == pytest.approx(half, abs=1e-12)
    for x in crossings:
        assert float(density(NARROW, x)) == pytest.approx(float(density(WIDE, x)), rel=1e-12)


def test_mixtures_against_mpmath() -> None:
    marks = [-40, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 5, 10, 40]
    assert kl(TWO, WIDE) == pytest.approx(by_mpmath(mp_kl, TWO, WIDE, marks), abs=1e-9)
    assert kl(BOXES, WIDE) == pytest.approx(by_mpmath(mp_kl, BOXES, WIDE, marks), abs=1e-9)
    assert js(TWO, BOXES) == pytest.approx(by_mpmath(mp_js, TWO, BOXES, marks), abs=1e-9)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_wasserstein_against_quantiles_of_scipy(first: str, second: str) -> None:
    """SciPy's distances between 4,000 equal quantiles are off by their spacing, and only by that."""
    if "mixed" in (first, second) and "two" in (first, second):
        pytest.skip("both inverted numerically: slow, and covered by each with the others")
    p, q = ZOO[first], ZOO[second]
    a, b = quantiles(p), quantiles(q)
    assert w1(p, q) == pytest.approx(scipy.stats.wasserstein_distance(a, b), abs=5e-3)
    assert w2(p, q) == pytest.approx(math.sqrt(np.mean((np.sort(a) - np.sort(b)) ** 2)), abs=2e-2)


def quantiles(distribution: Distribution, count: int = 4000) -> np.ndarray:
    """Equal-mass points by SciPy's distributions, each part of a mixture by itself."""
    if isinstance(distribution, Mixture):
        parts = zip(distribution.components, distribution.weights, strict=True)
        return np.concatenate([quantiles(part, round(count * weight)) for part, weight in parts])
    levels = (np.arange(count) + 0.5) / count
    if isinstance(distribution, Gaussian):
        return np.asarray(scipy.stats.norm(distribution.mean, distribution.std).ppf(levels))
    if isinstance(distribution, Uniform):
        return distribution.low + (distribution.high - distribution.low) * levels
    ends = np.cumsum(distribution.weights)
    return np.array([distribution.points[min(np.searchsorted(ends, u), len(ends) - 1)][0] for u in levels])


def test_wasserstein_of_mixtures_against_mpmath() -> None:
    def cdf(x: Any) -> Any:
        return 0.3 * mpmath.ncdf(x, -2, 0.3) + 0.7 * mpmath.ncdf(x, 1.5, 0.8)

    marks = [-40, -6, -3, -2.5, -2, -1.5, -1, 0, 1, 2, 3, 6, 40]
    area = float(
        mpmath.quad(lambda x: abs(cdf(x) - mpmath.ncdf(x, 30, 2)), [-40, -2, 0, 2, 5, 20, 30, 40, 60])
    )
    assert w1(TWO, Gaussian(30, 2)) == pytest.approx(area, abs=1e-8)
    assert w1(TWO, Gaussian(30, 2)) == pytest.approx(30 - (0.3 * -2 + 0.7 * 1.5), abs=1e-9)  # ordered
    # W2 squared of ordered quantiles against a point is the second moment about it
    second = 0.3 * (0.09 + (-2 - 1) ** 2) + 0.7 * (0.64 + 0.25)
    assert w2(TWO, Dirac(1)) ** 2 == pytest.approx(second, abs=1e-9)
    assert float(mpmath.quad(lambda x: abs(cdf(x) - (x > 1)), [*marks[:9], 1, *marks[9:]])) == pytest.approx(
        w1(TWO, Dirac(1)), abs=1e-9
    )


def test_uniforms_by_hand() -> None:
    a, b = Uniform(0, 1), Uniform(0.25, 1.25)
    assert kl(a, Uniform(-1, 3)) == pytest.approx(math.log(4), rel=1e-15)
    assert kl(a, b) == math.inf
    assert tv(a, b) == 0.25
    assert js(a, b) == pytest.approx(0.25 * LOG_2, rel=1e-14)
    assert w1(a, b) == w2(a, b) == 0.25
    assert w1(Uniform(0, 1), Uniform(-1, 2)) == pytest.approx(0.5, rel=1e-15)  # quantiles u and 3u - 1
    assert w2(Uniform(0, 1), Uniform(-1, 2)) == pytest.approx(math.sqrt(1 / 3), rel=1e-15)


def test_clouds_in_the_plane() -> None:
    p = Discrete([[0, 0], [1, 0]], [0.5, 0.5])
    q = Discrete([[0, 0], [0, 1]], [0.25, 0.75])
    assert w1(p, q) == pytest.approx(0.25 + 0.5 * math.sqrt(2), rel=1e-14)
    assert kl(p, q) == math.inf
    assert tv(p, q) == 0.75
    assert js(p, q) == pytest.approx(0.5 * (0.5 * LOG_2 + 0.5 * math.log(4 / 3) + 0.25 * math.log(2 / 3)
                                            + 0.75 * LOG_2), rel=1e-14)  # fmt: skip
    with pytest.raises(gs.BadInput, match="on the line only"):
        w2(p, q)
    with pytest.raises(gs.BadInput, match="2 and q in 1 dimensions"):
        kl(p, Gaussian(0, 1))


@pytest.mark.parametrize("gap", [1e-6, 1.0, 1e6])
def test_disjoint_supports_say_nothing_about_the_distance(gap: float) -> None:
    for p, q in ((Uniform(0, 1), Uniform(1 + gap, 2 + gap)), (Dirac(0), Dirac(gap))):
        assert js(p, q) == LOG_2
        assert tv(p, q) == 1
        assert kl(p, q) == kl(q, p) == math.inf
        assert w1(p, q) == pytest.approx(gap + (p != Dirac(0)), rel=1e-12)


def test_infinite_where_infinite_and_only_there() -> None:
    assert kl(Gaussian(0, 1), Uniform(-9, 9)) == math.inf
    assert math.isfinite(kl(Uniform(-9, 9), Gaussian(0, 1)))
    assert kl(MIXED, WIDE) == math.inf  # an atom against a density
    assert math.isfinite(kl(MIXED, Mixture([WIDE, Dirac(0.25)], [0.9, 0.1])))
    assert kl(Uniform(0, 2), Mixture([Uniform(0, 1), Uniform(1, 2)], [0.1, 0.9])) < math.inf
    assert js(MIXED, WIDE) < LOG_2


@pytest.mark.parametrize("name", ZOO)
def test_a_distribution_is_at_distance_zero_of_itself(name: str) -> None:
    for divergence in (kl, js, tv, w1, w2):
        assert divergence(ZOO[name], ZOO[name]) == pytest.approx(0, abs=1e-9), divergence.__name__


def test_equal_distributions_written_differently() -> None:
    for whole, parts in (
        (Uniform(0, 2), Mixture([Uniform(0, 1), Uniform(1, 2)], [0.5, 0.5])),
        (Gaussian(0, 1), Mixture([Gaussian(0, 1), Mixture([Gaussian(0, 1)], [1])], [0.25, 0.75])),
        (Discrete([1, 2], [0.5, 0.5]), Discrete([2, 1, 1, 5], [0.5, 0.25, 0.25, 0])),
    ):
        for divergence in (kl, js, tv, w1, w2):
            assert divergence(whole, parts) == pytest.approx(0, abs=1e-7), divergence.__name__


@quickly
@given(distributions, distributions)
def test_bounds_and_symmetry(p: Distribution, q: Distribution) -> None:
    shannon, variation, far = js(p, q), tv(p, q), w1(p, q)
    assert 0 <= shannon <= LOG_2
    assert 0 <= variation <= 1
    assert far >= 0
    assert js(q, p) == pytest.approx(shannon, abs=1e-9)
    assert tv(q, p) == pytest.approx(variation, abs=1e-9)
    assert w1(q, p) == pytest.approx(far, abs=1e-9)
    information = kl(p, q)
    assert variation <= math.sqrt(information / 2) + 1e-9  # Pinsker
    assert shannon <= variation * LOG_2 + 1e-9  # Lin 1991, theorem 3
    assert shannon >= variation**2 / 2 - 1e-9  # Pinsker against the middle


@quickly
@given(simple, simple, simple)
def test_metrics_obey_the_triangle(p: Distribution, q: Distribution, r: Distribution) -> None:
    assert w1(p, r) <= w1(p, q) + w1(q, r) + 1e-8
    assert w2(p, r) <= w2(p, q) + w2(q, r) + 1e-8
    assert tv(p, r) <= tv(p, q) + tv(q, r) + 1e-8
    assert (
        math.sqrt(js(p, r)) <= math.sqrt(js(p, q)) + math.sqrt(js(q, r)) + 1e-7
    )  # Endres and Schindelin 2003
    assert w1(p, q) <= w2(p, q) + 1e-8


@quickly
@given(simple, finite)
def test_a_shift_moves_all_mass_equally_far(p: Distribution, by: float) -> None:
    assert w1(p, shifted(p, by)) == pytest.approx(abs(by), abs=1e-9)
    assert w2(p, shifted(p, by)) == pytest.approx(abs(by), abs=1e-7)


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
