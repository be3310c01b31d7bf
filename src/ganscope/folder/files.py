"""The run folder on disk: files that appear whole or not at all, and rows that survive a kill.

Everything a run writes goes through here, so that `report`, `diagnose` and the command line need nothing but
the folder.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from ganscope.contracts import BadInput
from ganscope.folder import chain, leftovers
from ganscope.words.foreign import encodable

TAIL = 2**13
"""Bytes at the end of a file in which its last row is looked for first."""
_KEY = '"sha256": "'
_DIGEST = re.compile(r"[0-9a-f]{64}")
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
    path = path.resolve() if path.is_symlink() else path  # a link stays one
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
        file.write(encodable(text).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        BadInput: the file holds none, or not what was written.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is damaged ({error}): restore it, or train the run again.") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path} is damaged (it holds no JSON object): restore it, or train the run again.")
    digest = value.pop("sha256", None)
    moved = digest is None and (_KEY in text or any(_DIGEST.fullmatch(str(v)) for v in value.values()))
    if moved or (digest is not None and digest != _digest(value)):
        raise BadInput(
            f"{path} was changed after it was written (its hash does not match): restore it, or delete its "
            'line "sha256" if you changed it yourself.'
        )
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take the entries of an object, in which nothing is said twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def append_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a `.jsonl` file, each a whole line, given to the operating system before returning.

    Each carries a check of itself and of all before it: see `ganscope.folder.chain`.
    """
    with path.open("ab+") as file:
        check, end = _last_check(file)
        file.truncate(end)  # what a kill has torn
        text = b""
        for row in rows:
            check, line = chain.sealed(check, encodable(_text(row)))
            text += line
        file.write(text)


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps(jsonable(row), allow_nan=False, ensure_ascii=False)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a `.jsonl` file; a last line torn by a kill is left out.

    Raises:
        BadInput: a line that is not as it was written, with its number and step; a row has a step.
    """
    read = whole_rows(path)
    if read.damage is not None and not read.damage.torn:
        raise BadInput(damage_of(path, read.damage))
    return read.rows


def whole_rows(path: Path) -> chain.Rows:
    """Read the rows of a `.jsonl` file up to the first that is not as it was written; none without a file."""
    return chain.read(path.read_bytes() if path.exists() else b"")


def damage_of(path: Path, damage: chain.Damage) -> str:
    """Say in a sentence what is wrong with a `.jsonl` file, and what to do."""
    where = f"{path} is damaged {damage.place}, {damage.what}"
    return f"{where}: restore it from a copy, or do without what follows."


def last_check(path: Path) -> str:
    """The running hash after the last row of a `.jsonl` file, which tells whether rows are lost later."""
    if not path.exists():
        return chain.START
    with path.open("rb") as file:
        return _last_check(file)[0]


def keep_rows(path: Path, last_step: int) -> None:
    """Cut a `.jsonl` file back to the whole rows up to a step: a resumed run writes the later ones again."""
    if not path.exists():
        return
    read = whole_rows(path)
    pairs = zip(read.lines, read.rows, strict=True)
    kept = [line for line, _ in takewhile(lambda pair: pair[1]["step"] <= last_step, pairs)]
    with whole_file(path) as file:
        file.write(b"".join(kept))


def _last_check(file: IO[bytes]) -> tuple[str, int]:
    """The running hash after the last whole line of a file, and where that line ends."""
    size = file.seek(0, os.SEEK_END)
    block = TAIL
    while True:
        start = max(0, size - block)
        file.seek(start)
        tail = file.read(size - start)
        end = tail.rfind(b"\n") + 1
        begin = tail.rfind(b"\n", 0, max(0, end - 1)) + 1
        if begin or start == 0:
            break
        block *= 8
    said = chain.stated(tail[begin : end - 1])[1] if end else chain.START
    if said is None:  # a version without checks wrote it
        file.seek(0)
        said = (chain.read(file.read()[: start + end]).checks or [chain.START])[-1]
    return said, start + end


def _digest(contents: Mapping[str, Any]) -> str:
    """Hash a JSON object by its canonical text."""
    text = json.dumps(contents, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


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
