"""Play a loop to its end, note what is said on the way, and compare with what it measured of itself."""

from __future__ import annotations

import time
from typing import Any, Literal

import torch

from ganscope.diagnose.rules.verdict import Verdict, judge

from .data import rows_of
from .holds import HOLDS
from .loops import Loop
from .played import Played
from .truth import Numbers, centre, directions, emd, flat, measure, samples

Record = dict[str, Any]
Outcome = Literal["seen", "missed", "quiet", "false alarm", "not as intended"]
LOOKS, EVERY = 10, 10
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
    axes, fixed, played = directions(rows.train[:500]), None, None
    for step, played in enumerate(loop.script(settings, rows), 1):  # noqa: B007 - the newest is used below
        paused = time.perf_counter()
        with torch.random.fork_rng():
            fixed = played.latent(32) if fixed is None else fixed
            if step % EVERY == 0:
                path.append(centre(played, fixed, axes))
            if step % max(1, settings.steps // LOOKS) == 0:
                emds.append(far(played))
                for verdict in played.scope.verdicts():
                    first.setdefault(label(verdict), step)
        lost += time.perf_counter() - paused
    assert played is not None  # noqa: S101 - every loop has a step
    scope, seconds = played.scope, time.perf_counter() - begun - lost
    numbers = measure(played, path, emds)
    if loop.kind == "wiring":
        numbers["planted"] = 1.0
    told = [label(verdict) for verdict in scope.verdicts()]
    return {
        "kind": loop.kind, "steps": settings.steps, "seconds": round(seconds, 1), "truth": numbers,
        "verdicts": told, "first": {name: first.get(name, settings.steps) for name in told},
        "status": scope.status(), "notes": scope.notes, "rows": short(scope.rows),
    }  # fmt: skip


def far(p: Played) -> float:
    """Distance of some samples to the data."""
    x, _ = samples(p, 150)
    n = min(150, len(p.rows.judge))
    return emd(flat(p.rows.judge[:n]), flat(x[:n])) if bool(x.isfinite().all()) else float("inf")


def short(value: Any) -> Any:
    """Numbers with fewer digits, to store."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: short(entry) for key, entry in value.items()}
    return [short(entry) for entry in value] if isinstance(value, list) else value


def label(verdict: Verdict) -> str:
    """The name as `HOLDS` has it: with the factor of a vanishing gradient, without any pattern."""
    return verdict.label if verdict.name == "vanishing-gradient" else verdict.name


def rejudged(loop: Loop, record: Record) -> Record:
    """Judge stored rows by the rules as they are now; what stood first on the way is not known any more."""
    standing, status = judge(record["rows"])
    told = [label(verdict) for verdict in standing]
    first = {name: record["first"].get(name, record["steps"]) for name in told}
    return {**record, "kind": loop.kind, "verdicts": told, "status": status, "first": first}


def intended(loop: Loop, numbers: Numbers) -> bool:
    """Whether the loop became what it was meant to be."""
    if loop.kind == "wiring":
        return numbers["planted"] == 1.0
    return HOLDS[loop.kind](numbers)


def true_names(loop: Loop, numbers: Numbers) -> set[str]:
    """Every verdict that would be right of a loop."""
    holding = {name for name, holds in HOLDS.items() if name not in ("healthy", "unconverged") and holds(numbers)}
    holding.discard("healthy")
    return holding | set(loop.also) | ({loop.kind} if loop.kind not in ("healthy", "unconverged") else set())


def outcome(loop: Loop, record: Record) -> Outcome:
    """How `gs.watch` did."""
    numbers, told = record["truth"], record["verdicts"]
    if not intended(loop, numbers):
        return "not as intended"
    if loop.kind == "healthy":
        return "false alarm" if set(told) - set(loop.also) else "quiet"
    if loop.kind == "unconverged":
        return "seen" if record["status"].get("unconverged") == "fault" else "missed"
    return "seen" if loop.kind in told else "missed"


def line(loop: Loop, record: Record) -> str:
    """What to print."""
    n = record["truth"]
    wanted = ("ratio", "recall", "recall_real", "precision", "missing", "imbalance", "distinct", "pairwise", "apart",
              "auc", "auc_train", "auc_known", "logit_slope", "slope", "slope_fake", "proven", "generator_kept",
              "swing", "octave", "turns", "outside", "d_loss", "g_loss", "progress")  # fmt: skip
    shown = " ".join(f"{name}={n[name]:.3g}" for name in wanted if name in n)
    held = [name for name, holds in HOLDS.items() if holds(n)]
    told = ", ".join(f"{name}@{record['first'][name]}" for name in record["verdicts"]) or "nothing"
    return (f"{outcome(loop, record):15} {loop.kind} | {loop.name} | told {told} | holds {', '.join(held)} | "
            f"{record['seconds']} s | {shown} {record['notes'] or ''}")  # fmt: skip
