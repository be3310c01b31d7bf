"""Short trainings by the library's own stacks, looked at run by run; deep generators and fresh probes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganscope.diagnose.measure.balance import auc
from ganscope.explain.experiments.depths import Residual, generator, gradient_by_layer
from ganscope.explain.experiments.games import critics, drawn, measured, played
from ganscope.explain.experiments.probes import fresh_discriminators
from ganscope.explain.experiments.seeds import scores
from ganscope.explain.questions.capacity import DEPTHS, PLAIN, RESIDUAL
from ganscope.explain.questions.critic_loss import look_at as look_at_critics
from ganscope.explain.questions.mode_collapse import Look, lost


def test_fresh_discriminators_tell_shifted_rows_and_not_equal_ones() -> None:
    rows = torch.randn(1200, 4, generator=torch.Generator().manual_seed(0))
    train, equal, held_out, others = rows.chunk(4)
    samples, judged = torch.stack([equal, equal + 3]), torch.stack([others, others + 3])
    probes = fresh_discriminators(samples, train, [0, 1], steps=60)
    with torch.no_grad():
        real, fake = scores(probes, held_out.expand(2, -1, -1)), scores(probes, judged)
    assert 0.4 <= auc(real[0], fake[0]) <= 0.6
    assert auc(real[1], fake[1]) >= 0.95


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
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    for depth in DEPTHS:
        norms = gradient_by_layer(generator(depth), critic, torch.randn(8, 32))
        assert len(norms) == depth.depth
        assert norms[-1] == 1.0
    # PyTorch's default weights lose the gradient on the way, skip connections keep it
    assert gradient_by_layer(generator(PLAIN), critic, torch.randn(8, 32))[0] < 1e-3
    assert gradient_by_layer(generator(RESIDUAL), critic, torch.randn(8, 32))[0] > 0.1


def test_stacked_games_are_looked_at_run_by_run() -> None:
    pauses = []
    for runs in played("wgan-gp", (0, 1), "digits", 2, 2, g_width=8, d_width=8, n_critic=1):
        pauses.append(runs.step)
    assert pauses == [0, 1, 2]
    samples = drawn(runs, 4)
    together = runs.game.discriminator.call(samples).squeeze(-1)
    for k, critic in enumerate(critics(runs)):
        torch.testing.assert_close(critic(samples[k]).squeeze(1), together[k])
    assert [set(values) >= {"emd", "captured"} for values in measured(runs, 2)] == [True, True]
    for look in look_at_critics(runs, (0, 1)):
        assert look.loss == -look.gap
        assert look.with_penalty > look.loss
        assert look.certified <= look.exact * (1 + 1e-12)


def test_a_stack_of_one_seed_is_looked_at_alike() -> None:
    *_, runs = played("r1", (5,), "digits", 1, 1, g_width=8, d_width=8)
    assert len(measured(runs, 1)) == 1
    assert runs.configs[0].seed == pytest.approx(5)
