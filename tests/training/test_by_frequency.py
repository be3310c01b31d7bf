"""Training by sampling: shares by the closed form; a run of recipe ctgan, resumed, judged and sampled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

import ganscope as gs
from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.contracts import BadInput, Batch
from ganscope.nets.told import chosen
from ganscope.training import batches
from ganscope.training.by_frequency import ByFrequency
from ganscope.training.step import generator_gradient, shown
from tests.crashes import Crash, contents, crash_at
from tests.games import train_here
from tests.mixed import BLOCKS, mixed, mixed_evaluation, rows

SMALL: dict[str, Any] = {
    "g_width": 16, "d_width": 16, "latent_dim": 4, "batch_size": 40, "steps": 20, "data": "own",
    "log_every": 4, "evaluate_every": 12, "checkpoint_every": 5, "diagnose_every": 5,
}  # fmt: skip


def test_values_are_met_by_the_logarithm_of_their_counts() -> None:
    made = rows(3000)
    sampler = ByFrequency(made, BLOCKS, 20_000, seed=3)
    index, condition = sampler(7)
    assert torch.equal(index, sampler(7)[0])
    assert not torch.equal(index, sampler(8)[0])
    parts = torch.cat([made[index][:, 1:4], made[index][:, 5:]], dim=1)
    assert (condition * parts).sum(1).eq(1).all()
    start = 0
    for number, size in enumerate((3, 5)):
        counts = chosen(made, BLOCKS)[:, number].bincount(minlength=size).double()
        due = counts.log1p() / counts.log1p().sum()
        met = condition[:, start : start + size].double().sum(0)
        assert_close(met / met.sum(), due, atol=0.015, rtol=0)
        assert_close(sampler.shares[start : start + size].double(), counts / 3000, atol=1e-6, rtol=0)
        start += size
    # rows of one value are met alike
    rare = (chosen(made, BLOCKS)[:, 0] == 2).nonzero().flatten()
    told_rare = index[condition[:, 2] == 1]
    assert set(told_rare.tolist()) == set(rare.tolist())


def test_the_generator_answers_for_what_it_was_told(tmp_path: Path) -> None:
    """Its gradient is that of the mean of its loss plus the mean cross-entropy, on the same batch."""
    runs = game.build([resolve("ctgan", {**SMALL, "d_dropout": 0.0})], [tmp_path], mixed_evaluation())
    play = runs.game
    assert play.own_cost is not None
    batch, latent = batches.real(runs, 0), batches.latent(runs)
    assert batch.condition is not None
    assert batch.condition.shape == (40, 8)
    x, cost = play.own_cost(latent, batch.condition)
    fake = shown(play, Batch(x)).rows
    seen = generator_gradient(play, shown(play, batch), fake, cost=cost)
    x, cost = play.own_cost(latent, batch.condition)
    packs, told = x.reshape(4, 100), batch.condition.reshape(4, 80)
    total = -play.discriminator.call(packs, told).mean() + cost.mean()
    assert_close(seen.gradient, list(torch.autograd.grad(total, list(play.generator.parameters.values()))))
    assert_close(seen.loss.mean(), -play.discriminator.call(packs, told).mean().detach())


def test_a_run_resumes_to_the_bit_with_dropout_and_samples_by_shares(tmp_path: Path) -> None:
    wanted = [resolve("ctgan", SMALL)]
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    for place in (straight, broken):
        place.mkdir()
    train_here(wanted, [straight], mixed_evaluation())
    with pytest.raises(Crash):
        train_here(wanted, [broken], mixed_evaluation(), progress=crash_at(14))
    train_here(wanted, [broken], mixed_evaluation(), resuming=True)
    assert contents(straight) == contents(broken)
    run = gs.load(straight)
    assert run.evaluate(mixed())["emd"] == pytest.approx(run.metrics["emd"], rel=1e-6)
    shares = run.generator().state_dict()["shares"]
    assert_close(shares[:3], mixed().train[torch.arange(400)][:, 1:4].mean(0))
    assert run.sample(30, seed=1).shape == run.sample(30, best=True).shape == (30, 10)
    assert torch.equal(run.sample(30, seed=1), run.sample(30, seed=1))
    other = gs.Dataset("other", mixed().train[torch.arange(100)], mixed().held_out)  # of no known blocks
    assert run.evaluate(other, 40)["emd"] > 0


def test_a_tuned_run_samples_by_the_shares_of_its_own_data(tmp_path: Path) -> None:
    run = gs.train({**SMALL, "recipe": "ctgan", "steps": 2}, data=mixed(), out=tmp_path / "run")
    rare = mixed().train[torch.arange(400)]
    fewer = mixed()._replace(train=rare[rare[:, 1] == 0].repeat(20, 1))
    tuned = gs.train({**SMALL, "recipe": "ctgan", "steps": 2}, data=fewer, start=run, out=tmp_path / "tuned")
    assert run.generator().state_dict()["shares"][0] > 0.8
    assert tuned.generator().state_dict()["shares"][0] == 0


def test_data_without_categories_train_as_well(tmp_path: Path) -> None:
    run = gs.train({**SMALL, "recipe": "ctgan", "data": "swiss-roll", "steps": 6}, out=tmp_path / "run")
    assert run.sample(25).shape == (25, 2)


def test_players_who_move_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--dynamics simultaneous moves both players at once"):
        gs.train({**SMALL, "recipe": "ctgan", "dynamics": "simultaneous"}, data=mixed(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weight_decay_is_the_generators(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    runs = game.build([resolve("ctgan", SMALL)], [tmp_path / "run"], mixed_evaluation())
    assert [g["weight_decay"] for g in runs.game.g_optimizer.param_groups] == [1e-6]
    assert [g["weight_decay"] for g in runs.game.d_optimizer.param_groups] == [0]
