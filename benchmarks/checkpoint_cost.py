"""Share of training time that goes into checkpoints, at the default interval of a tenth of the run.

    python -m benchmarks.checkpoint_cost [--quick] [--json FILE] [--folder FOLDER]

WGAN-GP on digits, perceptrons 128 units wide, four seeds in one stack, which write a file each. Blocks of
steps and checkpoints take turns; the median cost of each gives the share for runs of several lengths.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from ganscope.build import game
from ganscope.folder import checkpoint
from ganscope.training import Runs, loop

from . import sides

SEEDS = range(4)
LENGTHS = (400, 1_000, 4_000)
"""Steps of a run; 4,000 is the default. The interval is a tenth of it."""
PARTS: dict[str, tuple[Any, str]] = {
    "waiting for the disk": (os, "fsync"),
    "hashing": (checkpoint, "_digest"),
    "serialising": (checkpoint, "serialise"),
}


def main() -> None:
    """Measure steps and checkpoints in turn and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--folder", type=Path, help="where to write checkpoints; default: a temporary folder")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    machine = sides.machine()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        runs = _runs(Path(name))
        step, saving, parts = _measure(runs, 8 if given.quick else 20)
        sizes = [f.stat().st_size for f in Path(name).rglob("*.safetensors")]
    shares = {steps: saving / (steps // 10 * step + saving) for steps in LENGTHS}
    result = {
        "machine": machine,
        "step": step,
        "checkpoint": saving,
        "bytes": max(sizes),
        "parts": parts,
        "shares": shares,
    }
    sides.show(result, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    saving, size = result["checkpoint"], result["bytes"] / 2**20
    parts = [f"{title} {seconds / saving:.0%}" for title, seconds in result["parts"].items()]
    rows = [
        (f"{int(steps):,}", f"{int(steps) // 10:,}", f"{share:.2%}")
        for steps, share in result["shares"].items()
    ]
    return (
        f"A step of the stack takes {1e3 * result['step']:.1f} ms, its checkpoints {1e3 * saving:.1f} ms "
        f"({len(SEEDS)} files of {size:.2f} MiB): {', '.join(parts)}.\n\n"
        + sides.table(("steps", "interval", "share of training time"), rows)
    )


def _runs(folder: Path) -> Runs:
    given = {"g_width": 128, "d_width": 128, "data": "digits"}
    on = sides.without_metrics("digits")
    configs = sides.configs_of("wgan-gp", SEEDS, **given)
    folders = [folder / f"seed-{config.seed}" for config in configs]
    for place in folders:
        place.mkdir()
    return game.build(configs, folders, on)


def _measure(runs: Runs, blocks: int) -> tuple[float, float, dict[str, float]]:
    """Seconds of a step, of a checkpoint of all runs, and of the latter's parts: medians over blocks."""
    spent = dict.fromkeys(PARTS, 0.0)
    steps: list[float] = []
    savings: list[float] = []
    parts: dict[str, list[float]] = {part: [] for part in PARTS}
    step = sides.stepping(runs)
    sides.timed(step, 5)
    for _ in range(blocks):
        steps.append(sides.timed(step, 5).wall)
        spent.update(dict.fromkeys(PARTS, 0.0))
        with _watched(spent):
            savings.append(sides.timed(lambda: loop._checkpoint(runs), 1).wall)
        for part, seconds in spent.items():
            parts[part].append(seconds)
    return (
        statistics.median(steps),
        statistics.median(savings),
        {part: statistics.median(seconds) for part, seconds in parts.items()},
    )


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    """Count the seconds of each part of a checkpoint while the block runs."""

    def counted(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **kwargs)
            spent[part] += time.perf_counter() - start
            return result

        return call

    patches = [patch.object(o, n, counted(part, getattr(o, n))) for part, (o, n) in PARTS.items()]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


if __name__ == "__main__":
    main()
