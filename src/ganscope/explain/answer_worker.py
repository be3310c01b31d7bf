"""A worker process: answers one question with one thread; its task comes in on stdin, progress goes out."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

REPORT_EVERY = 0.5
"""Seconds between two lines of progress."""


def main() -> int:
    """Answer the question that arrives on stdin, and write the answer into its folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_until_closed, daemon=True).start()

    import torch

    from ganscope.explain.catalogue import measure
    from ganscope.explain.store import keep

    torch.set_num_threads(1)
    begun = time.monotonic()
    progress = _Reporter(begun)
    answer = measure(task["number"], task["seeds"], task["full"], progress)
    keep(Path(task["folder"]), answer._replace(seconds=round(time.monotonic() - begun, 1)))
    progress.say(progress.total, progress.total)
    return 0


class _Reporter:
    """Writes progress as lines of JSON, not too often."""

    def __init__(self, begun: float) -> None:
        self._begun, self._said, self.total = begun, 0.0, 1

    def __call__(self, done: int, total: int) -> None:
        self.total = total
        if time.monotonic() - self._said > REPORT_EVERY:
            self._said = time.monotonic()
            self.say(done, total)

    def say(self, done: int, total: int) -> None:
        event: dict[str, Any] = {"step": done, "steps": total, "seconds": time.monotonic() - self._begun}
        print(json.dumps(event | {"evaluation_seconds": 0.0, "evaluation": [], "diverged": 0}), flush=True)


def _until_closed() -> None:
    """Leave with the parent: its end of our stdin closes, however it ends."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
