"""The recorded rows of a run as something rules can ask: what holds now, how persistently, and since when."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from ganscope.diagnose.rows import STATISTICS, About, ProbeRow, Row, Statistic
from ganscope.diagnose.rules.thresholds import COPIES, FEW, Z
from ganscope.diagnose.window import Window

State = Literal["fault", "fine", "unknown"]
Signal = Callable[[ProbeRow], bool | None]
"""What one row says: True for a fault, False for none, None where it cannot tell."""


class Fault(NamedTuple):
    """One failure that a rule recognised; `verdict` adds the name and the advice."""

    severity: Literal["mild", "severe"]
    since: int
    cause: str
    evidence: dict[str, float]
    factor: str | None = None
    pattern: str | None = None


class Persistence(NamedTuple):
    """How a signal fared over the last rows that could tell."""

    state: State
    since: int
    """First step of the stretch that lasts until now."""


class History:
    """The window of a run that rules look at, oldest rows first.

    Args:
        rows: as probes wrote them; the first holds `about`. What lies outside the window is left out.
        once: there is one probe only, of networks that have been trained: it decides alone.
    """

    def __init__(self, rows: Sequence[Row], once: bool = False) -> None:
        window = Window(rows)
        self.once = once
        """Whether a single probe decides alone."""
        self.rows = window.probes
        self.points = window.points
        self.about = next((row.about for row in self.rows if row.about is not None), About())
        self.wide = [row for row in self.rows if row.wide]
        self.known: dict[str, Any] = {}
        """What rules have worked out that other rules ask for too."""
        self._differs: dict[int, bool | None] = {}
        before: bool | None = None
        for row in self.rows:
            if row.wide:
                before = self._told_apart(row)
            self._differs[row.step] = before

    @property
    def last(self) -> ProbeRow:
        """The newest row that was probed in full; one without numbers where there is none."""
        return next((row for row in reversed(self.rows) if row.auc is not None), ProbeRow(step=0))

    @property
    def first(self) -> ProbeRow:
        """The oldest such row: the start of the run."""
        return next((row for row in self.rows if row.auc is not None), ProbeRow(step=0))

    def differs(self, row: ProbeRow) -> bool | None:
        """Whether real and fake rows could still be told apart, by the last fresh discriminator before a row.

        None where that is unknown. A small gradient is no fault where there is nothing left to learn.
        """
        return self._differs.get(row.step)

    def null(self, name: Statistic) -> tuple[float, float]:
        """Mean and standard deviation of a statistic between real rows and real rows; NaN where unknown."""
        if name not in STATISTICS:
            raise KeyError(name)
        mean, sd = self.about.nulls.get(name, (None, None))
        return real(mean), real(sd)

    def persistence(self, signal: Signal, m: int, k: int, wide: bool = False) -> Persistence:
        """Ask of the last k rows that can tell whether at least m say so, the newest among them.

        One probe in a hundred is odd by chance, and a long run has a thousand: a fault has to persist. The
        first probe, of networks that have not been trained, never counts.

        Args:
            signal: what one row says.
            m: rows that must agree.
            k: rows that are asked.
            wide: ask only the rows that compared sample sets.
        """
        if self.once:
            m = k = 1
        rows = self.wide if wide else self.rows
        told = [
            (row.step, said)
            for row in rows
            if (row.step > 0 or self.once) and (said := signal(row)) is not None
        ]
        recent = told[-k:]
        agreeing = sum(said for _, said in recent)
        if agreeing >= m and recent[-1][1]:
            return Persistence("fault", since_of(told))
        if len(recent) < m or agreeing > len(recent) // 2:
            return Persistence("unknown", 0)
        return Persistence("fine", 0)

    def recent(
        self, value: Callable[[ProbeRow], float | None], count: int, wide: bool = False
    ) -> list[float]:
        """The newest known values of one number of a row."""
        rows = self.wide if wide else self.rows
        known = [float(number) for row in rows if (number := value(row)) is not None]
        return known[-count:]

    def copied(self, row: ProbeRow, spare: float = 0.0) -> bool:
        """Whether many fakes have a near-copy among the others, beyond a share that has another cause."""
        mean, sd = self.null("duplicates")
        return (row.duplicates or 0.0) > mean + max(Z * sd, 0.2) + spare

    def repeats(self, row: ProbeRow) -> bool:
        """Whether nearly all fakes are near-copies of one another, as those of a handful of points are."""
        mean, sd = self.null("duplicates")
        few = row.distinct is None or row.distinct < FEW * self.null("distinct")[0]
        return few and (row.duplicates or 0.0) > mean + max(Z * sd, COPIES * (1 - mean))

    def _told_apart(self, row: ProbeRow) -> bool | None:
        if row.fresh_auc is None:
            return None
        error = self.about.fresh_error or math.nan
        return row.fresh_auc > 0.5 + max(4 * error, 0.05)


def real(value: float | None) -> float:
    """A number as it is; NaN for none."""
    return math.nan if value is None else value


def median(values: Sequence[float]) -> float:
    """Median; NaN of nothing."""
    return statistics.median(values) if values else math.nan


def since_of(told: Sequence[tuple[int, bool]]) -> int:
    """First step of the newest stretch of rows that agree; a single row that disagrees does not end it.

    Args:
        told: steps and what their rows say, oldest first; not empty.

    Example:
        >>> since_of([(0, True), (1, False), (2, False), (3, True), (4, False), (5, True)])
        3
    """
    since = told[-1][0]
    misses = 0
    for step, said in reversed(told):
        misses = 0 if said else misses + 1
        if misses == 2:
            break
        since = step if said else since
    return since
