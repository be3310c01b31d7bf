"""What goes wrong while a run is under way: NaN, a full disk, a corrupt image, no memory left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ganscope as gs
from ganscope.cli import app
from ganscope.folder import checkpoint
from tests.crashes import contents
from tests.journeys.place import tree
from tests.journeys.sentences import assert_a_clear_sentence
from tests.processes import finish, ganscope


@pytest.mark.parametrize("rate", ["1e20", "1000"])
def test_a_run_that_turns_nan_ends_with_network_step_and_checkpoint(place: Path, rate: str) -> None:
    # 1e20 ruins the very first step; 1000 leaves a sound checkpoint from before
    done = finish(ganscope(
        "train", "ring", "minimax", "--objective", "least-squares", "--d-lr", rate, "--g-lr", rate, "--out",
        "blown", "--steps", "60", "--log-every", "60", "--checkpoint-every", "1", "--g-width", "8",
        "--d-width", "8",
    ))  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    sentence = done.stderr[done.stderr.index("ganscope: ") :]
    metrics = gs.load("blown").metrics
    step, network = metrics["diverged_at"], metrics["diverged_network"]
    kept = sorted((place / "blown").glob("checkpoints/*"))
    last = str(kept[-1].relative_to(place)) if kept else "no earlier checkpoint"
    assert last in sentence
    words = [f"{network}'s loss", f"step {step} ", "--d-lr"]
    assert_a_clear_sentence(sentence.replace(last, "..."), words)
    assert len(kept) == (rate == "1000")
    assert (place / "blown" / "report.html").exists()
    assert not (place / "blown" / "generator.safetensors").exists()
    told: list[str] = []
    gs.resume("blown", tell=told.append)
    assert f"diverged at step {step}" in told[0]
    again = finish(ganscope("resume", "blown"))
    assert (again.returncode, again.stdout) == (1, "")
    assert_a_clear_sentence(again.stderr[again.stderr.index("ganscope: ") :], [f"step {step}", "--d-lr"])
    shutil.rmtree("blown")


def test_a_disk_that_fills_leaves_the_last_checkpoint_and_goes_on_later(place: Path) -> None:
    # a file may grow to 90 kB: more than a checkpoint, less than the history
    settings = [
        "--steps", "600", "--log-every", "1", "--evaluate-every", "600", "--checkpoint-every", "50",
        "--g-width", "8", "--d-width", "8", "--batch-size", "8", "--seed", "3",
    ]  # fmt: skip
    command = ["train", "ring", "r1", *settings]
    done = finish(ganscope(*command, "--out", "full", largest_file=90_000))
    assert done.returncode == 1, done.stderr
    sentence = done.stderr[done.stderr.index("ganscope: ") :]
    assert_a_clear_sentence(sentence, ["full", "cannot be written any more", "ganscope resume full"])
    saved = sorted((place / "full" / "checkpoints").iterdir())
    assert 0 < len(saved) <= 2
    for path in saved:
        checkpoint.load(path)
    assert not list((place / "full").rglob("*.tmp"))
    assert finish(ganscope("resume", "full")).returncode == 0
    assert finish(ganscope(*command, "--out", "roomy")).returncode == 0
    theirs, ours = contents(place / "roomy"), contents(place / "full")
    assert theirs == ours
    shutil.rmtree("full")
    shutil.rmtree("roomy")


def test_a_full_disk_is_noticed_before_anything_is_written(place: Path) -> None:
    before = tree(place)
    done = finish(ganscope("train", "ring", "r1", "--steps", "3", "--out", "deep/in/full", largest_file=100))
    assert done.returncode == 2
    assert_a_clear_sentence(done.stderr, ["deep/in/full", "cannot be written", "ulimit -f"])
    assert tree(place) == before


def test_a_corrupt_image_among_good_ones_is_named_skipped_and_counted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "train mixed r1 --size 8 --steps 2 --batch-size 4 --g-width 8 --d-width 8 --out pictures"
    assert app.main(words.split()) == 0
    _, err = capsys.readouterr()
    assert "mixed: 1 of 31 images could not be read" in err
    assert "bad.png" in err
    described = json.loads((place / "pictures" / "config.json").read_text())["data"]
    assert described["train_rows"] + described["held_out_rows"] == 30
    assert any("bad.png" in note for note in described["notes"])
    shutil.rmtree("pictures")


@pytest.mark.parametrize("closed", ["list", "train --help"])
def test_a_reader_that_has_seen_enough_is_no_error(closed: str) -> None:
    command = f"{sys.executable} -m ganscope {closed} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)  # noqa: S607
    assert done.stderr == ""
    assert done.returncode in (0, 1, app.BROKEN_PIPE)  # 1 is Rich's own answer


@pytest.mark.parametrize(
    ("pipe", "whole"), [("| head -1", True), ("2>&1 | head -1", False), ("| true", True)]
)
def test_a_run_whose_reader_goes_away_is_saved(place: Path, pipe: str, whole: bool) -> None:
    line = "train ring r1 --steps 90 --log-every 1 --evaluate-every 3 --g-width 8 --d-width 8 --out unread"
    command = f"{sys.executable} -m ganscope {line} {pipe}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)  # noqa: S607
    # one who reads a line may go away after the last one was written
    assert done.returncode in ((0, app.BROKEN_PIPE) if pipe == "| head -1" else (app.BROKEN_PIPE,))
    assert "Traceback" not in done.stderr + done.stdout
    newest = checkpoint.steps(place / "unread")[-1]
    assert (newest == 90) == whole
    assert (place / "unread" / "generator.safetensors").exists() == whole
    assert finish(ganscope("resume", "unread")).returncode == 0
    assert gs.load("unread").sample(2).shape == (2, 2)
    shutil.rmtree("unread")


def test_memory_that_runs_out_is_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(place)
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

        patch.setattr("ganscope.running.prepared.networks", refuse)
        assert app.main(["train", "ring", "r1", "--out", "new"]) == 1
    assert_a_clear_sentence(capsys.readouterr().err, ["out of memory", "--batch-size"])
    assert tree(place) == before
