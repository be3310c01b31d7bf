"""A worker that is killed costs nothing; one that is killed twice leaves its recipe out, and says so."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.crashes import contents
from tests.processes import Process, finish, ganscope

COMPARISON = [
    "compare", "ring", "r1", "wgan-gp", "--seeds", "1", "--budget", "steps", "--steps", "200",
    "--g-width", "16", "--d-width", "16", "--checkpoint-every", "5", "--evaluate-every", "20",
    "--diagnose-every", "0",
]  # fmt: skip


def wait_for(process: Process, moment: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not moment():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)


def worker_of(folder: Path) -> int:
    try:
        return int(json.loads((folder / ".lock").read_text())["pid"])
    except (OSError, ValueError):
        return 0


def kill_worker(process: Process, folder: Path, before: int = 0) -> int:
    """Kill -9 the worker of a run that has a newer checkpoint than when it began; returns its number."""
    wait_for(process, lambda: worker_of(folder) not in (0, before))
    worker, steps = worker_of(folder), set(folder.glob("checkpoints/step-*"))
    wait_for(process, lambda: bool(set(folder.glob("checkpoints/step-*")) - steps))
    os.kill(worker, signal.SIGKILL)
    return worker


def test_a_killed_worker_goes_on_from_its_newest_checkpoint(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    code, _, err = finish(ganscope(*COMPARISON, "--out", whole))
    assert code == 0, err
    process = ganscope(*COMPARISON, "--out", broken)
    kill_worker(process, broken / "wgan-gp" / "seed-0")
    code, _, err = finish(process)
    assert code == 0, err
    assert "wgan-gp: its worker process was killed (SIGKILL" in err
    assert "goes on from the newest checkpoint" in err
    theirs, ours = (contents(folder / "wgan-gp" / "seed-0") for folder in (whole, broken))
    for name in ("generator.safetensors", "history.jsonl", "metrics.json"):
        assert theirs[name] == ours[name], name


def test_a_recipe_whose_workers_die_is_left_out_and_the_command_fails(tmp_path: Path) -> None:
    out = tmp_path / "out"
    lost = out / "wgan-gp" / "seed-0"
    process = ganscope(*COMPARISON, "--out", out)
    kill_worker(process, lost, kill_worker(process, lost))
    code, said, err = finish(process)
    assert code == 1, err
    assert "for the second time" in err
    assert f"1 run is unfinished (wgan-gp/seed-0): go on by ganscope resume {out}." in err.replace("\n", " ")
    assert "Unfinished and therefore left out: 1 of 1 seeds of wgan-gp (at step" in " ".join(said.split())
    assert "did worst" not in said
    page = (out / "report.html").read_text()
    assert "Unfinished and therefore left out: 1 of 1 seeds of wgan-gp (at step" in page
    code, said, err = finish(ganscope("resume", out))
    assert code == 0, err
    assert "left out" not in said
