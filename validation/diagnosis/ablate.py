"""What each rule and each condition inside one contributes: stored runs judged again with it switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

from ganscope.diagnose.rules import (
    critic_underfit,
    discriminator_overfit,
    discriminator_too_weak,
    history,
    mode_collapse,
    oscillation,
    vanishing_gradient,
    wiring,
)
from ganscope.diagnose.rules.history import History, Persistence
from ganscope.diagnose.rules.verdict import RULES

from .score import Judged, Share, Stored, false_alarms, judged, rates


class Variant(NamedTuple):
    """One change to the rules."""

    words: str
    verdicts: tuple[str, ...]
    """Whose rates it can change most; empty for all."""
    change: Callable[[], Any]
    """Makes a context manager under which the change is in force."""


class Effect(NamedTuple):
    """What a change did."""

    words: str
    hits: int
    """Planted failures found, more or fewer than with the rules as they are."""
    wrong: int
    """False verdicts in planted and in healthy runs, likewise."""
    kinds: int
    """Right factors and patterns, likewise."""
    healthy: int
    """Healthy runs with a false alarm, likewise."""


def _without(rule: str) -> Callable[[], Any]:
    return lambda: mock.patch.dict(RULES, {rule: RULES[rule]._replace(judge=lambda h: [])})


def _number(module: Any, name: str, value: Any) -> Callable[[], Any]:
    return lambda: mock.patch.object(module, name, value)


def _once(self: History, signal: history.Signal, m: int, k: int, wide: bool = False) -> Persistence:  # noqa: ARG001
    """One row decides: no persistence."""
    rows = self.wide if wide else self.rows
    told = [(row.step, said) for row in rows if row.step > 0 and (said := signal(row)) is not None]
    if not told:
        return Persistence("unknown", 0)
    return Persistence("fault", told[-1][0]) if told[-1][1] else Persistence("fine", 0)


@contextmanager
def _all(*patches: Any) -> Iterator[None]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


VARIANTS: tuple[Variant, ...] = (
    *(Variant(f"without the rule `{name}`", (name,), _without(name)) for name in RULES),
    Variant("one probe decides (no persistence)", (),
            lambda: mock.patch.object(History, "persistence", _once)),
    Variant("without asking whether real and fake still differ", (),
            lambda: mock.patch.object(History, "differs", return_value=True)),
    Variant("null bands: any deviation beyond 1 standard deviation counts", (),
            lambda: _all(*(mock.patch.object(module, "Z", 1.0)
                           for module in (mode_collapse, discriminator_too_weak, history, critic_underfit)))),
    Variant("collapse also where samples are blurred", ("mode-collapse",),
            lambda: _all(mock.patch.object(mode_collapse, "good", return_value=True),
                         mock.patch.object(mode_collapse, "blur", return_value=0.0))),
    Variant("missing bins alone make dropped modes", ("mode-collapse",),
            lambda: mock.patch.object(mode_collapse, "blur", return_value=0.0)),
    Variant("a weak discriminator also where samples are hardly off", ("discriminator-too-weak",),
            _number(discriminator_too_weak, "PLAIN", -1.0)),
    Variant("near-copies do not count as collapse", ("mode-collapse",),
            lambda: mock.patch.object(History, "copied", return_value=False)),
    Variant("swapped labels without asking whether the discriminator moves", ("wiring",),
            _number(wiring, "IDLE", 0.0)),
    Variant("a vanished critic by its slope alone, not its layers", ("vanishing-gradient",),
            _number(vanishing_gradient, "DECAYED", 2.0)),
    Variant("overfit from AUC 0.5 + 4 standard errors, be it little", ("discriminator-overfit",),
            _number(discriminator_overfit, "OVERFIT", 0.0)),
    Variant("overfit only beyond five standard errors", ("discriminator-overfit",),
            _number(discriminator_overfit, "REMEMBERS", 5.0)),
    Variant("a generator that is given nothing counts as detached", ("wiring",),
            _number(wiring, "ROUNDED", -1.0)),
    Variant("a swing of any regularity", ("oscillation",), _number(oscillation, "CONCENTRATED", 0.0)),
    Variant("a swing of any size", ("oscillation",), _number(oscillation, "LEAST_AMPLITUDE", 0.0)),
)  # fmt: skip


def ablate(stored: Sequence[Stored], before: Sequence[Judged]) -> list[Effect]:
    """Judge the stored runs under every variant."""
    base = _count(before)
    found = []
    for variant in VARIANTS:
        with variant.change():
            after = _count(judged(stored, delays=False))
        found.append(Effect(variant.words, *(a - b for a, b in zip(after, base, strict=True))))
        print(f"ablation: {found[-1]}", flush=True)
    return found


def _count(runs: Sequence[Judged]) -> tuple[int, int, int, int]:
    by_name = [rates(runs, name) for name in RULES]
    wrong = sum(r.precision.of - r.precision.hits for r in by_name)
    alarms: Share = false_alarms(runs)
    return sum(r.recall.hits for r in by_name), wrong, sum(r.kind.hits for r in by_name), alarms.hits
