"""Questions side by side: one worker process each, one thread a worker, as many at a time as cores."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganscope.running.worker_process import Events, WorkerProcess


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
    from ganscope.running.machine import cores
    from ganscope.running.worker_process import WorkerProcess

    waiting = list(reversed(numbers))
    events: Events = queue.Queue()
    running: dict[int, WorkerProcess] = {}
    failures: dict[int, str] = {}
    try:
        while (waiting or running) and not stop():
            while waiting and len(running) < cores():
                number = waiting.pop()
                message = {"number": number, "folder": str(folder), "seeds": list(seeds), "full": full}
                running[number] = WorkerProcess("ganscope.explain.answer_worker", number, message, events)
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
