"""Jobs in worker processes, as many at a time as there is room for."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ganscope.running.launching import Launch, spawn
from ganscope.running.worker_process import Events, WorkerProcess

Message = Mapping[str, Any]


def run_in_processes(
    module: str,
    messages: Mapping[int, Message],
    has_room: Callable[[int, Sequence[int]], bool],
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool],
    patient: bool = True,
    again: Callable[[int], Message] | None = None,
    launch: Launch = spawn,
) -> dict[int, str]:
    """Do every job in a worker process.

    Args:
        module: what a worker runs, as in `python -m module`; it calls `serve_parent`.
        messages: number -> job in JSON values; they start in this order.
        has_room: `(number, numbers in work) -> bool`: whether one more job may start.
        progress: called with a job's number and what its worker reports; `{"failed": why}` where it failed.
        stop: when it answers True, no further job starts and the workers leave.
        patient: whether workers that must leave may save their state first; else they are ended at once.
        again: gives the message for a second worker, after the first one was killed; it starts after the jobs
            that wait. Where that one is killed too, or without `again`, the job has failed.
        launch: what starts a worker's process.

    Returns:
        What went wrong, in words, by number; empty when all went well.
    """
    waiting, messages = list(messages), dict(messages)
    killed: set[int] = set()
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
                working[number] = WorkerProcess(module, number, messages[number], events, launch)
            try:
                number, event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            if event is None:
                worker = working.pop(number)
                trouble = worker.end()
                if not trouble or stopping or number in failures:
                    continue
                event = {"failed": f"{trouble}, for the second time" if number in killed else trouble}
                if worker.killed and again is not None and number not in killed:
                    killed.add(number)
                    messages[number] = again(number)
                    waiting.append(number)
                    event = {"note": f"{trouble}; a new one goes on from the newest checkpoint"}
            if "failed" in event:
                failures[number] = event["failed"]
            progress(number, event)
    finally:
        _end(working.values(), patient)
    return failures


def _end(workers: Collection[WorkerProcess], patient: bool) -> None:
    for worker in workers:
        worker.ask_to_stop() if patient else worker.kill()
    for worker in workers if patient else ():
        worker.end()
