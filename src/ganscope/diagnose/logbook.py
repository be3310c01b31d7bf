"""What probes have written about one run: in memory as much as rules need, on disk all of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganscope.diagnose.rules.history import State
from ganscope.diagnose.rules.verdict import RULES, Verdict, judge
from ganscope.folder import files, layout

KEPT_ROWS, KEPT_POINTS = 400, 600


class Logbook:
    """Rows of one run, the first and the newest: memory stays flat however long the run.

    Args:
        folder: where `diagnosis.jsonl` and `verdicts.json` stand; None keeps the rows in memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._first: Mapping[str, Any] | None = None
        self._rows: deque[Mapping[str, Any]] = deque(maxlen=KEPT_ROWS)
        self._points: deque[Mapping[str, Any]] = deque(maxlen=KEPT_POINTS)
        self._judged: tuple[list[Verdict], dict[str, State]] | None = None
        self.last_step = -1
        """Step of the newest row."""
        self.standing: Sequence[Verdict] = ()
        """What was wrong when it was last written down: to judge again takes milliseconds."""

    def read(self) -> Logbook:
        """Take up what a run that was interrupted has written."""
        if self._folder is not None:
            for row in files.read_rows(self._folder / layout.DIAGNOSIS):
                self._take(row)
        return self

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a row, and write it."""
        self._take(row)
        if self._folder is not None:
            files.append_rows(self._folder / layout.DIAGNOSIS, [row])

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The rows that are remembered: the first, the newest probes, the newest points."""
        return [*([] if self._first is None else [self._first]), *self._rows, *self._points]

    @property
    def broken(self) -> bool:
        """Whether NaN or infinity was seen."""
        return any(row.get("nonfinite") for row in self._rows)

    def judge(self) -> tuple[list[Verdict], dict[str, State]]:
        """Verdicts and states as of the newest row."""
        if self._judged is None:
            self._judged = judge(self.rows) if self.rows else ([], dict.fromkeys(RULES, "unknown"))
        return self._judged

    def write_verdicts(self) -> None:
        """Write `verdicts.json`."""
        self.standing, states = self.judge()
        if self._folder is not None:
            write_verdicts(self._folder, self.standing, states, self.last_step)

    def _take(self, row: Mapping[str, Any]) -> None:
        self.last_step = max(self.last_step, row["step"])
        self._judged = None
        if "about" in row:
            self._first = row
        elif "point" in row:
            self._points.append(row)
        else:
            self._rows.append(row)


def write_verdicts(folder: Path, found: Sequence[Verdict], states: Mapping[str, State], step: int) -> None:
    """Write `verdicts.json` into a run folder."""
    contents = {"step": step, "verdicts": [v.as_json() for v in found], "status": states}
    files.write_json(folder / layout.VERDICTS, contents)
