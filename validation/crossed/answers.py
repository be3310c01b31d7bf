"""What the diagnosis says of a run as a whole, and how often it says so of good and of bad samples."""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.diagnose.rules.verdict import judge
from validation.diagnosis.score import Share

from .stored import Stored

HEALTHY, FAULTY, NOT_THERE, CANNOT_TELL = "healthy", "faulty", "not there yet", "cannot tell"
KINDS = (HEALTHY, FAULTY, NOT_THERE, CANNOT_TELL)
ANSWERS = "ganscope.diagnose.rules.conclusion"
"""The module whose `answer(rows)` says one of these kinds, where the judgement itself does not."""
WORDS = {True: "bad", False: "good"}


class Said(NamedTuple):
    """The answer to one run."""

    kind: str
    labels: tuple[str, ...]
    """Verdicts, upstream cause first."""


class Case(NamedTuple):
    """One run and the answer to it."""

    run: Stored
    said: Said


def say(rows: Sequence[Mapping[str, Any]]) -> Said:
    """Judge a run by the rules as they are now.

    Rules that have no answer of their own are taken at their word: "healthy" where every check is fine.

    Args:
        rows: of `diagnosis.jsonl`.
    """
    judgement: Sequence[Any] = judge(rows)
    labels = tuple(verdict.label for verdict in judgement[0])
    answer = getattr(judgement, "answer", None) or _answer(rows)
    if answer is not None:
        return Said(str(answer.kind), labels)
    if labels:
        return Said(FAULTY, labels)
    return Said(HEALTHY if set(judgement[1].values()) == {"fine"} else CANNOT_TELL, labels)


def judged(runs: Sequence[Stored]) -> list[Case]:
    """Judge stored runs."""
    return [Case(run, say(run.rows)) for run in runs]


def counted(cases: Sequence[Case]) -> dict[bool, Counter[str]]:
    """Count the answers to bad runs (True) and to good ones (False)."""
    table: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for case in cases:
        table[case.run.end.bad][case.said.kind] += 1
    return table


def by(cases: Sequence[Case], key: Callable[[Case], Hashable]) -> dict[Any, list[Case]]:
    """Put cases into groups, in the order in which the groups come first."""
    groups: dict[Any, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return groups


def share(cases: Sequence[Case], bad: bool, kind: str) -> Share:
    """Return how many of the bad (or good) runs get an answer."""
    row = counted(cases)[bad]
    return Share(row[kind], row.total())


def worst(cases: Sequence[Case], most: int = 20) -> list[Case]:
    """List bad runs that are called healthy, those farthest from the data first."""
    missed = [case for case in cases if case.run.end.bad and case.said.kind == HEALTHY]
    return sorted(missed, key=lambda case: -case.run.end.floors)[:most]


def false_alarms(cases: Sequence[Case]) -> list[Case]:
    """List good runs that are called faulty, those nearest to the data first."""
    alarmed = [case for case in cases if not case.run.end.bad and case.said.kind == FAULTY]
    return sorted(alarmed, key=lambda case: case.run.end.floors)


def _answer(rows: Sequence[Mapping[str, Any]]) -> Any:
    """The answer of the rules, one of four kinds; None where they have no function that says it."""
    if importlib.util.find_spec(ANSWERS) is None:
        return None
    function = getattr(importlib.import_module(ANSWERS), "answer", None)
    return None if function is None else function(rows)
