"""Engines that train a list of jobs: the cores of this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from ganscope.contracts import BadInput
from ganscope.running.launching import Launch, spawn
from ganscope.running.machine import cores
from ganscope.running.processes import run_jobs
from ganscope.words.complaints import unknown

ENGINES = ("local", "ray")

RunJobs = Callable[..., dict[int, str]]
"""`(jobs, progress, stop) -> failures`: see `processes.run_jobs`."""


class Engine(NamedTuple):
    """What trains a list of jobs, ready to start. Every engine trains a job to the same bits."""

    run: RunJobs
    slots: int
    """How many jobs it trains at a time."""


LOCAL = Engine(run_jobs, cores())


@contextmanager
def open_engine(name: str = "local", ray_address: str = "", launch: Launch = spawn) -> Iterator[Engine]:
    """Open an engine for the block that follows.

    Args:
        name: "local", worker processes of this machine with one thread each; or "ray", tasks of a cluster.
        ray_address: `host:port` of a running cluster, or "auto" for the one on this machine. Empty takes the
            environment's RAY_ADDRESS, and where that is not set starts a Ray on this machine.
        launch: what starts the local engine's workers: see `launcher`.

    Yields:
        The engine.

    Raises:
        BadInput: an unknown engine, an address without effect, Ray not installed or not reachable.

    Example:
        >>> with open_engine("local") as local:
        ...     local.run([], lambda index, event: None, lambda: False)
        {}
    """
    if name not in ENGINES:
        raise BadInput(unknown("engine", name, ENGINES))
    if name == "local":
        if ray_address:
            raise BadInput(
                f"--ray-address {ray_address} has no effect on the local engine: add --engine ray, or leave "
                "it out."
            )
        yield LOCAL._replace(run=partial(LOCAL.run, launch=launch))
        return
    from ganscope.running import ray_cluster

    with ray_cluster.connected(ray_address) as cpus:
        yield Engine(ray_cluster.run_jobs, cpus)
