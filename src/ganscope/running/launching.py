"""How worker processes are started: each by itself, or split off a process that has loaded torch already."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Protocol

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Child(Protocol):
    """A process that was started, as `subprocess.Popen` shows it."""

    @property
    def stdin(self) -> IO[str] | None:
        """What it reads."""

    @property
    def stdout(self) -> IO[str] | None:
        """What it writes."""

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None until `wait` has seen its end."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code; `subprocess.TimeoutExpired` where that takes longer."""
        ...

    def kill(self) -> None:
        """End it at once."""


Launch = Callable[[str, IO[str]], Child]
"""`(module, errors) -> child`: run a module as `python -m` does, its stderr going to a file."""


def spawn(module: str, errors: IO[str]) -> Child:
    """Start a process with one thread, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
        env={**os.environ, **ONE_THREAD},
    )


@contextmanager
def launcher(wanted: bool = True) -> Iterator[Launch]:
    """Begin to load what workers need, in a process of its own, and start workers from it in the block.

    Where a system cannot do that safely (all but Linux), or the process is lost, workers start by themselves.

    Args:
        wanted: whether workers will be started; else nothing is loaded.

    Yields:
        What starts a worker.

    Example:
        >>> import tempfile
        >>> with launcher() as launch, tempfile.TemporaryFile("w+") as errors:
        ...     worker = launch("this", errors)
        ...     with worker.stdin, worker.stdout:
        ...         (worker.stdout.readline().strip(), worker.wait())
        ('The Zen of Python, by Tim Peters', 0)
    """
    if not wanted or sys.platform != "linux":
        yield spawn
        return
    ours, theirs = socket.socketpair()
    server = subprocess.Popen(
        [sys.executable, "-m", "ganscope.running.fork_server"],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **ONE_THREAD},
    )
    theirs.close()

    def launch(module: str, errors: IO[str]) -> Child:
        with contextlib.suppress(OSError):
            return _Forked(ours, module, errors)
        return spawn(module, errors)

    try:
        yield launch
    finally:
        ours.close()
        server.kill()
        server.wait()


class _Forked:
    """A worker that the fork server has split off."""

    def __init__(self, channel: socket.socket, module: str, errors: IO[str]) -> None:
        theirs_in, stdin = os.pipe()
        stdout, theirs_out = os.pipe()
        status, theirs_status = os.pipe()
        theirs = [theirs_in, theirs_out, errors.fileno(), theirs_status]
        try:
            socket.send_fds(channel, [json.dumps({"module": module}).encode()], theirs)
        except OSError:
            for file in (stdin, stdout, status):
                os.close(file)
            raise
        finally:
            for file in (theirs_in, theirs_out, theirs_status):
                os.close(file)
        self.stdin: IO[str] | None = os.fdopen(stdin, "w")
        self.stdout: IO[str] | None = os.fdopen(stdout)
        self.returncode: int | None = None
        self._status = status
        self._told = b""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the exit code is told; where nobody tells it, all of them were killed together."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._status], [], [], left)[0]:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            if not self._hear():
                self.returncode = -signal.SIGKILL
            elif self._told.count(b"\n") == 2:
                self.returncode = int(self._told.split()[1])
        os.close(self._status)
        return self.returncode

    def kill(self) -> None:
        """End the worker, whose number is told first."""
        while b"\n" not in self._told and self._hear():
            pass
        if self.returncode is None and b"\n" in self._told:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._told.split()[0]), signal.SIGKILL)

    def _hear(self) -> bytes:
        """Read on; nothing at the end."""
        part = os.read(self._status, 64)
        self._told += part
        return part
