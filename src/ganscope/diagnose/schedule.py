"""When a watched loop is looked at: often while it is young, then less and less."""

from __future__ import annotations

FIRST_GAP, LARGEST_GAP = 10, 100
"""Steps between the first probes of a run whose pace is not given, and between those of a long one."""
TRACKS, MOST_APART = 10, 10
"""Least number of looks at fixed latents between two probes; most steps from one look to the next."""
CLOSE, CLOSE_UNTIL = 5, 1500
"""Steps between looks in a young run: a swing can be seen after half as many steps."""


class Schedule:
    """Steps at which a loop is probed, and at which fixed samples are looked at.

    Args:
        every: steps between two probes; None begins with 10 and widens them to a twentieth of the steps so
            far, at most 100.

    Example:
        >>> schedule, steps = Schedule(None), []
        >>> for step in range(1, 1000):
        ...     if schedule.probes(step):
        ...         steps.append(step)
        ...         schedule.advance()
        >>> steps[:3], steps[-3:], len(steps)
        ([10, 20, 30], [890, 930, 970], 61)
    """

    def __init__(self, every: int | None) -> None:
        self._every = every
        self.next = self.first

    @property
    def first(self) -> int:
        """Step of the first probe after the start."""
        return FIRST_GAP if self._every is None else self._every

    def probes(self, step: int) -> bool:
        """Whether a probe is due after a step."""
        return step >= self.next

    def copies(self, step: int) -> bool:
        """Whether the next step is followed by a probe, which compares the weights with those before it."""
        return step + 1 == self.next

    def tracks(self, step: int) -> bool:
        """Whether fixed samples are looked at after a step."""
        if self._every is None:
            apart = CLOSE if step <= CLOSE_UNTIL else MOST_APART
        else:
            apart = max(1, min(MOST_APART, self._every // TRACKS))
        return step % apart == 0

    def advance(self) -> None:
        """Take note of a probe: the next one comes after the present gap."""
        gap = self._every or max(FIRST_GAP, min(LARGEST_GAP, self.next // 200 * 10))
        self.next += gap
