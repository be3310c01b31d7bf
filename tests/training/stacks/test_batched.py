"""Batched perceptrons: each run's outputs, gradients and penalty gradients are those of its module alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganscope.nets import NETS
from ganscope.nets.blocks import Reshape
from ganscope.training.piecewise_linear import PiecewiseLinear
from ganscope.training.stacks.batched import ELEMENTWISE, batched
from ganscope.training.stacks.stacking import stack

K, B, FEATURES = 3, 5, 8


def every_activation() -> nn.Module:
    layers: list[nn.Module] = []
    for kind in sorted(ELEMENTWISE, key=lambda kind: kind.__name__):
        layers += [nn.Linear(FEATURES, FEATURES), kind()]
    return nn.Sequential(*layers, nn.Linear(FEATURES, 1))


def built(player: str, shape: tuple[int, ...], norm: str) -> Callable[[], nn.Module]:
    pair = NETS["mlp"]
    options = pair.options(g_width=16, d_width=16, g_norm=norm, d_norm=norm)
    if player == "generator":
        return lambda: pair.generator(shape, FEATURES, 0, options, nn.Tanh())
    return lambda: pair.discriminator(shape, 0, options)


PERCEPTRONS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "generator": (built("generator", (2,), "none"), (FEATURES,)),
    "generator of images, layer norm": (built("generator", (1, 2, 4), "layer"), (FEATURES,)),
    "discriminator": (built("discriminator", (FEATURES,), "none"), (FEATURES,)),
    "discriminator of images, layer norm": (built("discriminator", (1, 2, 4), "layer"), (1, 2, 4)),
    "every activation": (every_activation, (FEATURES,)),
    "no bias, other eps": (
        lambda: nn.Sequential(
            nn.Linear(FEATURES, 6, bias=False), nn.LayerNorm(6, eps=0.1), nn.LeakyReLU(0.01), nn.Linear(6, 2)
        ),
        (FEATURES,),
    ),
    "rows of rows": (
        lambda: nn.Sequential(
            nn.Linear(4, 6),
            nn.LayerNorm(6),
            nn.LeakyReLU(),
            nn.Linear(6, 3, bias=False),
            Reshape((6,)),
            nn.Linear(6, 1),
        ),
        (2, 4),
    ),
}
each_perceptron = pytest.mark.parametrize(("make", "shape"), PERCEPTRONS.values(), ids=PERCEPTRONS.keys())


def modules(make: Callable[[], nn.Module]) -> list[nn.Module]:
    torch.manual_seed(0)
    made = [make().double() for _ in range(K)]
    with torch.no_grad():  # biases and gains that are not all alike
        for module in made:
            for parameter in module.parameters():
                parameter.add_(torch.randn_like(parameter) / 4)
    return made


def points(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(K, B, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def alone(
    made: list[nn.Module], measure: Callable[[nn.Module, Tensor], list[Tensor]], x: Tensor
) -> list[Tensor]:
    """The second source: each module by itself, ordinary autograd, then stacked."""
    measured = [measure(module, x[k]) for k, module in enumerate(made)]
    return [torch.stack(of_all) for of_all in zip(*measured, strict=True)]


def outputs_and_gradients(parameters: list[Tensor], y: Tensor) -> list[Tensor]:
    gradient = torch.autograd.grad(y.sin().sum(), parameters, retain_graph=True)
    return [y.detach(), *gradient]


def penalty_and_gradients(parameters: list[Tensor], x: Tensor, y: Tensor) -> list[Tensor]:
    (slope,) = torch.autograd.grad(y.sin().sum(), x, create_graph=True)
    penalty = (slope.square() - 1).square().sum()
    gradient = torch.autograd.grad(penalty, parameters, allow_unused=True, materialize_grads=True)
    return [slope.detach(), *gradient]


@each_perceptron
def test_outputs_and_gradients_are_those_of_each_module_alone(
    make: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    made, x = modules(make), points(shape)
    network = stack(made)
    function = batched(made[0])
    assert function is not None
    ours = outputs_and_gradients(list(network.parameters.values()), function(network.parameters, x))
    theirs = alone(made, lambda m, x: outputs_and_gradients(list(m.parameters()), m(x)), x)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seen", [PiecewiseLinear, contextlib.nullcontext])
@each_perceptron
def test_penalty_gradients_are_those_of_each_module_alone(
    make: Callable[[], nn.Module],
    shape: tuple[int, ...],
    seen: Callable[[], contextlib.AbstractContextManager[Any]],
) -> None:
    made, x = modules(make), points(shape)
    network = stack(made)

    def of(parameters: list[Tensor], call: Callable[[Tensor], Tensor], x: Tensor) -> list[Tensor]:
        x = x.clone().requires_grad_()
        return penalty_and_gradients(parameters, x, call(x))

    function = batched(made[0])
    assert function is not None
    with seen():
        ours = of(list(network.parameters.values()), lambda x: function(network.parameters, x), x)
    theirs = alone(made, lambda m, x: of(list(m.parameters()), m, x), x)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_a_run_of_nan_leaves_the_others_bit_for_bit() -> None:
    make, shape = PERCEPTRONS["discriminator of images, layer norm"]
    made = modules(make)

    def measure() -> list[Tensor]:
        network = stack(made)
        x = points(shape).requires_grad_()
        return penalty_and_gradients(list(network.parameters.values()), x, network.call(x))

    healthy = measure()
    with torch.no_grad():
        next(made[1].parameters()).fill_(float("nan"))
    beside_nan = measure()
    assert beside_nan[0][1].isnan().all()
    assert all(torch.equal(a[[0, 2]], b[[0, 2]]) for a, b in zip(healthy, beside_nan, strict=True))


class Doubling(nn.Linear):
    """Looks like a linear layer and is none."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(2, 2),
        nn.Sequential(Doubling(2, 2)),
        nn.Sequential(nn.Sequential(nn.Linear(2, 2))),
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))),
        nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
        nn.Sequential(nn.Linear(2, 2), nn.Dropout()),
        nn.Sequential(nn.Linear(2, 2), nn.Softmax(1)),
        nn.Sequential(nn.Flatten(0)),
        nn.Sequential(nn.LayerNorm((2, 2))),
        nn.Sequential(nn.LayerNorm(2, elementwise_affine=False)),
        nn.Sequential(nn.PReLU()),
        NETS["dcgan"].generator((1, 8, 8), 4, 0, NETS["dcgan"].options(g_width=4), nn.Tanh()),
    ],
    ids=lambda module: str(module).replace("\n", ""),
)
def test_other_modules_are_left_to_vmap(module: nn.Module) -> None:
    assert batched(module) is None


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_built_in_perceptrons_are_known(norm: str) -> None:
    for player in ("generator", "discriminator"):
        for shape in ((2,), (1, 8, 8)):
            assert batched(built(player, shape, norm)()) is not None


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.parametrizations.weight_norm])
def test_a_stack_of_computed_weights_runs_as_its_members_do(norm: Callable[[nn.Module], nn.Module]) -> None:
    torch.manual_seed(0)
    critics = [nn.Sequential(norm(nn.Linear(2, 8)), nn.ReLU(), norm(nn.Linear(8, 1))) for _ in range(3)]
    assert batched(critics[0]) is None
    x = torch.randn(3, 5, 2)
    apart = torch.stack([critic(rows) for critic, rows in zip(critics, x, strict=True)])
    torch.testing.assert_close(stack(critics).call(x), apart)
