"""Penalties on the input slope against critics whose slope is known, and weight clipping."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ganscope.contracts import BadInput
from ganscope.lipschitz import (
    PENALTIES,
    clip_weights_,
    clippable,
    expected_slope,
    input_gradient,
    penalty,
    squared_slope,
    with_target,
)
from ganscope.lipschitz.gradient_penalty import slope

NAMES = list(PENALTIES)
# what each member asks of a slope g, in plain floats
COSTS: dict[str, Callable[[float], float]] = {
    "gradient-penalty": lambda g: (g - 1) ** 2,
    "one-sided": lambda g: max(0.0, g - 1) ** 2,
    "dragan": lambda g: (g - 1) ** 2,
    "r1": lambda g: g**2 / 2,
    "r2": lambda g: g**2 / 2,
    "wgan-div": lambda g: g**6,
}


def linear_critic(shape: tuple[int, ...], norm: float) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """D(x) = w.x + 3 with |w| = norm, and w."""
    rng = torch.Generator().manual_seed(len(shape))
    w = torch.randn(shape, generator=rng, dtype=torch.float64)
    w = (w * norm / w.norm()).requires_grad_()
    return lambda x: (x * w).flatten(1).sum(1) + 3, w


def samples(batch: int, shape: tuple[int, ...], seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return (
        torch.randn(batch, *shape, generator=rng, dtype=torch.float64),
        2 + torch.randn(batch, *shape, generator=rng, dtype=torch.float64),
    )


def small_critic(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Smooth and nonlinear, with slopes on both sides of 1."""
    torch.manual_seed(seed)
    first, middle, last = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 1)
    with torch.no_grad():
        first.weight.mul_(3)
        last.weight.mul_(5)
    return nn.Sequential(first, nn.Tanh(), middle, nn.Softplus(), last).to(dtype)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- input_gradient and squared_slope ----


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


# ---- penalties on critics of known slope ----


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


# ---- where the penalties look ----


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


# ---- the contract, over all members ----


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


# ---- weight clipping ----


class EveryLayer(nn.Module):
    """One of each kind of layer, with all parameters at 5."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.nested = nn.Sequential(nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2), nn.Conv3d(2, 2, 1, bias=False))
        self.conv = nn.Conv2d(2, 2, 1)
        self.up = nn.ModuleList(
            [nn.ConvTranspose1d(2, 2, 1), nn.ConvTranspose2d(2, 2, 1), nn.ConvTranspose3d(2, 2, 1)]
        )
        self.layer_norm = nn.LayerNorm(2)
        self.group_norm = nn.GroupNorm(1, 2)
        self.instance_norm = nn.InstanceNorm2d(2, affine=True)
        self.embedding = nn.Embedding(2, 2)
        self.prelu = nn.PReLU()
        self.free = nn.Parameter(torch.zeros(2))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(5.0)


CLIPPED = [
    *("linear.weight", "linear.bias", "nested.0.weight", "nested.0.bias", "nested.2.weight"),
    *("conv.weight", "conv.bias", "up.0.weight", "up.0.bias", "up.1.weight", "up.1.bias"),
    *("up.2.weight", "up.2.bias"),
]


def test_clipping_takes_linear_layers_and_leaves_norms_alone() -> None:
    module = EveryLayer()
    assert sorted(clippable(module)) == sorted(CLIPPED)
    kept = dict(module.named_parameters())
    assert clip_weights_(module, 0.01) is None  # type: ignore[func-returns-value]
    for name, parameter in module.named_parameters():
        assert parameter is kept[name]  # in place
        assert bool((parameter == (0.01 if name in CLIPPED else 5.0)).all()), name


def test_clipping_is_a_two_sided_projection() -> None:
    layer = nn.Linear(3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-2.0, 0.003, 0.5]]))
        layer.bias.fill_(-7)
    clip_weights_(layer, 0.01)
    assert torch.equal(layer.weight, torch.tensor([[-0.01, 0.003, 0.01]]))
    assert layer.bias.item() == pytest.approx(-0.01)
    once = layer.weight.clone()
    clip_weights_(layer, 0.01)
    assert torch.equal(layer.weight, once)
    assert layer.weight.requires_grad
    assert layer.weight.grad is None


def test_clippable_names_tied_weights_once() -> None:
    first = nn.Linear(2, 2)
    second = nn.Linear(2, 2)
    second.weight = first.weight
    assert clippable(nn.Sequential(first, second)) == ["0.weight", "0.bias", "1.bias"]


@pytest.mark.parametrize("c", [0.0, -0.01, math.nan, math.inf])
def test_clipping_refuses_a_box_that_is_none(c: float) -> None:
    with pytest.raises(BadInput, match="positive number"):
        clip_weights_(nn.Linear(2, 1), c)


def test_clipping_refuses_what_it_cannot_bound() -> None:
    with pytest.raises(BadInput, match="no linear or convolution layer"):
        clip_weights_(nn.LayerNorm(2), 0.01)
    spectral = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1)))
    with pytest.raises(BadInput, match=r"'0'.*spectral norm"):
        clip_weights_(spectral, 0.01)
