"""Activations without a second derivative: the same numbers, fewer operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.utils._python_dispatch import TorchDispatchMode

from ganscope.training.piecewise_linear import PiecewiseLinear


class Residual(nn.Module):
    """Calls of every kind, one of them in place."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = x + nn.functional.leaky_relu(self.first(x), 0.1)
        x = nn.functional.relu(x.tanh() + self.second(x))
        return nn.functional.leaky_relu(self.first(x), 0.3, inplace=True)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "leaky": lambda: nn.Sequential(
        nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 8), nn.LeakyReLU(), nn.Linear(8, 1)
    ),
    "relu": lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)),
    "smooth": lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1), nn.Softplus()),
    "residual": Residual,
    "convolutions": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 3, 2), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(6, 1)
    ),
}


def penalty_gradients(module: nn.Module, x: Tensor, simplified: bool) -> list[Tensor]:
    x = x.clone().requires_grad_()
    if simplified:
        with PiecewiseLinear():
            scores = module(x)
    else:
        scores = module(x)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    cost = (slope.norm(dim=1) - 1).square().mean()
    gradient = torch.autograd.grad(cost, list(module.parameters()), allow_unused=True, materialize_grads=True)
    return [scores.detach(), slope.detach(), *gradient]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_number_changes(name: str, dtype: torch.dtype) -> None:
    # second source: torch's own activations
    torch.manual_seed(0)
    module, x = NETWORKS[name]().to(dtype), torch.randn(7, 6, dtype=dtype)
    x[0] = 0
    ours, theirs = (penalty_gradients(module, x, simplified) for simplified in (True, False))
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_same_under_vmap() -> None:
    torch.manual_seed(0)
    modules = [NETWORKS["convolutions"]().double() for _ in range(3)]
    parameters, _ = stack_module_state(modules)
    x = torch.randn(3, 5, 6, dtype=torch.float64, requires_grad=True)
    run = vmap(lambda p, rows: functional_call(modules[0], p, (rows,)))
    with PiecewiseLinear():
        scores = run(parameters, x)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    cost = (slope.norm(dim=2) - 1).square().mean(1).sum()
    gradient = torch.autograd.grad(cost, list(parameters.values()), allow_unused=True, materialize_grads=True)
    alone = [penalty_gradients(module, x[k].detach(), simplified=False) for k, module in enumerate(modules)]
    for index, stacked in enumerate([scores.detach(), slope.detach(), *gradient]):
        torch.testing.assert_close(stacked, torch.stack([one[index] for one in alone]))


class Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts matrix products."""

    number: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("name", "saved"), [("leaky", True), ("relu", True), ("smooth", False)])
def test_passes_of_zeros_are_left_out_where_there_are_some(name: str, saved: bool) -> None:
    module, x = NETWORKS[name](), torch.randn(7, 6)

    def products(simplified: bool) -> int:
        counted = Products()  # type: ignore[no-untyped-call]
        with counted:
            penalty_gradients(module, x, simplified)
        return int(counted.number)

    assert (products(True) < products(False)) == saved


def test_outside_the_block_everything_is_as_before() -> None:
    x = torch.randn(4, requires_grad=True)
    with PiecewiseLinear():
        pass
    (slope,) = torch.autograd.grad(nn.functional.leaky_relu(x, 0.2).sum(), x, create_graph=True)
    assert slope.grad_fn is not None
    assert "LeakyRelu" in slope.grad_fn.name()
