"""Runs that die at a chosen step, and what a folder holds afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Crash(Exception):  # noqa: N818
    """The process dies here: nothing is saved on the way out."""


def crash_at(step: int) -> Callable[[dict[str, Any]], None]:
    def progress(event: dict[str, Any]) -> None:
        if event["step"] >= step:
            raise Crash

    return progress


def contents(folder: Path) -> dict[str, str]:
    """A hash of every file but the wall clock's, by name."""
    files = [
        path for path in folder.rglob("*") if path.is_file() and path.name not in ("timing.jsonl", ".lock")
    ]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != "report.html"
    }
