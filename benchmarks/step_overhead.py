"""Where the time of a training run goes, besides networks and optimisers.

    python -m benchmarks.step_overhead [--quick] [--json FILE]

Of perceptrons on digits, with one thread; `same_work` has the whole step beside the same step by hand.

- outside: share of a step (`ganscope.training.loop.advance`) spent neither in a network, forward or backward,
  nor in an optimiser.
- loop: seconds of `ganscope.training.train` over the seconds it spends in `advance`: what history, the watch
  for NaN and the asking for a stop add. Evaluations, probes, checkpoints and the end of a run are apart.

Median and the range of all repetitions' middle 80 %.
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

from ganscope.training import Runs, loop, train

from . import sides


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    width: int


ROWS = [Row(recipe, width) for recipe in ("non-saturating", "wgan-gp") for width in (64, 128, 512)]
LOOPED = 128
"""The widest network whose loop is timed: nothing is to be seen of it beside larger ones."""
STEPS, LOG_EVERY = 120, 40
"""Length of a run for the loop, and its interval of history, that of a run of 4,000 steps."""
HEADER = ("recipe", "width", "step, ms", "outside", "loop")


def main() -> None:
    """Measure every game and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks, small networks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    given = parser.parse_args()
    torch.set_num_threads(1)
    machine = sides.machine()
    rows = [_measure(row, given.quick) for row in ROWS if not given.quick or row.width <= LOOPED]
    sides.show({"machine": machine, "rows": rows}, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            row["recipe"],
            str(row["width"]),
            f"{row['step_ms']:.2f}",
            "{:.0%} ({:.0%}-{:.0%})".format(*row["outside"]),
            "" if row["loop"] is None else str(sides.Spread(*row["loop"])),
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def _measure(row: Row, quick: bool) -> dict[str, Any]:
    print(f"{row.recipe}, {row.width} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics("digits")
    given: dict[str, Any] = {"g_width": row.width, "d_width": row.width}
    with tempfile.TemporaryDirectory() as name:
        runs = sides.runs_of(row.recipe, on, Path(name), **given)
        (times,) = sides.interleaved([sides.stepping(runs)], 5 if quick else 15)
        outside = [share_outside(runs) for _ in range(10 if quick else 30)]
        looped = None
        if row.width <= LOOPED:
            short = {**given, "steps": STEPS, "log_every": LOG_EVERY}
            looped = sides.spread(
                [loop_ratio(sides.runs_of(row.recipe, on, Path(name), **short)) for _ in range(3)]
            )
    return {
        **row._asdict(),
        "step_ms": 1e3 * statistics.median(t.cpu for t in times),
        "outside": sides.spread(outside),
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
    """Seconds of a training without evaluations, probes, checkpoints and its end, over those of its steps."""
    runs.observers = ()  # what probes cost is `watch_cost`'s question
    spent = dict.fromkeys(("advance", "evaluate", "_checkpoint", "_finish"), 0.0)

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
    steps = spent.pop("advance")
    return (total - sum(spent.values())) / steps


if __name__ == "__main__":
    main()
