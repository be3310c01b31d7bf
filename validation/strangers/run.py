"""Play a loop to its end, note what is said on the way, and keep what it measured of itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

import ganscope as gs
from ganscope.diagnose.rules.verdict import Verdict, judge

from .data import rows_of
from .loops import Loop
from .played import Played
from .truth import centre, directions, emd, flat, measure, samples

Record = dict[str, Any]
"""Of one loop: kind, steps, seconds, truth, verdicts, first, status, answer, notes, rows."""
LOOKS, EVERY = 10, 10
"""Looks at the verdicts in a run; steps between two looks at the samples' mean."""
DIGITS = 5


def play(loop: Loop, steps: int | None = None) -> Record:
    """Run one loop.

    Args:
        loop: which.
        steps: stop after so many, where not None.
    """
    torch.manual_seed(loop.settings.seed)
    settings = loop.settings if steps is None else loop.settings._replace(steps=steps)
    rows = rows_of(settings.data, settings.seed)
    begun, lost = time.perf_counter(), 0.0
    path: list[list[float]] = []
    emds: list[float] = []
    first: dict[str, int] = {}
    axes, fixed, start = directions(rows.train[:500]), None, None
    played: Played | None = None
    for step, now in enumerate(loop.script(settings, rows), 1):
        paused, played = time.perf_counter(), now
        with torch.random.fork_rng():
            if start is None:
                fixed, start = now.latent(32), (weights(now.generator), weights(now.discriminator))
            if step % EVERY == 0:
                path.append(centre(now, fixed, axes))
            if step % max(1, settings.steps // LOOKS) == 0:
                emds.append(far(now))
                for name in names(now.scope.verdicts(), now.scope.status()):
                    first.setdefault(name, step)
        lost += time.perf_counter() - paused
    assert played is not None  # noqa: S101 - every loop has a step
    assert start is not None  # noqa: S101
    scope, seconds = played.scope, time.perf_counter() - begun - lost
    numbers = measure(played, path, emds)
    ends = weights(played.generator), weights(played.discriminator)
    for name, end, begin in zip(("g_moved", "d_moved"), ends, start, strict=True):
        numbers[name] = round(float((end - begin).norm() / begin.norm()), 6)
    told = names(scope.verdicts(), scope.status())
    return {
        "kind": loop.kind, "steps": settings.steps, "seconds": round(seconds, 1), "truth": numbers,
        "verdicts": told, "first": {name: first.get(name, settings.steps) for name in told},
        "status": scope.status(), "answer": scope.answer().kind, "notes": list(scope.notes),
        "rows": short(list(scope.rows)),
    }  # fmt: skip


class Unwatched:
    """Takes the place of a scope, and says nothing."""

    notes: Sequence[str] = ()
    rows: Sequence[Any] = ()

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def step(self, *_: Any, **__: Any) -> None:
        """Do nothing."""

    def verdicts(self) -> list[Verdict]:
        """None."""
        return []

    def status(self) -> dict[str, str]:
        """Empty."""
        return {}

    def answer(self) -> SimpleNamespace:
        """Empty."""
        return SimpleNamespace(kind="")


@contextmanager
def unwatched() -> Iterator[None]:
    """Let loops run for their own numbers alone; these stay the same, as watching changes no bit."""
    with patch.object(gs, "watch", Unwatched):
        yield


def weights(module: nn.Module) -> torch.Tensor:
    """All weights in one vector, copied."""
    return torch.cat([p.detach().flatten() for p in module.parameters()]).clone()


def far(p: Played) -> float:
    """Distance of some samples to the data."""
    x, _ = samples(p, 150)
    n = min(150, len(p.rows.judge))
    return emd(flat(p.rows.judge[:n]), flat(x[:n])) if bool(x.isfinite().all()) else float("inf")


def short(value: Any) -> Any:
    """Numbers with fewer digits, to store.

    Example:
        >>> short({"auc": 0.123456789, "slope": [1.0, None]})
        {'auc': 0.12346, 'slope': [1.0, None]}
    """
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: short(entry) for key, entry in value.items()}
    return [short(entry) for entry in value] if isinstance(value, list) else value


def names(standing: Sequence[Verdict], status: Mapping[str, Any]) -> list[str]:
    """What is told: verdicts by name, a vanishing gradient with its factor, and whether samples are bad."""
    told = [v.label if v.name == "vanishing-gradient" else v.name for v in standing]
    return list(dict.fromkeys(told + ["unconverged"] * (status.get("unconverged") == "fault")))


def rejudged(record: Record) -> Record:
    """Judge stored rows by the rules as they are now.

    The step of the first telling stays as it was; it is the last one where something is told anew.
    """
    judged = judge(record["rows"])
    told = names(judged.verdicts, judged.status)
    first = {name: record["first"].get(name, record["steps"]) for name in told}
    answer = judged.answer.kind
    return {**record, "verdicts": told, "status": judged.status, "answer": answer, "first": first}
