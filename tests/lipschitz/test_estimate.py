"""The measured slope of a critic: against known slopes, searched, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    estimate,
    input_gradient,
    squared_slope,
    wasserstein_bounds,
)
from tests.lipschitz.small_critics import mlp, normal


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
    with pytest.raises(BadInput, match=r"rest of its batch|mixes the rows"):
        estimate(critic, normal(16, 2))
    with pytest.raises(BadInput, match=r"rest of its batch|mixes the rows"):
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
