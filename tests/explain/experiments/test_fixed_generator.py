"""Training discriminators against a fixed generator, against a loop by hand over the public penalty."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import softplus

from ganscope.contracts import Batch
from ganscope.explain.experiments import fixed_generator
from ganscope.explain.experiments.fixed_generator import Constraint, moments, norms
from ganscope.explain.experiments.seeds import (
    Streams,
    alone,
    discriminator,
    generator,
    networks,
    stacked,
)
from ganscope.explain.experiments.stages import generator_gradients
from ganscope.lipschitz import input_gradient
from ganscope.objectives import OBJECTIVES

SEEDS = [0, 1]


def penalised_slopes(
    constraint: Constraint,
    critic: torch.nn.Module,
    real: torch.Tensor,
    fake: torch.Tensor,
    noise: torch.Tensor,
) -> list[torch.Tensor]:
    """The places a penalty looks at, by hand."""
    if constraint.where == "samples":
        return [input_gradient(critic, x) for x in (real, fake)]
    return [input_gradient(critic, noise * real + (1 - noise) * fake)]


@pytest.mark.parametrize(
    "constraint",
    [Constraint(), Constraint(weight=10.0), Constraint(weight=10.0, where="samples"), Constraint(clip=0.05)],
    ids=["none", "between", "samples", "clip"],
)
def test_training_a_stack_is_training_its_networks(constraint: Constraint) -> None:
    data = torch.Generator().manual_seed(0)
    batches = [(torch.randn(2, 6, 2, generator=data), torch.randn(2, 6, 2, generator=data)) for _ in range(4)]
    stack, feed = stacked(lambda: discriminator((2,), 8, 1), SEEDS), iter(batches)
    players = fixed_generator.game(stack, lambda z: z + 1, "minimax", 1e-3, constraint)
    for _ in fixed_generator.train(players, lambda: next(feed), 4, Streams(SEEDS, "penalty")):
        pass
    noise = Streams(SEEDS, "penalty")
    drawn = [noise.uniform(6, 1) for _ in batches]
    for k, critic in enumerate(networks(lambda: discriminator((2,), 8, 1), SEEDS)):
        parameters = list(critic.parameters())
        optimizer: torch.optim.Optimizer = torch.optim.Adam(
            parameters, 1e-3, (0.5, 0.9) if constraint.weight else (0.9, 0.999)
        )
        if constraint.clip:
            optimizer = torch.optim.RMSprop(parameters, 1e-3)
        for (real, latent), eps in zip(batches, drawn, strict=True):
            x, y = real[k], latent[k] + 1
            loss = (softplus(-critic(x)) + softplus(critic(y))).mean()
            if constraint.weight:
                slopes = penalised_slopes(constraint, critic, x, y, eps[k])
                costs = [(slope.norm(dim=1) - 1).square().mean() for slope in slopes]
                loss = loss + constraint.weight * torch.stack(costs).mean()
            for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.grad = gradient
            optimizer.step()
            for parameter in parameters if constraint.clip else ():
                parameter.data.clamp_(-constraint.clip, constraint.clip)
        x = torch.randn(5, 2)
        assert torch.allclose(alone(stack, k)(x), critic(x), atol=1e-5)


def test_gradients_of_frozen_generators_are_those_of_each_alone() -> None:
    generators = stacked(lambda: generator(2, 3, 6, 1), SEEDS, "generator")
    critics = stacked(lambda: discriminator((2,), 6, 1), SEEDS)
    latents = torch.randn(2, 11, 3, generator=torch.Generator().manual_seed(4))
    players = fixed_generator.game(critics, generators, "minimax")
    sizes = norms(generator_gradients(players, "minimax", latents))
    network, critic = alone(generators, 1), alone(critics, 1)
    scores = critic(network(latents[1])).squeeze(1)
    loss = OBJECTIVES["minimax"].g_loss(scores, scores).mean()
    gradients = torch.autograd.grad(loss, list(network.parameters()))
    expected = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    assert float(sizes[1]) == pytest.approx(expected, rel=1e-5)


def test_the_frozen_generator_does_not_move() -> None:
    generators = stacked(lambda: generator(2, 3, 6, 1), SEEDS, "generator")
    before = {name: tensor.clone() for name, tensor in generators.parameters.items()}
    critics = stacked(lambda: discriminator((2,), 6, 1), SEEDS)
    players = fixed_generator.game(critics, generators, "minimax")
    streams = Streams(SEEDS, "batches")
    for _ in fixed_generator.train(players, lambda: (streams.normal(4, 2), streams.normal(4, 3)), 3, streams):
        pass
    assert all(torch.equal(generators.parameters[name], tensor) for name, tensor in before.items())
    assert Batch(torch.zeros(1)).condition is None


def test_looks_start_at_zero_and_end_at_the_end() -> None:
    for steps, count in ((11, 5), (500, 16), (5000, 20)):
        looks = moments(steps, count)
        assert looks[0] == 0
        assert looks[-1] == steps
        assert looks == sorted(set(looks))
