"""Training speed of ganscope against other programs that do the same work.

    python -m benchmarks.same_work [--quick] [--json FILE] [--threads N]

Same networks, optimiser, batch, and number of critic and generator updates, on colour noise of 3 x 8 x 8
(perceptrons) or 3 x 32 x 32 (dcgan), rows in memory. Each number says how many times as many steps as the
other ganscope takes in the same time, median and 10-90 % range over blocks that take turns. The step by hand
runs in this process; torchgan, torch-mimicry and JAX in processes of their own (`environments`), each driven
by its own loop, with its printing and saving switched off. With one thread time is that of the processor,
which leaves out what else a shared machine does; with two it is that of the wall.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch

from . import environments, sides
from .peers.turns import Times, Worker

SIDES = {"torchgan": "peers", "mimicry": "peers", "jax": "jax"}
"""Workers, and the environment of each."""


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int
    batch_size: int

    @property
    def large(self) -> bool:
        """Whether two threads pay; smaller games wait for each other more than they compute."""
        return self.network == "dcgan" or (self.width, self.batch_size) == (512, 256)

    @property
    def blocks(self) -> int:
        """How many turns each side takes; fewer where a turn is one long step."""
        return 5 if self.large and self.recipe == "wgan-gp" else 7


ROWS = [
    Row(recipe, network, width, batch_size)
    for recipe in ("non-saturating", "wgan-gp")
    for network, width, batch_size in (
        ("mlp", 64, 64),
        ("mlp", 64, 256),
        ("mlp", 128, 64),
        ("mlp", 128, 256),
        ("mlp", 512, 64),
        ("mlp", 512, 256),
        ("dcgan", 32, 64),
    )
]
HEADER = ("recipe", "network", "width", "batch", "threads", "steps a second", "by hand", *SIDES)


def main() -> None:
    """Measure every game with one and the large ones with two threads, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks, small networks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, help="only this many threads, in this process")
    given = parser.parse_args()
    machine = sides.machine()
    del machine["threads"]  # every row has its own
    if given.threads is not None:
        rows = measured(given.threads, given.quick)
    else:
        both = [sides.in_own_process("benchmarks.same_work", threads, given.quick) for threads in (1, 2)]
        rows = [row for result in both for row in result["rows"]]
    sides.show({"machine": machine, "rows": rows}, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            *(str(row[key]) for key in (*Row._fields, "threads")),
            f"{row['steps_per_second']:.1f}",
            *(str(sides.Spread(*row[side])) if side in row else "" for side in ("by_hand", *SIDES)),
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def measured(threads: int, quick: bool) -> list[dict[str, Any]]:
    """Measure all games in this process.

    Args:
        threads: of torch here and in the workers.
        quick: few blocks, and small networks only.

    Returns:
        JSON values, one entry per game.
    """
    torch.set_num_threads(threads)
    with contextlib.ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                Worker(
                    environments.python(environment),
                    f"benchmarks.peers.{name}_side",
                    threads,
                    sides.PATH,
                )
            )
            for name, environment in SIDES.items()
        }
        return [
            {**row._asdict(), "threads": threads, **_measure(row, workers, threads, quick)}
            for row in ROWS
            if (threads == 1 or row.large) and not (quick and (row.network == "dcgan" or row.width == 512))
        ]


def _measure(row: Row, workers: dict[str, Worker], threads: int, quick: bool) -> dict[str, Any]:
    where = f"{row.recipe}, {row.network} {row.width}, batch {row.batch_size}, {threads} threads"
    print(f"{where} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics(sides.images(8 if row.network == "mlp" else 32))
    given: dict[str, Any] = {"network": row.network, "batch_size": row.batch_size}
    with tempfile.TemporaryDirectory() as name:
        runs = sides.runs_of(row.recipe, on, Path(name), g_width=row.width, d_width=row.width, **given)
        by_hand, _, _ = sides.by_hand_like(runs)
        scan = 10 if row.width < 512 else 2
        case = sides.case_of(runs, scan=scan)
        turns: dict[str, sides.Turn] = {
            "ganscope": functools.partial(sides.timed, sides.stepping(runs)),
            "by_hand": functools.partial(sides.timed, sides.counting(by_hand)),
        }
        for worker in workers if row.network == "mlp" else ("torchgan", "mimicry"):
            workers[worker].prepare(case)
            turns[worker] = sides.in_scans(workers[worker], scan) if worker == "jax" else workers[worker].run
        times = sides.taking_turns(list(turns.values()), 4 if quick else row.blocks, 0.15)
    seconds = {side: [_seconds(t, threads) for t in of] for side, of in zip(turns, times, strict=True)}
    ours = seconds.pop("ganscope")
    return {
        "steps_per_second": 1 / statistics.median(ours),
        **{side: sides.ratios(theirs, ours) for side, theirs in seconds.items()},
    }


def _seconds(time: Times, threads: int) -> float:
    return time.cpu if threads == 1 else time.wall


if __name__ == "__main__":
    main()
