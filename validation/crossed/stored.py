"""Runs on disk: settings, how they ended, and the rows of their diagnosis, compact enough to be kept."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.folder import files

from .quality import End, end_from_json
from .runs import Setting

DIGITS = 4
"""Significant digits that are kept of a number."""
LEFT_OUT = frozenset({"format"})


class Stored(NamedTuple):
    """One run."""

    setting: Setting
    seed: int
    end: End
    rows: list[dict[str, Any]]
    """Of `diagnosis.jsonl`, rounded."""

    @property
    def words(self) -> str:
        """The run in words."""
        s = self.setting
        return f"`{s.recipe}` on {s.data}, {s.steps:,} steps, {s.name}, seed {self.seed}"


def packed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bring rows into columns, which take a fraction of the place, and round their numbers.

    Args:
        rows: of `diagnosis.jsonl`, in order of steps.

    Example:
        >>> packed([{"step": 0, "auc": 0.123456}, {"step": 5, "point": [0.5, 1.0]}])
        {'probes': {'step': [0], 'auc': [0.1235]}, 'points': {'step': [5], 'point': [[0.5, 1.0]]}}
    """
    kinds = {
        "probes": [row for row in rows if "point" not in row],
        "points": [row for row in rows if "point" in row],
    }
    return {
        kind: {
            name: [rounded(row.get(name)) for row in of_kind]
            for name in dict.fromkeys(name for row in of_kind for name in row)
            if name not in LEFT_OUT
        }
        for kind, of_kind in kinds.items()
    }


def unpacked(columns: Mapping[str, Mapping[str, Sequence[Any]]]) -> list[dict[str, Any]]:
    """Turn columns back into rows, in order of steps.

    Example:
        >>> unpacked(packed([{"step": 0, "auc": 0.5}, {"step": 1, "point": [0.5]}, {"step": 5, "auc": 0.75}]))
        [{'step': 0, 'auc': 0.5}, {'step': 1, 'point': [0.5]}, {'step': 5, 'auc': 0.75}]
    """
    rows = []
    for of_kind in columns.values():
        for values in zip(*of_kind.values(), strict=True):
            named = zip(of_kind, values, strict=True)
            rows.append({name: value for name, value in named if value is not None})
    return sorted(rows, key=lambda row: (row["step"], "point" in row))


def rounded(value: Any) -> Any:
    """Round the numbers in a value; what JSON cannot hold becomes None.

    Example:
        >>> rounded([["out", 0.0123456], {"auc": 0.5}, 1234567, float("nan")])
        [['out', 0.01235], {'auc': 0.5}, 1234567, None]
    """
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return value


def as_line(run: Stored) -> str:
    """Write a run as one line of JSON."""
    entry = {
        "setting": {**run.setting._asdict(), "changes": dict(run.setting.changes)},
        "seed": run.seed,
        "end": rounded(run.end._asdict()),
        "rows": packed(run.rows),
    }
    return json.dumps(files.jsonable(entry), separators=(",", ":"), ensure_ascii=False)


def from_line(line: str) -> Stored:
    """Read a run back."""
    entry = json.loads(line)
    setting = Setting(**entry["setting"])
    return Stored(setting, entry["seed"], end_from_json(entry["end"]), unpacked(entry["rows"]))


def write(folder: Path, runs: Iterable[Stored]) -> None:
    """Write one file for each half; the same runs give the same bytes."""
    lines: dict[str, list[str]] = {"tuning": [], "held-out": []}
    for run in runs:
        lines[run.setting.half].append(as_line(run))
    folder.mkdir(parents=True, exist_ok=True)
    for half, of_half in lines.items():
        text = "".join(f"{line}\n" for line in of_half)
        with files.whole_file(folder / f"{half}.jsonl.gz") as file:
            file.write(gzip.compress(text.encode(), 9, mtime=0))


def read(folder: Path) -> list[Stored]:
    """Read the runs of both halves."""
    runs = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            runs += [from_line(line) for line in file]
    return runs
