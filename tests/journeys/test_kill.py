"""Real processes, really killed: at random moments of stepping, writing checkpoints and writing reports."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ganscope.folder import checkpoint
from tests.crashes import contents
from tests.processes import finish, ganscope, kill_when

RUN = [
    "train", "ring", "wgan-gp", "--steps", "60", "--g-width", "16", "--d-width", "16", "--log-every", "3",
    "--evaluate-every", "30", "--checkpoint-every", "4", "--ema", "0.9",
]  # fmt: skip
COMPARISON = [
    "compare", "ring", "r1", "wgan-gp", "--seeds", "2", "--steps", "80", "--g-width", "16",
    "--d-width", "16", "--checkpoint-every", "5", "--evaluate-every", "50",
]  # fmt: skip


def steps_of(folder: Path) -> int:
    history = folder / "history.jsonl"
    return history.read_bytes().count(b"\n") if history.exists() else 0


def being_written(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any(folder.glob(pattern))


def has_rows(folder: Path, rows: int) -> Callable[[], bool]:
    return lambda: steps_of(folder) >= rows


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight") / "run"
    code, _, err = finish(ganscope(*RUN, "--out", folder))
    assert code == 0, err
    return folder


def test_kills_at_any_moment_and_the_run_is_the_same(straight: Path, tmp_path: Path) -> None:
    rng = random.SystemRandom()
    folder = tmp_path / "run"
    while_stepping = sorted(rng.sample(range(1, 20), 2))
    moments: list[Callable[[], bool]] = [
        *(has_rows(folder, rows) for rows in while_stepping[:1]),
        being_written(folder / "checkpoints", ".*.tmp"),
        *(has_rows(folder, rows) for rows in while_stepping[1:]),
        (folder / "metrics.json").exists,
        being_written(folder, ".report.html.*.tmp"),
    ]
    kills = 0
    for moment in moments:
        begun = (folder / "config.json").exists()
        process = ganscope("resume", folder) if begun else ganscope(*RUN, "--out", folder)
        kills += kill_when(process, moment)
    assert kills >= 4, f"only {kills} of {len(moments)} kills came in time"
    code, out, err = finish(ganscope("resume", folder))
    assert code == 0, err
    assert "Report:" in out
    theirs, ours = contents(straight), contents(folder)
    assert ours == theirs


def test_a_killed_comparison_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    code, _, err = finish(ganscope(*COMPARISON, "--out", whole))
    assert code == 0, err
    # the parent dies alone; its workers notice, save and leave
    first = ganscope(*COMPARISON, "--out", broken)
    assert kill_when(first, lambda: any(broken.glob("*/seed-0/checkpoints/step-*")))
    code, _, err = finish(ganscope("resume", broken))
    assert code == 0, err
    for folder in whole.glob("*/seed-*"):
        theirs, ours = contents(folder), contents(broken / folder.relative_to(whole))
        # a stop leaves a checkpoint of its own; what training leads to is what counts
        for name in ("generator.safetensors", "history.jsonl", "metrics.json"):
            assert theirs[name] == ours[name], f"{folder.name}/{name}"
        assert max(theirs) == max(ours)
    before = {path: path.stat().st_mtime_ns for path in broken.glob("*/seed-*/generator.safetensors")}
    code, _, err = finish(ganscope("resume", broken))
    assert code == 0, err
    assert before == {path: path.stat().st_mtime_ns for path in broken.glob("*/seed-*/generator.safetensors")}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_polite_stop_saves_and_says_how_to_go_on(
    straight: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    folder = tmp_path / "run"
    process = ganscope(*RUN, "--out", folder)
    while steps_of(folder) < 4:
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    returned, _, err = finish(process)
    assert returned == code
    assert f"ganscope resume {folder}" in err
    assert "Traceback" not in err
    returned, _, err = finish(ganscope("resume", folder))
    assert returned == 0, err
    assert contents(folder)["generator.safetensors"] == contents(straight)["generator.safetensors"]
    assert contents(folder)["history.jsonl"] == contents(straight)["history.jsonl"]


def test_a_comparison_stops_politely_too(tmp_path: Path) -> None:
    folder = tmp_path / "comparison"
    process = ganscope(*COMPARISON, "--out", folder)
    while not any(folder.glob("*/seed-0/checkpoints/step-*")):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    returned, _, err = finish(process)
    assert returned == 130, err
    assert f"ganscope resume {folder}" in err
    assert "Traceback" not in err


def test_the_second_process_on_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = ganscope(*RUN, "--out", folder)
    while steps_of(folder) < 2:
        assert first.poll() is None
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    try:
        code, _, err = finish(ganscope("resume", folder))
    finally:
        first.send_signal(signal.SIGCONT)
    assert code == 2
    assert f"process {first.pid} on " in err
    # a lock left by a dead process is no lock
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert json.loads((folder / ".lock").read_text())["pid"] == first.pid
    code, _, err = finish(ganscope("resume", folder))
    assert code == 0, err


@pytest.mark.parametrize("arguments", [RUN, COMPARISON], ids=["run", "comparison"])
def test_a_second_ctrl_c_stops_at_once_and_loses_nothing_saved(tmp_path: Path, arguments: list[str]) -> None:
    folder = tmp_path / "out"
    process = ganscope(*arguments, "--out", folder)
    while not any(folder.glob("**/checkpoints/step-*")):
        assert process.poll() is None
        time.sleep(0.001)
    saved = next(folder.glob("**/checkpoints/step-*"))
    process.send_signal(signal.SIGSTOP)
    # both are waiting when the process wakes up
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    returned, _, err = finish(process)
    assert returned in (130, 143)
    assert "Traceback" not in err
    newest = saved.parent / max(path.name for path in saved.parent.glob("step-*"))
    assert newest.name >= saved.name
    checkpoint.load(newest)
