"""Stacks of runs over the cores of this machine: one worker process a core, one thread a worker.

Small networks on few cores lose a hundredfold when two processes each use all threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.config import RunConfig
from ganscope.config.auto import Setting
from ganscope.folder import layout
from ganscope.folder.files import jsonable
from ganscope.folder.read import read
from ganscope.running.launching import Launch, spawn
from ganscope.running.machine import cores, machine
from ganscope.running.pool import run_in_processes


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
    """Bytes it will take, about; 0 where that is not known."""
    about: Mapping[str, Any] | None = None
    """What the parent has measured of the data, the floors among it; None lets the worker measure."""

    @property
    def cost(self) -> float:
        """Rough size in forward passes, to start the longest jobs first."""
        config = self.configs[0]
        per_critic_step = 6.0 + 6.0 * len(config.penalties)
        return (
            config.steps * len(self.configs) * (config.batches_per_step * per_critic_step + 5.0)
            + self.seconds
        )

    def again(self) -> Job:
        """The same job, from its newest checkpoints, with what its lost worker had settled for it."""
        if not all(layout.is_run(folder) for folder in self.folders):
            return self
        return self._replace(configs=[read(folder).config for folder in self.folders], resuming=True)

    def message(self) -> dict[str, Any]:
        """The job in JSON values, as `worker.train_job` takes it."""
        message: dict[str, Any] = jsonable(
            {
                "configs": [config.grouped() for config in self.configs],
                "folders": [str(folder) for folder in self.folders],
                "resuming": self.resuming,
                "seconds": self.seconds,
                "auto": [list(setting) for setting in self.auto],
                "about": self.about,
            }
        )
        return message


def run_jobs(
    jobs: Sequence[Job],
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    launch: Launch = spawn,
) -> dict[int, str]:
    """Train all jobs, as many at a time as there are cores and memory holds, the longest first.

    A job whose worker is killed goes on from its newest checkpoint in a new one, once.

    Args:
        jobs: what to train; their folders exist.
        progress: called with the job's index and an event of its training loop.
        stop: when it answers True, all workers save their state and leave.
        workers: how many at a time; by default one a core.
        launch: what starts a worker's process.

    Returns:
        What went wrong, in words, by index of the job; empty when all went well.
    """
    slots, memory = workers or cores(), machine().memory

    def has_room(index: int, working: Sequence[int]) -> bool:
        """Whether a slot is free, and memory beside the jobs in work; one by itself is always tried."""
        taken = sum(jobs[other].memory for other in working)
        return not working or (len(working) < slots and taken + jobs[index].memory <= memory)

    longest_first = sorted(range(len(jobs)), key=lambda index: -jobs[index].cost)
    messages = {index: jobs[index].message() for index in longest_first}
    return run_in_processes(
        "ganscope.running.worker",
        messages,
        has_room,
        progress,
        stop,
        again=lambda index: jobs[index].again().message(),
        launch=launch,
    )
