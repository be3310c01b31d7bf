"""What every penalty promises: shape, gradients, order of rows, noise, stacks."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganscope.lipschitz import (
    PENALTIES,
    input_gradient,
    penalty,
    squared_slope,
)
from tests.lipschitz.known_slopes import COSTS, NAMES, rng, samples, small_critic


def test_the_members_are_the_promised_ones() -> None:
    promised = ["gradient-penalty", "one-sided", "dragan", "r1", "r2", "wgan-div"]
    assert promised == NAMES == list(COSTS)
    assert [name for name in NAMES if PENALTIES[name].noise_per_element] == ["dragan"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NAMES)
def test_contract_shape_and_dtype(name: str, dtype: torch.dtype) -> None:
    critic = small_critic(dtype=dtype)
    real, fake = (x.to(dtype) for x in samples(7, (3,)))
    values = penalty(name, critic, real, fake)
    assert values.shape == (7,)
    assert values.dtype == dtype
    assert bool((values >= 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_contract_gradient_reaches_the_critic_only(name: str) -> None:
    critic, generator = small_critic(), nn.Linear(2, 3).double()
    real = samples(8, (3,))[0].requires_grad_()
    fake = generator(torch.randn(8, 2, generator=rng(), dtype=torch.float64))
    torch.autograd.backward(penalty(name, critic, real, fake, rng()).mean())
    assert all(p.grad is None for p in generator.parameters())
    assert real.grad is None
    grads = [p.grad for p in critic.parameters()]
    assert any(g is not None and bool(g.abs().sum() > 0) for g in grads)


@pytest.mark.parametrize("name", NAMES)
def test_contract_permutation_and_batch_size(name: str) -> None:
    """With the noise held fixed a sample's penalty does not depend on its place or on its companions."""
    critic, (real, fake), member = small_critic(), samples(16, (3,)), PENALTIES[name]
    noise = torch.rand(16, 3 if member.noise_per_element else 1, generator=rng(), dtype=torch.float64)
    points = member.points(real, fake, noise)

    def cost(x: Tensor) -> Tensor:
        return member.cost(squared_slope(input_gradient(critic, x)))

    order = torch.randperm(16, generator=rng(1))
    assert_close(member.points(real[order], fake[order], noise[order]), points[order])
    assert_close(cost(points[order]), cost(points)[order])
    assert_close(torch.cat([cost(points[:1]), cost(points[1:6]), cost(points[6:])]), cost(points))
    if name != "dragan":  # whose perturbation is scaled by the batch's standard deviation
        assert torch.equal(member.points(real[:5], fake[:5], noise[:5]), points[:5])


@pytest.mark.parametrize("name", NAMES)
def test_contract_noise_comes_from_the_generator_handed_in(name: str) -> None:
    critic, (real, fake) = small_critic(), samples(8, (3,))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    values = penalty(name, critic, real, fake, rng(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(penalty(name, critic, real, fake, rng(3)), values)
    assert torch.equal(penalty(name, critic, real, fake, rng(4)), values) == (name in ("r1", "r2"))


@pytest.mark.parametrize("name", NAMES)
def test_contract_stacked_runs(name: str) -> None:
    """Costs take [K, B]; one run's NaN leaves the other alone; the nested torch.func form gives the same."""
    member = PENALTIES[name]
    critics = [small_critic(seed) for seed in range(3)]
    sets = [samples(5, (3,), seed) for seed in range(3)]
    noise = torch.rand(3, 5, 3 if member.noise_per_element else 1, generator=rng(), dtype=torch.float64)
    alone = torch.stack(
        [
            member.cost(squared_slope(input_gradient(critics[k], member.points(*sets[k], noise[k]))))
            for k in range(3)
        ]
    )
    parameters, _ = torch.func.stack_module_state(critics)
    real, fake = (torch.stack([pair[i] for pair in sets]) for i in range(2))

    def one_run(weights: dict[str, Tensor], r: Tensor, f: Tensor, n: Tensor) -> Tensor:
        def total(x: Tensor) -> Tensor:
            score: Tensor = torch.func.functional_call(critics[0], weights, (x,)).sum()
            return score

        return member.cost(squared_slope(torch.func.grad(total)(member.points(r, f, n))))

    stacked = torch.func.vmap(one_run)(parameters, real, fake, noise)
    assert_close(stacked, alone)

    def mean_of_run(weights: dict[str, Tensor], r: Tensor, f: Tensor, n: Tensor) -> Tensor:
        return one_run(weights, r, f, n).mean()

    by_func = torch.func.vmap(torch.func.grad(mean_of_run))(parameters, real, fake, noise)
    for k in range(3):
        points = member.points(*sets[k], noise[k])
        loss = member.cost(squared_slope(input_gradient(critics[k], points))).mean()
        ordinary = torch.autograd.grad(loss, list(critics[k].parameters()), materialize_grads=True)
        for (key, _), gradient in zip(critics[k].named_parameters(), ordinary, strict=True):
            assert_close(by_func[key][k], gradient)

    squares = torch.rand(2, 4, generator=rng(), dtype=torch.float64)
    squares[0] = math.nan
    squares.requires_grad_()
    cost = member.cost(squares)
    assert torch.equal(cost[1], member.cost(squares[1]))
    (gradient,) = torch.autograd.grad(cost.sum(), squares)
    assert bool(gradient[1].isfinite().all())


@pytest.mark.parametrize("name", NAMES)
def test_contract_flat_critic_under_torch_func(name: str) -> None:
    """Slope exactly 0: cost as promised, parameter gradient exactly 0, nested in grad and vmap."""
    member = PENALTIES[name]
    x = torch.randn(2, 4, 3, generator=rng(), dtype=torch.float64)

    def mean_cost(w: Tensor, points: Tensor) -> Tensor:
        return member.cost(squared_slope(torch.func.grad(lambda x: (x @ w).sum())(points))).mean()

    flat = torch.zeros(2, 3, dtype=torch.float64)
    gradient, value = torch.func.vmap(torch.func.grad_and_value(mean_cost))(flat, x)
    assert torch.equal(gradient, torch.zeros_like(flat))
    assert torch.equal(value, torch.full((2,), COSTS[name](0.0), dtype=torch.float64))
