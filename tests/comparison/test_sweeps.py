"""Sweeps: the points, real runs that equal lone ones, the page, and a kill that loses nothing."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.comparison import plan_sweep
from ganscope.comparison.assignment import assign_stacks, jobs_of
from ganscope.comparison.plan_file import write_plan
from ganscope.comparison.points import Range, Values, grid, labels, parse, sample
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.figures.parallel_coordinates import axis
from ganscope.folder import files
from ganscope.folder.read import read
from ganscope.report import (
    RecipeSummary,
    RunRecord,
    Spread,
    best_first,
    point_columns,
    point_sentences,
    summarise,
    write_report,
)
from ganscope.running import LOCAL, Job
from ganscope.running.run import Run
from ganscope.words.complaints import flag
from tests.crashes import contents
from tests.games import evaluation_of, train_here
from tests.processes import finish, ganscope, kill_when

TINY: dict[str, Any] = {
    "g_width": 8, "d_width": 8, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 8,
}  # fmt: skip


def numbers(field: str, text: str) -> list[float]:
    found = parse(field, text)
    assert isinstance(found, Values)
    return [float(value) for value in found.values]


def test_ranges_are_spaced_as_they_say() -> None:
    assert numbers("g_lr", "1..2:5") == [1.0, 1.25, 1.5, 1.75, 2.0]
    assert numbers("penalty_weight", "0.01..100:log:5") == [0.01, 0.1, 1.0, 10.0, 100.0]
    ratios = numbers("d_lr", "1e-4..3e-2:log:7")
    assert ratios[0] == 1e-4
    assert ratios[-1] == 3e-2
    steps = [b / a for a, b in itertools.pairwise(ratios)]
    assert all(math.isclose(step, 300 ** (1 / 6), rel_tol=2e-3) for step in steps)
    assert numbers("n_critic", "1..10:log:4") == [1, 2, 5, 10]
    assert numbers("batch_size", "8..10:9") == [8, 9, 10]  # whole numbers, each once
    assert parse("n_critic", "2..4") == Range(2, 4, False, True)
    assert parse("objective", " hinge, minimax,hinge") == Values(("hinge", "minimax"))
    assert parse("g_lr", (0.1, 0.2)) == Values((0.1, 0.2))
    assert parse("g_lr", 0.1) == Values(("0.1",))


def test_a_grid_has_every_combination_once() -> None:
    axes = {"g_lr": parse("g_lr", "1,2,3"), "n_critic": parse("n_critic", "2..5")}
    points = grid(axes)
    assert len(points) == 12 == len({tuple(point.items()) for point in points})
    assert points[4] == {"g_lr": "2", "n_critic": 2}


def test_random_points_fill_their_ranges_evenly() -> None:
    axes = {
        "g_lr": parse("g_lr", "1e-4..1e-2:log"),
        "d_lr": parse("d_lr", "1..3"),
        "n_critic": parse("n_critic", "1..9"),
    }
    points = sample(axes, 4_000, seed=3)
    assert sample(axes, 4_000, seed=3) == points != sample(axes, 4_000, seed=4)
    # half of the logarithms below the middle, as binomial counts go: 5 standard deviations
    slack = 5 * math.sqrt(4_000) / 2
    assert abs(sum(point["g_lr"] < 1e-3 for point in points) - 2_000) < slack
    assert abs(sum(point["d_lr"] < 2 for point in points) - 2_000) < slack
    assert {point["n_critic"] for point in points} == set(range(1, 10))
    assert all(1e-4 <= point["g_lr"] <= 1e-2 for point in points)


def summary(recipe: str, emds: list[float], diverged: int = 0) -> RecipeSummary:
    (empty,) = summarise([load_record_of(recipe)])
    mean = sum(emds) / len(emds) if emds else 0.0
    spread = Spread(mean, 0.1, min(emds), max(emds), len(emds)) if emds else None
    return empty._replace(seeds=(0, 1), diverged=diverged, metrics={"emd": spread}, floors={"emd": 0.2})


def load_record_of(recipe: str) -> RunRecord:
    return RunRecord(Path(), recipe, 0, {}, {}, {}, {}, "", [], [], {})


def test_the_best_point_comes_first_and_the_sentences_claim_no_more() -> None:
    points = [
        summary("b", [2.0, 2.1]),
        summary("a", [1.0, 1.1]),
        summary("c", [0.1], diverged=1),
        summary("d", [], 2),
    ]
    ordered = best_first(points)
    assert [s.recipe for s in ordered] == ["a", "b", "c", "d"]
    values = {name: {"g_lr": rate} for name, rate in zip("abcd", (1.0, 2.0, 3.0, 4.0), strict=True)}
    first, second = point_sentences(points, values, ["g_lr"])
    assert first.startswith("Best of 4 points: g_lr 1. Its EMD is 1.05 ± 0.10 over 2 seeds, where real rows")
    assert "3 of 8 runs diverged" in second
    assert second.startswith("The seeds separate it from every other point; the worst, g_lr 2, has EMD 2.05")
    close = [summary("a", [1.0, 1.1]), summary("b", [1.05, 1.2])]
    assert "do not separate it from 1 other point;" in point_sentences(close, values, ["g_lr"])[1]
    columns = dict(point_columns(ordered, values, ["g_lr"]))
    assert columns["g_lr"] == ["1", "2", "3", "4"]
    assert columns["diverged"] == ["0", "0", "1", "2"]
    single = [
        summary("a", [1.0])._replace(metrics={"emd": Spread(1, None, 1, 1, 1)}),
        summary("b", [2.0, 2.1]),
    ]
    assert "may be chance" in point_sentences(single, values, ["g_lr"])[1]


def test_axes_spread_values_by_size_or_by_order_of_size() -> None:
    linear = axis("n_critic", [1, 2, 5])
    assert linear.heights == [0, 0.25, 1]
    decades = axis("g_lr", [1e-4, 1e-3, 1e-1])
    assert [round(height, 3) for height in decades.heights] == [0, 0.333, 1]
    assert [text for _, text in decades.ticks] == ["0.0001", "0.001", "0.1"]
    many = axis("d_lr", [10.0**k for k in range(9)])
    assert [text for _, text in many.ticks] == ["1", "100", "1e+04", "1e+06", "1e+08"]
    assert axis("emd", [2.0, 2.0]).heights == [0, 0]


def test_points_are_folders() -> None:
    assert labels([{"g_lr": 0.1, "objective": "hinge"}]) == ["g_lr=0.1,objective=hinge"]
    wide = [{f"field{k}": 1.0 / 3.0 for k in range(20)}] * 12
    assert labels(wide)[:2] == ["point-01", "point-02"]


def test_every_point_has_the_same_budget_and_the_recipe_where_nothing_varies() -> None:
    planned = plan_sweep("ring", "wgan-gp", {"n_critic": [1, 5]}, steps=100, seeds=3, seed=7)
    assert planned.recipes == ("n_critic=1", "n_critic=5")
    assert [row[0].steps for row in planned.configs] == [100, 20]
    assert [c.seed for c in planned.configs[0]] == [7, 8, 9]
    assert {c.recipe for row in planned.configs for c in row} == {"wgan-gp"}
    assert str(planned.folders[1][2]) == "runs/sweep-ring-wgan-gp/n_critic=5/seed-9"
    assert planned.command == (
        "ganscope sweep ring wgan-gp --vary n_critic=1,5 --mode grid --seeds 3 --seed 7 --steps 100 "
        "--budget samples"
    )
    by_steps = plan_sweep("ring", "wgan-gp", ["n-critic=1,5"], steps=100, budget="steps")
    assert [row[0].steps for row in by_steps.configs] == [100, 100]
    varied = plan_sweep("ring", "r1", ["steps=10,20"])
    assert [row[0].steps for row in varied.configs] == [10, 20]


def test_rates_and_weights_share_a_stack_and_programs_do_not() -> None:
    planned = plan_sweep(
        "ring", "r1", {"g_lr": [1e-3, 1e-4], "penalty_weight": [1, 10], "n_critic": [1, 2]}, seeds=2, **TINY
    )
    jobs, names = jobs_of(assign_stacks(planned, slots=1), resuming=False)
    assert [len(job.configs) for job in jobs] == [8, 8]
    assert [{c.n_critic for c in job.configs} for job in jobs] == [{1}, {2}]
    assert names == ["stack 1 (8 runs)", "stack 2 (8 runs)"]
    alone = plan_sweep("ring", "r1", {"g_lr": [1e-3, 1e-4]}, seeds=2, stack=1, **TINY)
    assert [len(job.configs) for job in jobs_of(assign_stacks(alone, 2), resuming=False)[0]] == [1, 1, 1, 1]


def train_jobs(jobs: list[Job], evaluation: Evaluation) -> None:
    for job in jobs:
        for folder in job.folders:
            folder.mkdir(parents=True)
        train_here(job.configs, job.folders, evaluation)


def test_swept_runs_are_ordinary_runs(tmp_path: Path) -> None:
    varied = {"g_lr": "1e-3,1e-4", "penalty_weight": "1,5"}
    given: dict[str, Any] = {**TINY, "seeds": 1, "steps": 20, "evaluate_every": 20, "checkpoint_every": 20}
    planned = plan_sweep("ring", "r1", varied, out=tmp_path, **given)
    (job,), _ = jobs_of(assign_stacks(planned, 1), resuming=False)
    train_jobs([job], evaluation_of("ring"))
    run = Run(tmp_path / "g_lr=0.0001,penalty_weight=5" / "seed-0")
    assert (run.config.g_lr, run.config.penalty_weight, run.config.recipe) == (1e-4, 5.0, "r1")
    train_jobs([Job([run.config], [tmp_path / "alone" / "seed-0"])], evaluation_of("ring"))
    alone = Run(tmp_path / "alone" / "seed-0")
    torch.testing.assert_close(run.sample(50), alone.sample(50), rtol=1e-5, atol=1e-5)
    assert run.metrics["emd"] == pytest.approx(alone.metrics["emd"], rel=1e-5)
    assert "--penalty-weight 5.0" in run.description["command"]
    assert "--g-lr 0.0001" in run.description["command"]
    together = read(run.folder).stack
    assert sorted(together) == sorted(tmp_path / name / "seed-0" for name in planned.recipes)
    assert all(Run(folder).description["execution"]["form"] == "stacked" for folder in together)


def test_the_page_of_a_sweep(tmp_path: Path) -> None:
    planned = plan_sweep("ring", "r1", {"g_lr": "1e-3,1e-4", "n_critic": [1, 2]}, out=tmp_path, seeds=2)
    for at, config in enumerate(config for row in planned.configs for config in row):
        folder = planned.folders[at // 2][at % 2]
        folder.mkdir(parents=True)
        files.write_json(folder / "config.json", {"config": config.model_dump(), "execution": {}})
        final = {"emd": 1.0 + at, "diverged_at": 3 if at == 0 else None, "step": config.steps}
        files.write_json(folder / "metrics.json", final)
    write_plan(planned)
    page = write_report(tmp_path).read_text()
    for words in ("4 points of r1 on ring, 2 seeds", 'class="sortable"', 'id="parallel"', planned.command):
        assert words in page, words
    # the first point is the nearest, but one of its seeds diverged
    first = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td>", page)
    assert first == [("0.001", "2"), ("0.0001", "1"), ("0.0001", "2"), ("0.001", "1")]


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    rows = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    data = tmp_path / "rows.npy"  # few rows, whose evaluation takes no time
    np.save(data, rows.numpy())
    # the second source: each stack trained straight through in this process
    given: dict[str, Any] = {
        "seeds": 2, "steps": 200, "g_width": 16, "d_width": 16, "checkpoint_every": 20, "evaluate_every": 200,
    }  # fmt: skip
    varied = ["g_lr=1e-3,1e-4", "n_critic=1,8"]
    planned = plan_sweep(
        str(data), "r1", varied, budget="steps", out=tmp_path / "whole", diagnose=False, **given
    )
    evaluation = Evaluation(load_data(data))
    train_jobs(jobs_of(assign_stacks(planned, LOCAL.slots), resuming=False)[0], evaluation)
    broken = tmp_path / "broken"
    options = itertools.chain.from_iterable((flag(name), str(value)) for name, value in given.items())
    process = ganscope(
        "sweep", data, "r1", "--vary", varied[0], "--vary", varied[1], "--budget", "steps", *options,
        "--no-diagnose", "--out", broken,
    )  # fmt: skip
    # the stack of one critic step is done, that of eight is not
    assert kill_when(process, lambda: len(list(broken.glob("*n_critic=1/seed-*/metrics.json"))) == 4)
    done = {path: path.stat().st_mtime_ns for path in broken.glob("*n_critic=1/seed-*/generator.safetensors")}
    assert len(done) == 4
    assert not list(broken.glob("*n_critic=8/seed-*/metrics.json"))
    code, out, err = finish(ganscope("resume", broken))
    assert code == 0, err
    assert "Best of 4 points" in out
    assert done == {path: path.stat().st_mtime_ns for path in done}
    for folder in (tmp_path / "whole").glob("*/seed-*"):
        ours, theirs = contents(folder), contents(broken / folder.relative_to(tmp_path / "whole"))
        for name in ("generator.safetensors", "history.jsonl", "metrics.json"):
            assert ours[name] == theirs[name], f"{folder}/{name}"
