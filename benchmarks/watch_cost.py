"""What the diagnosis costs as it is by default: time of all that it does over the time of the training steps.

    python -m benchmarks.watch_cost [--quick] [--json FILE]

A run of the default length is walked through step by step, and what the loop asks of the diagnosis after a
step is asked after every one; of the training steps only some are taken, spread evenly among the others, and
their median stands for all. The range is that of the cycles, each of which has one probe that compares sample
sets; probes early in a run look at more than later ones. One thread, time of the processor.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ganscope.build.intervals import probe_interval
from ganscope.diagnose.rows import WIDE_EVERY
from ganscope.training import Runs
from ganscope.training.observers import tell

from . import sides

STEPS = 4_000
"""Length of a run, the default."""
TAKE_EVERY = 40
"""One training step in so many is taken."""


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int


ROWS = [
    Row("non-saturating", "mlp", 128),
    Row("non-saturating", "mlp", 512),
    Row("wgan-gp", "mlp", 512),
    Row("non-saturating", "dcgan", 32),
]
HEADER = ("recipe", "network", "width", "step, ms", "probe, ms", "every", "of training time", "once, s")


def main() -> None:
    """Measure every game and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a quarter of the run: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = sides.machine()
    rows = [_measure(row, STEPS // 4 if given.quick else STEPS) for row in ROWS]
    sides.show({"machine": machine, "rows": rows}, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            *(str(row[key]) for key in Row._fields),
            f"{row['step_ms']:.1f}",
            f"{row['probe_ms']:.1f}",
            f"{row['interval']} steps",
            f"{statistics.mean(row['shares']):.1%} ({min(row['shares']):.1%}-{max(row['shares']):.1%})",
            f"{row['once']:.2f}",
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def _measure(row: Row, walked: int) -> dict[str, Any]:
    print(f"{' '.join(map(str, row))} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics(sides.images() if row.network == "dcgan" else "digits")
    given: dict[str, Any] = {"network": row.network, "steps": STEPS}
    with tempfile.TemporaryDirectory() as folder:
        runs = sides.runs_of(row.recipe, on, Path(folder), g_width=row.width, d_width=row.width, **given)
        step, interval = sides.stepping(runs), probe_interval(runs.config)
        once = sides.timed(lambda: _observe(runs), 1).cpu
        sides.timed(step, 3)
        looks, steps = [], []
        for number in range(1, walked + 1):
            if number % TAKE_EVERY == 0:
                steps.append(sides.timed(step, 1).cpu)
            runs.step = number
            looks.append(sides.timed(lambda: _observe(runs), 1).cpu)
    cycle = WIDE_EVERY * interval
    shares = [
        sum(looks[start : start + cycle])
        / (cycle * statistics.median(steps[start // TAKE_EVERY : (start + cycle) // TAKE_EVERY]))
        for start in range(0, walked - cycle + 1, cycle)
    ]
    return {
        **row._asdict(),
        "step_ms": 1e3 * statistics.median(steps),
        "probe_ms": 1e3 * statistics.median(looks[interval - 1 :: interval]),
        "interval": interval,
        "shares": shares,
        "once": once,
    }


def _observe(runs: Runs) -> None:
    """Ask what the loop asks of the diagnosis after a step, and what was found where history gets a row."""
    tell(runs, "step" if runs.step else "start")
    if runs.step % runs.config.logging_interval == 0:
        tell(runs, "log")


if __name__ == "__main__":
    main()
