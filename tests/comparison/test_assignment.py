"""Which runs train together is worked out once: printed, run, and the same after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganscope.cli.app import main
from ganscope.comparison import assign_stacks, plan, plan_sweep, resume_comparison
from ganscope.comparison.assignment import in_numbers, jobs_of
from ganscope.comparison.plan_file import read_plan, write_plan
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.folder import files, layout
from ganscope.running import Engine, engine, memory, run_jobs
from ganscope.training import loop
from tests.crashes import contents
from tests.games import SMALL, train_here

TINY = {k: v for k, v in SMALL.items() if k != "steps"} | {"diagnose": False, "seeds": 2}
VARIED = {"n_critic": [1, 2]}
ON_ONE_CORE = (
    "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    "from ganscope.cli import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Data of few rows, whose evaluation takes no time."""
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, torch.randn(300, 2, generator=torch.Generator().manual_seed(0)).numpy())
    return str(path)


def members(folder: Path) -> list[list[int]]:
    stacks: list[list[int]] = json.loads((folder / layout.COMPARISON).read_text())["stacks"]
    return stacks


def test_stacks_are_kept_with_the_plan(tmp_path: Path) -> None:
    planned = plan_sweep("ring", "r1", VARIED, steps=20, out=tmp_path, **TINY)
    assert planned.stacks == ()
    one = assign_stacks(planned, slots=1)
    assert [stack.members for stack in one.stacks] == [(0, 1), (2, 3)]
    assert assign_stacks(one, slots=4) == one, "what was assigned is not assigned again"
    assert [stack.members for stack in assign_stacks(planned, slots=4).stacks] == [(0,), (1,), (2,), (3,)]
    write_plan(one)
    again = read_plan(tmp_path)
    assert [stack.members for stack in again.stacks] == [(0, 1), (2, 3)]
    assert (again.configs, again.command, again.swept) == (one.configs, one.command, one.swept)
    assert in_numbers(one, 1) == "2 points x 2 seeds: 4 runs, 2 stacks of up to 2."


def test_nothing_is_trained_to_say_how_a_sweep_is_carried_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tried: list[int] = []

    def counted(config: Any, data: Any) -> str:
        tried.append(config.n_critic)
        return judge(config, data)

    def refuse(*_: Any) -> Any:
        raise AssertionError("a run took a step")

    judge = memory.cannot_stack
    monkeypatch.setattr("ganscope.comparison.assignment.cannot_stack", counted)
    monkeypatch.setattr(loop, "advance", refuse)
    arguments = ["--vary", "n_critic=1,2", "--seeds", "2", "--out", str(tmp_path / "x"), "--dry-run"]
    assert main(["sweep", "ring", "r1", *arguments]) == 0
    assert "4 runs" in capsys.readouterr().err
    assert sorted(tried) == [1, 2], "a program is looked at once"


def test_a_comparison_of_an_early_version_keeps_together_what_has_begun(table: str, tmp_path: Path) -> None:
    planned = plan(table, ["r1"], steps=6, out=tmp_path, **{**TINY, "seeds": 3})
    write_plan(assign_stacks(planned, 1))
    stored = files.read_json(tmp_path / layout.COMPARISON)
    del stored["stacks"]
    files.write_json(tmp_path / layout.COMPARISON, stored)
    first = planned.all_folders[:2]
    for folder in first:
        folder.mkdir(parents=True)
    train_here(planned.runs[:2], first, Evaluation(load_data(table)))
    for folder in first:
        (folder / layout.METRICS).unlink()
    resume_comparison(tmp_path)
    assert members(tmp_path) == [[0, 1], [2]]
    assert all((folder / layout.METRICS).exists() for folder in planned.all_folders)


@pytest.fixture
def killed(table: str, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A sweep on one core, killed before its second stack began; and the same, trained straight through."""
    given: dict[str, Any] = {**TINY, "steps": 150, "budget": "steps", "checkpoint_every": 20}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    straight = assign_stacks(plan_sweep(table, "r1", VARIED, out=whole, **given), slots=1)
    for job in jobs_of(straight, resuming=False)[0]:
        for folder in job.folders:
            folder.mkdir(parents=True)
        train_here(job.configs, job.folders, Evaluation(load_data(table)))
    words = [w for k, v in given.items() if k != "diagnose" for w in (f"--{k.replace('_', '-')}", str(v))]
    command = [sys.executable, "-c", ON_ONE_CORE, "sweep", table, "r1", "--vary", "n_critic=1,2"]
    process = subprocess.Popen(
        [*command, *words, "--no-diagnose", "--out", str(broken)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and not list(broken.glob("*/seed-*/checkpoints/step-*")):
            time.sleep(0.001)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    # the worker sees that its parent is gone, saves and leaves; its lock is waited for when resuming
    yield whole, broken
    shutil.rmtree(broken)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the number of cores cannot be set here")
def test_a_sweep_killed_before_a_stack_began_goes_on_in_the_same_stacks(
    killed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = killed
    begun = sorted(path.parent.parent.name for path in broken.glob(f"*/seed-*/{layout.CONFIG}"))
    assert begun == ["n_critic=2", "n_critic=2"], "the longer stack begins first, and alone"
    assert members(broken) == [[0, 1], [2, 3]]
    # now there is room for four runs side by side
    monkeypatch.setattr(engine, "LOCAL", Engine(run_jobs, 4))
    resume_comparison(broken)
    assert members(broken) == [[0, 1], [2, 3]]
    for point in ("n_critic=1", "n_critic=2"):
        for seed in (0, 1):
            run = layout.run_folder(Path(), point, seed)
            expected, reached = contents(whole / run), contents(broken / run)
            for name in (layout.GENERATOR, layout.HISTORY, layout.METRICS, layout.CONFIG):
                assert reached[name] == expected[name], (run, name)
