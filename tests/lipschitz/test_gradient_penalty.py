"""Penalties on the input slope against critics whose slope is known, and where they look."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    PENALTIES,
    expected_slope,
    penalty,
    with_target,
)
from ganscope.lipschitz.gradient_penalty import slope
from tests.lipschitz.known_slopes import COSTS, NAMES, linear_critic, rng, samples, small_critic


@pytest.mark.parametrize("shape", [(5,), (2, 3), (3, 4, 4)])
@pytest.mark.parametrize("batch", [1, 16, 64])
@pytest.mark.parametrize("name", NAMES)
def test_penalty_of_a_linear_critic_at_every_batch_size_and_rank(
    name: str, batch: int, shape: tuple[int, ...]
) -> None:
    for norm in (0.0, 0.25, 1.0, 3.0):
        critic, w = linear_critic(shape, norm)
        values = penalty(name, critic, *samples(batch, shape), rng())
        assert values.shape == (batch,)
        expected = torch.full((batch,), COSTS[name](norm), dtype=torch.float64)
        assert_close(values, expected, rtol=1e-12, atol=1e-15)
        # d/dw cost(|w|) points along w; at slope 0 it is exactly 0
        (gradient,) = torch.autograd.grad(values.mean(), w)
        if norm == 0:
            assert torch.equal(gradient, torch.zeros_like(w))
        else:
            slope_of_cost = (COSTS[name](norm + 1e-6) - COSTS[name](norm - 1e-6)) / 2e-6
            assert_close(gradient, slope_of_cost * w.detach() / norm, rtol=1e-6, atol=1e-6)


def test_zero_slope_is_penalised_by_exactly_one_and_never_nan() -> None:
    """A critic that is flat at some samples only: one row at slope 0 must not spoil the others."""
    w = torch.tensor([2.0, 1.0], dtype=torch.float64, requires_grad=True)
    real = torch.tensor([[1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)

    def critic(x: Tensor) -> Tensor:
        return torch.relu(x @ w)  # second row is on the dead side: slope 0

    values = penalty("gradient-penalty", critic, real, real, rng())
    assert values[1].item() == 1.0
    assert_close(values[0], (torch.tensor(5.0).double().sqrt() - 1) ** 2)
    (gradient,) = torch.autograd.grad(values.sum(), w)
    assert_close(gradient, 2 * (1 - 1 / w.detach().norm()) * w.detach())


def test_safe_root_under_torch_func() -> None:
    values = torch.tensor([0.0, 1e-30, 4.0, 1e30], dtype=torch.float64)
    derivative = torch.func.vmap(torch.func.grad(slope))(values)
    assert_close(derivative, torch.tensor([0.0, 0.5e15, 0.25, 0.5e-15], dtype=torch.float64))
    second = torch.func.vmap(torch.func.grad(torch.func.grad(slope)))(values)
    assert bool(second.isfinite().all())
    assert math.isnan(float(slope(torch.tensor(math.nan))))


def test_penalty_by_a_slow_second_source() -> None:
    """Sample by sample, with the Jacobian of torch.func and plain Python arithmetic."""
    critic, (real, fake) = small_critic(), samples(6, (3,))
    eps = torch.rand(6, 1, generator=rng(9), dtype=torch.float64)
    for name in ("gradient-penalty", "one-sided", "wgan-div", "r1", "r2"):
        values = penalty(name, critic, real, fake, rng(9))
        for i in range(6):
            x = {"r1": real[i], "r2": fake[i]}.get(name, eps[i] * real[i] + (1 - eps[i]) * fake[i])
            jacobian = torch.func.jacrev(critic)(x[None])
            g = math.sqrt(sum(v * v for v in jacobian.flatten().tolist()))
            assert values[i].item() == pytest.approx(COSTS[name](g), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_parameter_gradient_by_central_differences(name: str) -> None:
    """Double backward: the penalty's gradient in every weight of a nonlinear critic."""
    critic, (real, fake) = small_critic(), samples(5, (3,))
    parameters = list(critic.parameters())
    gradients = torch.autograd.grad(
        penalty(name, critic, real, fake, rng()).mean(), parameters, allow_unused=True
    )
    step = 1e-6
    for parameter, gradient in zip(parameters, gradients, strict=True):
        flat = parameter.data.view(-1)
        for j in range(0, flat.numel(), 5):
            kept = flat[j].item()
            ends = []
            for sign in (1, -1):
                flat[j] = kept + sign * step
                ends.append(penalty(name, critic, real, fake, rng()).mean().item())
            flat[j] = kept
            expected = (ends[0] - ends[1]) / (2 * step)
            found = 0.0 if gradient is None else gradient.flatten()[j].item()
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-8)


def visited_points(name: str, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach().clone())
        return x.flatten(1).sum(1)

    penalty(name, critic, real, fake, generator)
    assert len(seen) == 1
    return seen[0]


@pytest.mark.parametrize("name", ["gradient-penalty", "one-sided", "wgan-div"])
def test_one_epsilon_per_sample(name: str) -> None:
    real, fake = torch.ones(4096, 2, 3), torch.zeros(4096, 2, 3)
    eps = visited_points(name, real, fake, rng())  # x_hat = eps here
    assert torch.equal(eps, eps[:, :1, :1].expand_as(eps))  # the same for all elements of a sample
    per_sample = eps[:, 0, 0]
    assert len(set(per_sample.tolist())) > 4000  # and another for each sample
    assert per_sample.var().item() == pytest.approx(1 / 12, abs=0.005)
    assert per_sample.mean().item() == pytest.approx(1 / 2, abs=0.02)
    assert 0 <= per_sample.min() < 0.01
    assert 0.99 < per_sample.max() < 1


def test_epsilon_weighs_the_real_sample() -> None:
    eps = torch.rand(8, 1, generator=rng(5))
    points = visited_points("gradient-penalty", torch.full((8, 2), 3.0), torch.full((8, 2), 1.0), rng(5))
    assert_close(points, (3 * eps + (1 - eps)).expand(8, 2))


def test_r1_looks_at_real_and_r2_at_fake() -> None:
    real, fake = samples(8, (3,))
    assert torch.equal(visited_points("r1", real, fake, rng()), real)
    assert torch.equal(visited_points("r2", real, fake, rng()), fake)


def test_dragan_looks_near_real_and_nowhere_else() -> None:
    real, fake = samples(2000, (3,))
    shift = (visited_points("dragan", real, fake, rng()) - real) / (0.5 * real.numpy().std())
    assert 0 <= shift.min() < 0.01
    assert 0.99 < shift.max() < 1
    assert shift.var().item() == pytest.approx(1 / 12, abs=0.005)
    correlation = torch.corrcoef(shift.T)
    assert correlation.fill_diagonal_(0).abs().max() < 0.1  # one number per element
    assert torch.equal(
        visited_points("dragan", real, 5 * fake, rng()), visited_points("dragan", real, fake, rng())
    )


@pytest.mark.parametrize("target", [0.0, 0.3, 2.0, 10.0])
@pytest.mark.parametrize("name", ["gradient-penalty", "one-sided", "dragan"])
def test_any_target_slope(name: str, target: float) -> None:
    for norm in (0.0, 0.25, 2.0, 3.0):
        critic, w = linear_critic((3, 2), norm)
        values = penalty(name, critic, *samples(4, (3, 2)), rng(), target=target)
        wanted = norm - target
        wanted = max(0.0, wanted) if name == "one-sided" else wanted
        assert_close(values, torch.full((4,), wanted**2, dtype=torch.float64), rtol=1e-12, atol=1e-14)
        (gradient,) = torch.autograd.grad(values.mean(), w)
        expected = 2 * wanted * w.detach() / norm if norm else torch.zeros_like(w)
        assert_close(gradient, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["r1", "r2", "wgan-div"])
def test_who_has_no_target(name: str) -> None:
    assert with_target(PENALTIES[name], 1.0) is PENALTIES[name]
    with pytest.raises(BadInput, match="slope 0"):
        with_target(PENALTIES[name], 2.0)
    for target in (-1.0, math.nan, math.inf):
        with pytest.raises(BadInput, match="at least 0"):
            with_target(PENALTIES["gradient-penalty"], target)


@pytest.mark.parametrize(("w1", "weight", "target"), [(4.0, 0.1, 1.0), (2.0, 10.0, 0.5), (0.0, 1.0, 3.0)])
def test_expected_slope_maximises_gap_less_penalty(w1: float, weight: float, target: float) -> None:
    slopes = torch.linspace(0, 40, 400_001, dtype=torch.float64)
    value = slopes * w1 - weight * (slopes - target) ** 2
    assert expected_slope(w1, weight, target) == pytest.approx(float(slopes[value.argmax()]), abs=1e-3)


def test_penalties_with_a_target_take_one() -> None:
    squared = torch.tensor([4.0])
    for penalty_ in PENALTIES.values():
        if penalty_.asks_slope:
            assert with_target(penalty_, 2.0).cost(squared) == 0
        else:
            with pytest.raises(BadInput, match="use gradient-penalty, one-sided, dragan"):
                with_target(penalty_, 2.0)


def test_penalty_refuses() -> None:
    critic = small_critic()
    with pytest.raises(BadInput, match=r"no penalty 'wgan-gp'.*gradient-penalty"):
        penalty("wgan-gp", critic, *samples(4, (3,)))
    with pytest.raises(BadInput, match="do not pair up"):
        penalty("r1", critic, torch.zeros(4, 3), torch.zeros(5, 3))
