"""Runs on a mixed table: stacks, resuming, compiled steps, healing, diagnosis, and what samples look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch.testing import assert_close

import ganscope as gs
from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from ganscope.diagnose.measure import collapse
from ganscope.training import Runs
from ganscope.training.compiled import compiled
from ganscope.training.loop import advance
from tests.crashes import Crash, contents, crash_at
from tests.games import SMALL, train_here, weights
from tests.mixed import BLOCKS, mixed, mixed_evaluation, rows

GAMES: list[tuple[str, dict[str, Any]]] = [
    ("r1", {}),
    ("wgan-gp", {"n_critic": 2, "pack": 2, "ema": 0.9}),
    ("r1", {"dynamics": "consensus", "optimizer": "sgd"}),
    ("wgan", {"g_norm": "layer"}),
]


def configs(recipe: str, given: dict[str, Any], seeds: tuple[int, ...]) -> list[RunConfig]:
    timing = {"log_every": 4, "evaluate_every": 12, "checkpoint_every": 5, "diagnose_every": 6}
    return [resolve(recipe, {**SMALL, **timing, **given, "data": "own", "seed": seed}) for seed in seeds]


def built(folder: Path, recipe: str, given: dict[str, Any], seeds: tuple[int, ...]) -> Runs:
    folders = [folder / f"seed-{seed}" for seed in seeds]
    for place in folders:
        place.mkdir(parents=True, exist_ok=True)
    return game.build(configs(recipe, given, seeds), folders, mixed_evaluation())


@pytest.mark.parametrize(("recipe", "given"), GAMES)
def test_a_stack_equals_single_runs(tmp_path: Path, recipe: str, given: dict[str, Any]) -> None:
    given = {**given, "precision": "float64"}
    together = built(tmp_path, recipe, given, (0, 1))
    alone = [built(tmp_path, recipe, given, (seed,)) for seed in (0, 1)]
    for _ in range(5):
        for runs in (together, *alone):
            advance(runs)
            runs.step += 1
    for k, runs in enumerate(alone):
        for player in ("generator", "discriminator"):
            assert_close(weights(together, player, k), weights(runs, player), rtol=1e-7, atol=1e-9)


def test_a_traced_step_equals_the_step(tmp_path: Path) -> None:
    plain, traced = (built(tmp_path, "r1", {"precision": "float64"}, (0,)) for _ in range(2))
    traced.game = compiled(traced.game, "aot_eager")
    for _ in range(3):
        for runs in (plain, traced):
            advance(runs)
            runs.step += 1
    for player in ("generator", "discriminator"):
        assert_close(weights(plain, player), weights(traced, player), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("seeds", [(0,), (0, 1)], ids=["plain", "stacked"])
def test_crash_and_resume_equal_an_uninterrupted_run(tmp_path: Path, seeds: tuple[int, ...]) -> None:
    wanted = configs("wgan-gp", {"ema": 0.9, "n_critic": 2}, seeds)
    straight, broken = ([tmp_path / name / f"seed-{s}" for s in seeds] for name in ("straight", "broken"))
    for place in (*straight, *broken):
        place.mkdir(parents=True)
    train_here(wanted, straight, mixed_evaluation())
    with pytest.raises(Crash):
        train_here(wanted, broken, mixed_evaluation(), progress=crash_at(14))
    train_here(wanted, broken, mixed_evaluation(), resuming=True)
    for one, other in zip(straight, broken, strict=True):
        assert contents(one) == contents(other)


def test_a_run_is_saved_sampled_tuned_and_diagnosed(tmp_path: Path) -> None:
    small = {**SMALL, "recipe": "r1", "ema": 0.9}
    run = gs.train(small, data=mixed(), out=tmp_path / "run", heal=True)
    assert run.description["data"]["blocks"] == [list(block) for block in BLOCKS]
    x = gs.load(tmp_path / "run").sample(300)
    for choice in (x[:, 1:4], x[:, 5:]):
        assert set(choice.flatten().tolist()) <= {0.0, 1.0}
        assert choice.sum(1).eq(1).all()
    assert x[:, 4].abs().max() <= 1
    tuned = gs.train(small, data=mixed(), out=tmp_path / "tuned", start=run)
    assert tuned.sample(40).shape == (40, 10)
    measured = run.evaluate(mixed(), 100)
    assert measured["emd"] > 0.5 * measured["emd_floor"] > 0
    assert 0 < measured["prdc_real"]["recall"] <= 1


def test_real_rows_of_a_mixed_table_score_as_others_of_them() -> None:
    diversity = collapse.prepare(rows(2000))
    assert diversity is not None
    values = collapse.measure(diversity, rows(500, seed=1))
    for name in ("coverage", "recall", "precision", "distinct", "pairwise", "energy"):
        mean, std = diversity.nulls[name]
        assert abs(values[name] - mean) < 6 * std + 0.02, name
    assert values["starved"] == 0
