"""Training speed of ganscope against other programs that do the same work.

    python benchmarks/same_work.py [--quick] [--json FILE] [--threads N]

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

import environments
import sides
from ganscope.engines.inprocess import SMALL_WIDTH
from peers.turns import Times, Worker

PEERS = Path(__file__).parent / "peers"
SIDES = {"torchgan": "peers", "mimicry": "peers", "jax": "jax"}
"""Workers, and the environment of each."""


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int
    batch_size: int


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
    if given.threads is not None:
        results = [measured(given.threads, given.quick)]
    else:
        results = [sides.in_own_process(__file__, threads, given.quick) for threads in (1, 2)]
    sides.show(results, report, given.json)


def report(results: list[dict[str, Any]]) -> str:
    """Lay out what `measured` found, as text."""
    rows = [
        (
            *(str(row[key]) for key in Row._fields),
            str(result["threads"]),
            f"{row['steps_per_second']:.1f}",
            *(str(sides.Spread(*row[side])) if side in row else "" for side in ("by_hand", *SIDES)),
        )
        for result in results
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def measured(threads: int, quick: bool) -> dict[str, Any]:
    """Measure all games in this process.

    Args:
        threads: of torch here and in the workers.
        quick: few blocks, and small networks only.

    Returns:
        JSON values: the machine, and one entry per game.
    """
    torch.set_num_threads(threads)
    machine = sides.machine()
    # small networks train with one thread: see `step_overhead`
    rows = [row for row in ROWS if threads == 1 or row.network != "mlp" or row.width >= SMALL_WIDTH]
    with contextlib.ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                Worker(
                    environments.python(environment),
                    PEERS / f"{name}_side.py",
                    threads,
                    [Path(sides.__file__).parent, sides.SOURCE],
                )
            )
            for name, environment in SIDES.items()
        }
        results = [
            {**row._asdict(), **_measure(row, workers, threads, quick)}
            for row in rows
            if not quick or (row.network == "mlp" and row.width < 512)
        ]
    return {"threads": threads, "machine": machine, "rows": results}


def _measure(row: Row, workers: dict[str, Worker], threads: int, quick: bool) -> dict[str, Any]:
    where = f"{row.recipe}, {row.network} {row.width}, batch {row.batch_size}, {threads} threads"
    print(f"{where} ...", file=sys.stderr, flush=True)
    on = sides.bench_without_judge(sides.images(8 if row.network == "mlp" else 32))
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
        times = sides.taking_turns(list(turns.values()), 4 if quick else 8, 0.15)
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
