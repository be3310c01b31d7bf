"""What dead processes left is cleared; what a living one is writing stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ganscope.folder.lock import claim
from ganscope.running import resume, train

TINY = {"data": "ring", "recipe": "r1", "steps": 2, "g_width": 8, "d_width": 8}


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob(".*.tmp")}


def test_leftovers_are_cleared_when_a_run_begins_and_when_it_is_resumed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = f".report.html.{os.getppid()}.tmp"
    (tmp_path / f".config.json.{dead.pid}.tmp").touch()
    train(TINY, out=tmp_path)
    assert left(tmp_path) == set()
    (tmp_path / living).touch()
    for ended in (True, False):
        (tmp_path / "checkpoints" / f".step-00000001.safetensors.{dead.pid}.tmp").touch()
        (tmp_path / "samples" / f".step-00000001.npy.{os.getpid()}.tmp").touch()
        if not ended:
            (tmp_path / "metrics.json").unlink()
        resume(tmp_path, tell=lambda text: None)
        assert left(tmp_path) == {living}


def test_a_folder_that_was_only_tried_is_new(tmp_path: Path) -> None:
    (tmp_path / ".writable").touch()
    claim(tmp_path, overwrite=False)
    assert list(tmp_path.iterdir()) == []
