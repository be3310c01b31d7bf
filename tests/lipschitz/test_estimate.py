"""The measured critic: slopes against known ones, operator norms against written-out maps, W1 bounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    certified_lower,
    estimate,
    input_gradient,
    operator_norm,
    squared_slope,
    wasserstein_bounds,
)
from ganscope.lipschitz.operator_norm import slope_bound
from ganscope.transport import exact_w1


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mlp(*widths: int, activation: Callable[[], nn.Module] = nn.ReLU, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for i, (n, m) in enumerate(itertools.pairwise(widths)):
        layers += [activation()] * (i > 0) + [nn.Linear(n, m)]
    return nn.Sequential(*layers).double()


# ---- slopes ----


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_linear_critic_has_one_slope_everywhere(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    last = nn.Linear(math.prod(shape), 1).to(dtype)
    critic = nn.Sequential(nn.Flatten(), last)
    norm = last.weight.detach().double().norm().item()
    found = estimate(critic, normal(10, *shape).to(dtype))
    assert found[:3] == pytest.approx((norm,) * 3, rel=1e-6 if dtype == torch.float32 else 1e-12)
    assert 0 < found.pair_slope <= norm * (1 + 1e-5)
    assert found.max_slope <= found.searched_slope <= found.upper_bound


def test_max_slope_is_taken_over_all_points_and_dimensions() -> None:
    points = normal(1500, 2, 3)  # more than one chunk
    gradient = torch.autograd.functional.jacobian(lambda x: (x**3).sum(), points)  # type: ignore[no-untyped-call]
    expected = gradient.flatten(1).norm(dim=1).max().item()
    assert estimate(lambda x: (x**3).flatten(1).sum(1), points).max_slope == pytest.approx(
        expected, rel=1e-12
    )


def test_search_finds_the_peak_of_a_smooth_critic_and_stays_in_the_box() -> None:
    # f = sum sin(x_j): the slope sqrt(sum cos^2) peaks at sqrt(2) in the origin; no point is near it
    points = torch.tensor([[-1.0, -1.2], [1.2, 1.0], [1.1, -1.2], [-1.2, 1.1]], dtype=torch.float64)
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.sin().sum(1)

    found = estimate(critic, points)
    assert found.max_slope == pytest.approx(math.hypot(math.cos(1.0), math.cos(1.2)), rel=1e-12)
    assert found.searched_slope == pytest.approx(math.sqrt(2), rel=1e-6)
    assert found.upper_bound == math.inf
    visited = torch.cat(seen)
    assert visited.abs().max() <= 1.2
    # a box that does not hold the peak: the best is its nearest corner
    corner = estimate(critic, points.abs()).searched_slope
    assert corner == pytest.approx(math.hypot(math.cos(1.0), math.cos(1.0)), rel=1e-6)


def test_search_by_gradient_in_many_dimensions() -> None:
    """Forty coordinates: random steps alone would not come near the peak in the origin."""
    points = 2 * torch.rand(20, 40, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1
    found = estimate(lambda x: x.sin().sum(1), points)
    assert found.max_slope < 0.95 * math.sqrt(40)
    assert 0.9999 * math.sqrt(40) < found.searched_slope <= math.sqrt(40) * (1 + 1e-12)
    assert estimate(lambda x: x.sin().sum(1), points, search_steps=0).searched_slope < 0.95 * math.sqrt(40)


def test_search_by_random_steps_where_the_slope_has_no_gradient() -> None:
    """A staircase of slopes: 0 to 10 in each coordinate, 20 in the far corner, flat in between."""
    kinks = torch.arange(10, dtype=torch.float64) / 10

    def critic(x: Tensor) -> Tensor:
        return torch.relu(x[..., None] - kinks).sum((1, 2))

    points = torch.rand(20, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    points[0], points[1] = 0.0, 1.0
    points[1, :2] = 0.0
    points[2, 2:] = 0.0
    points[2, :2] = 1.0
    found = estimate(critic, points)
    assert found.max_slope < 19.5
    assert found.searched_slope == pytest.approx(20.0)


def test_slopes_are_measured_at_real_rows_at_fakes_and_between() -> None:
    # f = |x|^2 / 2 has slope |x|: 1 at the real rows, 3 at the fakes, between them in between
    angles = torch.linspace(0, 2 * math.pi, 33, dtype=torch.float64)[:-1]
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    found = estimate(lambda x: x.square().sum(1) / 2, circle, search_steps=0, fake=3 * circle)
    assert found.at["real"] == pytest.approx(1.0)
    assert found.at["fake"] == pytest.approx(3.0)
    assert 1.0 < found.at["between"] < 3.0
    assert found.max_slope == found.at["fake"]
    # over pairs: (|b|^2 - |a|^2) / 2|b - a| is largest for neighbours on one ray, (9 - 1) / (2 * 2)
    assert found.pair_slope == pytest.approx(2.0)
    assert estimate(lambda x: x.square().sum(1), circle, search_steps=0).at == {}


def test_the_steepest_pair_is_found_and_no_steeper_than_the_slope_between() -> None:
    critic = mlp(3, 16, 1, activation=nn.Tanh, seed=4)
    x = normal(40, 3)
    x[7] = x[3]  # a repeated row has no quotient
    found = estimate(critic, x, search_steps=0)
    with torch.no_grad():
        scores = critic(x)[:, 0].tolist()
    slow = max(
        abs(scores[a] - scores[b]) / math.dist(x[a].tolist(), x[b].tolist())
        for a in range(40) for b in range(a) if {a, b} != {3, 7}
    )  # fmt: skip
    assert found.pair_slope == pytest.approx(slow, rel=1e-10)
    assert found.pair_slope <= found.upper_bound
    patches = estimate(lambda x: torch.stack([x.sum(1), x.sum(1)], dim=1), x, search_steps=0)
    assert patches.pair_slope <= patches.max_slope * (1 + 1e-12)
    assert patches.max_slope == pytest.approx(2 * math.sqrt(3))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.LeakyReLU, nn.Sigmoid, nn.GELU, nn.SiLU])
def test_measured_searched_and_proven_slopes_are_ordered(activation: Callable[[], nn.Module]) -> None:
    critic, points = mlp(3, 16, 16, 1, activation=activation), normal(64, 3)
    found = estimate(critic, points)
    assert found.max_slope <= found.searched_slope <= found.upper_bound < math.inf
    slopes = squared_slope(input_gradient(critic, 10 * normal(2000, 3, seed=1))).sqrt()
    assert slopes.detach().max() <= found.upper_bound


def test_patch_critics_are_measured_by_the_sum_of_their_patches() -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 1, 3, 1, 1)).double()
    points = normal(12, 2, 8, 8)
    found = estimate(critic, points, search_steps=5)
    expected = squared_slope(input_gradient(critic, points)).sqrt().max()
    assert found.max_slope == pytest.approx(expected.item(), rel=1e-12)
    assert found.max_slope <= found.searched_slope <= found.upper_bound


def test_the_observer_leaves_no_trace() -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(3, 8)), nn.ReLU(), nn.Linear(8, 1)
    ).double()
    critic.train()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    state = torch.get_rng_state()
    points = normal(8, 3).requires_grad_()
    with torch.no_grad():  # measuring inside somebody's no_grad works too
        first, second = estimate(critic, points), estimate(critic, points)
        bounds = wasserstein_bounds(critic, points, normal(8, 3, seed=1))
    assert first == second
    assert bounds.certified_lower <= bounds.exact
    assert torch.equal(torch.get_rng_state(), state)
    assert critic.training
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert all(p.grad is None for p in critic.parameters())
    assert points.grad is None
    # the first layer has norm about 1, so the bound is about that of the second
    assert first.upper_bound == pytest.approx(torch.linalg.matrix_norm(critic[2].weight, 2).item(), rel=0.3)


# ---- operator norms ----


@pytest.mark.parametrize(("n", "m"), [(1, 7), (7, 1), (5, 9), (40, 40)])
def test_linear_operator_norm(n: int, m: int) -> None:
    torch.manual_seed(n)
    layer = nn.Linear(n, m).double()
    singular = float(np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)[0])
    assert slope_bound(nn.Sequential(layer), (n,)) == pytest.approx(singular * math.sqrt(m), rel=1e-12)


CONVOLUTIONS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.Conv2d(2, 3, 3, stride=1, padding=1), (2, 6, 6)),
    (nn.Conv2d(2, 3, 4, stride=2, padding=1), (2, 8, 8)),
    (nn.Conv2d(3, 2, 3, stride=2), (3, 7, 8)),
    (nn.Conv2d(2, 2, 3, stride=1, padding=2, dilation=2), (2, 7, 7)),
    (nn.Conv2d(4, 6, 3, padding="same", groups=2), (4, 5, 5)),
    (nn.Conv2d(1, 2, (3, 5), stride=(1, 3), padding=(0, 2)), (1, 6, 9)),
    (nn.Conv2d(2, 1, 4), (2, 4, 4)),
    (nn.Conv1d(2, 3, 5, stride=3, padding=2), (2, 11)),
    (nn.Conv3d(1, 2, 3, stride=2, padding=1), (1, 5, 4, 6)),
    (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), (2, 5, 5)),
    (nn.Conv2d(2, 2, 3, padding=2, padding_mode="reflect"), (2, 5, 5)),
]


def written_out(layer: nn.Module, shape: tuple[int, ...]) -> np.ndarray:
    """Matrix of the layer without bias, by the forward pass on each basis vector."""
    size = math.prod(shape)
    basis = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    with torch.no_grad():
        images: Tensor = layer(basis) - layer(torch.zeros_like(basis[:1]))
    matrix: np.ndarray = images.flatten(1).numpy().T
    return matrix


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=lambda value: str(value)[:60])
def test_convolution_norm_is_that_of_the_map(
    layer: nn.Module, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    layer.double()
    matrix = written_out(layer, shape)
    true = float(np.linalg.svd(matrix, compute_uv=False)[0]) * math.sqrt(len(matrix))
    assert slope_bound(layer, shape) == pytest.approx(true, rel=1e-12)
    # the form for large maps: never below, and close
    monkeypatch.setattr(operator_norm, "DENSE_ENTRIES", 0)
    on_torus = slope_bound(layer, shape)
    if getattr(layer, "padding_mode", "") == "zeros":
        assert true * (1 - 1e-12) <= on_torus <= 1.8 * true
        monkeypatch.setattr(operator_norm, "TORUS_ENTRIES", 0)
        assert on_torus * (1 - 1e-12) <= slope_bound(layer, shape) < math.inf
    else:
        assert on_torus == math.inf


def test_the_torus_is_tight_on_large_maps_where_the_reshaped_kernel_is_not_even_a_bound() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 1, 3, padding=1).double()
    nn.init.constant_(layer.weight, 1.0)  # averaging: the norm on a large picture tends to 9
    reshaped = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
    assert reshaped == pytest.approx(3)
    picture = normal(1, 1, 64, 64).mul(0) + 1
    with torch.no_grad():
        stretch = (layer(picture) - layer.bias.reshape(1, 1, 1, 1)).norm() / picture.norm()  # type: ignore[union-attr]
    bound = slope_bound(layer, (1, 64, 64)) / 64  # / sqrt(outputs)
    assert 8.7 < stretch.item() <= bound <= 9 * (1 + 1e-12)


def test_large_matrices_get_a_provable_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = normal(6, 8)
    layer = nn.Linear(8, 6).double()
    with torch.no_grad():
        layer.weight.copy_(matrix)
    exact = slope_bound(layer, (8,))
    monkeypatch.setattr(operator_norm, "EIGENVALUE_SIDE", 2)
    assert exact <= slope_bound(layer, (8,)) <= matrix.norm().item() * math.sqrt(6) * (1 + 1e-12)


def test_bound_is_the_product_over_the_layers() -> None:
    critic = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 3, 4, 2, 1), nn.LeakyReLU(0.2)),
        nn.Conv2d(3, 4, 4, 2, 1),
        nn.LeakyReLU(2.0),  # steeper than 1
        nn.Flatten(),
        nn.Linear(16, 5),
        nn.Sigmoid(),  # a quarter
        nn.Linear(5, 1),
    ).double()
    shapes = {0: (2, 8, 8), 1: (3, 4, 4), 4: (16,), 6: (5,)}
    factors = [written_out(critic[i] if i else next(critic[0].children()), shapes[i]) for i in shapes]
    product = math.prod(float(np.linalg.svd(matrix, compute_uv=False)[0]) for matrix in factors)
    assert slope_bound(critic, (2, 8, 8)) == pytest.approx(product * 2.0 / 4, rel=1e-12)


class Doubled(nn.Linear):
    """A subclass with another forward pass: nothing is known about it."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "critic",
    [
        nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.Linear(3, 1)),
        nn.Sequential(Doubled(3, 1)),
        nn.Sequential(nn.Flatten(0), nn.Linear(3, 1)),
        nn.Bilinear(3, 3, 1),
        lambda x: x.sum(1),
    ],
)
def test_no_bound_is_infinite(critic: Callable[[Tensor], Tensor]) -> None:
    assert slope_bound(critic, (3,)) == math.inf


@pytest.mark.parametrize("kind", operator_norm.ACTIVATIONS)
def test_activations_are_as_steep_as_listed_and_no_steeper(kind: type[nn.Module]) -> None:
    layer = kind().eval()
    x = torch.cat(
        [torch.linspace(-12, 12, 240_001, dtype=torch.float64), torch.tensor([-1e-9, 1e-9]).double()]
    )
    # two channels, for MaxMin sorts pairs
    steepest = (
        input_gradient(lambda x: layer(torch.stack([x, torch.zeros_like(x)], dim=1)), x).abs().max().item()
    )
    listed = operator_norm.ACTIVATIONS[kind](layer)
    assert listed / 1.0002 <= steepest <= listed


# ---- Wasserstein bounds ----


def test_linear_critic_in_one_dimension_is_certified_in_full() -> None:
    """All mass moves the same way: the steepest pair is every pair and the bound is tight, at any scale."""
    real = normal(40, 1)
    for scale in (1e-3, 1.0, 50.0):
        found = wasserstein_bounds(lambda x, k=scale: -k * x, real, real + 7)  # type: ignore[misc]
        assert found.gap == pytest.approx(7 * scale, rel=1e-12)
        assert found.certified_lower == pytest.approx(7, rel=1e-12)
        assert found.exact == pytest.approx(7, rel=1e-12)
        assert found.certified_lower <= found.exact * (1 + 1e-12)


def test_the_sign_tells_which_way_the_critic_ranks() -> None:
    real, fake = normal(20, 2) + 3, normal(20, 2, seed=1)
    right = wasserstein_bounds(lambda x: x.sum(1), real, fake)
    wrong = wasserstein_bounds(lambda x: -x.sum(1), real, fake)
    assert right.gap == pytest.approx((real.sum(1).mean() - fake.sum(1).mean()).item(), rel=1e-12)
    assert right.gap > 0
    assert wrong.gap == -right.gap
    assert wrong.certified_lower == -right.certified_lower


@pytest.mark.parametrize("seed", range(6))
def test_bounds_by_a_slow_second_source(seed: int) -> None:
    """All pairs in a Python loop, and the assignment problem by scipy."""
    critic = mlp(2, 16, 1, activation=nn.Tanh, seed=seed)
    real, fake = normal(12, 2, seed=seed), normal(12, 2, seed=seed + 100) + 1
    found = wasserstein_bounds(critic, real, fake)
    union = torch.cat([real, fake])
    with torch.no_grad():
        scores = critic(union)[:, 0].tolist()
    steepest = 0.0
    for a in range(24):
        for b in range(a):
            run = math.dist(union[a].tolist(), union[b].tolist())
            steepest = max(steepest, abs(scores[a] - scores[b]) / run)
    gap = sum(scores[:12]) / 12 - sum(scores[12:]) / 12
    cost = cdist(real.numpy(), fake.numpy())
    rows, columns = linear_sum_assignment(cost)
    assert found.gap == pytest.approx(gap, rel=1e-10)
    assert found.certified_lower == pytest.approx(gap / steepest, rel=1e-10)
    assert found.exact == pytest.approx(cost[rows, columns].mean(), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_certified_lower_never_exceeds_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, d = rng.integers(2, 30), rng.integers(2, 30), rng.integers(1, 6)
    dtype = [torch.float32, torch.float64][seed % 2]
    scale = 10.0 ** [0, -200, 200][seed % 3] if dtype == torch.float64 else 1.0
    real, fake = (normal(int(k), int(d), seed=seed + i).to(dtype) * scale for i, k in enumerate((n, m)))
    fake[0] = real[0]  # a shared row
    w = normal(int(d), seed=seed).to(dtype)

    def steep(x: Tensor) -> Tensor:
        return (x / scale) @ w

    for critic in (mlp(int(d), 8, 1, seed=seed).to(dtype), steep, lambda x: 1e6 + (x / scale).norm(dim=1)):
        found = wasserstein_bounds(critic, real, fake)
        assert abs(found.certified_lower) <= found.exact * (1 + 1e-12)
        assert all(math.isfinite(value) for value in found)


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    dims=st.integers(1, 8),
    spread=st.sampled_from([1.0, 1e-3, 1e-9, 0.0]),
    far=st.sampled_from([0.0, 1.0, 1e6]),
    kind=st.sampled_from(["perceptron", "wild", "rounded"]),
)
@settings(max_examples=150, deadline=None)
def test_certified_lower_is_that_of_all_pairs_and_never_exceeds_exact(
    seed: int, rows: tuple[int, int], dims: int, spread: float, far: float, kind: str
) -> None:
    """Random critics and samples, collapsed, repeated and far from 0 ones among them."""
    rng = torch.Generator().manual_seed(seed)

    def cloud(n: int) -> Tensor:
        return far + spread * torch.randn(n, dims, generator=rng, dtype=torch.float64)

    real, fake = cloud(rows[0]), cloud(rows[1])
    fake[0] = real[0]
    union = torch.cat([real, fake])
    w = torch.randn(dims, 4, generator=rng, dtype=torch.float64) * 10.0 ** float(seed % 7 - 3)
    if kind == "perceptron":
        scores = (union @ w).tanh().sum(1)
    elif kind == "rounded":
        scores = (union.float() @ w.float()).sum(1).double()
    else:  # scores that have nothing to do with the place: as steep as it gets
        scores = torch.randn(len(union), generator=rng, dtype=torch.float64)
    found = certified_lower(real, fake, scores[: len(real)], scores[len(real) :])
    exact = exact_w1(real.numpy(), fake.numpy())
    assert found <= exact * (1 + 1e-12)
    # the slow second source: every pair by its own distance, equal rows with one score
    _, first, kinds = np.unique(union.numpy(), axis=0, return_index=True, return_inverse=True)
    own = scores.numpy()[first][kinds.reshape(-1)]
    runs = cdist(union.numpy(), union.numpy())
    rises = np.abs(own[:, None] - own)
    steepest = max((rise / run for rise, run in zip(rises.flat, runs.flat, strict=True) if rise), default=0.0)
    gap = math.fsum(own[: len(real)]) / len(real) - math.fsum(own[len(real) :]) / len(fake)
    rounding = 1e-15 * float(np.abs(own).max())  # of the two means, which ours does not have
    expected = gap / steepest if steepest else 0.0
    assert found == pytest.approx(expected, rel=1e-9, abs=rounding / steepest if steepest else 0.0)


def test_certified_lower_of_known_scores_is_that_of_the_critic() -> None:
    critic = mlp(3, 16, 1, seed=1)
    real, fake = normal(700, 3), normal(600, 3, seed=1) + 0.5  # more than one block of pairs
    with torch.no_grad():
        known = certified_lower(real, fake, critic(real)[:, 0], critic(fake)[:, 0])
    assert known == pytest.approx(wasserstein_bounds(critic, real, fake).certified_lower, rel=1e-9)
    assert math.isnan(certified_lower(real * math.nan, fake, real[:, 0], fake[:, 0]))
    assert math.isnan(certified_lower(real, fake, real[:, 0], fake[:, 0] * math.inf))


def test_pairs_below_the_resolution_prove_nothing() -> None:
    real = normal(200, 2)
    fake = real + torch.tensor([3.0, 0.0], dtype=real.dtype)
    scores = -7 * torch.cat([real, fake])[:, 0]
    fake[1] = fake[0] + 1e-9  # as near as rows of a collapsed generator
    scores[201] = scores[200] + 1e-6  # rounded as scores in float32 are
    plain, coarse = (certified_lower(real, fake, scores[:200], scores[200:], r) for r in (0.0, 1e-6))
    assert plain < 0.1
    assert coarse == pytest.approx(3.0, rel=0.02)
    assert certified_lower(real, real + 3, *2 * (torch.zeros(200),), resolution=1e-6) == 0.0


def test_bounds_in_other_units() -> None:
    """Distances whose squares over- or underflow: the certificate scales with the data."""
    real, fake = normal(9, 2), normal(9, 2, seed=1) + 1
    plain = wasserstein_bounds(lambda x: x.sum(1), real, fake)
    for unit in (2.0**700, 2.0**-700):
        scaled = wasserstein_bounds(lambda x, u=unit: (x / u).sum(1), unit * real, unit * fake)  # type: ignore[misc]
        assert scaled.gap == plain.gap
        assert scaled.certified_lower / unit == plain.certified_lower
        assert scaled.exact / unit == pytest.approx(plain.exact, rel=1e-12)


def test_bound_is_tight_for_the_dual_optimal_critic() -> None:
    """The critic that solves the dual problem is certified up to the exact distance."""
    real, fake = normal(15, 2), normal(15, 2, seed=1) + torch.tensor([8.0, 0.0], dtype=torch.float64)
    cost = cdist(real.numpy(), fake.numpy())
    from scipy.optimize import linprog

    union = torch.cat([real, fake]).numpy()
    pairs = [(i, j) for i in range(30) for j in range(30) if i != j]
    rises = np.zeros((len(pairs), 30))
    for row, (i, j) in enumerate(pairs):
        rises[row, i], rises[row, j] = 1, -1
    runs = cdist(union, union)[tuple(np.array(pairs).T)]
    dual = linprog(-np.repeat([1 / 15, -1 / 15], 15), A_ub=rises, b_ub=runs, bounds=(None, None))
    values = torch.from_numpy(dual.x)

    def critic(x: Tensor) -> Tensor:
        return values[torch.cdist(x, torch.from_numpy(union)).argmin(1)]

    rows, columns = linear_sum_assignment(cost)
    found = wasserstein_bounds(critic, real, fake)
    assert found.exact == pytest.approx(cost[rows, columns].mean(), rel=1e-12)
    assert found.certified_lower == pytest.approx(found.exact, rel=1e-7)
    assert found.certified_lower <= found.exact * (1 + 1e-12)


def test_equal_samples_have_gap_zero_in_any_order() -> None:
    real = normal(33, 3)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(0))
    for fake in (real[order], real.repeat(3, 1)):
        found = wasserstein_bounds(mlp(3, 8, 1), real, fake)
        assert found.gap == 0.0
        assert found.certified_lower == 0.0
        assert found.exact == pytest.approx(0, abs=1e-15)


def test_floor_is_the_distance_of_two_halves() -> None:
    # sorted rows: first half against second half would be 1, two random halves are not
    real = torch.arange(200, dtype=torch.float64)[:, None] / 100
    found = wasserstein_bounds(lambda x: x, real, real + 5)
    assert 0 < found.floor < 0.3
    # it shrinks with n and is about n^-1/2 on the line
    floors = [wasserstein_bounds(lambda x: x, normal(n, 1), normal(n, 1, seed=1)).floor for n in (50, 5000)]
    assert floors[1] < floors[0] / 3
    # odd numbers of rows and the smallest sample of all
    assert wasserstein_bounds(lambda x: x, real[:3], real[:2]).floor in (0.01, 0.02)
    assert wasserstein_bounds(lambda x: x, real[:2], real[:2]).floor == pytest.approx(0.01)


def test_a_constant_critic_certifies_nothing() -> None:
    found = wasserstein_bounds(lambda x: torch.ones(len(x)), normal(5, 2), normal(5, 2, seed=1))
    assert found.gap == 0.0
    assert found.certified_lower == 0.0
    assert found.exact > 0


def test_patches_are_averaged_per_sample() -> None:
    real, fake = normal(6, 1, 4, 4) + 1, normal(6, 1, 4, 4, seed=1)
    patches = wasserstein_bounds(lambda x: x, real, fake)
    assert patches.gap == pytest.approx((real.mean() - fake.mean()).item(), rel=1e-12)


# ---- what is refused ----


def minibatch_deviation(x: Tensor) -> Tensor:
    return x.sum(1) + x.std(0).mean()


MIXING: dict[str, Callable[[Tensor], Tensor]] = {
    "batch norm": nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)).double(),
    "mean": lambda x: (x - x.mean(0)).sum(1),
    "minibatch deviation": minibatch_deviation,
    "neighbour": lambda x: x.sum(1) + x.roll(1, 0).sum(1),
    "place": lambda x: x.sum(1) + torch.arange(len(x)),
    "dropout": nn.Sequential(nn.Linear(2, 8), nn.Dropout(), nn.Linear(8, 1)).double(),
}


@pytest.mark.parametrize("name", MIXING)
def test_critics_that_mix_samples_are_refused(name: str) -> None:
    critic = MIXING[name]
    state = torch.get_rng_state()
    with pytest.raises(BadInput, match="rest of its batch"):
        estimate(critic, normal(16, 2))
    with pytest.raises(BadInput, match="rest of its batch"):
        wasserstein_bounds(critic, normal(16, 2), normal(16, 2, seed=1))
    assert torch.equal(torch.get_rng_state(), state)
    if isinstance(critic, nn.Module):  # the running statistics were not touched, and eval mode is fine
        assert all(
            not name.endswith("num_batches_tracked") or value == 0
            for name, value in critic.state_dict().items()
        )
        assert estimate(critic.eval(), normal(16, 2)).max_slope > 0
        critic.train()


def test_batch_size_and_rounding_are_no_mixing() -> None:
    """Float32 networks with large scores round differently in batches of 2 and of 512."""
    last = nn.Linear(1, 1)
    nn.init.constant_(last.weight, 100)
    nn.init.constant_(last.bias, 5000)
    critic = nn.Sequential(mlp(64, 256, 256, 1).float(), last)
    assert estimate(critic, normal(700, 64).float(), search_steps=2).max_slope > 0


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (torch.zeros(1, 2), "at least two samples"),
        (torch.zeros(0, 2), "at least two samples"),
        (torch.zeros(5), "at least two samples"),
        (torch.zeros(3, 0), "at least two samples"),
        (torch.tensor([[0.0], [math.nan]]), "NaN or infinity"),
        (torch.tensor([[0.0], [math.inf]]), "NaN or infinity"),
        (torch.zeros(3, 2, dtype=torch.int64), "int64"),
    ],
)
def test_bad_points_are_refused(points: Tensor, message: str) -> None:
    def critic(x: Tensor) -> Tensor:
        return x.sum(1)

    with pytest.raises(BadInput, match=message):
        estimate(critic, points)
    good = torch.zeros(3, 2)
    with pytest.raises(BadInput, match=f"real.*{message}"):
        wasserstein_bounds(critic, points, good)
    with pytest.raises(BadInput, match=f"fake.*{message}"):
        wasserstein_bounds(critic, good, points)


def test_mismatched_samples_and_broken_critics_are_refused() -> None:
    with pytest.raises(BadInput, match=r"\(2,\).*\(3,\)"):
        wasserstein_bounds(lambda x: x.sum(1), torch.zeros(4, 2), torch.zeros(4, 3))
    with pytest.raises(BadInput, match=r"\(2,\).*\(3,\)"):
        estimate(lambda x: x.sum(1), torch.zeros(4, 2), fake=torch.zeros(4, 3))
    with pytest.raises(BadInput, match="fake has shape"):
        estimate(lambda x: x.sum(1), torch.zeros(4, 2), fake=torch.zeros(1, 2))
    for critic in (lambda x: x.sum(), lambda x: x.sum(1)[:1]):
        with pytest.raises(BadInput, match="one score"):
            estimate(critic, normal(4, 2))
        with pytest.raises(BadInput, match="one score"):
            wasserstein_bounds(critic, normal(4, 2), normal(4, 2))
    with pytest.raises(BadInput, match="diverged"):
        estimate(lambda x: x.sum(1) * math.nan, normal(4, 2))
    with pytest.raises(BadInput, match="diverged"):
        estimate(lambda x: x.sum(1).abs().sqrt(), torch.zeros(4, 2))
    with pytest.raises(BadInput, match="does not depend on its input"):
        estimate(lambda x: x.detach().sum(1), normal(4, 2))
