"""The step: who is touched when, signs, counts, clipping, and stacks that equal single runs."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganscope.build import game
from ganscope.build.rules import reads_real_logits
from ganscope.contracts import Batch
from ganscope.lipschitz import penalty
from ganscope.objectives import OBJECTIVES
from ganscope.training import Runs, train_discriminator, train_generator
from ganscope.training.loop import advance
from ganscope.training.step import shown
from tests.games import config, evaluation_of, runs, weights

# every way a discriminator can be constrained, with an objective each
CONSTRAINTS: list[dict[str, Any]] = [
    {"objective": "non-saturating"},
    {"objective": "minimax"},
    {"objective": "wasserstein", "clip": 0.05, "optimizer": "rmsprop"},
    {"objective": "wasserstein", "penalty": "gradient-penalty", "penalty_weight": 10.0},
    {"objective": "wasserstein", "penalty": "one-sided", "penalty_weight": 10.0},
    {"objective": "non-saturating", "penalty": "dragan", "penalty_weight": 1.0},
    {"objective": "hinge", "penalty": "r1", "penalty_weight": 1.0},
    {"objective": "relativistic", "penalty": "r1+r2", "penalty_weight": 1.0},
    {"objective": "relativistic-average", "penalty": "r2", "penalty_weight": 1.0},
    {"objective": "least-squares", "ema": 0.9},
]
OPTIONS: list[dict[str, Any]] = [
    {"objective": "minimax", "label_smoothing": 0.1},
    {"objective": "wasserstein", "penalty": "one-sided", "penalty_weight": 10.0, "penalty_target": 2.0},
    {"objective": "hinge", "d_lipschitz": "spectral"},
    {"objective": "wasserstein", "d_lipschitz": "spectral-operator"},
    {"objective": "wasserstein", "d_lipschitz": "orthogonal"},
    {"objective": "non-saturating", "instance_noise": 0.3, "penalty": "r1", "penalty_weight": 1.0},
    {"objective": "relativistic", "pack": 2, "instance_noise": 0.1, "instance_noise_decay": 0.0},
    {"objective": "relativistic-average", "pack": 4},
    {"objective": "wasserstein", "penalty": "gradient-penalty", "penalty_weight": 10.0, "pack": 2},
    {"objective": "wasserstein", "penalty": "one-sided+dragan", "penalty_weight": 10.0, "penalty_every": 3},
    {"objective": "minimax", "dynamics": "simultaneous", "optimizer": "sgd", "g_lr": 0.05, "d_lr": 0.05},
    {"objective": "minimax", "dynamics": "optimistic"},
    {"objective": "hinge", "dynamics": "optimistic", "optimizer": "rmsprop", "clip": 0.1},
    {"objective": "non-saturating", "dynamics": "extra-gradient", "clip": 0.1},
    {"objective": "minimax", "dynamics": "consensus", "consensus_weight": 0.5},
    {
        "objective": "relativistic",
        "dynamics": "consensus",
        "penalty": "r1+r2+gradient-penalty",
        "penalty_weight": 1.0,
        "pack": 2,
        "instance_noise": 0.1,
    },
]


def names(given: dict[str, Any] | int) -> str:
    return str(given) if isinstance(given, int) else " ".join(str(value) for value in given.values())


def batch(built: Runs) -> tuple[Batch, Tensor, list[Tensor | None]]:
    """A real batch, a latent and the noise every penalty term may want, from a fixed generator."""
    rng = torch.Generator().manual_seed(1)
    b = built.config.batch_size
    lead = (len(built.configs),) if built.game.stacked else ()
    rows = built.held_out[:b].expand(*lead, b, *built.held_out.shape[1:])
    real = shown(built.game, Batch(rows)).rows
    latent = torch.randn(*lead, b, built.config.latent_dim, generator=rng, dtype=real.dtype)
    noise: list[Tensor | None] = [
        torch.rand(
            real.shape if t.penalty.noise_per_element else (*real.shape[:-1], 1),
            generator=rng,
            dtype=real.dtype,
        )
        for t in built.game.terms
    ]
    return Batch(rows), latent, noise


@pytest.mark.parametrize("given", [*CONSTRAINTS, *OPTIONS], ids=names)
def test_each_step_touches_one_player(tmp_path: Path, given: dict[str, Any]) -> None:
    built = runs(tmp_path, "minimax", **given)
    real, latent, noise = batch(built)
    for step, moves, rests in (
        (lambda: train_discriminator(built.game, real, latent, noise), "discriminator", "generator"),
        (lambda: train_generator(built.game, real, latent), "generator", "discriminator"),
    ):
        moving, resting = weights(built, moves), weights(built, rests)
        step()
        assert all(torch.equal(a, b) for a, b in zip(resting, weights(built, rests), strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(moving, weights(built, moves), strict=True))
        for network in (built.game.generator, built.game.discriminator):
            assert all(p.grad is None for p in network.parameters.values())


@pytest.mark.parametrize("n_critic", range(1, 8))
def test_optimiser_steps_are_counted(tmp_path: Path, n_critic: int) -> None:
    built = runs(tmp_path, "r1", n_critic=n_critic)
    for _ in range(3):
        advance(built)
        built.step += 1

    def count(optimizer: torch.optim.Optimizer) -> set[int]:
        return {int(state["step"]) for state in optimizer.state.values()}

    assert count(built.game.d_optimizer) == {3 * n_critic}
    assert count(built.game.g_optimizer) == {3}
    assert built.samples_seen == 3 * n_critic * 8


def test_losses_and_penalty_are_those_of_the_public_functions(tmp_path: Path) -> None:
    # second source: the discriminator's step written by hand with plain autograd
    built = runs(tmp_path, "wgan-gp", precision="float64")
    real, latent, noise = batch(built)
    critic = built.game.discriminator.module
    fake = built.game.generator.module(latent).detach()
    epsilon = noise[0]
    assert epsilon is not None
    x = (epsilon * real.rows + (1 - epsilon) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    by_hand = 10 * (slope.norm(dim=1) - 1) ** 2
    gap = critic(real.rows).mean() - critic(fake).mean()
    loss = -gap + by_hand.mean()
    gradient = torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True)
    before = weights(built, "discriminator")
    done = train_discriminator(built.game, real, latent, noise)
    torch.testing.assert_close(done.penalty, by_hand.detach())
    torch.testing.assert_close(done.real_logits.mean() - done.fake_logits.mean(), gap.detach())
    for old, new, slope in zip(before, weights(built, "discriminator"), gradient, strict=True):
        # Adam's first step has the size of the learning rate, 1e-3, and the sign of the gradient
        wanted = torch.zeros_like(old) if slope is None else -1e-3 * slope / (slope.abs() + 1e-8)
        torch.testing.assert_close(new - old, wanted, rtol=1e-6, atol=1e-10)


def test_penalty_of_the_step_equals_the_public_one(tmp_path: Path) -> None:
    for name in ("gradient-penalty", "one-sided", "r1", "r2"):
        built = runs(tmp_path, "minimax", penalty=name, penalty_weight=3.0, precision="float64")
        real, latent, _ = batch(built)
        fake = built.game.generator.module(latent).detach()
        rng = torch.Generator().manual_seed(5)
        epsilon = torch.rand(8, 1, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        public = penalty(name, built.game.discriminator.module, real.rows, fake, rng=rng)
        done = train_discriminator(built.game, real, latent, [epsilon])
        torch.testing.assert_close(done.penalty, 3 * public.detach())


def test_critic_gap_is_positive_when_the_critic_separates(tmp_path: Path) -> None:
    for recipe in ("minimax", "non-saturating", "wgan", "wgan-gp", "r1"):
        built = runs(tmp_path / recipe, recipe, d_lr=1e-2, g_lr=1e-9)
        for _ in range(60):
            real, latent, noise = batch(built)
            done = train_discriminator(built.game, real, latent, noise)
        assert (done.real_logits.mean() - done.fake_logits.mean()).item() > 0


def test_clipping_follows_every_critic_step(tmp_path: Path) -> None:
    built = runs(tmp_path, "wgan", clip=0.02, n_critic=2, d_norm="layer")
    real, latent, noise = batch(built)
    layers = dict(built.game.discriminator.module.named_modules())
    for _ in range(3):
        train_discriminator(built.game, real, latent, noise)
        largest: dict[type, float] = {nn.Linear: 0.0, nn.LayerNorm: 0.0}
        for name, parameter in built.game.discriminator.parameters.items():
            kind = type(layers[name.rpartition(".")[0]])
            largest[kind] = max(largest[kind], float(parameter.detach().abs().max()))
        # inside the box after every step, so the generator never meets an unclipped critic
        assert largest[nn.Linear] == pytest.approx(0.02)
        assert largest[nn.LayerNorm] > 0.9


def test_logit_slope_is_the_loss_derivative_per_sample(tmp_path: Path) -> None:
    built = runs(tmp_path, "non-saturating", precision="float64")
    real, latent, _ = batch(built)
    done = train_generator(built.game, real, latent)
    torch.testing.assert_close(done.logit_slope, -torch.sigmoid(-done.fake_logits))


def test_patch_outputs_average_losses_and_sum_slopes(tmp_path: Path) -> None:
    # a discriminator of P identical outputs is the one-output game with a slope P times as steep
    class Patches(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Tensor) -> Tensor:
            score: Tensor = self.inner(x)
            return score[:, :, None].expand(-1, 2, 3)

    single = runs(tmp_path, "r1", precision="float64")
    patched = runs(tmp_path, "r1", precision="float64")
    wide = Patches(patched.game.discriminator.module)
    from ganscope.training.stacks.stacking import plain

    network = plain(wide)
    patched.game = patched.game._replace(
        discriminator=network._replace(
            parameters={name.removeprefix("inner."): p for name, p in network.parameters.items()}
        )
    )
    real, latent, noise = batch(single)
    a = train_discriminator(single.game, real, latent, [None])
    b = train_discriminator(patched.game, real, latent, [None])
    torch.testing.assert_close(a.loss, b.loss)
    torch.testing.assert_close(36 * a.penalty, b.penalty)
    assert noise is not None


@pytest.mark.parametrize(
    ("given", "steps"), [*((g, 80) for g in CONSTRAINTS), *((g, 40) for g in OPTIONS)], ids=names
)
def test_stack_equals_single_runs_in_float64(tmp_path: Path, given: dict[str, Any], steps: int) -> None:
    given = {"precision": "float64", "steps": steps, **given}
    stacked = runs(tmp_path / "stack", "minimax", (0, 1, 2), **given)
    singles = [runs(tmp_path / f"{seed}", "minimax", (seed,), **given) for seed in (0, 1, 2)]
    for built in (stacked, *singles):
        while built.step < steps:
            advance(built)
            built.step += 1
    for k, single in enumerate(singles):
        for player in ("generator", "discriminator"):
            for a, b in zip(weights(stacked, player, k), weights(single, player), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("recipe", ["minimax", "wgan", "wgan-gp", "r1"])
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_stack_equals_single_runs_in_float32(tmp_path: Path, recipe: str, network: str) -> None:
    given: dict[str, Any] = {"data": "digits", "network": network, "g_width": 8, "d_width": 8}
    if network == "dcgan":
        given |= {"g_norm": "batch"}
    stacked = dict_of_runs(tmp_path / "stack", recipe, (3, 4), given)
    singles = [dict_of_runs(tmp_path / f"{seed}", recipe, (seed,), given) for seed in (3, 4)]
    for built in (stacked, *singles):
        while built.step < 20:
            advance(built)
            built.step += 1
    for k, single in enumerate(singles):
        for player in ("generator", "discriminator"):
            for a, b in zip(weights(stacked, player, k), weights(single, player), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


IMAGE_OPTIONS: list[dict[str, Any]] = [
    {"instance_noise": 0.2, "label_smoothing": 0.1, "dynamics": "optimistic"},
    {"penalty": "one-sided+r1", "penalty_weight": 1.0, "penalty_every": 2, "penalty_target": 0.5},
    {"objective": "relativistic-average", "pack": 4, "dynamics": "extra-gradient"},
    {"penalty": "gradient-penalty", "penalty_weight": 1.0, "pack": 2, "dynamics": "consensus"},
]


@pytest.mark.parametrize("given", IMAGE_OPTIONS, ids=names)
def test_stack_equals_single_runs_on_images(tmp_path: Path, given: dict[str, Any]) -> None:
    given = {
        "data": "digits",
        "network": "dcgan",
        "g_width": 4,
        "d_width": 4,
        "precision": "float64",
        **given,
    }
    stacked = dict_of_runs(tmp_path / "stack", "minimax", (3, 4), given)
    singles = [dict_of_runs(tmp_path / f"{seed}", "minimax", (seed,), given) for seed in (3, 4)]
    for built in (stacked, *singles):
        while built.step < 5:
            advance(built)
            built.step += 1
    for k, single in enumerate(singles):
        for player in ("generator", "discriminator"):
            for a, b in zip(weights(stacked, player, k), weights(single, player), strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def dict_of_runs(folder: Path, recipe: str, seeds: tuple[int, ...], given: dict[str, Any]) -> Runs:
    if given.get("network") == "dcgan":
        # depth follows from the size and may not be given
        from ganscope.build.settings import resolve

        configs = [
            resolve(recipe, {"latent_dim": 4, "batch_size": 8, "steps": 20, "seed": seed, **given})
            for seed in seeds
        ]
        return game.build(configs, [folder] * len(seeds), evaluation_of("digits"))
    return runs(folder, recipe, seeds, **given)


def test_a_diverging_run_leaves_its_stack_untouched(tmp_path: Path) -> None:
    def train(poisoned: bool) -> list[Tensor]:
        built = runs(tmp_path / str(poisoned), "wgan-gp", (0, 1, 2))
        if poisoned:
            with torch.no_grad():
                next(iter(built.game.discriminator.parameters.values()))[1] = float("nan")
        for _ in range(20):
            advance(built)
            built.step += 1
        return [
            w for k in (0, 2) for player in ("generator", "discriminator") for w in weights(built, player, k)
        ]

    healthy, beside_nan = train(False), train(True)
    assert all(torch.equal(a, b) for a, b in zip(healthy, beside_nan, strict=True))


def test_gradients_reach_the_fused_optimiser_in_the_layout_it_reads(tmp_path: Path) -> None:
    # torch's fused Adam on the CPU walks raw memory; vmap hands it transposed gradients
    stacked, single = runs(tmp_path / "k", "r1", (0, 1)), runs(tmp_path / "1", "r1", (0,))
    for built in (stacked, single):
        advance(built)
    for a, b in zip(weights(stacked, "generator", 0), weights(single, "generator"), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def test_real_logits_are_read_by_relativistic_generators_only() -> None:
    reads = {name for name, rules in OBJECTIVES.items() if reads_real_logits(rules)}
    assert reads == {"relativistic", "relativistic-average"}


def test_seeds_give_different_runs_and_one_seed_the_same(tmp_path: Path) -> None:
    first = [runs(tmp_path / str(i), "r1", (seed,)) for i, seed in enumerate((0, 0, 1))]
    for built in first:
        advance(built)
    a, b, c = (weights(built, "generator") for built in first)
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert not any(torch.equal(x, y) for x, y in zip(a[:1], c[:1], strict=True))
    assert statistics.fmean(float(w.abs().mean()) for w in a) > 0


def test_building_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    advance(runs(tmp_path, "wgan-gp"))
    assert torch.equal(before, torch.get_rng_state())
    assert config("r1").penalties == ("r1",)
