"""A worker process as its parent sees it: it takes one JSON message and answers in JSON lines."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import IO, Any

from ganscope.running.launching import Launch, spawn

GRACE = 60.0
"""Seconds a worker may take to save its state after it was asked to stop."""

Events = queue.Queue[tuple[int, dict[str, Any] | None]]
"""(number of the worker, what it said); None in its place once the worker has left."""


class WorkerProcess:
    """One worker process, with one thread, and the thread here that listens to it.

    It runs in its own session, so that Ctrl-C reaches the parent only, which decides. Its stdin closes when
    the parent asks it to stop, and when the parent dies.

    Args:
        module: what it runs, as in `python -m module`.
        number: identifies its events.
        message: written to its stdin as one line.
        events: where they go.
        launch: what starts the process.
    """

    def __init__(
        self, module: str, number: int, message: Mapping[str, Any], events: Events, launch: Launch = spawn
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by end()
        self._process = launch(module, self._errors)
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101
        self._stdin: IO[str] = self._process.stdin
        self._stdin.write(json.dumps(message) + "\n")
        self._stdin.flush()
        self._stdout: IO[str] = self._process.stdout
        self._listener = threading.Thread(target=_listen, args=(number, self._stdout, events), daemon=True)
        self._listener.start()

    @property
    def killed(self) -> bool:
        """Whether the process has ended without a word of its own: by a signal, as when memory runs out."""
        return (self._process.returncode or 0) < 0

    def ask_to_stop(self) -> None:
        """Close the worker's stdin: it saves its state and leaves."""
        if not self._stdin.closed:
            self._stdin.close()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self.end()

    def end(self) -> str:
        """Wait for the process to end; returns what went wrong, or nothing."""
        self.ask_to_stop()
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._listener.join()
        self._stdout.close()
        self._errors.seek(0)
        complaint = self._errors.read().strip()
        self._errors.close()
        if code == 0:
            return ""
        if code < 0:
            memory = ", as the system does when memory runs out" if code == -signal.SIGKILL else ""
            return f"its worker process was killed ({_signal_name(-code)}{memory})"
        return complaint.splitlines()[-1] if complaint else f"the worker ended with code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have numbers only
        return f"signal {number}"


def _listen(number: int, stream: IO[str], events: Events) -> None:
    for line in stream:
        if line.startswith("{"):
            events.put((number, json.loads(line)))
    events.put((number, None))
