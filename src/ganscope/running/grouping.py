"""The work list: which runs train together as one program, sized to the machine they run on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.running.machine import Machine
from ganscope.training.stacks.differences import program

LARGEST = 64
"""Runs in a stack: narrow networks gain speed up to this size, wide ones up to 8."""
PROCESS = 350 * 2**20
"""Bytes a worker process takes before its first run."""


class Stack(NamedTuple):
    """Runs that train together."""

    members: tuple[int, ...]
    """Places in the list of configurations."""
    alone: str = ""
    """Why a run trains alone although others share its program."""


def group(
    configs: Sequence[RunConfig],
    machine: Machine,
    footprint: Callable[[RunConfig], int],
    cannot: Callable[[RunConfig], str] = lambda config: "",
    most: int = 0,
) -> list[Stack]:
    """Put runs into stacks: as few as keep every core busy, none larger than the memory holds.

    Args:
        configs: one per run.
        machine: where they will run: one stack a core at a time.
        footprint: bytes a run takes.
        cannot: why the runs of a program cannot be stacked; nothing where they can.
        most: the largest stack the user allows; with 0 the machine decides.

    Returns:
        Stacks that together hold every run once, in the order of their first runs.

    Raises:
        BadInput: more runs at once than fit in memory; it says how many do.

    Example:
        >>> configs = [RunConfig(seed=s, g_lr=r) for r in (0.1, 0.2) for s in range(3)] + [RunConfig(steps=9)]
        >>> [stack.members for stack in group(configs, Machine(2, 2**32), lambda config: 2**20)]
        [(0, 1, 2, 3, 4, 5), (6,)]
        >>> [stack.members for stack in group(configs[:6], Machine(2, 2**32), lambda config: 2**20)]
        [(0, 1, 2), (3, 4, 5)]
    """
    programs: dict[Hashable, list[int]] = {}
    for index, config in enumerate(configs):
        programs.setdefault(program(config), []).append(index)
    parts = -(-machine.cores // max(1, len(programs)))
    stacks: list[Stack] = []
    for runs in programs.values():
        first = configs[runs[0]]
        room = fitting(first, machine, footprint)
        if most > room and len(runs) > room:
            raise BadInput(
                f"{min(most, len(runs))} runs at once do not fit in memory: {room} do, of about "
                f"{_bytes(footprint(first))} each. Ask for fewer."
            )
        why = cannot(first) if len(runs) > 1 else ""
        size = 1 if why else min(most or LARGEST, room, -(-len(runs) // parts))
        stacks += [Stack(tuple(members), why) for members in parts_of(runs, size)]
    return sorted(stacks)


def fitting(config: RunConfig, machine: Machine, footprint: Callable[[RunConfig], int]) -> int:
    """Count the runs of one program that fit in memory in one stack, while every core has one like it.

    A run that takes more than a core's share has the memory of several for itself.

    Raises:
        BadInput: not even one run fits.
    """
    each = footprint(config)
    if each + PROCESS > machine.memory:
        raise BadInput(
            f"no run of this size fits in memory: it takes about {_bytes(each + PROCESS)} and "
            f"{_bytes(machine.memory)} may be used; lower --batch-size, --g-width or --d-width."
        )
    return max(1, (machine.memory // machine.cores - PROCESS) // max(1, each))


def parts_of(runs: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut a list into parts of at most `size`, as even as can be.

    Example:
        >>> parts_of(range(7), 3)
        [range(0, 3), range(3, 5), range(5, 7)]
    """
    parts = -(-len(runs) // size)
    base, larger = divmod(len(runs), parts)
    starts = [part * base + min(part, larger) for part in range(parts + 1)]
    return [runs[start:end] for start, end in itertools.pairwise(starts)]


def _bytes(count: float) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{max(1, round(count / 2**20))} MB"
