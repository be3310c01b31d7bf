"""The recorded rows of a run as something rules can ask: what holds now, how persistently, and since when."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ganscope.diagnose.rules.thresholds import Z

State = Literal["fault", "fine", "unknown"]
Signal = Callable[[Mapping[str, Any]], bool | None]
"""What one row says: True for a fault, False for none, None where it cannot tell."""


class Fault(NamedTuple):
    """What a rule found; `verdict` adds the name and the advice."""

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
    """Rows of one run, oldest first.

    Args:
        rows: as probes wrote them; the first holds `about`.
        once: there is one probe only, of networks that have been trained: it decides alone.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], once: bool = False) -> None:
        self._once = once
        self.rows = [row for row in rows if "point" not in row]
        self.points = [row for row in rows if "point" in row]
        self.about: Mapping[str, Any] = next((row["about"] for row in self.rows if "about" in row), {})
        self.wide = [row for row in self.rows if row.get("wide")]
        self._differs: dict[int, bool | None] = {}
        before: bool | None = None
        for row in self.rows:
            if row.get("wide"):
                before = self._told_apart(row)
            self._differs[row["step"]] = before

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest row that was probed in full; empty without any."""
        return next((row for row in reversed(self.rows) if "auc" in row), {})

    @property
    def first(self) -> Mapping[str, Any]:
        """The oldest such row: the run's own start."""
        return next((row for row in self.rows if "auc" in row), {})

    def differs(self, row: Mapping[str, Any]) -> bool | None:
        """Whether real and fake rows could still be told apart, by the last fresh discriminator before a row.

        None where that is unknown. A small gradient is no fault where there is nothing left to learn.
        """
        return self._differs.get(row["step"])

    def null(self, name: str) -> tuple[float, float]:
        """Mean and standard deviation of a statistic between real rows and real rows."""
        if name == "fresh_auc":
            return 0.5, self.about.get("fresh_error") or math.nan
        mean, sd = self.about.get("nulls", {}).get(name, (math.nan, math.nan))
        return (math.nan if mean is None else mean), (math.nan if sd is None else sd)

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
        if self._once:
            m = k = 1
        rows = self.wide if wide else self.rows
        told = [
            (row["step"], said)
            for row in rows
            if (row["step"] > 0 or self._once) and (said := signal(row)) is not None
        ]
        recent = told[-k:]
        agreeing = sum(said for _, said in recent)
        if agreeing >= m and recent[-1][1]:
            return Persistence("fault", _since(told))
        if len(recent) < m or agreeing > len(recent) // 2:
            return Persistence("unknown", 0)
        return Persistence("fine", 0)

    def recent(self, name: str, count: int, wide: bool = False) -> list[float]:
        """The newest known values of one number."""
        rows = self.wide if wide else self.rows
        known = [float(row[name]) for row in rows if row.get(name) is not None]
        return known[-count:]

    def copied(self, row: Mapping[str, Any], spare: float = 0.0) -> bool:
        """Whether many fakes have a near-copy among the others, beyond a share that has another cause."""
        mean, sd = self.null("duplicates")
        return bool(row.get("duplicates", 0.0) > mean + max(Z * sd, 0.2) + spare)

    def _told_apart(self, row: Mapping[str, Any]) -> bool | None:
        found = row.get("fresh_auc")
        if found is None:
            return None
        mean, sd = self.null("fresh_auc")
        return bool(found > mean + max(4 * sd, 0.05)) if math.isfinite(mean) else None


def median(values: Sequence[float]) -> float:
    """Median; NaN of nothing."""
    ordered = sorted(values)
    n = len(ordered)
    if n == 0:
        return math.nan
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def _since(told: Sequence[tuple[int, bool]]) -> int:
    """Walk back over the newest stretch; a single row that disagrees does not end it."""
    since = told[-1][0]
    misses = 0
    for step, said in reversed(told):
        misses = 0 if said else misses + 1
        if misses == 2:
            break
        since = step if said else since
    return since
