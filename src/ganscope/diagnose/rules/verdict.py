"""From the history of a run to verdicts: what is wrong, since when, by which numbers, what to do first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ganscope.diagnose.rows import Row, read_all
from ganscope.diagnose.rules import (
    critic_underfit,
    discriminator_overfit,
    discriminator_too_strong,
    discriminator_too_weak,
    diverged,
    lipschitz_violation,
    mode_collapse,
    oscillation,
    vanishing_gradient,
    wiring,
)
from ganscope.diagnose.rules.conclusion import Answer, answer_of
from ganscope.diagnose.rules.history import History, State
from ganscope.diagnose.rules.rates import rate_remedies, rates_of
from ganscope.diagnose.rules.recovered import recovered
from ganscope.diagnose.rules.rule import Remedy, Rule
from ganscope.diagnose.rules.unconverged import NAME as UNCONVERGED
from ganscope.diagnose.rules.unconverged import progress

PAGES = "https://github.com/ganscope/ganscope/blob/main/docs/verdicts"
"""Where each verdict has a page: what it means, how often it is right, how often the advice helps."""


class Verdict(NamedTuple):
    """One thing that is wrong with a run."""

    name: str
    severity: Literal["mild", "severe"]
    since_step: int
    factor: str | None
    """Where in the chain of factors, or in which network."""
    pattern: str | None
    """In which of several ways."""
    evidence: dict[str, float]
    """The numbers, beside what real rows or the run's own start measure (`_null`, `_start`)."""
    cause: str
    """One sentence."""
    advice: str
    """The one change to make first, and where that advice comes from."""
    changes: Mapping[str, Any] = {}
    """The settings that make the change, with their new values, as far as they are known."""
    command: str = ""
    """The command line that trains again with them; empty for a loop or objects of somebody's own."""
    helped: tuple[int, int] | None = None
    """How many measured runs with this verdict the change brought back, of how many; None: not measured."""

    @property
    def label(self) -> str:
        """The name, with the factor or the pattern where there is one."""
        kind = self.factor or self.pattern
        return f"{self.name} ({kind})" if kind else self.name

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What to change, the advice in front."""
        every = remedies_for(self.name, self.factor, self.pattern)
        first = [str(remedy) == self.advice for remedy in every]
        return every[first.index(True) :] if any(first) else every

    def as_json(self) -> dict[str, Any]:
        """The verdict for a file: its fields, and the advice as settings of a run too."""
        first = next(iter(self.remedies), Remedy("", ""))
        if self.changes:
            first = Remedy("", "", self.changes)
        parts = {name: dict(getattr(first, name)) for name in ("settings", "factors", "raised", "lowered")}
        return {**self._asdict(), **parts}

    @property
    def likelihood(self) -> str:
        """How often the change helped, in a sentence; empty where it was not measured.

        Example:
            >>> Verdict("wiring", "mild", 0, None, None, {}, "", "", helped=(29, 32)).likelihood
            'This helped in 29 of 32 runs with this verdict.'
        """
        if self.helped is None:
            return ""
        return f"This helped in {self.helped[0]} of {self.helped[1]} runs with this verdict."

    @property
    def page(self) -> str:
        """Address of the page on what this verdict means and how often it is right."""
        return f"{PAGES}/{self.name}.md"

    def __str__(self) -> str:
        """Say it in words, for a terminal."""
        return (
            f"{self.severity} {self.label} since step {self.since_step}: {self.cause} Do first: {self.advice}"
        )


def from_json(entry: Mapping[str, Any]) -> Verdict:
    """Read a verdict back from what `Verdict.as_json` wrote; what else there is, is left out.

    Example:
        >>> verdict = Verdict("wiring", "severe", 0, None, "swapped-labels", {}, "A cause.", "Swap them.")
        >>> from_json(verdict.as_json()) == verdict
        True
    """
    known = {name: entry[name] for name in Verdict._fields if name in entry}
    helped = known.get("helped")
    return Verdict(**{**known, "helped": None if helped is None else (int(helped[0]), int(helped[1]))})


RULES: dict[str, Rule] = {
    "wiring": wiring.RULE,
    "diverged": diverged.RULE,
    "discriminator-too-strong": discriminator_too_strong.RULE,
    "vanishing-gradient": vanishing_gradient.RULE,
    "lipschitz-violation": lipschitz_violation.RULE,
    "critic-underfit": critic_underfit.RULE,
    "discriminator-overfit": discriminator_overfit.RULE,
    "discriminator-too-weak": discriminator_too_weak.RULE,
    "oscillation": oscillation.RULE,
    "mode-collapse": mode_collapse.RULE,
}
"""Upstream causes first: what stands above can bring about what stands below."""
CHECKS = (*RULES, UNCONVERGED)
"""The lines of a status: of every verdict, and whether the samples are near the data."""


class Judged(NamedTuple):
    """What the checks say of a run."""

    verdicts: list[Verdict]
    """Faults only, upstream cause first."""
    status: dict[str, State]
    """Of all of `CHECKS`."""
    answer: Answer


def remedies_for(
    name: str, factor: str | None, pattern: str | None, wasserstein: bool | None = None
) -> tuple[Remedy, ...]:
    """List what helps against a verdict, what to do first in front.

    Args:
        name: of the verdict.
        factor: its factor.
        pattern: its pattern.
        wasserstein: whether the discriminator is a Wasserstein critic; None lists what helps either.

    Example:
        >>> remedies_for("vanishing-gradient", "loss", None)[0].settings["objective"]
        'non-saturating'
    """
    by_kind = RULES[name].remedies
    every = by_kind.get(factor or pattern) or by_kind.get(None, ())
    return tuple(r for r in every if None in (wasserstein, r.wasserstein) or r.wasserstein == wasserstein)


def verdicts(rows: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """Say what is wrong with a run at its last probe.

    Args:
        rows: of `diagnosis.jsonl`, in order of steps.

    Returns:
        Faults only, upstream cause first.

    Example:
        >>> [v.name for v in verdicts([{"step": 7, "nonfinite": "generator", "module": "0.weight"}])]
        ['diverged']
    """
    return judge(rows).verdicts


def status(rows: Sequence[Mapping[str, Any]]) -> dict[str, State]:
    """Say for every check whether it is a fault, fine, or unknown; `unconverged` gives no verdict.

    Args:
        rows: see `verdicts`.

    Example:
        >>> set(status([]).values())
        {'unknown'}
    """
    return judge(rows).status


def judge(rows: Sequence[Mapping[str, Any] | Row], once: bool = False) -> Judged:
    """Verdicts, states and answer at once, by the window of the run that `ganscope.diagnose.window` cuts out.

    Whoever remembers that window alone and whoever has all rows get the same.

    Args:
        rows: see `verdicts`; typed rows do as well.
        once: the rows are one probe of networks that are no longer trained, so that nothing can persist.
    """
    history = History(read_all(rows), once)
    standing: list[Verdict] = []
    states: dict[str, State] = {}
    for name, rule in RULES.items():
        faults = rule.judge(history) if history.rows else None
        states[name] = "unknown" if faults is None else "fault" if faults else "fine"
        for fault in faults or ():
            remedies = remedies_for(name, fault.factor, fault.pattern, history.about.needs_lipschitz)
            by_rates = rate_remedies(name, fault.factor, rates_of(history))
            first = next(iter((*by_rates, *remedies)), None)
            standing.append(
                Verdict(
                    name, fault.severity, fault.since, fault.factor, fault.pattern, fault.evidence,
                    fault.cause, str(first or ""), dict(by_rates[0].settings) if by_rates else {},
                    helped=None if by_rates else recovered(name, fault.factor or fault.pattern, first),
                )
            )  # fmt: skip
    went = progress(history)
    labels = [verdict.label for verdict in standing]
    answer = answer_of(history, labels, states, {name: rule.needs for name, rule in RULES.items()}, went)
    return Judged(standing, {**states, UNCONVERGED: went.state}, answer)
