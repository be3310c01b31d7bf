"""What the questions measure, against closed forms and slow versions."""

from __future__ import annotations

import math

import pytest
import torch

import ganscope as gs
from ganscope.explain.experiments.critics import moments, slopes_at, train
from ganscope.explain.experiments.perceptron import Draws, Stack, descend, perceptron
from ganscope.explain.experiments.stages import generator_gradients, norms
from ganscope.explain.questions import chain_rule, earth_mover, flat_costs, label_flip
from ganscope.lipschitz import input_gradient, penalty
from ganscope.objectives import OBJECTIVES

# --- question 1 ---


@pytest.mark.parametrize("loss", chain_rule.LOSSES)
def test_product_of_the_factors_is_what_autograd_finds(loss: str) -> None:
    z = torch.linspace(-30, 30, 121, dtype=torch.float64)
    outer, inner, product = chain_rule.factors(loss, z)
    assert torch.allclose(outer * inner, product, rtol=1e-12, atol=0)
    expected = -z.sigmoid() if loss == "minimax" else -(-z).sigmoid()
    assert torch.allclose(product, expected, rtol=1e-12, atol=0)
    assert torch.allclose(inner, z.sigmoid() * (1 - z.sigmoid()), rtol=1e-3, atol=1e-15)


def test_the_asker_s_numbers() -> None:
    z = torch.tensor([0.01], dtype=torch.float64).logit()
    assert [round(float(v), 6) for v in chain_rule.factors("non-saturating", z)] == [-100, 0.0099, -0.99]
    assert [round(float(v), 6) for v in chain_rule.factors("minimax", z)] == [-1.010101, 0.0099, -0.01]


def test_what_float32_makes_of_the_flipped_loss() -> None:
    found = chain_rule.computed_gradients([-20.0, -30.0, -40.0, -90.0])
    assert found["logsigmoid(z)"] == [-1, -1, -1, -1]
    # the published trap: log(sigmoid + eps) at -20, BCELoss at -30 and below
    assert found["log(sigmoid(z) + 1e-8)"][0] == pytest.approx(-0.171, abs=1e-3)
    assert found["BCELoss(sigmoid(z), 1)"][1:] == pytest.approx([-0.0936, -4.25e-6, 0], rel=1e-2)
    on_fakes = chain_rule.fake_side_gradients([12.0, 17.0, 90.0])
    assert on_fakes["logits"] == pytest.approx([1, 1, 1], abs=1e-5)
    assert on_fakes["BCELoss"][1:] == [0, 0]


def test_gradient_at_the_stations_against_the_chain_multiplied_out() -> None:
    generator, critic = perceptron((3, 5, 4, 2), 0), perceptron((2, 6, 5, 4, 1), 1)
    latents = torch.randn(9, 3, generator=torch.Generator().manual_seed(2))
    found = dict(
        zip(chain_rule.STATIONS, chain_rule.arriving("minimax", generator, critic, latents), strict=True)
    )
    x = generator(latents).detach()
    z = critic(x).squeeze(1).detach()
    by_x = z.sigmoid() * input_gradient(critic, x).norm(dim=1).detach()
    assert found["x = G(latent)"] == pytest.approx(float(by_x.median()), rel=1e-5)
    assert found["z"] == pytest.approx(float(z.sigmoid().median()), rel=1e-5)
    assert found["a"] == pytest.approx(float((1 / (1 - z.sigmoid())).median()), rel=1e-5)
    assert len(found) == 8


# --- question 2 ---


@pytest.mark.parametrize("distance", [0.3, 1.0, 2.0, 4.0, 9.0])
def test_slopes_are_those_of_the_values(distance: float) -> None:
    found, h = flat_costs.slopes(distance), 1e-4
    landscape = gs.divergences.landscape(flat_costs.REAL, flat_costs.FAKE, [distance - h, distance + h])
    for name, (field, _) in flat_costs.COSTS.items():
        low, high = getattr(landscape, field)
        assert found[name] == pytest.approx((high - low) / (2 * h), abs=1e-5), name


def test_which_cost_is_flat_where() -> None:
    near, far = flat_costs.slopes(0.0), flat_costs.slopes(10.0)
    assert near["JS"] == pytest.approx(0, abs=1e-9)
    assert near["TV"] == pytest.approx(0.3989, abs=1e-4)
    assert far["JS"] < 1e-5
    assert far["KL(real || fake)"] == pytest.approx(10)
    assert near["W1"] == far["W1"] == 1


# --- questions 3 to 6: stacks ---


def test_a_stack_is_its_networks_side_by_side() -> None:
    stack, x = Stack((2, 5, 3, 1), [3, 8]), torch.randn(2, 7, 2)
    for k, seed in enumerate((3, 8)):
        alone = perceptron((2, 5, 3, 1), seed)(x[k])
        assert torch.allclose(stack(x)[k], alone, atol=1e-6)
        assert torch.allclose(stack.one(k)(x[k]), alone, atol=1e-6)
    assert torch.equal(Draws([1, 2]).normal(4)[1], Draws([2]).normal(4)[0])
    assert not torch.equal(Draws([1]).normal(4), Draws([1], salt=1).normal(4))


@pytest.mark.parametrize("kind", ["", "gradient-penalty"])
def test_training_a_stack_is_training_its_networks(kind: str) -> None:
    """Against a loop by hand over the library's public penalty."""
    data = torch.Generator().manual_seed(0)
    batches = [
        (torch.randn(2, 6, 2, generator=data), torch.randn(2, 6, 2, generator=data) + 1) for _ in range(4)
    ]
    noise = torch.rand(2, 6, 1, generator=torch.Generator().manual_seed(9))
    stack, feed = Stack((2, 8, 1), [0, 1]), iter(batches)
    for _ in train(stack, lambda: (*next(feed), noise), 4, "wasserstein", penalty=kind, weight=10.0):
        pass
    betas = (0.5, 0.9) if kind else (0.9, 0.999)
    for k in (0, 1):
        alone = perceptron((2, 8, 1), k)
        optimizer = torch.optim.Adam(alone.parameters(), 1e-3, betas)
        for real, fake in batches:
            loss = (alone(fake[k]) - alone(real[k])).mean()
            if kind:
                between = noise[k] * real[k] + (1 - noise[k]) * fake[k]
                loss = loss + 10 * (input_gradient(alone, between).norm(dim=1) - 1).square().mean()
            descend(optimizer, loss)
        x = torch.randn(5, 2)
        assert torch.allclose(stack.one(k)(x), alone(x), atol=1e-5)


def test_slopes_and_gradients_of_a_stack() -> None:
    generators, critics = Stack((3, 6, 2), [0, 1]), Stack((2, 6, 1), [2, 3])
    latents = torch.randn(2, 11, 3, generator=torch.Generator().manual_seed(4))
    x = generators(latents).detach()
    assert torch.allclose(slopes_at(critics, x)[1], input_gradient(critics.one(1), x[1]), atol=1e-6)
    found = norms(generator_gradients(generators, critics, "minimax", latents))
    alone, critic = perceptron((3, 6, 2), 1), perceptron((2, 6, 1), 3)
    scores = critic(alone(latents[1])).squeeze(1)
    loss = OBJECTIVES["minimax"].g_loss(scores, scores).mean()
    gradients = torch.autograd.grad(loss, list(alone.parameters()))
    expected = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    assert float(found[1]) == pytest.approx(expected, rel=1e-5)
    real = torch.zeros(4, 2)
    assert penalty("gradient-penalty", critic, real, real + 1).shape == (4,)


def test_looks_start_at_zero_and_end_at_the_end() -> None:
    for steps, count in ((10, 5), (500, 16), (5000, 20)):
        looks = moments(max(steps, 11), count)
        assert looks[0] == 0
        assert looks[-1] == max(steps, 11)
        assert looks == sorted(set(looks))


# --- question 4 ---


def test_adam_hides_the_size_until_its_epsilon() -> None:
    found = label_flip.adam_updates(1.0, seed=0)
    assert found.update[3] == pytest.approx(found.update[0], rel=1e-2)
    assert found.update[12] < 1e-3 * found.update[0]
    assert found.along[0] > 0.9
    assert label_flip.adam_updates(0.01, seed=0).along[0] < 0.3


def test_theorem_2_5() -> None:
    slopes = label_flip.theorem([0.5, 2.0, 6.0])
    names = ("minimax", "non-saturating", "KL(fake || real)")
    for minimax, flipped, reverse in zip(*(slopes[name] for name in names), strict=True):
        assert flipped == pytest.approx(reverse - minimax, abs=1e-8)


def test_a_perfect_fit_of_one_mode_feels_nothing_but_the_earth_mover() -> None:
    found = label_flip.on_one_mode()
    assert abs(found["minimax"]) < 1e-6
    assert abs(found["non-saturating"]) < 1e-6
    assert found["wasserstein"] == pytest.approx(1)


# --- question 5 ---


@pytest.mark.parametrize("share", earth_mover.SHARES)
def test_amount_times_way(share: float) -> None:
    for distance in earth_mover.DISTANCES:
        assert earth_mover.moved(share, distance) == pytest.approx(share * distance, rel=1e-15)
