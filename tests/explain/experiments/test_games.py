"""What the answers on critics, collapse, capacity and weak discriminators measure, against closed forms."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from ganscope.explain.experiments.fixed_generator import (
    Constraint,
    factor_per_layer,
    fit_critic,
    layer_gradients,
    optimal_slope,
)
from ganscope.explain.experiments.games import auc, critics, drawn, measured, played
from ganscope.explain.experiments.perceptron import perceptron
from ganscope.explain.questions.capacity import DEPTHS, Residual, generator, gradient_by_layer
from ganscope.explain.questions.critic_loss import look_at as look_at_critics
from ganscope.explain.questions.mode_collapse import Look, lost
from ganscope.explain.questions.weak_discriminator import fresh_discriminator


def test_gradient_at_the_last_hidden_layer_is_the_output_weight() -> None:
    # d loss / d h = -+ w / B for each of the B real and B fake rows: norm |w| sqrt(2 / B)
    critic = perceptron((3, 5, 7, 1), seed=0)
    last = list(critic)[-1]
    assert isinstance(last, nn.Linear)
    norms = layer_gradients(critic, torch.randn(6, 3), torch.randn(6, 3))
    assert norms[-1] == pytest.approx(float(last.weight.detach().norm()) * math.sqrt(2 / 6), rel=1e-6)


@pytest.mark.parametrize("gain", [0.1, 0.5, 3.0])
def test_factor_per_layer_is_the_gain_of_scaled_identities(gain: float) -> None:
    critic = perceptron((4, 4, 4, 4, 4, 1), seed=0)
    with torch.no_grad():
        for layer in critic:
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(gain * torch.eye(4)[: layer.out_features])
                layer.bias.zero_()
    norms = layer_gradients(critic, torch.rand(5, 4), torch.rand(5, 4))
    assert factor_per_layer(norms) == pytest.approx(gain, rel=1e-5)


def test_clipping_and_penalty_do_what_they_say() -> None:
    rng = torch.Generator().manual_seed(0)
    clipped = perceptron((1, 8, 1), seed=0)

    def at(mean: float, n: int, rng: torch.Generator) -> torch.Tensor:
        return mean + torch.randn(n, 1, generator=rng)

    fit_critic(
        clipped, lambda n, r: at(3, n, r), lambda n, r: at(-3, n, r), Constraint("", clip=0.02), 5, rng
    )
    assert max(float(p.detach().abs().max()) for p in clipped.parameters()) == pytest.approx(0.02)


@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_penalised_slope_settles_at_one_plus_w1_over_two_lambda(weight: float) -> None:
    found = optimal_slope(weight, seed=3, steps=600)
    assert found.predicted == 1 + 2 / weight
    assert found.measured == pytest.approx(found.predicted, rel=0.05)


def test_auc_counts_pairs() -> None:
    rng = torch.Generator().manual_seed(0)
    real = torch.randint(0, 5, (30,), generator=rng).double()
    fake = torch.randint(0, 4, (20,), generator=rng).double()
    pairs = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(real.tolist(), fake.tolist())]
    assert auc(real, fake) == pytest.approx(sum(pairs) / len(pairs))


def test_fresh_discriminator_tells_shifted_rows_and_not_equal_ones() -> None:
    rng = torch.Generator().manual_seed(0)
    rows = torch.randn(1200, 4, generator=rng)
    train, equal, held_out, others = rows.chunk(4)
    for samples, judged, low, high in ((equal, others, 0.4, 0.6), (equal + 3, others + 3, 0.95, 1.0)):
        probe = fresh_discriminator(samples, train, seed=0, steps=60)
        with torch.no_grad():
            found = auc(probe(held_out).squeeze(1), probe(judged).squeeze(1))
        assert low <= found <= high


def test_lost_counts_only_what_was_once_captured() -> None:
    def look(step: int, *missing: int) -> Look:
        return Look(step, 1.0, 0.5, missing, 0.5)

    assert lost([look(0, 0, 1, 2), look(1, 2), look(2, 1, 2)]) == 1
    assert lost([look(0, 0, 1), look(1)]) == 0
    assert look(0, 3, 4).captured == 8


def test_residual_is_the_identity_plus_a_scaled_branch() -> None:
    layer = Residual(6, depth=4).double()
    h = torch.randn(3, 6, dtype=torch.float64)
    torch.testing.assert_close(layer(h), h + 0.5 * (h.relu() @ layer.linear.weight.T + layer.linear.bias))


def test_gradient_by_layer_is_one_at_the_layer_next_to_the_sample() -> None:
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    for depth in DEPTHS:
        norms = gradient_by_layer(generator(depth, 0), discriminator, torch.randn(8, 32))
        assert len(norms) == depth.depth
        assert norms[-1] == 1.0
    # PyTorch's default weights lose the gradient on the way, skip connections keep it
    assert gradient_by_layer(generator(DEPTHS[1], 0), discriminator, torch.randn(8, 32))[0] < 1e-3
    assert gradient_by_layer(generator(DEPTHS[3], 0), discriminator, torch.randn(8, 32))[0] > 0.1


def test_stacked_games_are_looked_at_run_by_run() -> None:
    pauses = []
    for runs in played("wgan-gp", (0, 1), "digits", 2, 2, g_width=8, d_width=8, n_critic=1):
        pauses.append(runs.step)
    assert pauses == [0, 1, 2]
    samples = drawn(runs, 4)
    together = runs.game.discriminator.call(samples).squeeze(-1)
    for k, critic in enumerate(critics(runs)):
        torch.testing.assert_close(critic(samples[k]), together[k])
    assert [set(found) >= {"emd", "captured"} for found in measured(runs, 2)] == [True, True]
    for look in look_at_critics(runs, (0, 1)):
        assert look.loss == -look.gap
        assert look.with_penalty > look.loss
        assert look.certified <= look.exact * (1 + 1e-12)
