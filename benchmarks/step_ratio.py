"""What a step of training costs in this checkout beside one of an older commit.

    git worktree add ../before 7c3472b
    python -m benchmarks.step_ratio --before ../before [--quick] [--json FILE]

Perceptrons on digits, batch 64, one thread. Either checkout has a process of its own, which builds the same
runs from the same settings; the two take turns in short blocks, in an order reversed every other time.
Times are those of the processor. The ratio is old over new, block by block: above 1 this checkout is faster.
Aim: 0.98 at least.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from . import sides
from .peers.turns import Worker

HERE = Path(__file__).parents[1]
AIM = 0.98
BLOCK_SECONDS = 0.03
HEADER = ("recipe", "width", "runs", "before, ms", "now, ms", "before / now")


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    width: int
    runs: int = 1
    """More than one train as a stack."""


ROWS = [
    *(Row(recipe, width) for recipe in ("non-saturating", "wgan-gp", "r1") for width in (64, 128, 512)),
    *(Row(recipe, 128, 4) for recipe in ("non-saturating", "wgan-gp")),
]
QUICK = [Row("non-saturating", 64), Row("wgan-gp", 128), Row("r1", 128, 4)]


def main() -> None:
    """Measure every game and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="a checkout of the older commit")
    parser.add_argument("--quick", action="store_true", help="few blocks and games: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = sides.machine() | {"before": commit(given.before), "now": commit(HERE)}
    before = [HERE, given.before.resolve() / "src"]
    with (
        Worker(sys.executable, "benchmarks.peers.step_before", 1, before) as old,
        Worker(sys.executable, "benchmarks.peers.step_now", 1, sides.PATH) as new,
    ):
        rows = [
            measured(row, old, new, 21 if given.quick else 61) for row in (QUICK if given.quick else ROWS)
        ]
    sides.show({"machine": machine, "rows": rows}, report, given.json)


def measured(row: Row, old: Worker, new: Worker, blocks: int) -> dict[str, Any]:
    """Let both sides take turns at one game."""
    print(f"{row.recipe}, {row.width} units, {row.runs} ...", file=sys.stderr, flush=True)
    case = case_of(row)
    for side in (old, new):
        side.prepare(case)
    times = sides.taking_turns([old.run, new.run], blocks, BLOCK_SECONDS)
    before, now = ([turn.cpu for turn in side] for side in times)
    return {**row._asdict(), **summary(before, now)}


def case_of(row: Row) -> dict[str, Any]:
    """Describe a game by flat settings, which every version reads."""
    settings = {
        "steps": sides.LONG, "optimizer": "adam", "n_critic": sides.CRITIC_STEPS.get(row.recipe, 1),
        "data": "digits", "g_width": row.width, "d_width": row.width, "batch_size": 64,
    }  # fmt: skip
    return {"recipe": row.recipe, "data": "digits", "seeds": list(range(row.runs)), "settings": settings}


def summary(before: Sequence[float], now: Sequence[float]) -> dict[str, Any]:
    """Sum blocks up.

    Args:
        before: seconds per step of the older commit, by block.
        now: the same of this checkout.

    Returns:
        Median milliseconds of both, and the ratio's median and range.
    """
    return {
        "before_ms": 1e3 * statistics.median(before),
        "now_ms": 1e3 * statistics.median(now),
        "ratio": sides.ratios(before, now),
    }


def commit(checkout: Path) -> str:
    """The commit of a checkout, with a + where its source was changed since."""
    git = ["git", "-C", str(checkout)]
    head = subprocess.run(
        [*git, "rev-parse", "--short=10", "HEAD"], check=True, capture_output=True, text=True
    )
    changed = subprocess.run([*git, "status", "--porcelain", "src"], check=True, capture_output=True).stdout
    return head.stdout.strip() + ("+" if changed else "")


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = result["rows"]
    mean = statistics.geometric_mean(row["ratio"][0] for row in rows)
    below = sum(row["ratio"][0] < AIM for row in rows)
    verdict = f"Geometric mean of the ratios {mean:.2f}; {below} of {len(rows)} below {AIM}."
    return f"{sides.table(HEADER, [_cells(row) for row in rows])}\n\n{verdict}"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    milliseconds = (f"{row['before_ms']:.2f}", f"{row['now_ms']:.2f}")
    return row["recipe"], str(row["width"]), str(row["runs"]), *milliseconds, str(sides.Spread(*row["ratio"]))


if __name__ == "__main__":
    main()
