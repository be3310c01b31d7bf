"""From stored runs to error rates: what was planted, what really happened, what was said."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.diagnose.rules.verdict import RULES, judge

from . import truth
from .conditions import Label, Run

Z95 = 1.959963984540054


class Stored(NamedTuple):
    """One run as it lies on disk."""

    run: Run
    rows: list[dict[str, Any]]
    panel: dict[str, float]
    """Medians over the last two fifths of the run."""
    last: dict[str, float]
    """The same at the end: what has passed by then did not happen."""
    about: dict[str, Any]
    notes: list[str]
    seconds: float


class Judged(NamedTuple):
    """One run and what was said of it."""

    run: Run
    happened: bool
    """A planted failure did happen, a healthy run is healthy, by the loop's own measurement."""
    found: tuple[Label, ...]
    """Verdicts at the end, upstream first."""
    since: tuple[int, ...]
    unknown: tuple[str, ...]
    """Names of verdicts that could not be decided."""
    true: tuple[Label, ...]
    """Verdicts that were not planted, may follow from what was, and are true as the loop measured."""
    wrong: tuple[Label, ...]
    """The other ones: false alarms."""
    delay: int | None
    """Steps from the injection to the first probe whose verdicts name it."""
    panel: Mapping[str, float]


class Share(NamedTuple):
    """A count of a count, with its Wilson 95 % interval."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; NaN of nothing."""
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson(self.hits, self.of)


def wilson(hits: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Example:
        >>> [round(end, 3) for end in wilson(20, 20)]
        [0.839, 1.0]
    """
    if of == 0:
        return 0.0, 1.0
    p = hits / of
    middle = p + z * z / (2 * of)
    reach = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def load(runs: Iterable[Run], work: Path) -> list[Stored]:
    """Read the runs that are finished."""
    found = []
    for run in runs:
        folder = work / run.id
        if not (folder / "run.json").exists():
            continue
        written = json.loads((folder / "run.json").read_text())
        with gzip.open(folder / "diagnosis.json.gz", "rt") as file:
            rows = json.load(file)
        panel, last = (
            {k: math.nan if v is None else v for k, v in written.get(name, {}).items()}
            for name in ("panel", "last")
        )
        found.append(
            Stored(
                run, rows, panel, {**panel, **last}, written["about"], written["notes"], written["seconds"]
            )
        )
    return found


Judge = Callable[[Sequence[Mapping[str, Any]]], Any]


def judged(stored: Sequence[Stored], by: Judge = judge, delays: bool = True) -> list[Judged]:
    """Judge stored runs with the rules as they are now."""
    return [judge_run(s, by, delays) for s in stored]


def judge_run(s: Stored, by: Judge = judge, delays: bool = True) -> Judged:
    """Judge one run, and compare with what the loop measured."""
    verdicts, status, _ = by(s.rows)
    found = tuple((v.name, v.factor or v.pattern) for v in verdicts)
    happened = has_happened(s)
    extra = [label for label in dict.fromkeys(found) if not same(label, s.run.planted)]
    true = tuple(label for label in extra if may_follow(label, s.run) and is_true(label, s))
    wrong = tuple(label for label in extra if label not in true)
    return Judged(
        s.run, happened, found, tuple(v.since_step for v in verdicts),
        tuple(name for name in RULES if status.get(name) == "unknown"), true, wrong,
        delay_of(s, by) if delays and s.run.injected and happened else None, s.panel,
    )  # fmt: skip


def has_happened(s: Stored) -> bool:
    """Whether a planted failure happened, or a healthy run is healthy: the criterion that relabels runs.

    A failure has to be there over the last two fifths of the run and still at its end; a healthy run must not
    have any in both.
    """
    if s.run.planted is not None:
        return all(truth.holds(*s.run.planted, panel, s.about) is not False for panel in (s.panel, s.last))
    objective = s.about.get("objective", s.run.objective)
    return not any(
        all(truth.holds(name, kind, panel, s.about) for panel in (s.panel, s.last))
        for name, kind in truth.TRUTHS
        if objective == "wasserstein" or name not in ("lipschitz-violation", "critic-underfit")
    )


def same(label: Label, planted: Label | None) -> bool:
    """Whether a verdict is the planted one; its factor or pattern may be wrong, which is counted apart."""
    return planted is not None and label[0] == planted[0]


def may_follow(label: Label, run: Run) -> bool:
    """Whether a consequence was foreseen in `conditions`.

    Of a run that was to be healthy and is not, by its own measurement, whatever that confirms is true.
    """
    return run.planted is None or any(
        label[0] == name and kind in (None, label[1]) for name, kind in run.follows
    )


def is_true(label: Label, s: Stored) -> bool:
    """Whether the loop's own measurement confirms a verdict; wiring is decided by what was built."""
    return any(truth.holds(*label, panel, s.about) is not False for panel in (s.panel, s.last))


def delay_of(s: Stored, by: Judge) -> int | None:
    """Steps from the injection until the planted verdict is said for the first time."""
    at = s.about["injected_at"]
    steps = sorted({row["step"] for row in s.rows if row["step"] > at and "point" not in row})
    for step in steps:
        said = by([row for row in s.rows if row["step"] <= step])[0]
        if any(same((v.name, None), s.run.planted) for v in said):
            return int(step - at)
    return None


class Rates(NamedTuple):
    """Error rates of one verdict."""

    recall: Share
    precision: Share
    kind: Share
    """Right factor or pattern, among hits."""
    upstream: Share
    """It stands first, among hits."""
    unknown: Share
    """The verdict was undecided, among runs where it was planted and happened."""
    delays: list[int]
    confused: Counter[str]
    """What was said in its place, where it was missed."""


def rates(runs: Sequence[Judged], name: str, severity: str | None = None) -> Rates:
    """Count for one verdict; precision is over all runs, recall over one severity where it is given."""
    planted = [
        j for j in runs
        if same((name, None), j.run.planted) and j.happened and severity in (None, j.run.severity)
    ]  # fmt: skip
    hits = [j for j in planted if any(label[0] == name for label in j.found)]
    wrong = [j for j in runs if any(label[0] == name for label in j.wrong)]
    # said where it was planted and did not happen: a false alarm too
    wrong += [
        j for j in runs
        if j.run.planted is not None and j.run.planted[0] == name and not j.happened
        and any(label[0] == name for label in j.found)
    ]  # fmt: skip
    kinds = [j for j in hits if j.run.planted is not None and j.run.planted[1] is not None]
    return Rates(
        Share(len(hits), len(planted)),
        Share(len(hits), len(hits) + len(wrong)),
        Share(sum(j.run.planted in j.found for j in kinds), len(kinds)),
        Share(sum(j.found[0][0] == name for j in hits), len(hits)),
        Share(sum(name in j.unknown for j in planted), len(planted)),
        [j.delay for j in hits if j.delay is not None],
        Counter(written(j.found[0]) if j.found else "nothing" for j in planted if j not in hits),
    )


def false_alarms(runs: Sequence[Judged]) -> Share:
    """Healthy runs with any verdict at all, of all healthy runs."""
    healthy = [j for j in runs if j.run.planted is None and j.happened]
    return Share(sum(bool(j.found) for j in healthy), len(healthy))


def confusion(runs: Sequence[Judged]) -> dict[str, Counter[str]]:
    """Planted label -> how often each verdict was said, and `nothing`; over what happened."""
    table: dict[str, Counter[str]] = {}
    for j in runs:
        if not j.happened:
            continue
        row = table.setdefault("healthy" if j.run.planted is None else written(j.run.planted), Counter())
        row["runs"] += 1
        row.update({written(label) for label in j.found} or {"nothing"})
    return table


def relabelled(runs: Sequence[Judged]) -> dict[str, Share]:
    """Per condition the runs whose failure did not happen, or that are not healthy, as they measured."""
    by_name: dict[str, list[Judged]] = {}
    for j in runs:
        by_name.setdefault(j.run.name, []).append(j)
    return {name: Share(sum(not j.happened for j in group), len(group)) for name, group in by_name.items()}


def written(label: Label) -> str:
    """A verdict in words."""
    return label[0] if label[1] is None else f"{label[0]} ({label[1]})"
