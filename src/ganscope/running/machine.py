"""What this machine has to offer: cores, and free memory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SHARE = 0.8
"""Of the free memory that runs may fill."""
CONTROL_GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class Machine(NamedTuple):
    """Where a work list is carried out."""

    cores: int
    memory: int
    """Bytes that all runs together may use."""


def machine(device: str = "cpu") -> Machine:
    """Look at this machine: the cores this process may use, and the memory that is free now.

    Args:
        device: where runs keep their numbers: "cpu", or "cuda" for the memory of a graphics card.
    """
    if device.startswith("cuda"):
        import torch

        if torch.cuda.is_available():
            return Machine(cores(), int(SHARE * torch.cuda.mem_get_info(device)[0]))
    return Machine(cores(), int(SHARE * free_memory()))


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that can be taken without swapping: of the machine, or of the container where that has less."""
    return min([_of_the_machine(), *_of_the_container()])


def _of_the_machine() -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemAvailable:")))
    # where the system does not tell what is free, half of what there is
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _of_the_container() -> list[int]:
    free = []
    for limit, used in CONTROL_GROUPS:
        with suppress(OSError, ValueError):  # no such group, or "max"
            free.append(max(0, int(Path(limit).read_text()) - int(Path(used).read_text())))
    return free
