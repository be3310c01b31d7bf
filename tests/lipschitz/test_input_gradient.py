"""The slope of a critic at its input: closed forms, differences, torch.func."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    input_gradient,
    squared_slope,
)
from tests.lipschitz.known_slopes import rng, samples, small_critic


def test_input_gradient_of_a_quadratic_critic() -> None:
    # D(x) = x.A.x has gradient (A + A^T) x
    a = torch.randn(3, 3, generator=rng(), dtype=torch.float64)
    x, _ = samples(16, (3,))
    gradient = input_gradient(lambda x: ((x @ a) * x).sum(1), x)
    assert_close(gradient, x @ (a + a.T))


def test_input_gradient_by_central_differences() -> None:
    critic = small_critic()
    x, _ = samples(5, (3,))
    step = 1e-6
    with torch.no_grad():
        columns = [(critic(x + step * e) - critic(x - step * e)) / (2 * step) for e in torch.eye(3).double()]
    assert_close(input_gradient(critic, x).detach(), torch.cat(columns, 1), rtol=1e-8, atol=1e-8)


def test_input_gradient_equals_torch_func() -> None:
    critic = small_critic()
    x, _ = samples(16, (3,))

    def one(sample: Tensor) -> Tensor:
        score: Tensor = critic(sample[None]).sum()
        return score

    assert_close(input_gradient(critic, x), torch.func.vmap(torch.func.grad(one))(x))


def test_input_gradient_of_patches_is_that_of_their_sum() -> None:
    torch.manual_seed(0)
    critic = nn.Conv2d(2, 1, 3, stride=2, padding=1).double()
    x, _ = samples(4, (2, 6, 6))
    assert critic(x).shape == (4, 1, 3, 3)
    expected = torch.stack([input_gradient(lambda x: critic(x).sum().reshape(1), row[None])[0] for row in x])
    assert_close(input_gradient(critic, x), expected)


def test_input_gradient_leaves_nothing_behind() -> None:
    critic, (x, _) = small_critic(), samples(4, (3,))
    with torch.no_grad():
        gradient = input_gradient(critic, x)
    assert gradient.requires_grad
    assert not x.requires_grad
    assert all(p.grad is None for p in critic.parameters())


def test_input_gradient_is_differentiable_in_x() -> None:
    x = samples(4, (3,))[0].requires_grad_()
    gradient = input_gradient(lambda x: (x**3).sum(1), x)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    assert_close(second, 6 * x.detach())


@pytest.mark.parametrize(
    "critic",
    [lambda x: x.detach().sum(1), lambda x: torch.zeros(len(x), requires_grad=True), nn.Linear(3, 1)],
)
def test_input_gradient_refuses_what_has_no_slope(critic: Callable[[Tensor], Tensor]) -> None:
    if isinstance(critic, nn.Module):
        with pytest.raises(BadInput, match="int64"):
            input_gradient(critic, torch.zeros(2, 3, dtype=torch.int64))
    else:
        with pytest.raises(BadInput, match="does not depend on its input"):
            input_gradient(critic, torch.zeros(2, 3))


def test_squared_slope_sums_over_everything_but_the_batch() -> None:
    g = torch.randn(2, 4, 3, 5, 5, generator=rng(), dtype=torch.float64)
    by_loop = torch.tensor(
        [[sum(v * v for v in g[k, b].flatten().tolist()) for b in range(4)] for k in range(2)]
    )
    assert_close(squared_slope(g, batch_dims=2), by_loop.double())
    assert_close(squared_slope(g[0]), by_loop[0].double())
    assert_close(squared_slope(g[0, 0, 0, 0]), g[0, 0, 0, 0].square())
