"""From a plan to the list of jobs: which of its runs train together, and which have begun already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ganscope.comparison.budget import Plan
from ganscope.config import RunConfig
from ganscope.contracts import Dataset
from ganscope.data.find import load_data
from ganscope.folder import layout
from ganscope.folder.read import read
from ganscope.running import Job
from ganscope.running.grouping import PROCESS, Stack, group
from ganscope.running.machine import Machine, machine
from ganscope.running.memory import bytes_of, cannot_stack
from ganscope.running.run import Run
from ganscope.words.lists import listed


def jobs_of(planned: Plan, slots: int, resuming: bool) -> tuple[list[Job], list[str]]:
    """Deal all runs of a plan into stacks; those that are finished are left out.

    Args:
        planned: what to train.
        slots: how many stacks train at a time.
        resuming: whether runs may have begun; they stay together as they were.

    Returns:
        The jobs, and a name for each: its recipes, or in a sweep its number.

    Raises:
        BadInput: runs that do not fit in memory.
    """
    configs, folders = _flat(planned)
    on = planned.dataset or load_data(configs[0].data, configs[0].size)
    recipes = [name for name, row in zip(planned.recipes, planned.configs, strict=True) for _ in row]
    begun = _begun(folders) if resuming else []
    waiting = [k for k in range(len(configs)) if not any(k in members for members in begun)]
    fresh = stacks_of(planned, [configs[k] for k in waiting], on, slots)
    stacks = [*begun, *([waiting[k] for k in stack.members] for stack in fresh)]
    jobs, names = [], []
    for number, members in enumerate(stacks, 1):
        places = [folders[k] for k in members]
        if resuming and all((place / layout.METRICS).exists() for place in places):
            continue
        # a stack that was killed before all its runs stood on disk starts anew, as it was dealt
        going_on = resuming and all((place / layout.CONFIG).exists() for place in places)
        own = [Run(place).config for place in places] if going_on else [configs[k] for k in members]
        of = list(dict.fromkeys(recipes[k] for k in members))
        memory = PROCESS + len(own) * bytes_of(own[0], on)
        jobs.append(Job(own, places, going_on, planned.seconds, planned.auto.get(of[0], ()), memory))
        names.append(_name(planned, of, number, len(members)))
    return jobs, names


def stacks_of(planned: Plan, configs: Sequence[RunConfig], on: Dataset, slots: int) -> list[Stack]:
    """Deal runs that have not begun into stacks; see `group`."""
    if not configs:
        return []
    here = machine(configs[0].device)
    # what a cluster has for each of its slots is taken to be what this machine has for each core
    where, most = Machine(slots, here.memory * slots // here.cores), planned.stack
    if planned.seconds:
        # the steps that fill a time are measured once a stack, and all seeds of a recipe shall take the same
        where, most = where._replace(cores=1), len(configs)
    return group(
        configs,
        where,
        footprint=lambda config: bytes_of(config, on),
        cannot=lambda config: cannot_stack(config, on),
        most=most,
    )


def _name(planned: Plan, recipes: Sequence[str], number: int, runs: int) -> str:
    """Name a job for the display: a stack of a sweep holds too many points to name them."""
    if planned.swept:
        return f"stack {number} ({runs} run{'s' if runs > 1 else ''})"
    return listed(recipes, 3)


def _flat(planned: Plan) -> tuple[list[RunConfig], list[Path]]:
    configs = [config for row in planned.configs for config in row]
    return configs, [folder for row in planned.folders for folder in row]


def _begun(folders: Sequence[Path]) -> list[list[int]]:
    """Find the runs that have begun, those that train together in one list."""
    index = {os.path.normpath(folder): k for k, folder in enumerate(folders)}
    stacks: list[list[int]] = []
    found: set[int] = set()
    for k, folder in enumerate(folders):
        if k not in found and (folder / layout.CONFIG).exists():
            together = [index.get(os.path.normpath(member)) for member in read(folder).stack]
            stacks.append([member for member in together if member is not None])
            found |= set(stacks[-1])
    return stacks
