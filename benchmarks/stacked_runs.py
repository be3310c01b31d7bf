"""What it costs to train K runs as one stack, per run, against training one run alone.

    python -m benchmarks.stacked_runs [--quick] [--json FILE]

WGAN-GP on digits, perceptrons 128 units wide. `vmap` is the way any architecture is stacked, `batched` the
way perceptrons are; `own` is the latter with learning rates and a penalty weight of its own for every run.
All take turns in blocks within one process; below 1 the stack beats K single runs.
Times are those of the processor, per run and step: what else a shared machine does is left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from ganscope.build import game
from ganscope.evaluation import Evaluation
from ganscope.training import Runs
from ganscope.training.stacks import stacking

from . import sides

SIZES = (1, 4, 8, 16)
HEADER = (
    "K", "alone, ms", "vmap, ms", "batched, ms", "vmap / alone", "batched / alone", "batched / vmap",
    "own / batched",
)  # fmt: skip


def main() -> None:
    """Measure stacks of several sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--width", type=int, default=128)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    machine = sides.machine()
    results = [_measure(k, given.width, 5 if given.quick else 25) for k in SIZES]
    sides.show({"machine": machine, "width": given.width, "rows": results}, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    return sides.table(HEADER, [_cells(row) for row in result["rows"]])


def _measure(k: int, width: int, blocks: int) -> dict[str, Any]:
    print(f"{k} runs ...", file=sys.stderr, flush=True)
    on = sides.without_metrics("digits")
    with tempfile.TemporaryDirectory() as name:

        def runs(seeds: range) -> Runs:
            return sides.runs_of("wgan-gp", on, Path(name), seeds, g_width=width, d_width=width)

        games = [runs(range(1))]
        if k > 1:
            with patch.object(stacking, "batched", lambda module: None):
                games.append(runs(range(k)))
            games += [runs(range(k)), _with_own_rates(games[-1], on)]
        measured = sides.interleaved([sides.stepping(game) for game in games], blocks)
    alone, *stacks = [
        [t.cpu / len(game.configs) for t in times] for game, times in zip(games, measured, strict=True)
    ]
    result: dict[str, Any] = {"K": k, "alone_ms": 1e3 * statistics.median(alone)}
    for name, times in zip(("vmap", "batched"), stacks, strict=False):
        result |= {f"{name}_ms": 1e3 * statistics.median(times), f"{name}/alone": sides.ratios(times, alone)}
    if stacks:
        result["batched/vmap"] = sides.ratios(stacks[1], stacks[0])
        result["own/batched"] = sides.ratios(stacks[2], stacks[1])
    return result


def _with_own_rates(runs: Runs, on: Evaluation) -> Runs:
    """The same runs, each with rates and a penalty weight of its own."""
    configs = [
        c.model_copy(update={"g_lr": c.g_lr / (k + 1), "d_lr": c.d_lr / (k + 2), "penalty_weight": 1.0 + k})
        for k, c in enumerate(runs.configs)
    ]
    return game.build(configs, runs.folders, on)


def _cells(result: dict[str, Any]) -> tuple[str, ...]:
    times = [f"{result[key]:.2f}" if key in result else "" for key in ("alone_ms", "vmap_ms", "batched_ms")]
    ratios = ("vmap/alone", "batched/alone", "batched/vmap", "own/batched")
    return (
        str(result["K"]),
        *times,
        *(str(sides.Spread(*result[key])) if key in result else "" for key in ratios),
    )


if __name__ == "__main__":
    main()
