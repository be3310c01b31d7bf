"""Packs and instance noise: what the discriminator is shown, by loops and by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganscope as gs
from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.contracts import Batch
from ganscope.evaluation import Evaluation
from ganscope.nets.packing import packed
from ganscope.objectives import OBJECTIVES
from ganscope.training import Runs, batches, train_discriminator, train_generator
from ganscope.training.loop import advance
from tests.games import evaluation_of, runs, weights


@pytest.mark.parametrize("shape", [(5,), (3, 4, 4)])
@pytest.mark.parametrize("pack", [1, 2, 4])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_packs_are_concatenations(shape: tuple[int, ...], pack: int, lead: tuple[int, ...]) -> None:
    rows = torch.randn(*lead, 8, *shape, generator=torch.Generator().manual_seed(0))
    runs_of_rows = rows.reshape(-1, 8, *shape)
    by_hand = torch.stack(
        [
            torch.stack([torch.cat(list(one[j : j + pack]), dim=0) for j in range(0, 8, pack)])
            for one in runs_of_rows
        ]
    )
    result = packed(rows, pack, 1 + len(lead))
    assert torch.equal(result.reshape(by_hand.shape), by_hand)


def latents(built: Runs, seed: int = 1) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(built.config.batch_size, 4, generator=rng, dtype=built.held_out.dtype)


@pytest.mark.parametrize("objective", ["relativistic-average", "wasserstein"])
def test_losses_and_penalties_are_those_of_packs(tmp_path: Path, objective: str) -> None:
    """One epsilon, one slope and one loss a pack; batch means of a coupled objective are over packs."""
    given: dict[str, Any] = {"penalty": "gradient-penalty", "penalty_weight": 10.0, "precision": "float64"}
    built = runs(tmp_path, "minimax", objective=objective, pack=2, **given)
    critic, rules = built.game.discriminator.module, OBJECTIVES[objective]
    latent = latents(built)
    real = torch.stack([torch.cat([a, b]) for a, b in built.held_out[:8].reshape(4, 2, 2)])
    made = built.game.generator.module(latent).detach()
    fake = torch.stack([torch.cat([a, b]) for a, b in made.reshape(4, 2, 2)])
    assert critic(fake).shape == (4, 1)
    epsilon = torch.rand(4, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x)
    loss = rules.d_loss(critic(real)[:, 0], critic(fake)[:, 0]).detach()
    g_loss = rules.g_loss(critic(real)[:, 0], critic(fake)[:, 0]).detach()
    g_step = train_generator(built.game, Batch(built.held_out[:8]), latent)
    # the generator has moved, so the discriminator is shown the fakes of before
    built.game = built.game._replace(generator=built.game.generator._replace(call=lambda *_: made))
    d_step = train_discriminator(built.game, Batch(built.held_out[:8]), latent, [epsilon])
    assert_close(d_step.loss, loss)
    assert_close(d_step.penalty, 10 * (slope.norm(dim=1) - 1) ** 2)
    assert_close(g_step.loss, g_loss)


def test_a_generator_of_packs_gets_the_gradient_of_packs(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", objective="non-saturating", pack=4, precision="float64")
    critic, generator = built.game.discriminator.module, built.game.generator.module
    latent = latents(built)
    made = generator(latent)
    score = critic(torch.stack([made[:4].flatten(), made[4:].flatten()]))[:, 0]
    by_hand = torch.autograd.grad(
        OBJECTIVES["non-saturating"].g_loss(score, score).mean(), list(generator.parameters())
    )
    done = train_generator(built.game, Batch(built.held_out[:8]), latent)
    for ours, theirs in zip(done.gradient, by_hand, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("construction", ["none", "spectral-operator"])
def test_a_dcgan_packs_channels_and_samples_stay_single(tmp_path: Path, construction: str) -> None:
    given: dict[str, Any] = {
        "data": "digits",
        "network": "dcgan",
        "g_width": 4,
        "d_width": 4,
        "latent_dim": 4,
        "batch_size": 6,
    }
    config = resolve("minimax", {**given, "pack": 3, "steps": 2, "d_lipschitz": construction})
    built = game.build([config], [tmp_path], evaluation_of("digits"))
    first = next(m for m in built.game.discriminator.module.modules() if isinstance(m, nn.Conv2d))
    assert first.in_channels == 3
    advance(built)
    assert built.game.generator.call(torch.zeros(5, 4)).shape == (5, 1, 8, 8)


def test_own_discriminators_are_given_packs(tmp_path: Path) -> None:
    generator = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    critic = nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    settings = {"recipe": "minimax", "steps": 3, "batch_size": 9, "latent_dim": 4, "pack": 3, "data": "ring"}
    run = gs.train(settings, generator, critic, out=tmp_path / "run")
    assert run.sample(5).shape == (5, 2)
    assert all(row["critic_gap_held_out"] is not None for row in run.history if "emd" in row)


# ---- coupled objectives where a row has several outputs ----


def test_patches_of_a_coupled_objective_have_batch_means_of_their_own(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", objective="relativistic-average", precision="float64")
    wide = nn.Linear(2, 3).double()
    from ganscope.training.stacks.stacking import plain

    built.game = built.game._replace(
        discriminator=plain(wide), d_optimizer=torch.optim.SGD(wide.parameters(), lr=0)
    )
    real, latent = built.held_out[:8], latents(built)
    fake = built.game.generator.module(latent).detach()
    rules = OBJECTIVES["relativistic-average"]
    by_patch = torch.stack([rules.d_loss(wide(real)[:, p], wide(fake)[:, p]) for p in range(3)])
    assert_close(train_discriminator(built.game, Batch(real), latent, ()).loss, by_patch.mean(0).detach())


# ---- instance noise ----


def states(built: Runs) -> list[Tensor]:
    return [generators["augment"].get_state() for generators in built.generators]


def test_noise_is_on_real_and_fake_and_ends_when_it_should(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", instance_noise=0.5, instance_noise_decay=0.5, steps=20)
    seen: list[Tensor] = []
    made: list[Tensor] = []
    judge, make = built.game.discriminator.call, built.game.generator.call

    def judging(x: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is None
        seen.append(x.detach().clone())
        return judge(x)

    def making(latent: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is None
        made.append(make(latent))
        return made[-1]

    built.game = built.game._replace(
        discriminator=built.game.discriminator._replace(call=judging),
        generator=built.game.generator._replace(call=making),
    )
    data = {tuple(row) for row in built.rows[torch.arange(len(built.rows))].tolist()}
    for step in range(20):
        before = states(built)
        seen.clear()
        made.clear()
        advance(built)
        built.step += 1
        untouched = [tuple(row) in data for row in seen[0][:8].tolist()]
        untouched += (seen[0][8:] == made[0]).all(1).tolist()  # what the discriminator learns from
        untouched += (seen[1] == made[1]).all(1).tolist()  # and the generator
        assert len(untouched) == 24
        assert all(untouched) if step >= 10 else not any(untouched)
        assert torch.equal(before[0], states(built)[0]) == (step >= 10)


def test_noise_has_the_configured_size(tmp_path: Path) -> None:
    rows = torch.zeros(4096, 2)
    quiet = gs.Dataset("still", rows, rows[:60])
    config = resolve(
        "minimax", {"batch_size": 4096, "instance_noise": 0.5, "instance_noise_decay": 0.0, "steps": 9}
    )
    built = game.build([config], [tmp_path], Evaluation(quiet, metrics={}, about={}))
    for _ in range(2):
        noise = batches.real(built, 0).rows
        assert noise.std().item() == pytest.approx(0.5, rel=0.05)
        assert abs(noise.mean().item()) < 5 * 0.5 / math.sqrt(noise.numel())


@pytest.mark.parametrize("given", [{"instance_noise": 0.3}, {"pack": 2}])
def test_noise_and_packs_leave_other_streams_alone(tmp_path: Path, given: dict[str, Any]) -> None:
    """Latents and batches are the same with and without, so that comparisons of recipes share them."""
    with_option, without = runs(tmp_path / "a", "minimax", **given), runs(tmp_path / "b", "minimax")
    for built in (with_option, without):
        advance(built)
    for name in ("noise", "penalty"):
        one, other = (built.generators[0][name].get_state() for built in (with_option, without))
        assert torch.equal(one, other)


def test_the_generator_learns_through_the_noise(tmp_path: Path) -> None:
    built = runs(tmp_path, "minimax", objective="non-saturating", precision="float64")
    latent = latents(built)
    blur = torch.randn(8, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    made = built.game.generator.module(latent)
    score = built.game.discriminator.module(made + blur)[:, 0]
    loss = OBJECTIVES["non-saturating"].g_loss(score, score)
    by_hand = torch.autograd.grad(loss.mean(), list(built.game.generator.module.parameters()))
    before = weights(built, "discriminator")
    done = train_generator(built.game, Batch(built.held_out[:8]), latent, blur)
    assert_close(done.loss, loss.detach())
    for ours, theirs in zip(done.gradient, by_hand, strict=True):
        assert_close(ours, theirs)
    assert all(torch.equal(a, b) for a, b in zip(before, weights(built, "discriminator"), strict=True))
