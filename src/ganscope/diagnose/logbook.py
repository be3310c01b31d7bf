"""The record of one run's probes: a window of it in memory, all of it on disk, and the judgement of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.contracts import BadInput
from ganscope.diagnose.rows import ProbeRow, Row, as_json, made
from ganscope.diagnose.rows import read as read_row
from ganscope.diagnose.rules import conclusion
from ganscope.diagnose.rules.conclusion import Answer
from ganscope.diagnose.rules.history import State
from ganscope.diagnose.rules.verdict import CHECKS, Judged, Verdict, from_json, judge
from ganscope.diagnose.window import Window
from ganscope.folder import files, layout
from ganscope.words.reading import reading

Advise = Callable[[Verdict], Verdict]


class Judgement(NamedTuple):
    """What is wrong with a run at one step, and what could not be decided."""

    step: int
    verdicts: list[Verdict]
    """Faults only, upstream cause first."""
    status: dict[str, State]
    """Of every check."""
    answer: Answer


class Logbook:
    """Rows of one run as they are written; in memory stays the window that verdicts are judged by.

    Args:
        folder: where `diagnosis.jsonl` and `verdicts.json` stand; None keeps the rows in memory alone.
        advise: makes the advice of a verdict fit the run.
    """

    def __init__(self, folder: Path | None, advise: Advise = lambda verdict: verdict) -> None:
        self._folder, self._advise = folder, advise
        self._window = Window()
        self._judged: Judged | None = None
        self.last_step = -1
        """Step of the newest row."""
        self.standing: Sequence[Verdict] = ()
        """What was wrong when it was last written down: to judge again takes milliseconds."""

    def read(self) -> Logbook:
        """Continue what an interrupted run has written."""
        if self._folder is not None:
            path = self._folder / layout.DIAGNOSIS
            with reading(path, "restore it, or train the run again"):
                for entry in files.read_rows(path):
                    self._take(read_row(entry))
                self.standing = self.judge()[0]
        return self

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a row, and write it.

        Args:
            values: a step and what was measured, by the names of `ganscope.diagnose.rows`.

        Raises:
            TypeError: a name that no row has.
        """
        row = made({name: value for name, value in values.items() if name != "format"})
        self._take(row)
        if self._folder is not None:
            begins = isinstance(row, ProbeRow) and row.about is not None
            head = {"format": files.FORMAT} if begins else {}
            files.append_rows(self._folder / layout.DIAGNOSIS, [head | as_json(row)])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that are remembered, as they stand in the file: see `ganscope.diagnose.window`."""
        return [as_json(row) for row in self._window.rows]

    @property
    def broken(self) -> bool:
        """Whether NaN or infinity was seen."""
        return any(row.nonfinite is not None for row in self._window.probes)

    def judge(self) -> Judged:
        """Verdicts, states and the answer as of the newest row."""
        if self._judged is None:
            said = judge(self._window.rows)
            self._judged = said._replace(verdicts=[self._advise(verdict) for verdict in said.verdicts])
        return self._judged

    def write_verdicts(self) -> None:
        """Write `verdicts.json`."""
        self.standing, states, told = self.judge()
        if self._folder is not None:
            contents = {
                "step": self.last_step,
                "rows": {layout.DIAGNOSIS: files.last_check(self._folder / layout.DIAGNOSIS)},
                "verdicts": [verdict.as_json() for verdict in self.standing],
                "status": states,
                "answer": told.as_json(),
            }
            files.write_json(self._folder / layout.VERDICTS, contents)

    def _take(self, row: Row) -> None:
        self.last_step = max(self.last_step, row.step)
        self._judged = None
        self._window.add(row)


def judgement(folder: Path, again: bool = False) -> Judgement | None:
    """What is wrong with a run, by its record; `ganscope.running.examine.judged` makes the advice fit it.

    Args:
        folder: of the run.
        again: judge the recorded rows by the rules as they are now, instead of reading `verdicts.json`. Rows
            are judged in any case where that file is missing, or of a step that has been undone since.

    Returns:
        The judgement; None for a run without probes.

    Raises:
        BadInput: what is sound of the files makes no sense. Rows from the first damaged one on are left out,
            and so is a damaged `verdicts.json`; `ganscope.folder.soundness` says so.
    """
    written, recorded = folder / layout.VERDICTS, folder / layout.DIAGNOSIS
    read = files.whole_rows(recorded)
    entries = read.rows
    try:
        last = max((int(entry["step"]) for entry in entries), default=-1)
        contents = {} if again or not entries else _sound(written)
        if contents and (int(contents["step"]) <= last or read.damage is not None):
            return _from_json(contents, entries)
        return Judgement(last, *judge(entries)) if entries else None
    except (BadInput, OSError):
        raise
    except Exception as error:  # values of any kind reach the rules
        what = written if written.is_file() and not again else recorded
        raise BadInput(f"{what} is damaged ({error!r}): restore it, or train the run again.") from error


def _sound(path: Path) -> dict[str, Any]:
    """What a file of one object says; nothing where there is none or it is damaged."""
    try:
        return files.read_json(path) if path.is_file() else {}
    except BadInput:
        return {}


def _from_json(contents: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Judgement:
    """Read `verdicts.json`; what an earlier version did not write is judged from the rows."""
    states: dict[str, State] = dict.fromkeys(CHECKS, "unknown")
    standing = [from_json(entry) for entry in contents["verdicts"]]
    if "answer" in contents:
        told = conclusion.from_json(contents["answer"])
    else:
        judged = judge(entries)
        told = judged.answer
        states |= {name: judged.status[name] for name in CHECKS}
    return Judgement(int(contents["step"]), standing, states | contents.get("status", {}), told)
