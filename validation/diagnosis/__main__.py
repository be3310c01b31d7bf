"""Measure how right the verdicts are: run what is not run yet, judge, score, and write data and page.

    python -m validation.diagnosis [--workers 2] [--only TEXT] [--judge] [--ablate]

Every run leaves a folder under `--work` with the rows `watch` wrote, what the loop measured of itself, and a
log of scalars; a study that is killed goes on where it was. `--judge` trains nothing: it judges the stored
rows again with the rules as they are now, in seconds, and writes data and page.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from ganscope.diagnose.rules.verdict import RULES

from . import ablate, own, page, score
from .conditions import Run, every_run


def main() -> None:
    """Run, judge, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="TEXT", help="runs whose name holds all of these"
    )
    parser.add_argument("--seeds", type=int, default=1000, help="the first seeds of every condition")
    parser.add_argument("--judge", action="store_true", help="train nothing")
    parser.add_argument(
        "--ablate", action="store_true", help="also switch rules and their conditions off, one by one"
    )
    parser.add_argument("--dry", action="store_true", help="print rates and write nothing")
    parser.add_argument("--work", type=Path, default=Path("runs/diagnosis"), help="run folders")
    parser.add_argument("--out", type=Path, default=Path("docs/validation"), help="data and page")
    parser.add_argument("--share", help=argparse.SUPPRESS)
    options = parser.parse_args()
    everything = [*every_run(), *(run for stack in own.stacks() for run in stack.runs)]
    asked = [r for r in everything if r.seed < options.seeds and all(word in r.id for word in options.only)]
    if options.share:
        k, n = map(int, options.share.split("/"))
        work_through([run for run in asked if run.loop != "ganscope"][k::n], options.work, k)
        train_own([s for s in own.stacks() if set(s.runs) & set(asked)][k::n], options.work)
        return
    if not options.judge:
        start_workers(options.workers)
    stored = score.load(asked, options.work)
    print(f"{len(stored)} of {len(asked)} runs stand")
    runs = score.judged(stored)
    for half in page.HALVES:
        these = [j for j in runs if j.run.half == half]
        print(f"{half}: healthy runs with a verdict {score.false_alarms(these)}")
        for name in RULES:
            print(f"  {name:26s} {page.said(score.rates(these, name))}")
    if options.dry:
        return
    effects = ablate.ablate(stored, runs) if options.ablate else []
    page.write(options.out, runs, effects, sum(s.seconds for s in stored))


def start_workers(count: int) -> None:
    """Start processes that share the runs, and wait for them."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "validation.diagnosis", *sys.argv[1:]]
    workers = [subprocess.Popen([*command, "--share", f"{k}/{count}"], env=environment) for k in range(count)]
    try:
        for worker in workers:
            worker.wait()
    except KeyboardInterrupt:
        for worker in workers:
            worker.terminate()
        sys.exit("stopped; the same command goes on")


def work_through(runs: Sequence[Run], work: Path, number: int) -> None:
    """Do the runs that are not done, one after another."""
    import torch

    from . import execute
    from .plants import Case
    from .rows import rows_of

    torch.set_num_threads(1)
    logging.getLogger("ganscope").setLevel(logging.ERROR)
    left = [run for run in runs if not (work / run.id / "run.json").exists()]
    begun = time.monotonic()
    for done, run in enumerate(left, 1):
        folder = work / run.id
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        case = Case(rows_of(run.data, run.seed), run.objective, run.strength, run.loop, run.seed)
        try:
            setup = run.build(case)
            found = execute.execute(setup, run.loop, folder)
        except Exception:
            traceback.print_exc()
            print(f"worker {number}: {run.id} ({run.loop}, {run.objective}) failed", flush=True)
            continue
        execute.write(folder, setup, found)
        if done % 20 == 0 or done == len(left):
            rate = done / (time.monotonic() - begun)
            left_s = (len(left) - done) / rate
            print(
                f"worker {number}: {done} of {len(left)}, {rate:.2f} a second, {left_s / 60:.0f} min left",
                flush=True,
            )


def train_own(stacks: Sequence[own.Stack], work: Path) -> None:
    """Train the stacks of ganscope's own runs that are not done."""
    for stack in stacks:
        folders = [work / run.id for run in stack.runs]
        if all((folder / "run.json").exists() for folder in folders):
            continue
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        own.train(stack, work)
        print(f"{stack.name} {stack.severity} on {stack.data}: {len(folders)} runs", flush=True)


if __name__ == "__main__":
    main()
