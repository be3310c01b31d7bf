"""What a folder holds: files that ganscope wrote, which --overwrite may delete, and those of others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.folder import layout
from ganscope.folder.leftovers import is_leftover

HEAD = 2**16
"""Bytes of a page within which it says what it is."""


class Contents(NamedTuple):
    """Everything below a folder."""

    written: tuple[Path, ...]
    """Files that ganscope wrote."""
    folders: tuple[Path, ...]
    """Folders that ganscope made, those within before those around them."""
    foreign: tuple[Path, ...]
    """Everything else: files and links of others, and their folders, whose insides are not looked at."""


Kind = Callable[[os.DirEntry[str]], "Kind | bool"]
"""What something in a folder is: a file of ours (True), foreign (False), or a folder of ours, by its kind."""


def contents(folder: Path) -> Contents:
    """Tell apart what ganscope wrote into the folder of a run or a comparison, and what is foreign in it.

    A name alone does not make a `config.json` or `comparison.json` ours: it must say what ours says.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     _ = (Path(name) / "config.json").write_text('{"format": 1, "config": {}}')
        ...     _ = (Path(name) / "notes.txt").write_text("mine")
        ...     [[path.name for path in paths] for paths in contents(Path(name))]
        [['config.json'], [], ['notes.txt']]
    """
    written: list[Path] = []
    folders: list[Path] = []
    foreign: list[Path] = []

    def look(at: Path, kind: Kind) -> None:
        for entry in _entries(at):
            what, path = kind(entry), at / entry.name
            if callable(what):
                look(path, what)
                folders.append(path)
            else:
                (written if what else foreign).append(path)

    look(folder, _comparison if layout.is_comparison(folder) else _run_of(folder))
    return Contents(tuple(written), tuple(folders), tuple(foreign))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _run_of(folder: Path) -> Kind:
    """What belongs into the folder of a run, what its trackers write among it."""
    patterns = [str(pattern) for pattern in _tracked(folder / layout.CONFIG)]

    def kind(entry: os.DirEntry[str]) -> Kind | bool:
        tracked = any(fnmatchcase(entry.name, pattern) for pattern in patterns)
        if entry.is_dir(follow_symlinks=False):
            if entry.name == layout.ABANDONED:
                return _healings
            if entry.name in (layout.SAMPLES, layout.CHECKPOINTS):
                return _steps
            return _any if tracked else False
        return (tracked and entry.is_file(follow_symlinks=False)) or _is_file(entry, layout.RUN_FILES)

    return kind


def _tracked(path: Path) -> list[Any]:
    """The patterns of the files that trackers write, as `config.json` has them."""
    value = _object(path)
    return value["tracked"] if isinstance(value.get("tracked"), list) else []


def _any(entry: os.DirEntry[str]) -> Kind | bool:
    """Whatever a tracker put into a folder of its own; links lead elsewhere."""
    return _any if entry.is_dir(follow_symlinks=False) else not entry.is_symlink()


def _comparison(entry: os.DirEntry[str]) -> Kind | bool:
    if entry.is_dir(follow_symlinks=False):
        return _recipe if layout.is_recipe_folder(Path(entry.path)) else False
    return _is_file(entry, layout.COMPARISON_FILES)


def _recipe(entry: os.DirEntry[str]) -> Kind | bool:
    is_run = entry.is_dir(follow_symlinks=False) and layout.is_seed_folder(entry.name)
    return _run_of(Path(entry.path)) if is_run else False


def _healings(entry: os.DirEntry[str]) -> Kind | bool:
    is_run = entry.is_dir(follow_symlinks=False) and layout.is_healing_folder(entry.name)
    return _run_of(Path(entry.path)) if is_run else False


def _steps(entry: os.DirEntry[str]) -> bool:
    return _is_file(entry, ()) or (entry.is_file(follow_symlinks=False) and layout.is_step_file(entry.name))


def _is_file(entry: os.DirEntry[str], names: tuple[str, ...]) -> bool:
    if not entry.is_file(follow_symlinks=False):
        return False
    if entry.name in (layout.CONFIG, layout.COMPARISON):
        return entry.name in names and _says(Path(entry.path))
    if entry.name == layout.REPORT:
        return is_report(Path(entry.path))
    return entry.name in names or is_leftover(entry.name)


def _says(path: Path) -> bool:
    """Whether a `config.json` or `comparison.json` holds what ganscope writes there."""
    value = _object(path)
    if not isinstance(value.get("format"), int):
        return False
    kind, key = (dict, "config") if path.name == layout.CONFIG else (list, "configs")
    return isinstance(value.get(key), kind)


def is_report(path: Path) -> bool:
    """Tell by its beginning whether a page is a report of ours; an empty one is nobody's."""
    try:
        with path.open("rb") as file:
            start = file.read(HEAD)
    except OSError:
        return False
    return not start or b'<p class="kicker">ganscope ' in start


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
