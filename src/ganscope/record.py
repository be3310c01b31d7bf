"""The run folder on disk: files that appear whole or not at all, and rows that survive a kill.

Everything a run tells the world goes through here, so that `report`, `diagnose` and the command line need
nothing but the folder.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

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
        path: where the file shall stand; the folder must exist.

    Yields:
        A binary file to write to. On an exception nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
    """Write one JSON object atomically, with the format version in it."""
    text = json.dumps(jsonable({"format": FORMAT, **value}), indent=2, allow_nan=False, ensure_ascii=False)
    with whole_file(path) as file:
        file.write(text.encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object")
    return value


def append_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a `.jsonl` file, each a whole line, handed to the system before returning."""
    text = "".join(json.dumps(jsonable(row), allow_nan=False, ensure_ascii=False) + "\n" for row in rows)
    with path.open("ab") as file:
        file.write(text.encode())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a `.jsonl` file; a last line torn by a kill is left out.

    Raises:
        ValueError: a damaged line that is not the last one, with its number.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except ValueError:
            if number == len(lines):
                break
            raise ValueError(f"{path}, line {number} is damaged") from None
    return rows


def keep_rows(path: Path, last_step: int) -> None:
    """Cut a `.jsonl` file back to the rows up to a step: a resumed run writes the later ones again."""
    if not path.exists():
        return
    rows = [row for row in read_rows(path) if row["step"] <= last_step]
    with whole_file(path) as file:
        file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def _sync_folder(folder: Path) -> None:
    """Make a rename itself durable; not every file system lets a folder be opened for that."""
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
