"""Files that a killed process had not yet renamed into their place."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from ganscope.folder import layout

_NAME = re.compile(rf"\..+\.(\d{{1,10}}){re.escape(layout.TEMPORARY)}")


def beside(path: Path) -> Path:
    """Name the file that this process writes before it renames it into its place.

    Example:
        >>> is_leftover(beside(Path("run/config.json")).name)
        True
    """
    return path.with_name(f".{path.name}.{os.getpid()}{layout.TEMPORARY}")


def is_leftover(name: str) -> bool:
    """Tell by its name whether a file is one that was never renamed into its place."""
    return _NAME.fullmatch(name) is not None


def clear(folder: Path) -> None:
    """Delete what dead processes left in a run folder or directly in that of a comparison.

    What a living process is writing stays, such as the report that another command writes right now.

    Args:
        folder: one that this process has locked, and writes nothing into yet.
    """
    aside = list((folder / layout.ABANDONED).glob("*"))
    for run in (folder, *aside):
        for place in (run, run / layout.SAMPLES, run / layout.CHECKPOINTS):
            for path in place.glob(f".*{layout.TEMPORARY}"):
                name = _NAME.fullmatch(path.name)
                if name is not None and not _writes(int(name[1])):
                    with suppress(OSError):
                        path.unlink()


def _writes(process: int) -> bool:
    """Whether another process of this number lives; in a container numbers soon come again, ours too."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
