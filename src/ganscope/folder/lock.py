"""The lock of a run folder: one process at a time writes into it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ganscope.contracts import BadInput
from ganscope.folder import layout
from ganscope.folder.contents import contents
from ganscope.folder.leftovers import is_leftover
from ganscope.words.lists import some
from ganscope.words.remedies import refusal

PROBE = 2**16
"""Bytes a folder must take before a run starts in it."""


@contextmanager
def locked(folders: Sequence[Path], patience: float = 0.0) -> Iterator[None]:
    """Hold run folders for this process; the system releases them when it ends, however it ends.

    Args:
        folders: existing run folders.
        patience: seconds to wait for a process that is about to leave.

    Raises:
        BadInput: another process holds one of them, which is named by host and process id; or one cannot be
            written.
    """
    with ExitStack() as held:
        for folder in folders:
            held.enter_context(_locked(folder, patience))
        yield


@contextmanager
def _locked(folder: Path, patience: float) -> Iterator[None]:
    try:
        opened = (folder / layout.LOCK).open("a+")
    except OSError as error:
        raise BadInput(refusal(f"{folder} cannot be written", error)) from None
    with opened as file:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                file.seek(0)
                raise BadInput(
                    f"{folder} is in use by {_holder(file.read())}: wait for it, stop it, or choose "
                    "another folder with --out."
                ) from None
        file.seek(0)
        file.truncate()
        json.dump({"host": socket.gethostname(), "pid": os.getpid()}, file)
        file.flush()
        # the file stays: once it is removed, a waiting process would lock a file that no other can see
        yield


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} on {holder['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def claim(folder: Path, overwrite: bool) -> None:
    """Make an empty folder for a new run, and remove an old run first if asked to.

    Raises:
        BadInput: the folder holds a run and `overwrite` is False, holds something else or files of others
            beside a run, or cannot be written; nothing is deleted and nothing left behind then.
    """
    made: list[Path] = []
    if "\0" in str(folder):
        raise BadInput(f"--out {str(folder)!r} holds a NUL, which no name can: choose another folder.")
    try:
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"--out {folder} is a file: choose a folder.")
        if folder.is_dir() and any(not _leftover(path) for path in folder.iterdir()):
            if not (layout.is_run(folder) or layout.is_comparison(folder)):
                raise BadInput(f"--out {folder} holds other files and no run: choose an empty or new folder.")
            if not overwrite:
                raise BadInput(
                    f"--out {folder} already holds a run: go on with it by ganscope resume {folder}, "
                    "replace it with --overwrite, or choose another folder."
                )
            _clear(folder)
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / layout.WRITABLE
        try:
            probe.write_bytes(bytes(PROBE))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        for path in made:
            with suppress(OSError):
                path.rmdir()
        raise BadInput(refusal(f"--out {folder} cannot be written", error)) from None


def foreign_items(folder: Path, names: Sequence[str]) -> str:
    """Say that --overwrite deletes nothing of a folder because others have files there."""
    items = "1 item" if len(names) == 1 else f"{len(names)} items"
    return (
        f"--out {folder} holds {items} that ganscope did not write ({some(names)}), and --overwrite "
        "deletes nothing then: move what is yours away, or choose another folder."
    )


def _clear(folder: Path) -> None:
    """Delete an old run or comparison, and nothing that ganscope did not write; its lock stays."""
    held = contents(folder)
    if held.foreign:
        names = [f"{path.relative_to(folder)}{'/' if path.is_dir() else ''}" for path in held.foreign]
        raise BadInput(foreign_items(folder, names))
    with locked([folder, *layout.run_folders(folder)]):
        for path in held.written:
            if path != folder / layout.LOCK:
                path.unlink(missing_ok=True)
        for path in held.folders:
            path.rmdir()


def _leftover(path: Path) -> bool:
    """What a process leaves that dies before it has written its first file."""
    return path.name in (layout.LOCK, layout.WRITABLE) or is_leftover(path.name)
