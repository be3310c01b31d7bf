"""The answer for a run, of four kinds: healthy, faulty, not there yet, cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ganscope.diagnose.rows import WIDE_EVERY
from ganscope.diagnose.rules.history import History, State, median
from ganscope.diagnose.rules.rule import Needs
from ganscope.diagnose.rules.thresholds import IDLE, K
from ganscope.diagnose.rules.unconverged import FEWEST, Progress
from ganscope.words.lists import listed
from ganscope.words.numerals import digits

Kind = Literal["healthy", "faulty", "not there yet", "cannot tell"]
HASTY = 0.05
"""Of |step| / |weights|: a network that changes by this share in every step forgets what it learned."""
FEW_ROWS = 32
"""Of a batch."""
MOST_SUSPECTS = 3


class Answer(NamedTuple):
    """What is to be said of a run."""

    kind: Kind
    sentence: str
    progress: Progress = Progress("unknown")
    lacking: Mapping[str, int | None] = {}
    """Checks that lack evidence, and the step at which they will have it; None where steps do not help."""
    suspects: tuple[str, ...] = ()
    """What may hold a run back in which every check passes, the likeliest first."""

    def as_json(self) -> dict[str, Any]:
        """The answer for a file; what is not known is left out."""
        known = {
            name: value
            for name, value in self.progress._asdict().items()
            if value is not None and not (isinstance(value, float) and not math.isfinite(value))
        }
        return {**self._asdict(), "progress": known, "lacking": dict(self.lacking)}

    def __str__(self) -> str:
        """The sentence."""
        return self.sentence


def from_json(entry: Mapping[str, Any]) -> Answer:
    """Read back what `Answer.as_json` wrote."""
    known = {name: value for name, value in entry["progress"].items() if name in Progress._fields}
    known["lacking"] = tuple(known.get("lacking", ()))
    return Answer(
        entry["kind"], entry["sentence"], Progress(**known), dict(entry["lacking"]), tuple(entry["suspects"])
    )


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
        return Answer("not there yet", told + waiting, went, lacking)
    if not went.stopped:
        steps = went.more or 1
        more = "it is nearly there" if steps == 1 else f"at this pace about {steps:,} steps more"
        told = f"Not there yet: {away}. It is {_pace_words(went)}: {more}."
        return Answer("not there yet", told + waiting, went, lacking)
    held_back = suspects(h)
    told = (
        f"Not there yet: the samples have stopped improving above the floor ({away}), although no check "
        f"finds a fault. Nearest suspects: {listed(held_back)}."
    )
    return Answer("not there yet", told + waiting, went, lacking, held_back)


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


def suspects(h: History) -> tuple[str, ...]:
    """What may hold a run back, the likeliest first: ranked by how far its number is from what is usual."""
    ranked: list[tuple[float, str]] = []
    for player, name in (("generator", "g_update"), ("discriminator", "d_update")):
        moves = median(h.recent(lambda row, name=name: getattr(row, name), K))  # type: ignore[misc]
        if moves < IDLE:
            said = f"the {player}'s learning rate is too low (|step| / |weights| {digits(moves)})"
            ranked.append((math.log10(IDLE / max(moves, 1e-12)), said))
        elif moves > HASTY:
            said = f"the {player}'s learning rate is too high (|step| / |weights| {digits(moves)})"
            ranked.append((math.log10(moves / HASTY) + 0.5, said))
    average, step = h.about.average, h.rows[-1].step if h.rows else 0
    if average is not None and average < 1 and (1 / (1 - average)) > step / 3:
        span = round(1 / (1 - average))
        ranked.append((math.log10(max(1.0, 3 * span / max(step, 1))), _averaging(average, span, step)))
    auc = median(h.recent(lambda row: row.auc, K))
    if auc > 0.9:
        said = f"the discriminator is far ahead of the generator (AUC {auc:.2f}): slow it down"
        ranked.append(((auc - 0.9) * 5, said))
    elif auc < 0.6:
        said = f"the discriminator sees little of what is wrong (AUC {auc:.2f}): raise its rate or capacity"
        ranked.append(((0.6 - auc) * 5, said))
    if h.about.batch is not None and h.about.batch < FEW_ROWS:
        said = f"a batch of {h.about.batch} rows makes the gradients noisy"
        ranked.append((math.log10(FEW_ROWS / h.about.batch), said))
    ranked.append((0.0, "the networks' capacity"))
    ranked.append((-0.1, "both learning rates, which may be too high to settle"))
    return tuple(said for _, said in sorted(ranked, key=lambda pair: -pair[0])[:MOST_SUSPECTS])


def _averaging(average: float, span: int, step: int) -> str:
    over = f"over {span:,} steps, is longer than a third of the run's {step:,}"
    return f"a moving average of decay {average:g}, {over}"


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
