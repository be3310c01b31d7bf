"""What the diagnosis costs: processor time of all that it does, per step, over the time of a training step.

    python benchmarks/watch_cost.py [--quick]

Plain steps and each kind of look take turns within one process: a look at fixed latents (every tenth step at
the default interval of 100), the copy of the weights before a probe, a probe, a probe that compares sample
sets (every fifth), and a call with nothing to do. They are added up over the 500 steps after which all
repeats. "Measured" is the same by experiment: blocks of 100 steps with and without, each with its one probe.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

import sides
from ganscope.training import Runs

INTERVAL, TRACK, CYCLE = 100, 10, 500
PER_CYCLE = {"nothing to do": 445, "look": 45, "copy": 5, "probe": 4, "wide probe": 1}
"""How often each happens in 500 steps; a probe's step is also one of a look."""


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int


ROWS = [
    Row("non-saturating", "mlp", 512),
    Row("wgan-gp", "mlp", 512),
    Row("non-saturating", "mlp", 128),
    Row("non-saturating", "dcgan", 32),
]
HEADER = (
    "recipe",
    "network",
    "width",
    "step ms",
    "look",
    "copy",
    "probe",
    "wide probe",
    "added up",
    "measured",
)


def measure(row: Row, rounds: int) -> list[str]:
    """Time one game."""
    on = sides.bench_without_judge(sides.images() if row.network == "dcgan" else "digits")
    sizes: dict[str, Any] = {
        "network": row.network,
        "g_width": row.width,
        "d_width": row.width,
        "diagnose_every": INTERVAL,
    }
    with tempfile.TemporaryDirectory() as folder:
        runs = sides.runs_of(row.recipe, on, Path(folder), **sizes)
        step = sides.stepping(runs)
        observe(runs)
        spent: dict[str, list[float]] = {"step": [], **{kind: [] for kind in PER_CYCLE}}
        cycle = 1
        for _ in range(rounds):
            for _ in range(3):
                spent["step"].append(seconds(step))
            base = cycle * CYCLE
            for kind, at in (
                ("nothing to do", 1), ("look", TRACK), ("copy", INTERVAL - 1), ("probe", INTERVAL),
                ("wide probe", CYCLE),
            ):  # fmt: skip
                runs.step = base + at
                spent[kind].append(seconds(lambda: observe(runs)))
            cycle += 1
        each = {kind: statistics.median(values) for kind, values in spent.items()}
        added = sum(count * each[kind] for kind, count in PER_CYCLE.items()) / CYCLE / each["step"]
        runs.step = (cycle + 1) * CYCLE
        ratio = experiment(runs, step, max(2, rounds // 3))
    shown = [f"{1e3 * each[kind]:.1f}" for kind in ("step", "look", "copy", "probe", "wide probe")]
    return [row.recipe, row.network, str(row.width), *shown, f"{added:.1%}", ratio]


def experiment(runs: Runs, step: Callable[[], None], blocks: int) -> str:
    """Blocks of 100 steps with and without the diagnosis, in turns: ratio of their times, less 1."""

    def block(watched: bool) -> float:
        start = time.process_time()
        for _ in range(INTERVAL):
            step()
            if watched:
                observe(runs)
        return time.process_time() - start

    block(True)
    ratios = []
    for number in range(blocks):
        order = (True, False) if number % 2 else (False, True)
        spent = {watched: block(watched) for watched in order}
        ratios.append(spent[True] / spent[False] - 1)
    return f"{statistics.median(ratios):.1%} ({min(ratios):.1%} to {max(ratios):.1%})"


def observe(runs: Runs) -> None:
    """Do what the loop does after a step."""
    assert runs.monitor is not None
    runs.monitor(runs)


def seconds(function: Callable[[], None]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("\n".join(f"{key}: {value}" for key, value in sides.machine().items()), "\n")
    rows = []
    for row in ROWS:
        rows.append(measure(row, 4 if arguments.quick else 15))
        print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    print(sides.table(HEADER, rows))


if __name__ == "__main__":
    main()
