"""The time a run has taken so far, training and evaluation apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ganscope.folder import files, layout
from ganscope.training.state import Runs


class Clock:
    """Seconds spent so far, training and evaluating apart, summed over interruptions.

    Beside the seconds on the wall stand the processor's, over all threads: they leave out the time that other
    programs took.

    Args:
        runs: what earlier sessions took stands in the folder of the first.
    """

    def __init__(self, runs: Runs) -> None:
        rows = files.read_rows(runs.folders[0] / layout.TIMING)
        last = rows[-1] if rows else {}
        self._before = last.get("seconds", 0.0)
        self._processor_before = last.get("processor_seconds", 0.0)
        self._evaluation = last.get("evaluation_seconds", 0.0)
        self._paused = self._processor_paused = 0.0
        self._start = time.perf_counter()
        self._processor_start = time.process_time()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Count the block that follows as evaluation, not as training."""
        start, processor_start = time.perf_counter(), time.process_time()
        yield
        self._paused += time.perf_counter() - start
        self._processor_paused += time.process_time() - processor_start

    def read(self) -> dict[str, float]:
        """Seconds of training and of evaluation, over all sessions of the run."""
        elapsed = time.perf_counter() - self._start
        processor = time.process_time() - self._processor_start
        return {
            "seconds": round(self._before + elapsed - self._paused, 3),
            "processor_seconds": round(self._processor_before + processor - self._processor_paused, 3),
            "evaluation_seconds": round(self._evaluation + self._paused, 3),
        }
