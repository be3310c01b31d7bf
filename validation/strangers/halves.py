"""Every loop, and the half it belongs to."""

from __future__ import annotations

from .loops import HALVES, LOOPS, Loop, halves
from .second import SECOND

SECOND_KEPT = "second-kept"
ALL_HALVES = (*HALVES, SECOND_KEPT)
ALL_LOOPS: dict[str, Loop] = LOOPS | SECOND


def half_of() -> dict[str, str]:
    """Half by name of the loop: the first two are dealt, the second kept half was written as one."""
    return halves(LOOPS) | dict.fromkeys(SECOND, SECOND_KEPT)
