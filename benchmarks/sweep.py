"""What a run of a sweep costs: four recipes with sixteen seeds each on the ring, perceptrons 64 units wide.

    python benchmarks/sweep.py [--quick] [--json FILE] [--threads N]

Milliseconds per run and step of the sixteen seeds as one ganscope stack, of the step written by hand in plain
PyTorch (`by_hand`, one run after the other). They take turns in blocks; *sooner* is how many times as many
steps the stack takes in the same time. All recipes, in the last row, means one step of each. Times are those
of the processor: what else a shared machine does is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

import sides

RECIPES = ("non-saturating", "r1", "wgan", "wgan-gp")
SEEDS = range(16)
WIDTH = 64
HEADER = ("recipe", "by hand, ms", "ganscope, ms", "sooner")


def main() -> None:
    """Measure every recipe and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    machine = sides.machine()
    measured = {recipe: _measure(recipe, 5 if given.quick else 60) for recipe in RECIPES}
    sums = [[sum(t) for t in zip(*side, strict=True)] for side in zip(*measured.values(), strict=True)]
    rows = [_row(recipe, *measured[recipe]) for recipe in RECIPES]
    result = {"machine": machine, "rows": [*rows, _row("all", *sums)]}
    print("\n".join(f"{name}: {text}" for name, text in machine.items()))
    print(f"\n{report(result)}")
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            row["recipe"],
            f"{row['by_hand_ms']:.2f}",
            f"{row['ganscope_ms']:.2f}",
            str(sides.Spread(*row["sooner"])),
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def _measure(recipe: str, blocks: int) -> tuple[list[float], list[float]]:
    """Seconds of a step of one run by hand and stacked, by block."""
    print(f"{recipe} ...", file=sys.stderr, flush=True)
    on = sides.bench_without_judge("ring", 64)
    with tempfile.TemporaryDirectory() as name:
        given: dict[str, Any] = {"data": "ring", "g_width": WIDTH, "d_width": WIDTH}
        alone = sides.runs_of(recipe, on, Path(name), **given)
        stack = sides.runs_of(recipe, on, Path(name), SEEDS, **given)
        by_hand, _, _ = sides.by_hand_like(alone)
        theirs, ours = sides.interleaved([sides.counting(by_hand), sides.stepping(stack)], blocks, 0.1)
    return [t.cpu for t in theirs], [t.cpu / len(SEEDS) for t in ours]


def _row(recipe: str, by_hand: list[float], ganscope: list[float]) -> dict[str, Any]:
    return {
        "recipe": recipe,
        "by_hand_ms": 1e3 * statistics.median(by_hand),
        "ganscope_ms": 1e3 * statistics.median(ganscope),
        "sooner": sides.ratios(by_hand, ganscope),
    }


if __name__ == "__main__":
    main()
