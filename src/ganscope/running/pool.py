"""Jobs in worker processes, as many at a time as there is room for."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganscope.running.worker_process import Events, WorkerProcess

Message = Mapping[str, Any]


def run_in_processes(
    module: str,
    messages: Mapping[int, Message],
    has_room: Callable[[int, Sequence[int]], bool],
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool],
    patient: bool = True,
) -> dict[int, str]:
    """Do every job in a worker process.

    Args:
        module: what a worker runs, as in `python -m module`; it calls `serve_parent`.
        messages: number -> job in JSON values; they start in this order.
        has_room: `(number, numbers in work) -> bool`: whether one more job may start.
        progress: called with a job's number and what its worker reports; `{"failed": why}` where it failed.
        stop: when it answers True, no further job starts and the workers leave.
        patient: whether workers that must leave may save their state first; else they are ended at once.

    Returns:
        What went wrong, in words, by number; empty when all went well.
    """
    waiting = list(messages)
    events: Events = queue.Queue()
    working: dict[int, WorkerProcess] = {}
    failures: dict[int, str] = {}
    stopping = False
    try:
        while waiting or working:
            if not stopping and stop():
                stopping, waiting = True, []
                if not patient:
                    break
                for worker in working.values():
                    worker.ask_to_stop()
            while waiting and has_room(waiting[0], list(working)):
                number = waiting.pop(0)
                working[number] = WorkerProcess(module, number, messages[number], events)
            try:
                number, event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            if event is None:
                trouble = working.pop(number).end()
                if not trouble or stopping or number in failures:
                    continue
                event = {"failed": trouble}
            if "failed" in event:
                failures[number] = event["failed"]
            progress(number, event)
    finally:
        for worker in working.values():
            worker.ask_to_stop() if patient else worker.kill()
        for worker in working.values() if patient else ():
            worker.end()
    return failures
