"""Writes what was measured: one line a run, rates by verdict, and the page between its marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .score import Judged, Stored, false_alarms, rates, relabelled


def write(out: Path, runs: Sequence[Judged], ablate: Path | None, stored: Sequence[Stored]) -> None:
    """Write data and page."""
    from ganscope.diagnose.verdict import RULES

    for half in ("tuning", "reporting"):
        these = [j for j in runs if j.run.half == half]
        print(half, "false alarms", false_alarms(these))
        for name in RULES:
            r = rates(these, name)
            print(
                f"{name:26s} recall {r.recall.hits}/{r.recall.of} precision {r.precision.hits}/{r.precision.of} "
                f"kind {r.kind.hits}/{r.kind.of} first {r.upstream.hits} unknown {r.unknown.hits} {dict(r.confused)}"
            )
    print({k: v for k, v in relabelled(runs).items() if v.hits})
    print("seconds", sum(s.seconds for s in stored))
