"""The run folder on disk: files that appear whole or not at all, and rows that survive a kill.

Everything a run writes goes through here, so that `report`, `diagnose` and the command line need nothing but
the folder.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ganscope.contracts import BadInput
from ganscope.folder import leftovers

FORMAT = 1
"""Version of every file below a run folder; raised when a reader of the old one could misread the new one."""


def jsonable(value: Any) -> Any:
    """Replace what JSON cannot hold: NaN and infinities become null, tuples become lists.

    Example:
        >>> jsonable({"emd": float("nan"), "shape": (1, 8)})
        {'emd': None, 'shape': [1, 8]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(entry) for entry in value]
    return value


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file beside its place, flush it, then rename: a reader sees the old file or the new one.

    Args:
        path: of the file; its folder must exist.

    Yields:
        A binary file to write to. On an exception nothing is left behind.
    """
    beside = leftovers.beside(path)
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON object atomically, with the format version and a hash of the rest in it."""
    contents = jsonable({"format": FORMAT, **value})
    signed = {**contents, "sha256": _digest(contents)}
    text = json.dumps(signed, indent=2, allow_nan=False, ensure_ascii=False)
    with whole_file(path) as file:
        file.write(text.encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        BadInput: the file holds none, or not what was written.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it, or train the run again.") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path} is damaged (it holds no JSON object): restore it, or train the run again.")
    digest = value.pop("sha256", None)
    if digest is not None and digest != _digest(value):
        raise BadInput(
            f"{path} was changed after it was written (its hash does not match): restore it, or delete its "
            'line "sha256" if you changed it yourself.'
        )
    return value


def append_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a `.jsonl` file, each a whole line, given to the operating system before returning."""
    text = "".join(json.dumps(jsonable(row), allow_nan=False, ensure_ascii=False) + "\n" for row in rows)
    with path.open("ab") as file:
        file.write(text.encode())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a `.jsonl` file; a last line torn by a kill is left out.

    Raises:
        BadInput: a damaged line that is not the last one, with its number; a row has a step.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or type(row["step"]) is not int:
                raise ValueError
        except (ValueError, KeyError, RecursionError):
            if number == len(lines):
                break
            raise BadInput(
                f"{path} is damaged in line {number} (no object with a whole step): remove that line."
            ) from None
        rows.append(row)
    return rows


def keep_rows(path: Path, last_step: int) -> None:
    """Cut a `.jsonl` file back to the rows up to a step: a resumed run writes the later ones again."""
    if not path.exists():
        return
    rows = [row for row in read_rows(path) if row["step"] <= last_step]
    with whole_file(path) as file:
        file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def _digest(contents: Mapping[str, Any]) -> str:
    """Hash a JSON object by its canonical text."""
    text = json.dumps(contents, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the file system allows a folder to be opened for that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Force what was appended to a file onto the disk."""
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())
