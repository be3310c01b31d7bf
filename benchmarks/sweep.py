"""What a run of a sweep costs: four recipes with sixteen seeds each on the ring, perceptrons 64 units wide.

    python -m benchmarks.sweep [--quick] [--json FILE]

Milliseconds per run and step: of the step written by hand in plain PyTorch (`by_hand`), one run after the
other; of the sixteen seeds as one ganscope stack; and of the same sixteen in JAX (jit, scan, `vmap`). All
have one thread and take turns in blocks, and time is that of the processor, which leaves out what else a
shared machine does. *sooner* is how many times as many steps the stack takes in the same time; *on two cores*
has a stack on each of two cores, as a sweep has, against the one loop by hand, by the clock on the wall. The
last row adds up one step of each recipe.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from . import environments, sides
from .peers.turns import Times, Worker

RECIPES = ("non-saturating", "r1", "wgan", "wgan-gp")
SEEDS = range(16)
WIDTH = 64
SCAN = 10
HEADER = ("recipe", "by hand, ms", "stack, ms", "JAX, ms", "sooner", "on two cores", "time over JAX's")
Blocks = dict[str, list[float]]
"""Seconds of a step of one run, by side and block."""


def main() -> None:
    """Measure every recipe and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = sides.machine()
    with contextlib.ExitStack() as stack:
        jax = stack.enter_context(
            Worker(environments.python("jax"), "benchmarks.peers.jax_side", 1, sides.PATH)
        )
        pair = [
            stack.enter_context(Worker(sys.executable, "benchmarks.peers.stack_side", 1, sides.PATH))
            for _ in range(2)
        ]
        measured = {recipe: _measure(recipe, jax, pair, 4 if given.quick else 8) for recipe in RECIPES}
    sides_of = measured[RECIPES[0]]
    whole = {
        side: [sum(of) for of in zip(*(blocks[side] for blocks in measured.values()), strict=True)]
        for side in sides_of
    }
    rows = [_row(recipe, blocks) for recipe, blocks in {**measured, "all": whole}.items()]
    result = {"machine": machine, "rows": rows}
    sides.show(result, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            row["recipe"],
            *(f"{row[f'{side}_ms']:.2f}" for side in ("by_hand", "stack", "jax")),
            *(str(sides.Spread(*row[ratio])) for ratio in ("sooner", "on_two_cores", "over_jax")),
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def _measure(recipe: str, jax: Worker, pair: list[Worker], blocks: int) -> Blocks:
    print(f"{recipe} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics("ring")
    with tempfile.TemporaryDirectory() as name:
        given: dict[str, Any] = {"data": "ring", "g_width": WIDTH, "d_width": WIDTH}
        alone = sides.runs_of(recipe, on, Path(name), **given)
        stack = sides.runs_of(recipe, on, Path(name), SEEDS, **given)
        by_hand, _, _ = sides.by_hand_like(alone)
        case = sides.case_of(alone, scan=SCAN, seeds=len(SEEDS))
        for worker in (jax, *pair):
            worker.prepare(case)
        turns = (
            functools.partial(sides.timed, sides.counting(by_hand)),
            functools.partial(sides.timed, sides.stepping(stack)),
            functools.partial(_at_once, pair),
            sides.in_scans(jax, SCAN),
        )
        hand, ours, both, theirs = sides.taking_turns(turns, blocks, 0.15)
    runs = len(SEEDS)
    return {
        "by_hand": [t.cpu for t in hand],
        "by_hand_wall": [t.wall for t in hand],
        "stack": [t.cpu / runs for t in ours],
        "pair_wall": [t.wall / (2 * runs) for t in both],
        "jax": [t.cpu / runs for t in theirs],
    }


def _at_once(pair: list[Worker], steps: int) -> Times:
    """Let two stacks take steps at the same time; the time of the slower one."""
    for worker in pair:
        worker.start(steps)
    return max(worker.finish(steps) for worker in pair)


def _row(recipe: str, blocks: Blocks) -> dict[str, Any]:
    return {
        "recipe": recipe,
        **{f"{side}_ms": 1e3 * statistics.median(blocks[side]) for side in ("by_hand", "stack", "jax")},
        "sooner": sides.ratios(blocks["by_hand"], blocks["stack"]),
        "on_two_cores": sides.ratios(blocks["by_hand_wall"], blocks["pair_wall"]),
        "over_jax": sides.ratios(blocks["stack"], blocks["jax"]),
    }


if __name__ == "__main__":
    main()
