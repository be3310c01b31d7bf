"""Questions side by side: one worker process each, one thread a worker, as many at a time as cores."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def answer_side_by_side(
    numbers: Sequence[int],
    folder: Path,
    seeds: Sequence[int],
    full: bool,
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool],
) -> dict[int, str]:
    """Answer questions in worker processes, each of which writes its answer into the folder.

    Args:
        numbers: which ones, started in this order.
        folder: held by this process.
        seeds: see `measure`.
        full: see `measure`.
        progress: called with the question's number and an event of its worker.
        stop: when it answers True, all workers are ended; what they had not finished is lost.

    Returns:
        What went wrong, in words, by question; empty when all went well.
    """
    from ganscope.engines.machine import cores

    waiting = list(reversed(numbers))
    events: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
    running: dict[int, _Worker] = {}
    failures: dict[int, str] = {}
    try:
        while (waiting or running) and not stop():
            while waiting and len(running) < cores():
                number = waiting.pop()
                message = {"number": number, "folder": str(folder), "seeds": list(seeds), "full": full}
                running[number] = _Worker(message, events)
            try:
                number, event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            if event is not None:
                progress(number, event)
                continue
            trouble = running.pop(number).end()
            if trouble:
                failures[number] = trouble
                progress(number, {"failed": trouble})
    finally:
        for worker in running.values():
            worker.kill()
    return failures


class _Worker:
    """One worker process and the thread that listens to it."""

    def __init__(
        self, message: dict[str, Any], events: queue.Queue[tuple[int, dict[str, Any] | None]]
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by end()
        # A session of its own: Ctrl-C reaches the parent alone. Its stdin closes when the parent dies.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ganscope.explain.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
            env={**os.environ, **ONE_THREAD},
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101
        self._stdin: IO[str] = self._process.stdin
        self._stdin.write(json.dumps(message) + "\n")
        self._stdin.flush()
        self._stdout: IO[str] = self._process.stdout
        self._listener = threading.Thread(
            target=_listen, args=(message["number"], self._stdout, events), daemon=True
        )
        self._listener.start()

    def kill(self) -> None:
        """End the process at once: a half-measured answer is worth nothing."""
        self._process.kill()
        self.end()

    def end(self) -> str:
        """Wait for the process; returns what it complained of, or nothing."""
        code = self._process.wait()
        self._listener.join()
        self._stdin.close()
        self._stdout.close()
        self._errors.seek(0)
        complaint = self._errors.read().strip()
        self._errors.close()
        if code == 0:
            return ""
        return complaint.splitlines()[-1] if complaint else f"the worker ended with code {code}"


def _listen(number: int, stream: IO[str], events: queue.Queue[tuple[int, dict[str, Any] | None]]) -> None:
    for text in stream:
        if text.startswith("{"):
            events.put((number, json.loads(text)))
    events.put((number, None))
