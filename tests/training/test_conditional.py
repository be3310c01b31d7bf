"""Conditions: the step against one written by hand, penalties at fixed conditions, stacks, and whole runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import ganscope as gs
from ganscope.build.rules import terms_of
from ganscope.contracts import Batch, Event
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game, train_discriminator, train_generator
from ganscope.training.best_generator import FINER
from ganscope.training.compiled import compiled
from ganscope.training.judging import in_turn
from ganscope.training.stacks.stacking import plain, stack
from ganscope.training.step import discriminator_gradient, shown
from tests.crashes import Crash, contents, crash_at
from tests.games import config

B, CLASSES, LATENT = 6, 3, 4


class Generator(nn.Module):
    """Latents and an embedding of the class, through one hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = nn.Embedding(CLASSES, LATENT)
        self.layers = nn.Sequential(nn.Linear(LATENT, 8), nn.Tanh(), nn.Linear(8, 2))

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        rows: Tensor = self.layers(latent * self.classes(condition))
        return rows


class Projection(nn.Module):
    """`psi(x) + <phi(x), e_y>`, the discriminator of Miyato and Koyama 2018; of a pack, the mean e_y."""

    def __init__(self, pack: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(2 * pack, 8), nn.LeakyReLU(0.2))
        self.score, self.classes = nn.Linear(8, 1), nn.Embedding(CLASSES, 8)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        embedded = self.classes(condition)
        features = self.features(x)
        embedded = embedded if embedded.ndim == features.ndim else embedded.mean(-2)
        scores: Tensor = self.score(features).squeeze(-1) + (features * embedded).sum(-1)
        return scores


def players(seed: int, pack: int = 1) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    return Generator().double(), Projection(pack).double()


def game(*seeds: int, objective: str = "minimax", pack: int = 1, penalty: str = "none") -> Game:
    pairs = [players(seed, pack) for seed in seeds]
    wrap = stack if len(seeds) > 1 else lambda modules: plain(modules[0])
    generator, critic = wrap([g for g, _ in pairs]), wrap([d for _, d in pairs])
    made = config("minimax", **({} if penalty == "none" else {"penalty": penalty, "penalty_weight": 1.0}))
    g_optimizer, d_optimizer = (
        torch.optim.SGD(list(network.parameters.values()), lr=1.0) for network in (generator, critic)
    )
    return Game(
        generator,
        critic,
        OBJECTIVES[objective],
        g_optimizer,
        d_optimizer,
        terms=terms_of(made, made.penalty_weight),
        g_needs_real=objective.startswith("relativistic"),
        pack=pack,
        stacked=len(seeds) > 1,
    )


def given(*lead: int, pack: int = 1) -> tuple[Batch, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(7)
    rows = torch.randn(*lead, B, 2, generator=rng, dtype=torch.float64)
    latent = torch.randn(*lead, B, LATENT, generator=rng, dtype=torch.float64)
    condition = torch.randint(CLASSES, (*lead, B), generator=rng)
    epsilon = torch.rand(*lead, B // pack, 1, generator=rng, dtype=torch.float64)
    return Batch(rows, condition), latent, epsilon


def weights(game: Game) -> list[Tensor]:
    networks = (game.discriminator, game.generator)
    return [p.detach().clone() for network in networks for p in network.parameters.values()]


# where each penalty looks, and what it costs there, from the papers
PENALTIES: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "gradient-penalty": (lambda real, fake, e: e * real + (1 - e) * fake, lambda slope: (slope - 1) ** 2),
    "one-sided": (
        lambda real, fake, e: e * real + (1 - e) * fake,
        lambda slope: (slope - 1).clamp(min=0) ** 2,
    ),
    "r1": (lambda real, fake, e: real, lambda slope: slope**2 / 2),
    "r2": (lambda real, fake, e: fake, lambda slope: slope**2 / 2),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_holds_the_condition_fixed(name: str) -> None:
    """Second source: sample by sample, the slope by central differences in x at the sample's own class."""
    built = game(0, penalty=name)
    batch, latent, epsilon = given()
    critic, fake = built.discriminator.module, built.generator.module(latent, batch.condition).detach()
    places, cost = PENALTIES[name]
    x, step = places(batch.rows, fake, epsilon), 1e-6
    assert batch.condition is not None
    costs = []
    for row, label in zip(x, batch.condition, strict=True):
        ends = [
            [critic((row + sign * step * axis)[None], label[None]) for sign in (1, -1)]
            for axis in torch.eye(2, dtype=torch.float64)
        ]
        slope = torch.stack([(up - down) / (2 * step) for up, down in ends]).norm()
        costs.append(cost(slope).detach())
    seen, _ = discriminator_gradient(built, shown(built, batch), fake, [epsilon])
    assert_close(seen.penalty, torch.stack(costs), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("objective", ["minimax", "relativistic", "wasserstein"])
@pytest.mark.parametrize("pack", [1, 2])
def test_a_step_is_the_one_written_by_hand(objective: str, pack: int) -> None:
    """Plain autograd on the modules: each row with its class, each fake with that of the row in its place."""
    built = game(0, objective=objective, pack=pack, penalty="r1")
    batch, latent, epsilon = given(pack=pack)
    (generator, critic), rules = players(0, pack), OBJECTIVES[objective]
    label = batch.condition
    assert label is not None

    def score(rows: Tensor) -> Tensor:
        scores: Tensor = critic(
            rows.reshape(B // pack, 2 * pack), label if pack == 1 else label.reshape(-1, 2)
        )
        return scores

    real = batch.rows.clone().requires_grad_()
    judged = score(real)
    loss = rules.d_loss(judged, score(generator(latent, label).detach()))
    (slope,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
    penalty = slope.reshape(B // pack, -1).square().sum(1) / 2
    gradients = torch.autograd.grad((loss + penalty).mean(), list(critic.parameters()))
    before = [p.detach().clone() for p in built.discriminator.parameters.values()]
    done = train_discriminator(built, batch, latent, [None])
    assert_close(done.loss, loss.detach())
    assert_close(done.penalty, penalty.detach())
    for old, new, gradient in zip(before, built.discriminator.parameters.values(), gradients, strict=True):
        assert_close(old - new.detach(), gradient)

    with torch.no_grad():
        for parameter, moved in zip(
            critic.parameters(), built.discriminator.parameters.values(), strict=True
        ):
            parameter.copy_(moved)
    g_loss = rules.g_loss(score(batch.rows), score(generator(latent, label))).mean()
    by_hand = torch.autograd.grad(g_loss, list(generator.parameters()))
    for ours, theirs in zip(train_generator(built, batch, latent).gradient, by_hand, strict=True):
        assert_close(ours, theirs)
    assert epsilon.shape == (B // pack, 1)


@pytest.mark.parametrize("penalty", ["gradient-penalty", "r1+r2", "none"])
@pytest.mark.parametrize("pack", [1, 2])
def test_a_stack_of_two_equals_single_runs(penalty: str, pack: int) -> None:
    stacked, singles = (
        game(0, 1, pack=pack, penalty=penalty),
        [game(k, pack=pack, penalty=penalty) for k in (0, 1)],
    )
    batch, latent, epsilon = given(2, pack=pack)
    noise = [epsilon if term.where == "elsewhere" else None for term in stacked.terms]
    train_discriminator(stacked, batch, latent, noise)
    train_generator(stacked, batch, latent)
    assert batch.condition is not None
    for k, single in enumerate(singles):
        alone = Batch(batch.rows[k], batch.condition[k])
        train_discriminator(single, alone, latent[k], [None if n is None else n[k] for n in noise])
        train_generator(single, alone, latent[k])
        for ours, theirs in zip(weights(stacked), weights(single), strict=True):
            assert_close(ours[k], theirs, rtol=1e-9, atol=1e-9)


def test_a_compiled_step_takes_conditions() -> None:
    eager, traced = (game(0, penalty="gradient-penalty") for _ in range(2))
    traced = compiled(traced, "aot_eager")
    batch, latent, epsilon = given()
    for built in (eager, traced):
        train_discriminator(built, batch, latent, [epsilon])
        train_generator(built, batch, latent)
    for ours, theirs in zip(weights(traced), weights(eager), strict=True):
        assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


# ---- whole runs ----


def classes(rows: int = 200) -> gs.Dataset:
    """Three blobs, one a class."""
    rng = torch.Generator().manual_seed(0)
    label = torch.arange(rows + 60) % CLASSES
    x = torch.eye(3)[label][:, :2] * 3 + torch.randn(rows + 60, 2, generator=rng) / 10
    return gs.Dataset("classes", x[:rows], x[rows:], condition=label[:rows], held_out_condition=label[rows:])


def settings(**more: Any) -> dict[str, Any]:
    small = {"steps": 12, "batch_size": 8, "latent_dim": LATENT, "log_every": 2, "checkpoint_every": 5}
    return {"recipe": "r1", **small, "evaluate_every": 6, "diagnose_every": 5, **more}


@pytest.mark.parametrize("more", [{}, {"pack": 2, "dynamics": "extra-gradient", "ema": 0.9}])
def test_a_conditional_run_resumes_to_the_bit(tmp_path: Path, more: dict[str, Any]) -> None:
    def modules() -> list[nn.Module]:
        return [network.float() for network in players(3, more.get("pack", 1))]

    generator, critic = modules()
    straight = gs.train(settings(**more), generator, critic, classes(), out=tmp_path / "straight")
    generator, critic = modules()
    with pytest.raises(Crash):
        gs.train(
            settings(**more), generator, critic, classes(), out=tmp_path / "broken", progress=crash_at(8)
        )
    generator, critic = modules()
    gs.resume(tmp_path / "broken", generator, critic, classes())
    assert contents(tmp_path / "straight") == contents(tmp_path / "broken")
    labels = torch.tensor([0, 1, 2, 0])
    rows = straight.sample(4, condition=labels)
    assert rows.shape == (4, 2)
    assert not torch.equal(rows, straight.sample(4, condition=labels.flip(0)))
    assert straight.evaluate(classes(), n=30)["emd"] > 0


def test_samples_that_are_judged_have_the_conditions_of_held_out_rows(tmp_path: Path) -> None:
    generator, critic = (network.float() for network in players(3))
    seen: list[Tensor] = []

    def look(event: Event, runs: Any) -> None:
        if event.kind == "start":
            inner = runs.game.generator.call_with

            def call(parameters: dict[str, Tensor], x: Tensor, condition: Tensor) -> Any:
                seen.append(condition)
                return inner(parameters, x, condition)

            runs.game = runs.game._replace(generator=runs.game.generator._replace(call_with=call))

    gs.train(settings(), generator, critic, classes(), out=tmp_path / "run", observers=[look])
    held_out = classes().held_out_condition
    assert held_out is not None
    assert {len(condition) for condition in seen} == {len(held_out), FINER * len(held_out)}
    assert [len(condition) for condition in seen].count(len(held_out)) == 3
    for condition in seen:
        assert condition.tolist() == in_turn(held_out, len(condition)).tolist()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"held_out_condition": None}, "classes has condition and no held_out_condition: give both"),
        ({"condition": torch.zeros(7)}, "condition of classes has 7 entries for 200 rows: give one a row"),
    ],
)
def test_incomplete_conditions_are_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(gs.BadInput, match=says):
        gs.train(settings(), *players(0), classes()._replace(**change), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_networks_that_take_no_condition_are_refused(tmp_path: Path) -> None:
    with pytest.raises(gs.BadInput, match="the built-in networks do not take: hand over generator="):
        gs.train(settings(), data=classes(), out=tmp_path / "run")
    one_argument = nn.Linear(LATENT, 2)
    with pytest.raises(gs.BadInput, match=r"the generator cannot take an input of shape .* and a condition"):
        gs.train(settings(), one_argument, players(0)[1], classes(), out=tmp_path / "run")
