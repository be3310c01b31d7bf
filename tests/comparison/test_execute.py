"""Comparisons: equal budgets, all seeds, one report; what fails is said and does not stop the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ganscope as gs
from ganscope import comparison
from ganscope.build.settings import DEFAULT_RECIPES

TINY: dict[str, Any] = {"g_width": 8, "d_width": 8, "batch_size": 16, "evaluate_every": 50}


def test_every_recipe_sees_the_same_number_of_real_samples() -> None:
    planned = comparison.plan("digits", steps=1000)
    assert planned.recipes == DEFAULT_RECIPES
    seen = {row[0].recipe: row[0].steps * row[0].n_critic * row[0].batch_size for row in planned.configs}
    assert set(seen.values()) == {1000 * 64}
    same = {"network", "g_width", "d_width", "g_depth", "d_depth", "latent_dim", "batch_size", "data"}
    assert len({tuple(row[0].flat()[field] for field in sorted(same)) for row in planned.configs}) == 1
    assert all([c.seed for c in row] == [0, 1, 2, 3] for row in planned.configs)


def test_other_budgets() -> None:
    by_steps = comparison.plan("digits", ["r1", "wgan-gp"], steps=100, budget="steps")
    assert [row[0].steps for row in by_steps.configs] == [100, 100]
    by_time = comparison.plan("digits", ["r1"], budget="seconds", seconds=5)
    assert by_time.seconds == 5


def test_a_comparison_from_start_to_report(tmp_path: Path) -> None:
    events: list[str] = []
    result = gs.compare(
        "ring", ["r1", "wgan-gp"], seeds=3, steps=50, out=tmp_path / "c",
        progress=lambda recipe, event: events.append(recipe), **TINY,
    )  # fmt: skip
    assert set(events) == {"r1", "wgan-gp"}
    assert {name: len(runs) for name, runs in result.runs.items()} == {"r1": 3, "wgan-gp": 3}
    assert result.failures == {}
    assert result.report.stat().st_size > 1_000_000
    for runs in result.runs.values():
        assert [run.config.seed for run in runs] == [0, 1, 2]
        assert all(run.metrics["emd"] > 0 for run in runs)
        assert runs[0].sample(2).shape == (2, 2)
    stored = json.loads((tmp_path / "c" / "comparison.json").read_text())
    assert stored["command"].startswith("ganscope compare ring r1 wgan-gp")
    summaries = result.summaries()
    assert [s.recipe for s in summaries] == ["r1", "wgan-gp"]
    assert all(s.emd is not None and s.emd.seeds == 3 for s in summaries)


def test_a_budget_in_seconds_becomes_steps(tmp_path: Path) -> None:
    result = gs.compare("ring", ["r1"], seeds=2, budget="seconds", seconds=0.5, out=tmp_path / "c", **TINY)
    (runs,) = result.runs.values()
    assert len({run.config.steps for run in runs}) == 1
    assert runs[0].config.steps > 1
    assert runs[0].metrics["step"] == runs[0].config.steps


def test_a_recipe_that_diverges_is_reported_beside_the_others(tmp_path: Path) -> None:
    wild = tmp_path / "wild.toml"
    wild.write_text('objective = "least-squares"\nd_lr = 1e18\ng_lr = 1e18\n')
    result = gs.compare("ring", ["r1", str(wild)], seeds=2, steps=30, out=tmp_path / "c", **TINY)
    assert "NaN or infinite" in result.failures["wild"]
    by_name = {s.recipe: s for s in result.summaries()}
    assert by_name["wild"].diverged == 2
    assert by_name["r1"].diverged == 0
    assert result.report.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"recipes": ["r1"], "seeds": 0}, "--seeds 0"),
        ({"recipes": ["r2d2"]}, "unknown recipe 'r2d2'"),
        ({"recipes": ["r1"], "budget": "seconds", "seconds": -1}, "--seconds -1"),
        ({"recipes": ["wgan"], "clip": 0.0}, "Lipschitz"),
        ({"recipes": ["r1"], "d_norm": "batch"}, "--d-norm batch"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(gs.BadInput, match=words):
        gs.compare("ring", out=tmp_path / "c", **arguments)
    assert not (tmp_path / "c").exists()


def test_a_folder_of_pictures_is_compared_at_the_size_asked_for(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for number in range(60):
        Image.new("L", (20, 20), number * 4).save(tmp_path / "pictures" / f"{number}.png")
    result = gs.compare(
        str(tmp_path / "pictures"), ["r1"], size=12, seeds=1, steps=3, batch_size=8, out=tmp_path / "c"
    )
    assert result.runs["r1"][0].sample(2).shape == (2, 1, 12, 12)
