"""Spectral normalisation against singular values, written-out convolutions and torch's parametrisation."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    SpectralNorm,
    advance_,
    clippable,
    estimate,
    input_gradient,
    penalty,
    spectral_norm,
    spectral_operator_norm,
)
from ganscope.lipschitz.operator_norm import slope_bound
from ganscope.nets import NETS
from ganscope.training import Runs
from ganscope.training.loop import advance
from ganscope.training.stacks.stacking import Network, evaluating, plain, stack
from tests.games import evaluation_of, runs, weights

CONVOLUTIONS: dict[str, tuple[nn.Conv2d, tuple[int, ...]]] = {
    "3x3": (nn.Conv2d(2, 3, 3, padding=1), (2, 6, 6)),
    "4x4 of stride 2, as in dcgan": (nn.Conv2d(3, 4, 4, 2, 1), (3, 8, 8)),
    "5x3, stride 2 and 1, dilated": (nn.Conv2d(2, 3, (5, 3), (2, 1), (2, 0), dilation=(1, 2)), (2, 9, 8)),
    "groups, circular": (nn.Conv2d(4, 4, 3, padding=1, groups=2, padding_mode="circular"), (4, 5, 5)),
}
STEPS = 400
"""Power iterations after which these small layers have converged."""
each_convolution = pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS.values(), ids=CONVOLUTIONS.keys())


def seeded(layer: nn.Conv2d) -> nn.Conv2d:
    torch.manual_seed(0)
    layer = copy.deepcopy(layer).double()
    with torch.no_grad():
        layer.weight.normal_()
    return layer


def written_out(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The matrix of a convolution without its bias: what it makes of each unit vector."""
    units = torch.eye(torch.Size(shape).numel(), dtype=torch.float64).reshape(-1, *shape)
    with torch.no_grad():
        images: Tensor = layer(units) - layer(torch.zeros(1, *shape, dtype=torch.float64))
    return images.flatten(1).T


def converged(layer: SpectralNorm) -> SpectralNorm:
    layer.u, layer.v = layer.power_iteration(layer.layer.weight.detach(), layer.v, STEPS)
    return layer


# ---- one layer ----


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4)])
def test_a_dense_weight_is_divided_by_its_largest_singular_value(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    dense = nn.Linear(shape[1], shape[0]).double()
    layer = converged(SpectralNorm(dense))
    expected = dense.weight / torch.linalg.svdvals(dense.weight)[0]
    torch.testing.assert_close(layer.weight(), expected, rtol=1e-12, atol=1e-12)
    x = torch.randn(4, shape[1], dtype=torch.float64)
    torch.testing.assert_close(layer(x), x @ expected.T + dense.bias)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_the_kernel_version_divides_by_the_norm_of_the_reshaped_kernel(name: str) -> None:
    layer = seeded(CONVOLUTIONS[name][0])
    normed = converged(SpectralNorm(layer))
    sigma = torch.linalg.svdvals(layer.weight.flatten(1))[0]
    torch.testing.assert_close(normed.weight(), layer.weight / sigma, rtol=1e-10, atol=1e-10)


@each_convolution
def test_the_operator_version_divides_by_the_norm_of_the_written_out_convolution(
    layer: nn.Conv2d, shape: tuple[int, ...]
) -> None:
    layer = seeded(layer)
    normed = converged(SpectralNorm(layer, shape))
    sigma = torch.linalg.svdvals(written_out(layer, shape))[0]
    torch.testing.assert_close(normed.weight(), layer.weight / sigma, rtol=1e-6, atol=1e-6)
    # and so the layer that is computed with has norm 1: what comes out is never longer than what goes in
    assert float(torch.linalg.svdvals(written_out(normed, shape))[0]) == pytest.approx(1.0, rel=1e-6)


def test_the_two_versions_differ_as_the_theory_says() -> None:
    # a kernel of nine equal entries: reshaped norm 3, operator norm 9 on a torus
    layer = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular", bias=False).double()
    with torch.no_grad():
        layer.weight.fill_(1.0)
    kernel, operator = SpectralNorm(layer), converged(SpectralNorm(layer, (1, 6, 6)))
    torch.testing.assert_close(kernel.weight(), layer.weight / 3)
    torch.testing.assert_close(operator.weight(), layer.weight / 9)
    assert slope_bound(nn.Sequential(kernel, nn.Flatten(), nn.Linear(36, 1)), (1, 6, 6)) > 0


@pytest.mark.parametrize("convolution", [False, True])
def test_gradients_are_those_of_torchs_parametrisation_at_the_same_u_and_v(convolution: bool) -> None:
    # torch.nn.utils.parametrizations.spectral_norm in evaluation mode: u and v fixed
    torch.manual_seed(0)
    layer: Any = nn.Conv2d(2, 3, 3, padding=1) if convolution else nn.Linear(4, 3)
    layer = layer.double()
    theirs: Any = nn.utils.parametrizations.spectral_norm(copy.deepcopy(layer)).eval()
    parametrisation = theirs.parametrizations.weight[0]
    ours = SpectralNorm(layer)
    ours.u, ours.v = parametrisation._u.clone(), parametrisation._v.clone().reshape(layer.weight.shape[1:])
    x = torch.randn(5, *((2, 6, 6) if convolution else (4,)), dtype=torch.float64)
    original = theirs.parametrizations.weight.original
    for ours_of, theirs_of in (
        (ours(x).sin().sum(), theirs(x).sin().sum()),
        (input_gradient(ours, x).square().sum(), input_gradient(theirs, x).square().sum()),
    ):
        torch.testing.assert_close(ours_of, theirs_of)
        torch.testing.assert_close(
            torch.autograd.grad(ours_of, layer.weight)[0], torch.autograd.grad(theirs_of, original)[0]
        )


def test_one_iteration_is_that_of_torchs_parametrisation() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(6, 4).double()
    theirs: Any = nn.utils.parametrizations.spectral_norm(copy.deepcopy(layer), n_power_iterations=1)
    ours = SpectralNorm(layer)
    ours.v = theirs.parametrizations.weight[0]._v.clone()
    expected = theirs(torch.zeros(1, 6, dtype=torch.float64))  # training mode: one iteration
    ours.u, ours.v = ours.power_iteration(layer.weight.detach(), ours.v)
    torch.testing.assert_close(ours.u, theirs.parametrizations.weight[0]._u)
    torch.testing.assert_close(ours.v, theirs.parametrizations.weight[0]._v)
    torch.testing.assert_close(ours(torch.zeros(1, 6, dtype=torch.float64)), expected)


def test_a_weight_of_zeros_stays_finite_and_recovers() -> None:
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    normed = SpectralNorm(layer)
    assert normed.weight().isfinite().all()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    converged(normed)
    torch.testing.assert_close(normed.weight(), layer.weight / 2)


def test_forward_passes_never_move_u_and_v() -> None:
    critic = spectral_norm(NETS["mlp"].discriminator((2,), 0, NETS["mlp"].options(d_width=8, d_depth=2)))
    before = [b.clone() for b in critic.buffers()]
    x = torch.randn(6, 2)
    for mode in (True, False):
        critic.train(mode)
        critic(x)
        estimate(critic, x, search_steps=2)
        penalty("gradient-penalty", critic, x, x + 1)
    assert all(torch.equal(a, b) for a, b in zip(before, critic.buffers(), strict=True))
    nn.init.normal_(critic.get_parameter("0.layer.weight"))
    advance_(critic, dict(critic.named_parameters()), dict(critic.named_buffers()))
    assert not any(torch.equal(a, b) for a, b in zip(before[:2], critic.buffers(), strict=False))


# ---- whole critics ----

CRITICS: dict[str, tuple[str, tuple[int, ...], int]] = {
    "points": ("mlp", (2,), 16),
    "images, dense": ("mlp", (1, 8, 8), 16),
    "images, convolutions": ("dcgan", (2, 8, 8), 4),
}


def critic_of(network: str, shape: tuple[int, ...], width: int, kind: str) -> nn.Module:
    depth = {"d_depth": 2} if network == "mlp" else {}
    options = NETS[network].options(d_width=width, **depth)
    critic = NETS[network].discriminator(shape, 0, options).double()
    return spectral_norm(critic) if kind == "spectral" else spectral_operator_norm(critic, shape)


@pytest.mark.parametrize("kind", ["spectral", "spectral-operator"])
@pytest.mark.parametrize(("network", "shape", "width"), CRITICS.values(), ids=CRITICS.keys())
def test_bounds_of_whole_critics(network: str, shape: tuple[int, ...], width: int, kind: str) -> None:
    torch.manual_seed(0)
    critic = critic_of(network, shape, width, kind)
    for layer in critic.modules():
        if isinstance(layer, SpectralNorm):
            converged(layer)
    found = estimate(critic, torch.randn(32, *shape, dtype=torch.float64), search_steps=10)
    assert found.max_slope <= found.searched_slope <= found.upper_bound
    if kind == "spectral" and network == "dcgan":
        # the honest larger bound: a 4x4 kernel of stride 2 overlaps itself 4 times
        assert 1.1 < found.upper_bound < 2
    else:
        assert found.upper_bound == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("kind", ["spectral", "spectral-operator"])
@pytest.mark.parametrize(("network", "shape", "width"), CRITICS.values(), ids=CRITICS.keys())
def test_stacks_equal_their_modules(network: str, shape: tuple[int, ...], width: int, kind: str) -> None:
    torch.manual_seed(0)
    made = [critic_of(network, shape, width, kind) for _ in range(3)]
    stacked, singles = stack(made), [plain(module) for module in made]
    x = torch.randn(3, 5, *shape, dtype=torch.float64)

    def losses(network: Network, x: Tensor) -> list[Tensor]:
        """Scores, and the gradient of a penalty on the slope: a double backward pass."""
        x = x.clone().requires_grad_()
        scores = network.call(x)
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        asked = [p for n, p in network.parameters.items() if "weight" in n]
        gradient = torch.autograd.grad((slope.square() - 1).square().sum() + scores.sin().sum(), asked)
        return [scores.detach(), *gradient, *network.buffers.values()]

    for _ in range(2):
        together = losses(stacked, x)
        for k, single in enumerate(singles):
            for a, b in zip(together, losses(single, x[k]), strict=True):
                torch.testing.assert_close(a[k], b, rtol=1e-10, atol=1e-10)
        # and again after a change of the weights and one iteration
        for built in (stacked, *singles):
            with torch.no_grad():
                for p in built.parameters.values():
                    p.add_(p.sin())
            advance_(built.module, built.parameters, built.buffers, built is stacked)


def test_double_backward_passes_gradcheck() -> None:
    torch.manual_seed(0)
    critic = spectral_operator_norm(
        nn.Sequential(nn.Conv2d(1, 2, 3, 2, 1), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1)), (1, 4, 4)
    ).double()
    names, parameters = zip(*critic.named_parameters(), strict=True)
    x = torch.randn(3, 1, 4, 4, dtype=torch.float64)

    def cost(*parameters: Tensor) -> Tensor:
        values = dict(zip(names, parameters, strict=True))
        return input_gradient(lambda x: functional_call(critic, values, (x,)), x).square().sum()

    assert torch.autograd.gradcheck(cost, parameters)


# ---- runs (points, and long: test_step.CONSTRAINTS) ----

GAMES: list[dict[str, Any]] = [
    {"objective": "hinge", "d_lipschitz": "spectral"},
    {"objective": "wasserstein", "d_lipschitz": "spectral-operator", "n_critic": 2},
    {"objective": "wasserstein", "d_lipschitz": "spectral", "penalty": "one-sided", "penalty_weight": 1.0},
]
IMAGES: dict[str, Any] = {
    "data": "digits", "network": "dcgan", "g_width": 4, "d_width": 4, "latent_dim": 4, "batch_size": 8,
    "precision": "float64",
}  # fmt: skip


@pytest.mark.parametrize("given", GAMES, ids=lambda given: " ".join(map(str, given.values())))
def test_a_stack_of_convolutional_runs_equals_single_runs(tmp_path: Path, given: dict[str, Any]) -> None:
    def built(seeds: tuple[int, ...]) -> Runs:
        configs = [resolve("minimax", {**IMAGES, **given, "seed": seed}) for seed in seeds]
        return game.build(configs, [tmp_path] * len(seeds), evaluation_of("digits"))

    stacked, *singles = built((0, 1)), built((0,)), built((1,))
    for made in (stacked, *singles):
        for _ in range(10):
            advance(made)
            made.step += 1
    for k, single in enumerate(singles):
        for a, b in zip(weights(stacked, "discriminator", k), weights(single, "discriminator"), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8)
        for name, own in single.game.discriminator.buffers.items():
            torch.testing.assert_close(stacked.game.discriminator.buffers[name][k], own, rtol=1e-7, atol=1e-7)


def test_there_is_one_iteration_a_critic_step_and_none_elsewhere(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", objective="hinge", d_lipschitz="spectral", n_critic=3)
    network = built.game.discriminator
    layer = network.module.get_submodule("0")
    assert isinstance(layer, SpectralNorm)
    counted = []
    original = layer.power_iteration

    def counting(weight: Tensor, v: Tensor, steps: int = 1) -> tuple[Tensor, Tensor]:
        counted.append(steps)
        return original(weight, v, steps)

    layer.power_iteration = counting  # type: ignore[method-assign]
    advance(built)
    assert counted == [1, 1, 1]
    with evaluating(network):
        network.call(built.held_out)
    assert counted == [1, 1, 1]


# ---- bad input ----


def test_what_cannot_be_normalised_is_refused() -> None:
    with pytest.raises(BadInput, match="no linear or convolution layer"):
        spectral_norm(nn.Sequential(nn.ReLU()))
    with pytest.raises(BadInput, match="ConvTranspose2d"):
        spectral_norm(nn.Sequential(nn.ConvTranspose2d(1, 1, 3)))
    with pytest.raises(BadInput, match="another parameter"):
        spectral_norm(nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1))))
    with pytest.raises(BadInput, match="clipping cannot bound it"):
        clippable(spectral_norm(nn.Sequential(nn.Linear(2, 1))))


def test_a_single_layer_may_be_the_whole_critic() -> None:
    torch.manual_seed(0)
    critic = spectral_norm(nn.Linear(3, 1))
    assert isinstance(critic, SpectralNorm)
    assert estimate(critic, torch.randn(4, 3)).max_slope == pytest.approx(1.0, abs=1e-5)
    before = critic.v.clone()
    nn.init.normal_(critic.layer.weight)
    advance_(critic, dict(critic.named_parameters()), dict(critic.named_buffers()))
    assert not torch.equal(before, critic.v)
