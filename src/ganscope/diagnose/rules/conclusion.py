"""The answer for a run, of four kinds: healthy, faulty, not there yet, cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ganscope.diagnose.rows import WIDE_EVERY
from ganscope.diagnose.rules.history import History, State
from ganscope.diagnose.rules.rates import PLAYERS, rates_of
from ganscope.diagnose.rules.rule import Needs
from ganscope.diagnose.rules.suspects import remedy_of, suspects
from ganscope.diagnose.rules.unconverged import FEWEST, Progress
from ganscope.words.lists import listed
from ganscope.words.numerals import digits

Kind = Literal["healthy", "faulty", "not there yet", "cannot tell"]


class Answer(NamedTuple):
    """What is to be said of a run."""

    kind: Kind
    sentence: str
    progress: Progress = Progress("unknown")
    lacking: Mapping[str, int | None] = {}
    """Checks that lack evidence, and the step at which they will have it; None where steps do not help."""
    suspects: tuple[str, ...] = ()
    """What may hold a run back in which every check passes, the likeliest first."""
    nearest: str = ""
    """The likeliest of them as a key of `ganscope.diagnose.rules.suspects.REMEDIES`."""
    advice: str = ""
    """What to do first where the samples are not there yet; empty where it is too early to say."""
    changes: Mapping[str, Any] = {}
    """Settings that make the change, with their new values, as far as they are known."""
    command: str = ""
    """The command line that does it, of a run of ganscope."""

    def as_json(self) -> dict[str, Any]:
        """The answer for a file; what is not known is left out."""
        known = {
            name: value
            for name, value in self.progress._asdict().items()
            if value is not None and not (isinstance(value, float) and not math.isfinite(value))
        }
        return {
            **self._asdict(), "progress": known, "lacking": dict(self.lacking), "changes": dict(self.changes),
        }  # fmt: skip

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


def from_json(entry: Mapping[str, Any]) -> Answer:
    """Read back what `Answer.as_json` wrote."""
    known = {name: value for name, value in entry["progress"].items() if name in Progress._fields}
    known["lacking"] = tuple(known.get("lacking", ()))
    others = {name: entry[name] for name in ("nearest", "advice", "changes", "command") if name in entry}
    lacking, held_back = dict(entry["lacking"]), tuple(entry["suspects"])
    return Answer(entry["kind"], entry["sentence"], Progress(**known), lacking, held_back, **others)


def answer_of(
    h: History, labels: Sequence[str], states: Mapping[str, State], needs: Mapping[str, Needs], went: Progress
) -> Answer:
    """Put together what the checks of a run say.

    Args:
        h: the run.
        labels: of its verdicts.
        states: of every check but `unconverged`.
        needs: what each of them needs before it can say anything.
        went: how far its samples have come.
    """
    lacking = {name: _evidence_at(h, needs[name]) for name, state in states.items() if state == "unknown"}
    waiting = f" {lacking_words(lacking)}" if lacking else ""
    if labels:
        passed = sum(state == "fine" for state in states.values())
        count = f"{len(labels)} verdict{'' if len(labels) == 1 else 's'}"
        told = f"Faulty: {count}, {passed} of {len(states)} checks {'passes' if passed == 1 else 'pass'}."
        return Answer("faulty", told + waiting, went, lacking)
    if went.state == "unknown":
        unsaid = {**lacking, "unconverged": _evidence_at(h, Needs(comparisons=FEWEST))}
        return Answer("cannot tell", f"Cannot tell yet. {lacking_words(unsaid)}", went, unsaid)
    if went.state == "fine":
        where = "as close to the data as real rows" if went.distance <= went.floor * 1.1 else "near the data"
        onward = "" if went.stopped is not False else f", and still {_pace_words(went)}"
        told = f"Healthy: the samples are {where} ({_where(went)}){onward}; no check finds a fault."
        return Answer("healthy", told + waiting, went, lacking)
    away = "; ".join((_where(went), *went.lacking))
    if went.stopped is None:
        told = f"Not there yet: {away}. Too early to say at which pace it goes."
        return Answer("not there yet", told + waiting, went, lacking, advice=train_on(went))
    if not went.stopped:
        steps = went.more or 1
        more = "it is nearly there" if steps == 1 else f"at this pace about {steps:,} steps more"
        told = f"Not there yet: {away}. It is {_pace_words(went)}: {more}."
        return Answer("not there yet", told + waiting, went, lacking, advice=train_on(went))
    held_back = suspects(h)
    named = tuple(suspect.said for suspect in held_back)
    told = (
        f"Not there yet: the samples have stopped improving above the floor ({away}), although no check "
        f"finds a fault. Nearest suspects: {listed(named)}."
    )
    first = remedy_of(held_back[0].kind, rates_of(h))
    return Answer(
        "not there yet", told + waiting, went, lacking, named, held_back[0].kind, str(first),
        {name: value for name, value in first.settings.items() if name in PLAYERS},
    )  # fmt: skip


def train_on(went: Progress) -> str:
    """Advise a run that still comes nearer, or is young.

    Example:
        >>> train_on(Progress("fault", stopped=False, more=1234))
        'Train on: about 1,300 steps more.'
    """
    if went.stopped is None and went.more is None:
        return "Train on: as many steps again will tell its pace."
    return f"Train on: about {rounded_up(went.more or 1):,} steps more."


def rounded_up(steps: int) -> int:
    """Round up to two digits.

    Example:
        >>> rounded_up(1234), rounded_up(7)
        (1300, 7)
    """
    unit = int(10 ** max(0, len(str(steps)) - 2))
    return -(-steps // unit) * unit


def lacking_words(lacking: Mapping[str, int | None]) -> str:
    """Say which checks lack evidence and until when, and which cannot decide by what they have.

    Example:
        >>> lacking_words({"oscillation": 750, "diverged": 150})
        'Evidence is lacking for diverged (until step 150) and oscillation (until step 750).'
        >>> lacking_words({"mode-collapse": None})
        'Undecided: mode-collapse.'
    """
    by_step: dict[int, list[str]] = {}
    for step, name in sorted((step, name) for name, step in lacking.items() if step is not None):
        by_step.setdefault(step, []).append(name)
    words = [f"{listed(names, most=len(names))} (until step {step:,})" for step, names in by_step.items()]
    undecided = [name for name, step in lacking.items() if step is None]
    awaited = [f"Evidence is lacking for {listed(words, most=len(words))}."] if words else []
    others = [f"Undecided: {listed(undecided, most=len(undecided))}."] if undecided else []
    return " ".join([*awaited, *others])


def _evidence_at(h: History, needs: Needs) -> int | None:
    """Step at which a check will have what it needs; None where it has it and still cannot tell."""
    probes = [row for row in h.rows if row.step > 0]
    last = max([row.step for row in h.rows] + [row.step for row in h.points], default=0)
    steps = [row.step for row in h.rows]
    gap = steps[-1] - steps[-2] if len(steps) > 1 else h.about.every
    if gap is None or h.once:
        return None
    points = [row.step for row in h.points]
    apart = points[-1] - points[-2] if len(points) > 1 else max(1, gap // 10)
    waits = []
    if len(probes) < needs.probes:
        waits.append(steps[-1] + (needs.probes - len(probes)) * gap)
    wide = sum(row.step > 0 for row in h.wide)
    if wide < needs.comparisons:
        since = sum(row.step > (h.wide[-1].step if h.wide else 0) for row in probes)
        waits.append(steps[-1] + ((needs.comparisons - wide) * WIDE_EVERY - since) * gap)
    if len(points) < needs.points:
        waits.append(last + (needs.points - len(points)) * apart)
    return max(waits) if waits else None


def _where(went: Progress) -> str:
    return f"{went.measure} {digits(went.distance)}, floor {digits(went.floor)}"


def _pace_words(went: Progress) -> str:
    return f"coming nearer, by {went.pace:.0%} of the way left in a tenth of the run"
