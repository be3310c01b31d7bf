"""The part of a run that verdicts are judged by: its first probes, its newest ones, its newest points.

A window of a window is the window itself. So the process that trains, which remembers no more than this, and
whoever reads all rows from the folder come to the same verdicts, however long the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ganscope.diagnose.rows import PointRow, ProbeRow, Row

FIRST_PROBES = 13
"""The start and the twelve young probes after it, which tell whether the discriminator descends its loss."""
NEWEST_PROBES, NEWEST_POINTS = 400, 600


class Window:
    """Rows of one run as they come, oldest first; memory stays flat.

    A row with `about` begins a run: what came before it belonged to another one.

    Example:
        >>> window = Window(ProbeRow(step=step) for step in range(1000))
        >>> [row.step for row in window.rows][:15]
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 600, 601]
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._first: list[ProbeRow] = []
        self._newest: deque[ProbeRow] = deque(maxlen=NEWEST_PROBES)
        self._points: deque[PointRow] = deque(maxlen=NEWEST_POINTS)
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Take in the next row."""
        if isinstance(row, PointRow):
            self._points.append(row)
            return
        if row.about is not None:
            self._first.clear()
            self._newest.clear()
            self._points.clear()
        if len(self._first) < FIRST_PROBES:
            self._first.append(row)
        else:
            self._newest.append(row)

    @property
    def probes(self) -> list[ProbeRow]:
        """The first and the newest probes."""
        return [*self._first, *self._newest]

    @property
    def points(self) -> list[PointRow]:
        """The newest points."""
        return list(self._points)

    @property
    def rows(self) -> list[Row]:
        """All of them."""
        return [*self._first, *self._newest, *self._points]
