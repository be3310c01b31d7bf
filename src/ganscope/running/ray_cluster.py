"""A list of stacks on a Ray cluster: one task a stack, with one CPU and one thread.

The tasks write the same run folders as the local engine, so these must lie on a file system that all nodes
share, under one path. Steps that a lost worker had not saved are trained again, to the same bits.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.contracts import BadInput
from ganscope.folder.files import jsonable
from ganscope.running.machine import cores
from ganscope.running.processes import Job
from ganscope.running.worker import train_job
from ganscope.running.worker_process import GRACE

if TYPE_CHECKING:
    from types import ModuleType

ANSWER_WITHIN = 5.0
"""Seconds a cluster may take to answer at all."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the mailbox."""
LOSSES = 3
"""Workers a job may lose in a row without getting any further."""


@contextlib.contextmanager
def connected(address: str = "") -> Iterator[int]:
    """Connect to a Ray cluster for the block that follows.

    Args:
        address: see `open_engine`.

    Yields:
        How many CPUs the cluster has.

    Raises:
        BadInput: Ray is not installed, or nothing answers at the address.
    """
    ray = _ray()
    asked = address
    address = address or os.environ.get("RAY_ADDRESS", "")
    if address not in ("", "local", "auto"):
        _check_answer(address)
    if ray.is_initialized():  # by the caller, who keeps the connection
        here = ray.get_runtime_context().gcs_address
        if asked not in ("", "auto", here):
            raise BadInput(
                f"--ray-address {asked} cannot be used: this process is connected to the Ray at {here}; "
                "leave it out, or call ray.shutdown() before."
            )
        yield _cpus(ray)
        return
    before = signal.getsignal(signal.SIGTERM)
    _connect(ray, address)
    try:
        yield _cpus(ray)
    finally:
        ray.shutdown()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray put its own there


def run_jobs(
    jobs: Sequence[Job],
    progress: Callable[[int, dict[str, Any]], None],
    stop: Callable[[], bool] = lambda: False,
) -> dict[int, str]:
    """Train all jobs on the cluster this process is connected to, the longest first.

    Args:
        jobs: what to train; their folders exist and are shared by all nodes.
        progress: called with the job's index and an event of its training loop.
        stop: when it answers True, all tasks save their state and leave.

    Returns:
        What went wrong, in words, by index of the job; empty when all went well.
    """
    ray = _ray()
    # Ray reports lost workers on standard output, where results go; we report them through `progress`
    with contextlib.redirect_stdout(sys.stderr):
        work = _Work(ray, jobs, progress)
        try:
            while work.running:
                if stop():
                    work.stop()
                work.look()
        finally:
            work.end()
    return work.failures


class _Work:
    """The jobs in work: a task each, and one mailbox between them and us."""

    def __init__(
        self, ray: ModuleType, jobs: Sequence[Job], progress: Callable[[int, dict[str, Any]], None]
    ) -> None:
        self._ray, self._jobs, self._progress = ray, list(jobs), progress
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True
        )
        self._mailbox = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()
        self._stopping = 0.0
        self._reached = dict.fromkeys(range(len(jobs)), -1)
        self._reached_before = dict(self._reached)
        self._losses = dict.fromkeys(range(len(jobs)), 0)
        self.failures: dict[int, str] = {}
        self.running: dict[Any, int] = {}
        for index in sorted(self._reached, key=lambda index: -jobs[index].cost):
            self._start(index)

    def _start(self, index: int) -> None:
        job = self._jobs[index]
        gpus = 1 if job.configs[0].device.startswith("cuda") else 0
        # Ray's own retry would start from the beginning
        task = self._ray.remote(_train).options(num_cpus=1, num_gpus=gpus, max_retries=0)
        self.running[task.remote(_message(job), index, self._mailbox)] = index

    def look(self) -> None:
        """Pass on the events that have arrived, and handle the tasks that have ended."""
        ended, _ = self._ray.wait(list(self.running), timeout=LOOK_EVERY)
        for index, event in self._ray.get(self._mailbox.take.remote()):
            self._reached[index] = max(self._reached[index], event.get("step", -1))
            self._progress(index, event)
        for task in ended:
            index = self.running.pop(task)
            try:
                complaint = self._ray.get(task)
            except self._lost as error:
                self._lose(index, error)
                continue
            except self._ray.exceptions.TaskCancelledError:
                continue
            except self._ray.exceptions.RayError as error:
                complaint = str(error).strip().splitlines()[-1]
            if complaint:
                self._fail(index, complaint)
        if self._stopping and time.monotonic() > self._stopping + GRACE:
            for task in self.running:
                self._ray.cancel(task, force=True)
            self.running.clear()

    @property
    def _lost(self) -> tuple[type[Exception], ...]:
        """The errors of a task whose worker or node was lost."""
        exceptions = self._ray.exceptions
        return (exceptions.WorkerCrashedError, exceptions.NodeDiedError, exceptions.OutOfMemoryError)

    def _lose(self, index: int, error: Exception) -> None:
        if self._stopping:
            return
        further = self._reached[index] > self._reached_before[index]
        self._reached_before[index] = self._reached[index]
        self._losses[index] = 1 if further else self._losses[index] + 1
        if self._losses[index] == LOSSES:
            why = str(error).strip().splitlines()[0].rstrip(".")
            self._fail(index, f"{LOSSES} workers in a row were lost without getting any further ({why})")
            return
        self._progress(index, {"note": "its worker was lost; going on from the newest checkpoint"})
        self._jobs[index] = self._jobs[index].again()
        self._start(index)

    def _fail(self, index: int, complaint: str) -> None:
        self.failures[index] = complaint
        self._progress(index, {"failed": complaint})

    def stop(self) -> None:
        """Ask all tasks to save and leave; those that wait for a free CPU never start."""
        if self._stopping:
            return
        self._stopping = time.monotonic()
        self._ray.get(self._mailbox.stop.remote())
        for task, index in self.running.items():
            if self._reached[index] < 0:
                self._ray.cancel(task)

    def end(self) -> None:
        """Leave nothing behind, also after an error."""
        if self.running:
            self.stop()
            self._ray.wait(list(self.running), num_returns=len(self.running), timeout=GRACE)
        self._ray.kill(self._mailbox)


class _Mailbox:
    """What the tasks report, and whether they must stop."""

    def __init__(self) -> None:
        self._events: list[tuple[int, dict[str, Any]]] = []
        self._stopping = False

    def post(self, index: int, event: dict[str, Any]) -> None:
        self._events.append((index, event))

    def take(self) -> list[tuple[int, dict[str, Any]]]:
        events, self._events = self._events, []
        return events

    def stop(self) -> None:
        self._stopping = True

    def stopping(self) -> bool:
        return self._stopping


def _train(message: dict[str, Any], index: int, mailbox: Any) -> str:
    """Train one job in a worker of the cluster; returns what went wrong, or nothing."""
    ray = _ray()
    for folder in message["folders"]:
        if not Path(folder).is_dir():
            return (
                f"{folder} is not there on {socket.gethostname()}: give an --out on a file system that all "
                "nodes of the cluster share."
            )
    stopped, done = threading.Event(), threading.Event()

    def listen() -> None:
        while not done.wait(LOOK_EVERY):
            try:
                stop = ray.get(mailbox.stopping.remote())
            except ray.exceptions.RayError:
                stop = True  # the parent is gone
            if stop:
                stopped.set()
                return

    threading.Thread(target=listen, daemon=True).start()
    try:
        return train_job(message, lambda event: mailbox.post.remote(index, jsonable(event)), stopped.is_set)
    finally:
        done.set()
        with contextlib.suppress(ray.exceptions.RayError):
            ray.get(mailbox.stopping.remote())  # all events sent before have arrived then


def _message(job: Job) -> dict[str, Any]:
    message = job.message()
    return message | {"folders": [str(Path(folder).absolute()) for folder in message["folders"]]}


def _ray() -> ModuleType:
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise BadInput(
            "--engine ray needs Ray, which is not installed: pip install 'ganscope[ray]', or use --engine "
            "local."
        ) from None
    return ray


def _cpus(ray: ModuleType) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _check_answer(address: str) -> None:
    """Knock at an address: Ray itself would wait for more than a minute.

    A gRPC server greets with an HTTP/2 frame of settings: 9 bytes, the fourth of which is 4.
    """
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise BadInput(
            f"--ray-address {address} is no address of a Ray cluster: give host:port, as in 10.0.0.1:6379, "
            "or auto."
        )
    try:
        with socket.create_connection((host, int(port)), ANSWER_WITHIN) as connection:
            connection.settimeout(ANSWER_WITHIN)
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            greeting = connection.recv(9)
    except (OSError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None
    if greeting[3:4] != b"\4":
        raise _unreachable(address, "what answers there is no Ray")


def _connect(ray: ModuleType, address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # send no statistics
    os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 starves beside any other work
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address in ("", "local"):
        address = "local"
        options |= {"num_cpus": cores(), "include_dashboard": False}
    try:
        ray.init(address, **options)
    except (Exception, SystemExit) as error:  # Ray ends the process where it gives up
        raise _unreachable(address, str(error).strip().splitlines()[0]) from None


def _unreachable(address: str, why: str) -> BadInput:
    return BadInput(
        f"no Ray cluster can be reached at {address} ({why.rstrip('.')}): start one there by ray start "
        "--head, correct --ray-address, or leave it out to start a Ray on this machine."
    )
