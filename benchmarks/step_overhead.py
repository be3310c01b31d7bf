"""What a training step costs through ganscope, against the same step written by hand in plain PyTorch.

    python benchmarks/step_overhead.py [--quick] [--json FILE]

Three numbers per game, each for one and for two threads (a process of its own per thread count):

- step: seconds of `ganscope.training.loop.advance` over seconds of the step in `by_hand`, which computes the
  same numbers. Both take turns in blocks within one process; median and 10-90 % range over the blocks. By the
  wall clock, and by the processor time of the process, which leaves out what else a shared machine does.
- outside: share of ganscope's step spent neither in a network (forward, backward) nor in an optimiser.
- loop, with one thread: seconds of `ganscope.training.train`, evaluations, probes and checkpoints apart, over
  the seconds it spends in `advance`: what history, the watch for NaN and the asking for a stop add.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

import sides
from ganscope.engines.inprocess import SMALL_WIDTH
from ganscope.training import Runs, loop, train


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int


ROWS = [
    Row(recipe, network, width)
    for recipe in ("non-saturating", "wgan-gp")
    for network, width in (("mlp", 64), ("mlp", 128), ("mlp", 512), ("dcgan", 32))
]
HEADER = (
    "recipe",
    "network",
    "width",
    "threads",
    "step, wall",
    "step, CPU",
    "CPU ms by hand",
    "outside",
    "loop",
)


def main() -> None:
    """Measure every game with one and with two threads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks, small networks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, help="only this many threads, in this process")
    given = parser.parse_args()
    if given.threads is not None:
        results = [measured(given.threads, given.quick)]
    else:
        results = [sides.in_own_process(__file__, threads, given.quick) for threads in (1, 2)]
    sides.show(results, report, given.json)


def report(results: list[dict[str, Any]]) -> str:
    """Lay out what `measured` found, as text."""
    rows = [
        (
            row["recipe"],
            row["network"],
            str(row["width"]),
            str(result["threads"]),
            str(sides.Spread(*row["wall"])),
            str(sides.Spread(*row["cpu"])),
            f"{row['by_hand_ms']:.2f}",
            f"{row['outside']:.0%}",
            "" if row["loop"] is None else f"{row['loop']:.3f}",
        )
        for result in results
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def measured(threads: int, quick: bool) -> dict[str, Any]:
    """Measure all games in this process.

    Args:
        threads: of torch.
        quick: fewer blocks, and the small networks only.

    Returns:
        JSON values: the machine, and one entry per game.
    """
    torch.set_num_threads(threads)
    machine = sides.machine()
    rows = []
    for row in ROWS:
        if quick and row.width > 128:
            continue
        print(f"{row.recipe}, {row.network} {row.width}, {threads} threads ...", file=sys.stderr, flush=True)
        rows.append({**row._asdict(), **_measure(row, quick)})
    return {"threads": threads, "machine": machine, "rows": rows}


def _measure(row: Row, quick: bool) -> dict[str, Any]:
    data = sides.images() if row.network == "dcgan" else "digits"
    on = sides.bench_without_judge(data)
    given: dict[str, Any] = {"network": row.network, "g_width": row.width, "d_width": row.width}
    with tempfile.TemporaryDirectory() as name:
        runs = sides.runs_of(row.recipe, on, Path(name), **given)
        step, _, _ = sides.by_hand_like(runs)
        blocks = 10 if row.network == "dcgan" else 25 if row.width >= SMALL_WIDTH else 100
        blocks = blocks // 5 if quick else blocks
        ours, theirs = sides.interleaved([sides.stepping(runs), sides.counting(step)], blocks)
        outside = [share_outside(runs) for _ in range(min(25, blocks))]
        looped = None
        if row == Row(row.recipe, "mlp", 128) and torch.get_num_threads() == 1:
            # the default length, so that rows of history are as frequent as they are by default
            steps = 400 if quick else 4_000
            looped = loop_ratio(sides.runs_of(row.recipe, on, Path(name), **given, steps=steps))
    return {
        "wall": sides.ratios([t.wall for t in ours], [t.wall for t in theirs]),
        "cpu": sides.ratios([t.cpu for t in ours], [t.cpu for t in theirs]),
        "by_hand_ms": 1e3 * statistics.median(t.cpu for t in theirs),
        "outside": statistics.median(outside),
        "loop": looped,
    }


def share_outside(runs: Runs) -> float:
    """Share of one step spent neither in the networks, forward and backward, nor in the optimisers."""
    inside = 0.0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal inside
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                inside += time.perf_counter() - start

        return call

    game = runs.game
    runs.game = game._replace(
        generator=game.generator._replace(call=timed(game.generator.call)),
        discriminator=game.discriminator._replace(call=timed(game.discriminator.call)),
    )
    try:
        with (
            patch.object(torch.autograd, "grad", timed(torch.autograd.grad)),
            patch.object(game.g_optimizer, "step", timed(game.g_optimizer.step)),
            patch.object(game.d_optimizer, "step", timed(game.d_optimizer.step)),
        ):
            total = sides.timed(sides.stepping(runs), 1).wall
    finally:
        runs.game = game
    return 1 - inside / total


def loop_ratio(runs: Runs) -> float:
    """Seconds of a whole training without evaluations, probes and checkpoints, over those of its steps."""
    runs.monitor = None  # what probes cost is `watch_cost`'s question
    spent = dict.fromkeys(("advance", "_evaluate", "_checkpoint"), 0.0)

    @contextlib.contextmanager
    def watched(name: str) -> Iterator[None]:
        function = getattr(loop, name)

        def call(*args: Any) -> Any:
            start = time.perf_counter()
            result = function(*args)
            spent[name] += time.perf_counter() - start
            return result

        with patch.object(loop, name, call):
            yield

    with contextlib.ExitStack() as stack:
        for name in spent:
            stack.enter_context(watched(name))
        start = time.perf_counter()
        train(runs)
        total = time.perf_counter() - start
    return (total - spent["_evaluate"] - spent["_checkpoint"]) / spent["advance"]


if __name__ == "__main__":
    main()
