"""Compare what was told of a loop with what it measured of itself."""

from __future__ import annotations

from typing import Literal

from .holds import HOLDS, good
from .loops import Loop
from .run import Record
from .truth import Numbers

Outcome = Literal["seen", "missed", "quiet", "false alarm", "not as intended"]
SHOWN = (
    "ratio", "recall", "recall_real", "precision", "missing", "imbalance", "distinct", "pairwise", "apart",
    "auc", "auc_train", "auc_known", "logit_slope", "slope", "slope_fake", "proven", "generator_kept",
    "swing", "late", "octave", "turns", "outside", "reach", "d_loss", "g_loss", "progress", "g_moved",
    "d_moved",
)  # fmt: skip


def intended(loop: Loop, numbers: Numbers) -> bool:
    """Whether the loop became what it was meant to be."""
    if loop.kind != "wiring":
        return HOLDS[loop.kind](numbers)
    if loop.settings.mistake == "swapped":
        return not numbers["finite"] or numbers["auc"] < 0.5
    if loop.settings.mistake in ("detached", "forgotten"):
        return numbers["g_moved"] == 0
    if loop.settings.mistake == "frozen":
        return numbers["d_moved"] == 0
    return True  # the others are mistakes by construction, whatever they bring about


def true_names(loop: Loop, numbers: Numbers) -> set[str]:
    """Every verdict that would be right of a loop."""
    return {name for name, holds in HOLDS.items() if holds(numbers)} | set(loop.also) | {loop.kind}


def outcome(loop: Loop, record: Record) -> Outcome:
    """How `gs.watch` did: a verdict is seen where it stands at the end."""
    if not intended(loop, record["truth"]):
        return "not as intended"
    if loop.kind == "healthy":
        return "false alarm" if set(record["verdicts"]) - set(loop.also) - {"unconverged"} else "quiet"
    return "seen" if loop.kind in record["verdicts"] else "missed"


def silent(loop: Loop, record: Record) -> bool:
    """Whether nothing at all is told of bad samples."""
    return loop.kind != "healthy" and not good(record["truth"]) and not record["verdicts"]


def own(record: Record) -> tuple[str, str]:
    """What holds by a loop's own numbers, and the numbers."""
    numbers = record["truth"]
    held = ", ".join(name for name, holds in HOLDS.items() if holds(numbers))
    return held, " ".join(f"{name}={numbers[name]:.3g}" for name in SHOWN if name in numbers)


def truth_line(loop: Loop, record: Record) -> str:
    """What to print of a loop that nobody watched."""
    held, shown = own(record)
    became = "as intended" if intended(loop, record["truth"]) else "not as intended"
    return f"{became:15} {loop.kind} | {loop.name} | holds {held} | {record['seconds']} s | {shown}"


def line(loop: Loop, record: Record) -> str:
    """What to print."""
    held, shown = own(record)
    told = ", ".join(f"{name}@{record['first'][name]}" for name in record["verdicts"]) or "nothing"
    return (
        f"{outcome(loop, record):15} {loop.kind} | {loop.name} | told {told} | holds {held} | "
        f"{record['seconds']} s | {shown} {record['notes'] or ''}"
    )
