"""What the system refuses: one sentence whose remedy fits, the right exit code, what was saved stays whole.

Real processes and real limits; a case that needs another user or a file system of its own is left out where
the machine does not allow it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganscope.cli import app
from ganscope.folder import checkpoint
from tests.journeys.place import tree
from tests.journeys.sentences import assert_a_clear_sentence
from tests.processes import Ended, finish, ganscope

SMALL = ["--g-width", "8", "--d-width", "8", "--batch-size", "8", "--latent-dim", "4", "--log-every", "1"]
LONG = ["--steps", "100000", "--checkpoint-every", "20", "--evaluate-every", "100000", *SMALL]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
NOBODY = 65534
UNSHARE = shutil.which("unshare") or ""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sentence(done: Ended, code: int) -> str:
    assert done.returncode == code, done.stderr
    said = done.stderr[done.stderr.rindex("ganscope: ") :]
    assert_a_clear_sentence(said, [])
    return " ".join(said.split())


def while_training(folder: Path, then: Callable[[], object], **limits: int) -> Ended:
    """Begin a long run, do something to it once it has saved twice, and wait for its end."""
    process = ganscope("train", "ring", "r1", *LONG, "--out", folder, **limits)
    deadline = time.monotonic() + 200
    while len(checkpoint.steps(folder)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    then()
    return process.communicate()


def test_a_folder_that_is_deleted_while_training(here: Path) -> None:
    run = here / "run"

    def delete() -> None:
        for _ in range(100):
            shutil.rmtree(run, ignore_errors=True)
            if not run.exists():
                return

    said = sentence(while_training(run, delete), 1)
    assert "run was deleted or moved away while it trained" in said
    assert "make room" not in said


def test_a_folder_that_is_moved_goes_on_where_it_is(here: Path) -> None:
    run, moved = here / "run", here / "moved"
    said = sentence(while_training(run, lambda: run.rename(moved)), 1)
    assert "resume it where it is" in said
    for step in checkpoint.steps(moved):
        checkpoint.load(checkpoint.path_of(moved, step))


LEAKING = """
kept = []
def tracker(folder, config):
    return lambda event, runs: kept.append(open("/dev/null")) if event.kind == "step" else None
"""


def test_too_many_open_files_is_no_full_disk(here: Path) -> None:
    (here / "leaking.py").write_text(LEAKING)
    leak = ["--track", "leaking:tracker", "--no-diagnose"]
    done = finish(ganscope("train", "ring", "r1", *LONG, *leak, "--out", "run", open_files=100))
    said = sentence(done, 1)
    assert "(too many open files): raise the limit (ulimit -n), then go on with ganscope resume run" in said
    for step in checkpoint.steps(here / "run"):
        checkpoint.load(checkpoint.path_of(here / "run", step))
    assert len(checkpoint.steps(here / "run")) == 2


def test_no_file_may_be_opened_to_read(here: Path) -> None:
    np.savetxt("a.csv", np.random.default_rng(0).normal(size=(60, 2)), "%.3f", ",", header="a,b", comments="")
    before = tree(here)
    done = finish(ganscope("train", "a.csv", "r1", "--steps", "2", *SMALL, "--out", "run", open_files=1))
    assert "(too many open files): raise the limit (ulimit -n)" in sentence(done, done.returncode)
    assert done.returncode in (1, 2)
    assert tree(here) == before


@AS_ROOT
@pytest.mark.parametrize(
    "line", ["train a.csv r1 --steps 2", "report run", "resume run", "diagnose run", "sample run"]
)
def test_what_one_may_not_read(line: str, here: Path) -> None:
    np.savetxt("a.csv", np.zeros((60, 2)), "%.3f", ",", header="a,b", comments="")
    (here / "run").mkdir()
    (here / "run" / "config.json").write_text("{}")
    for path in (here / "a.csv", here / "run" / "config.json"):
        path.chmod(0)
    _let_in(here)
    said = sentence(finish(ganscope(*line.split(), user=NOBODY)), 2)
    assert "permission denied" in said
    assert "permissions" in said


@AS_ROOT
def test_where_one_may_not_write(here: Path) -> None:
    (here / "theirs").mkdir()
    _let_in(here)
    before = tree(here)
    said = sentence(
        finish(ganscope("train", "ring", "r1", "--steps", "2", "--out", "theirs/run", user=NOBODY)), 2
    )
    assert "--out theirs/run cannot be written (permission denied)" in said
    assert tree(here) == before


def _let_in(folder: Path) -> None:
    for part in [folder, *folder.parents][:4]:
        part.chmod(0o755)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("notes.txt", "is a file"),
        ("notes.txt/run", "a part of the path is a file"),
        ("x" * 300, "the name is too long"),
        ("loop", "a file or a broken link has its name"),
        ("gone", "a file or a broken link has its name"),
        ("/proc/none/run", "no such file or folder"),
        ("/dev/full/run", "a part of the path is a file"),
        ("/dev/null", "is a file"),
    ],
)
@pytest.mark.parametrize(
    "command", ["train ring r1 --steps 2", "explain chain-rule --seeds 1", "compare ring r1"]
)
def test_paths_that_cannot_be_folders(
    command: str, out: str, words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "notes.txt").touch()
    (here / "loop").symlink_to("loop")
    (here / "gone").symlink_to("nowhere/at/all")
    before = tree_of_links(here)
    assert app.main([*command.split(), "--out", out]) == 2
    _, err = capsys.readouterr()
    assert_a_clear_sentence(err.replace(out, "..."), [words])
    assert tree_of_links(here) == before


def tree_of_links(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != ".lock"}


ON_A_SMALL_DISK = """
import os, subprocess, sys
from pathlib import Path
from ganscope.cli import app
disk = Path(sys.argv[1])
def mount(*options):
    subprocess.run(["mount", *options, str(disk)], check=True)
small = "--g-width 8 --d-width 8 --batch-size 8 --latent-dim 4 --log-every 1 --evaluate-every 9999".split()
def train(*more):
    return app.main(["train", "ring", "r1", *small, *more])
mount("-t", "tmpfs", "-o", "size=16k", "tmpfs")
print(1, train("--steps", "2", "--out", str(disk / "run")), sorted(disk.iterdir()))
mount("-o", "remount,size=256k")
print(2, train("--steps", "9000", "--checkpoint-every", "50", "--out", str(disk / "run")))
mount("-o", "remount,ro")
print(3, app.main(["resume", str(disk / "run")]), app.main(["report", str(disk / "run")]))
print(4, train("--steps", "2", "--out", str(disk / "other")))
mount("-o", "remount,rw,size=8m")
os.environ["ENOUGH"] = "1"
print(5, [p.suffix for p in disk.rglob("*.tmp")], app.main(["report", str(disk / "run")]))
"""


def test_a_small_disk_and_a_read_only_one(here: Path) -> None:
    (here / "disk").mkdir()
    if not UNSHARE or subprocess.run([UNSHARE, "-m", "true"], check=False).returncode:
        pytest.skip("no file system of one's own here")
    command = [UNSHARE, "-m", sys.executable, "-c", ON_A_SMALL_DISK, str(here / "disk")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if "mount:" in done.stderr:
        pytest.skip("no file system of one's own here")
    codes = [line for line in done.stdout.splitlines() if line[:1].isdigit() and line[1:2] == " "]
    assert codes[:2] == ["1 2 []", "2 1"], done.stderr
    assert codes[2:4] == ["3 2 2", "4 2"]
    assert codes[4] == "5 [] 0"
    said = [" ".join(line.split()) for line in done.stderr.splitlines() if line.startswith("ganscope: ")]
    assert "(the disk is full): make room, or choose another disk" in said[0]
    assert "(the disk is full): make room, then go on with ganscope resume" in said[1]
    assert all("the file system is read-only" in sentence for sentence in said[2:5]), said
    assert "Traceback" not in done.stderr
