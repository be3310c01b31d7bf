"""The command line as real processes, and kills at chosen moments.

A process is forked from one that has imported torch already (`tests.nursery`): real, killed for real, and
begun without the seconds that imports take. `cold` starts one as a shell would.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Ended(NamedTuple):
    """How a process ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Process:
    """A process that another one forked for us; used as one of `subprocess` is."""

    def __init__(self, out: int, err: int, told: int) -> None:
        self._pipes = {out: b"", err: b""}
        self._told = open(told, "rb", buffering=0)  # noqa: SIM115 - closed when the process has ended
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 300) -> Ended:
        """Read all that it says, and wait for its end."""
        deadline, open_ones = time.monotonic() + timeout, list(self._pipes)
        while open_ones:
            for pipe in select.select(open_ones, [], [], max(0, deadline - time.monotonic()))[0] or [-1]:
                if pipe == -1:
                    raise TimeoutError(f"process {self.pid} takes longer than {timeout} s")
                part = os.read(pipe, 2**16)
                self._pipes[pipe] += part
                if not part:
                    open_ones.remove(pipe)
                    os.close(pipe)
        out, err = (said.decode() for said in self._pipes.values())
        return Ended(self.wait(), out, err)


@functools.cache
def _nursery() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.nursery", str(theirs.fileno())]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**_environment(), "PYTHONPATH": path}
    with theirs:
        process = subprocess.Popen(
            command, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    atexit.register(_close, ours, process)
    return ours, process


def _close(door: socket.socket, process: subprocess.Popen[bytes]) -> None:
    door.close()
    process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


def ganscope(
    *arguments: str | Path,
    largest_file: int | None = None,
    open_files: int | None = None,
    user: int | None = None,
) -> Process:
    """Start a command under limits of the system.

    Args:
        arguments: of the command.
        largest_file: bytes that no file it writes may grow beyond.
        open_files: about how many more it may open than it has when it starts.
        user: number of the user it belongs to, in place of root.
    """
    asked = {
        "arguments": [str(argument) for argument in arguments],
        "folder": str(Path.cwd()),
        "environment": _environment(),
        "largest_file": largest_file,
        "open_files": open_files,
        "user": user,
    }
    (out, their_out), (err, their_err), (told, their_told) = os.pipe(), os.pipe(), os.pipe()
    theirs = [their_out, their_err, their_told]
    door, _ = _nursery()
    socket.send_fds(door, [json.dumps(asked).encode()], theirs)
    for file in theirs:
        os.close(file)
    return Process(out, err, told)


def finish(process: Process) -> Ended:
    """Wait for the end of a process."""
    return process.communicate()


def cold(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that starts from nothing."""
    command = [sys.executable, "-m", "ganscope", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=_environment())


def kill_when(process: Process, moment: Callable[[], bool]) -> bool:
    """Kill -9 as soon as the moment comes; False when the process was faster."""
    while process.poll() is None:
        if moment():
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True
        time.sleep(0.0005)
    process.communicate()
    return False
