"""A worker process that answers one question with one thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganscope.running.child import Say, serve_parent

REPORT_EVERY = 0.5
"""Seconds between two lines of progress."""


def answer(task: dict[str, Any], say: Say, stop: Callable[[], bool]) -> str:  # noqa: ARG001 - ends at once
    """Answer a question, and write the answer into its folder."""
    import torch

    from ganscope.explain.catalogue import answered
    from ganscope.explain.store import keep

    torch.set_num_threads(1)
    begun = time.monotonic()
    progress = _Reporter(begun, say)
    whole = answered(task["number"], task["seeds"], task["full"], progress)
    keep(Path(task["folder"]), whole._replace(seconds=round(time.monotonic() - begun, 1)))
    progress.say(progress.total, progress.total)
    return ""


class _Reporter:
    """Tells of progress, not too often."""

    def __init__(self, begun: float, say: Say) -> None:
        self._begun, self._tell, self._said, self.total = begun, say, 0.0, 1

    def __call__(self, done: int, total: int) -> None:
        self.total = total
        if time.monotonic() - self._said > REPORT_EVERY:
            self._said = time.monotonic()
            self.say(done, total)

    def say(self, done: int, total: int) -> None:
        self._tell({"step": done, "steps": total, "seconds": time.monotonic() - self._begun})


if __name__ == "__main__":
    sys.exit(serve_parent(answer, patient=False))
