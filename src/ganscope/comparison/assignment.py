"""Which runs of a comparison train together: worked out once, and the same after an interruption."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.comparison.budget import Plan
from ganscope.config import RunConfig
from ganscope.folder import layout
from ganscope.folder.read import read
from ganscope.running import Job
from ganscope.running.grouping import PROCESS, Stack, group
from ganscope.running.machine import Machine, machine
from ganscope.running.memory import bytes_of, cannot_stack
from ganscope.words.lists import listed


def assign_stacks(planned: Plan, slots: int, together: Sequence[Sequence[int]] = ()) -> Plan:
    """Put the runs of a plan into stacks, as they will train; a plan that has its stacks stays as it is.

    Args:
        planned: what to train, its data opened.
        slots: how many stacks train at a time.
        together: runs that train together already, by their places in `planned.runs`.

    Returns:
        The plan with its stacks.

    Raises:
        BadInput: runs that do not fit in memory.
    """
    if planned.stacks:
        return planned
    taken = {place for members in together for place in members}
    waiting = [place for place in range(len(planned.runs)) if place not in taken]
    fresh = _stacks([planned.runs[place] for place in waiting], planned, slots) if waiting else []
    stacks = [
        *(Stack(tuple(members)) for members in together),
        *(Stack(tuple(waiting[k] for k in stack.members), stack.alone) for stack in fresh),
    ]
    return planned._replace(stacks=tuple(stacks))


def jobs_of(
    planned: Plan, resuming: bool, about: Mapping[str, Any] | None = None
) -> tuple[list[Job], list[str]]:
    """Make a job of every stack of a plan; those that are finished are left out.

    Args:
        planned: what to train, its stacks assigned and its data opened.
        resuming: whether runs may have begun.
        about: what is known of the data; see `Job`.

    Returns:
        The jobs, and a name for each: its recipes, or in a sweep its number.
    """
    folders = planned.all_folders
    recipes = [name for name, row in zip(planned.recipes, planned.configs, strict=True) for _ in row]
    jobs, names = [], []
    for number, (members, _) in enumerate(planned.stacks, 1):
        places = [folders[k] for k in members]
        if resuming and all((place / layout.METRICS).exists() for place in places):
            continue
        # a stack that was killed before all its runs stood on disk starts anew
        going_on = resuming and all(layout.is_run(place) for place in places)
        configs = [read(place).config for place in places] if going_on else [planned.runs[k] for k in members]
        of = list(dict.fromkeys(recipes[k] for k in members))
        memory = PROCESS + len(configs) * bytes_of(configs[0], planned.dataset)
        job = Job(configs, places, going_on, planned.seconds, planned.auto.get(of[0], ()), memory, about)
        jobs.append(job)
        names.append(_name(planned, of, number, len(members)))
    return jobs, names


def stacks_on_disk(planned: Plan) -> list[list[int]]:
    """Find the runs of a plan that have begun, those that train together in one list."""
    folders = planned.all_folders
    index = {os.path.normpath(folder): k for k, folder in enumerate(folders)}
    stacks: list[list[int]] = []
    seen: set[int] = set()
    for k, folder in enumerate(folders):
        if k not in seen and layout.is_run(folder):
            members = [index.get(os.path.normpath(member)) for member in read(folder).stack]
            stacks.append([member for member in members if member is not None])
            seen |= set(stacks[-1])
    return stacks


def in_numbers(planned: Plan, slots: int) -> str:
    """Say how many runs a plan has, and how they will be carried out."""
    stacks, points, seeds = planned.stacks, len(planned.recipes), len(planned.seeds)
    largest = max(len(stack.members) for stack in stacks)
    how = f"{len(stacks)} stacks of up to {largest}" if len(stacks) > 1 else "one stack"
    if largest == 1:
        how = f"each by itself, {slots} at a time"
    why = next((f" {stack.alone}" for stack in stacks if stack.alone), "")
    return f"{points} points x {seeds} seeds: {len(planned.runs)} runs, {how}.{why}"


def _stacks(configs: Sequence[RunConfig], planned: Plan, slots: int) -> list[Stack]:
    here, data = machine(configs[0].device), planned.dataset
    # what a cluster has for each of its slots is taken to be what this machine has for each core
    where, most = Machine(slots, here.memory * slots // here.cores), planned.stack
    if planned.seconds:
        # the steps that fill a time are measured once a stack, and all seeds of a recipe take as many
        where, most = where._replace(cores=1), len(configs)
    return group(
        configs,
        where,
        footprint=lambda config: bytes_of(config, data),
        cannot=lambda config: cannot_stack(config, data),
        most=most,
    )


def _name(planned: Plan, recipes: Sequence[str], number: int, runs: int) -> str:
    """Name a job for the display: a stack of a sweep holds too many points to name them."""
    if planned.swept:
        return f"stack {number} ({runs} run{'s' if runs > 1 else ''})"
    return listed(recipes, 3)
