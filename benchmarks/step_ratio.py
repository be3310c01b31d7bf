"""What a step of training costs in this checkout beside one of an older commit.

    git worktree add ../before 7c3472b
    python -m benchmarks.step_ratio --before ../before [--quick] [--json FILE]

Perceptrons on digits, batch 64, one thread. Two processes of either checkout build the same runs from
the same settings; the four take turns in short blocks, in an order reversed every other time. Times are
those of the processor. Where a process happens to lie in memory alone makes it some percent faster or slower
than its twin, so every round starts fresh processes, in another order. The ratio is old over new, of the
medians of a round's blocks, over all rounds: above 1 this checkout is faster. The last column divides twins
of the old one.
Aim: 0.98 at least.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch

from . import sides
from .peers.turns import Worker

HERE = Path(__file__).parents[1]
AIM = 0.98
BLOCK_SECONDS = 0.03
ORDERS = [
    ("now", "before", "before", "now"),
    ("now", "before", "now", "before"),
    ("before", "now", "now", "before"),
    ("before", "now", "before", "now"),
    ("now", "now", "before", "before"),
]
"""The order in which processes are started, by round."""
HEADER = ("recipe", "width", "runs", "before, ms", "now, ms", "before / now", "before / before")


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
    rows = QUICK if given.quick else ROWS
    rounds = []
    for number in range(2 if given.quick else len(ORDERS)):
        print(f"round {number + 1} ...", file=sys.stderr, flush=True)
        with four_processes(given.before.resolve(), number) as sides_of:
            rounds.append([measured(row, *sides_of, 11 if given.quick else 31) for row in rows])
    by_row = [summary(row, list(times)) for row, times in zip(rows, zip(*rounds, strict=True), strict=True)]
    sides.show({"machine": machine, "rows": by_row}, report, given.json)


@contextmanager
def four_processes(before: Path, number: int) -> Iterator[tuple[list[Worker], list[Worker]]]:
    """Start two processes of either checkout, in an order of its own every round."""
    kinds = ORDERS[number]
    paths = {"before": [HERE, before / "src"], "now": sides.PATH}
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(sys.executable, f"benchmarks.peers.step_{kind}", 1, paths[kind]))
            for kind in kinds
        ]
        old = [worker for worker, kind in zip(workers, kinds, strict=True) if kind == "before"]
        yield old, [worker for worker in workers if worker not in old]


def measured(row: Row, old: list[Worker], new: list[Worker], blocks: int) -> list[float]:
    """Let all sides take turns at one game.

    Returns:
        Seconds of a step, the median over blocks: of both old processes, then of both new ones.
    """
    case = case_of(row)
    for side in (*old, *new):
        side.prepare(case)
    times = sides.taking_turns([side.run for side in (*old, *new)], blocks, BLOCK_SECONDS)
    return [statistics.median(turn.cpu for turn in side) for side in times]


def case_of(row: Row) -> dict[str, Any]:
    """Describe a game by flat settings, which every version reads."""
    settings = {
        "steps": sides.LONG, "optimizer": "adam", "n_critic": sides.CRITIC_STEPS.get(row.recipe, 1),
        "data": "digits", "g_width": row.width, "d_width": row.width, "batch_size": 64,
    }  # fmt: skip
    return {"recipe": row.recipe, "data": "digits", "seeds": list(range(row.runs)), "settings": settings}


def summary(row: Row, rounds: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Sum the rounds of a game up.

    Args:
        row: the game.
        rounds: of each round, the seconds per step of both old processes and of both new ones.

    Returns:
        Median milliseconds of both, and the ratio's median and range over pairs of processes; the same for
        old beside old, either way round.
    """
    before = [seconds for old, other, *_ in rounds for seconds in (old, other)]
    now = [seconds for *_, new, other in rounds for seconds in (new, other)]
    twins = [seconds for old, other, *_ in rounds for seconds in (other, old)]
    return {
        **row._asdict(),
        "before_ms": 1e3 * statistics.median(before),
        "now_ms": 1e3 * statistics.median(now),
        "ratio": sides.ratios(before, now),
        "control": sides.ratios(before, twins),
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
    ratios = (str(sides.Spread(*row["ratio"])), str(sides.Spread(*row["control"])))
    return row["recipe"], str(row["width"]), str(row["runs"]), *milliseconds, *ratios


if __name__ == "__main__":
    main()
