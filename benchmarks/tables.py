"""Put the measured tables into `benchmarks/README.md`, so that no number in it is typed by hand.

    python -m benchmarks.tables

A block of the page that begins with `<!-- NAME -->` and ends with `<!-- /NAME -->` is filled from
`results/NAME.json` by the `report` of the benchmark NAME, under the machine it was measured on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import (
    checkpoint_cost,
    growth,
    roofline,
    same_work,
    stacked_runs,
    step_options,
    step_overhead,
    step_ratio,
    sweep,
    watch_cost,
)
from .marks import filled

HERE = Path(__file__).parent
REPORTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "checkpoint_cost": checkpoint_cost.report,
    "growth": growth.report,
    "roofline": roofline.report,
    "same_work": same_work.report,
    "stacked_runs": stacked_runs.report,
    "step_options": step_options.report,
    "step_overhead": step_overhead.report,
    "step_ratio": step_ratio.report,
    "sweep": sweep.report,
    "watch_cost": watch_cost.report,
}
NEED_A_CHECKOUT = ("step_ratio",)
"""Measured against an older commit, which `make bench` does not have."""


def main() -> None:
    """Fill the page from all results that are there."""
    page = HERE / "README.md"
    found = {name: HERE / "results" / f"{name}.json" for name in REPORTS}
    blocks = {
        name: block(REPORTS[name], json.loads(file.read_text(encoding="utf-8")))
        for name, file in found.items()
        if file.exists()
    }
    page.write_text(filled(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")


def block(report: Callable[[dict[str, Any]], str], result: dict[str, Any]) -> str:
    """Write one benchmark's machine, duration and table as Markdown.

    Args:
        report: lays its result out as a table.
        result: what it wrote to its JSON file.
    """
    told = [text if name == "CPU" else f"{name} {text}" for name, text in result["machine"].items()]
    return f"Measured in {result['seconds']} s on {', '.join(told)}:\n\n{report(result)}"


if __name__ == "__main__":
    main()
