"""A list of stacks over the machine's cores: one worker process a core, one thread a worker.

Small networks on few cores lose a hundredfold when two processes each use all threads.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.config import RunConfig
from ganscope.config.auto import Setting
from ganscope.folder.files import jsonable
from ganscope.running.machine import cores, machine
from ganscope.running.worker_process import Events, WorkerProcess


class Job(NamedTuple):
    """Runs that train together as one stack."""

    configs: Sequence[RunConfig]
    folders: Sequence[Path]
    resuming: bool = False
    seconds: float = 0.0
    """Train for about that long instead of the configured steps; 0 for the steps."""
    auto: Sequence[Setting] = ()
    """What the recipe `auto` chose, for the record."""
    memory: int = 0
    """Bytes it will take, about; 0 where nobody asked."""

    @property
    def cost(self) -> float:
        """Rough size in forward passes, to start the longest jobs first."""
        config = self.configs[0]
        per_critic_step = 6.0 + 6.0 * len(config.penalties)
        return (
            config.steps * len(self.configs) * (config.batches_per_step * per_critic_step + 5.0)
            + self.seconds
        )

    def message(self) -> dict[str, Any]:
        """The job in JSON values, as `worker.train_job` takes it."""
        return {
            "configs": [config.grouped() for config in self.configs],
            "folders": [str(folder) for folder in self.folders],
            "resuming": self.resuming,
            "seconds": self.seconds,
            "auto": [list(setting) for setting in self.auto],
        }


def run_jobs(
    jobs: Sequence[Job],
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool] = lambda: False,
    workers: int | None = None,
) -> dict[int, str]:
    """Train all jobs, as many at a time as there are cores and memory holds, the longest first.

    Args:
        jobs: what to train; their folders exist.
        progress: called with the job's index and an event of its training loop.
        stop: when it answers True, all workers save their state and leave.
        workers: how many at a time; by default one a core.

    Returns:
        What went wrong, in words, by index of the job; empty when all went well.
    """
    waiting = sorted(range(len(jobs)), key=lambda index: jobs[index].cost)
    events: Events = queue.Queue()
    running: dict[int, WorkerProcess] = {}
    failures: dict[int, str] = {}
    stopping = False
    memory = machine().memory
    try:
        while waiting or running:
            if stop() and not stopping:
                stopping, waiting = True, []
                for worker in running.values():
                    worker.ask_to_stop()
            while waiting and _has_place(jobs, waiting[-1], list(running), workers or cores(), memory):
                index = waiting.pop()
                message = jsonable(jobs[index].message())
                running[index] = WorkerProcess("ganscope.running.worker", index, message, events)
            try:
                index, event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            if event is None:
                trouble = running.pop(index).end()
                if trouble and not stopping:
                    failures.setdefault(index, trouble)
            elif "failed" in event:
                failures[index] = event["failed"]
                progress(index, event)
            else:
                progress(index, event)
    finally:
        for worker in running.values():
            worker.ask_to_stop()
        for worker in running.values():
            worker.end()
    return failures


def _has_place(jobs: Sequence[Job], index: int, running: Sequence[int], slots: int, memory: int) -> bool:
    """Tell whether a slot is free, and memory beside the jobs that run; one by itself is always tried."""
    taken = sum(jobs[other].memory for other in running)
    return not running or (len(running) < slots and taken + jobs[index].memory <= memory)
