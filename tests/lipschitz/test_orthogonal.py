"""Critics 1-Lipschitz by construction: singular values of what they really compute, stacks, runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    MaxMin,
    OrthogonalConv2d,
    OrthogonalLinear,
    estimate,
    orthogonal,
    wasserstein_bounds,
)
from ganscope.lipschitz.operator_norm import slope_bound
from ganscope.lipschitz.orthogonal import cayley
from ganscope.nets import NETS
from ganscope.training import Runs
from ganscope.training.loop import advance
from ganscope.training.stacks.stacking import Network, plain, stack
from tests.games import evaluation_of, runs, weights


def written_out(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The matrix of an affine map without its shift: what it makes of each unit vector."""
    units = torch.eye(torch.Size(shape).numel(), dtype=torch.float64).reshape(-1, *shape)
    with torch.no_grad():
        images: Tensor = layer(units) - layer(torch.zeros(1, *shape, dtype=torch.float64))
    return images.flatten(1).T


def ones(values: Tensor) -> None:
    torch.testing.assert_close(values, torch.ones_like(values), rtol=1e-12, atol=1e-12)


# ---- layers ----


@pytest.mark.parametrize("size", [0.0, 0.1, 1.0, 1e3])
@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (1, 5), (5, 1)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_every_matrix_becomes_orthogonal(shape: tuple[int, int], dtype: torch.dtype, size: float) -> None:
    torch.manual_seed(0)
    q = cayley(size * torch.randn(2, *shape, dtype=dtype))
    values = torch.linalg.svdvals(q)
    torch.testing.assert_close(values, torch.ones_like(values), rtol=1e-9, atol=1e-9)


def test_cayley_in_two_dimensions_is_a_rotation() -> None:
    # closed form: A = [[0, a], [-a, 0]] turns by 2 arctan(a)
    a = 0.7
    q = cayley(torch.tensor([[3.0, a], [0.0, 5.0]], dtype=torch.float64))
    expected = torch.tensor([[1 - a**2, -2 * a], [2 * a, 1 - a**2]], dtype=torch.float64) / (1 + a**2)
    torch.testing.assert_close(q, expected)


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 5), (2, 7), (7, 2), (6, 1)])
def test_linear_layers_keep_lengths_or_never_increase_them(inputs: int, outputs: int) -> None:
    layer = OrthogonalLinear(inputs, outputs).double()
    ones(torch.linalg.svdvals(written_out(layer, (inputs,))))
    assert slope_bound(nn.Sequential(layer, nn.Linear(outputs, 1)), (inputs,)) < float("inf")


CONVOLUTIONS: list[tuple[int, int, tuple[int, int], int, int]] = [
    (2, 2, (6, 6), 3, 1),
    (2, 5, (6, 4), 3, 1),
    (4, 3, (5, 5), 3, 1),
    (3, 4, (8, 8), 3, 2),
    (1, 6, (6, 10), 2, 2),
    (2, 3, (4, 4), 2, 2),
    (1, 2, (3, 3), 3, 3),
]


@pytest.mark.parametrize(("channels", "outputs", "side", "size", "stride"), CONVOLUTIONS)
def test_convolutions_have_all_singular_values_1(
    channels: int, outputs: int, side: tuple[int, int], size: int, stride: int
) -> None:
    torch.manual_seed(0)
    size = min(size, side[0] // stride)
    layer = OrthogonalConv2d(channels, outputs, side, size, stride).double()
    shape = (channels, *side)
    matrix = written_out(layer, shape)
    assert matrix.shape[0] == outputs * (side[0] // stride) * (side[1] // stride)
    ones(torch.linalg.svdvals(matrix))
    # the bound is read off the frequencies, and agrees
    bound = slope_bound(nn.Sequential(layer, nn.Flatten(), OrthogonalLinear(len(matrix), 1).double()), shape)
    assert bound == pytest.approx(1.0, abs=1e-12)


def test_convolutions_know_no_place() -> None:
    # moving the picture by a stride moves what comes out by a pixel
    layer = OrthogonalConv2d(2, 3, (8, 8), 3, 2).double()
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(x.roll((2, 4), (2, 3))), layer(x).roll((1, 2), (2, 3)))


def test_the_trained_kernel_is_centred() -> None:
    # a small kernel is nearly the identity plus itself: what comes out stays where it was
    layer = OrthogonalConv2d(1, 1, (9, 9), 3).double()
    with torch.no_grad():
        layer.raw.mul_(0.01)
    x = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    x[0, 0, 4, 4] = 1
    where = layer(x).detach().abs().flatten().argsort(descending=True)[:3] - 40
    assert set(where.tolist()) <= {-10, -9, -8, -1, 0, 1, 8, 9, 10}


@pytest.mark.parametrize("seed", range(4))
def test_a_row_orthogonal_kernel_alone_is_no_orthogonal_convolution(seed: int) -> None:
    """The reshaped kernel has norm 1, the map from picture to picture between 1.5 and its limit of 3."""
    torch.manual_seed(seed)
    layer = nn.Conv2d(4, 8, 3, padding=1, bias=False).double()
    nn.init.orthogonal_(layer.weight)
    ones(torch.linalg.svdvals(layer.weight.flatten(1)))
    norm = float(torch.linalg.svdvals(written_out(layer, (4, 8, 8)))[0])
    assert 1.5 < norm <= 3
    # ours, on the same picture with the same channels
    ones(torch.linalg.svdvals(written_out(OrthogonalConv2d(4, 8, (8, 8), 3).double(), (4, 8, 8))))


def test_maxmin_sorts_pairs_and_keeps_lengths_and_distances() -> None:
    x, y = torch.randn(2, 500, 6, 3, dtype=torch.float64)
    a, b = MaxMin()(x), MaxMin()(y)
    assert torch.equal(a.sort(1).values, x.sort(1).values)
    assert (a[:, :3] >= a[:, 3:]).all()
    torch.testing.assert_close(a.flatten(1).norm(dim=1), x.flatten(1).norm(dim=1))
    assert ((a - b).flatten(1).norm(dim=1) <= (x - y).flatten(1).norm(dim=1) * (1 + 1e-12)).all()


# ---- critics ----

CRITICS: dict[str, tuple[str, tuple[int, ...], int]] = {
    "points": ("mlp", (2,), 16),
    "images, dense": ("mlp", (1, 8, 8), 16),
    "images, convolutions": ("dcgan", (2, 8, 8), 4),
    "odd grid": ("dcgan", (1, 28, 28), 2),
}


def critic_of(network: str, shape: tuple[int, ...], width: int) -> nn.Module:
    return orthogonal(
        NETS[network].discriminator(shape, 0, NETS[network].options(d_width=width)), shape
    ).double()


@pytest.mark.parametrize(("network", "shape", "width"), CRITICS.values(), ids=CRITICS.keys())
def test_no_slope_exceeds_1_whatever_the_weights(network: str, shape: tuple[int, ...], width: int) -> None:
    torch.manual_seed(0)
    for factor in (0.1, 1.0, 30.0):
        critic = critic_of(network, shape, width)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.mul_(factor).add_(0.1)
        points = torch.randn(16, *shape, dtype=torch.float64)
        found = estimate(critic, points, search_steps=5)
        assert found.upper_bound == pytest.approx(1.0, abs=1e-8)
        assert found.searched_slope <= found.upper_bound
        bounds = wasserstein_bounds(critic, points, points.flip(1) + 1)
        assert bounds.gap <= bounds.exact * (1 + 1e-8)


@pytest.mark.parametrize(("network", "shape", "width"), CRITICS.values(), ids=CRITICS.keys())
def test_stacks_equal_their_modules(network: str, shape: tuple[int, ...], width: int) -> None:
    torch.manual_seed(0)
    made = [critic_of(network, shape, width) for _ in range(2)]
    stacked, singles = stack(made), [plain(module) for module in made]
    x = torch.randn(2, 5, *shape, dtype=torch.float64)

    def losses(network: Network, x: Tensor) -> list[Tensor]:
        """Scores, and the gradient of a penalty on the slope: a double backward pass."""
        x = x.clone().requires_grad_()
        scores = network.call(x)
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        asked = [p for n, p in network.parameters.items() if "raw" in n]
        gradient = torch.autograd.grad((slope.square() - 1).square().sum() + scores.sin().sum(), asked)
        return [scores.detach(), *gradient]

    together = losses(stacked, x)
    for k, single in enumerate(singles):
        for a, b in zip(together, losses(single, x[k]), strict=True):
            torch.testing.assert_close(a[k], b, rtol=1e-9, atol=1e-9)


def test_a_run_of_nan_leaves_its_neighbour_bit_for_bit() -> None:
    torch.manual_seed(0)
    made = [critic_of("dcgan", (2, 8, 8), 4) for _ in range(2)]
    x = torch.randn(2, 3, 2, 8, 8, dtype=torch.float64)
    healthy = stack(made).call(x)
    with torch.no_grad():
        next(made[1].parameters()).fill_(float("nan"))
    beside_nan = stack(made).call(x)
    assert beside_nan[1].isnan().all()
    assert torch.equal(healthy[0], beside_nan[0])


# ---- runs ----


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_a_stack_of_runs_equals_single_runs(tmp_path: Path, network: str) -> None:
    given: dict[str, Any] = {
        "data": "digits", "network": network, "g_width": 4, "d_width": 4, "latent_dim": 4, "batch_size": 8,
        "precision": "float64", "objective": "wasserstein", "d_lipschitz": "orthogonal",
    }  # fmt: skip

    def built(seeds: tuple[int, ...]) -> Runs:
        configs = [resolve("minimax", {**given, "seed": seed}) for seed in seeds]
        return game.build(configs, [tmp_path] * len(seeds), evaluation_of("digits"))

    stacked, *singles = built((0, 1)), built((0,)), built((1,))
    for made in (stacked, *singles):
        for _ in range(8):
            advance(made)
            made.step += 1
    for k, single in enumerate(singles):
        for a, b in zip(weights(stacked, "discriminator", k), weights(single, "discriminator"), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8)


def test_its_gap_never_exceeds_the_exact_distance_and_comes_near_it(tmp_path: Path) -> None:
    """A trained critic reads most of a distance between two blobs, and no more."""
    torch.manual_seed(0)
    constrained: Any = {"objective": "wasserstein", "d_lipschitz": "orthogonal"}
    built = runs(tmp_path, "minimax", **constrained, g_lr=1e-9, d_lr=5e-3, steps=300)
    for _ in range(300):
        advance(built)
        built.step += 1
    critic = built.game.discriminator.module
    latent = torch.randn(60, built.config.latent_dim)
    with torch.no_grad():
        found = wasserstein_bounds(critic, built.held_out, built.game.generator.call(latent))
    assert found.gap <= found.exact * (1 + 1e-5)
    assert found.gap > 0.6 * found.exact
    assert found.gap <= found.certified_lower * (1 + 1e-5)


# ---- bad input ----


@pytest.mark.parametrize(
    ("critic", "shape", "message"),
    [
        (nn.Sequential(nn.Linear(2, 7), nn.ReLU(), nn.Linear(7, 1)), (2,), "7 units are odd"),
        (nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8), nn.Linear(8, 1)), (2,), "LayerNorm"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 1)), (1, 6, 6), "padding"),
        (nn.Sequential(nn.Conv1d(1, 2, 3, padding=1), nn.Flatten()), (1, 6), "Conv1d"),
        (nn.Linear(2, 1), (2,), "nn.Sequential"),
        (nn.Sequential(nn.Flatten()), (2,), "no linear or convolution layer"),
    ],
)
def test_what_has_no_counterpart_is_refused(critic: nn.Module, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        orthogonal(critic, shape)
