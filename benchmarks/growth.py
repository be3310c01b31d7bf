"""How time and memory of a step grow with width, batch, runs in a stack and rows of data.

    python -m benchmarks.growth [--quick] [--json FILE]

WGAN-GP with perceptrons, 128 units, batch 64, one run, digits, one thread, except for what grows. Every line
is a process of its own; width 128 is the usual case, from which batch and runs grow. Time is that of the
processor, median over blocks; memory is the most the process ever held, less what it held before the data was
opened. Rows are eight numbers each in a file: up to 256 MiB they are kept in memory, above that they stay in
the file and are read as batches ask for them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import sides

GROWING: dict[str, tuple[int, ...]] = {
    "width": (64, 128, 256, 1024),
    "batch": (256, 1024),
    "runs": (4, 16, 64),
    "rows": (1_000, 100_000, 10_000_000),
}
USUAL = {"width": 128, "batch": 64, "runs": 1}
COLUMNS = 8
HEADER = ("grows", "to", "step, ms", "a run's step, ms", "peak memory, MiB", "opening the data, s")


def main() -> None:
    """Measure every size in its own process and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few sizes and blocks: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.one is not None:
        print(json.dumps(_measure(json.loads(given.one), given.quick)))
        return
    machine = sides.machine()
    result = {
        "machine": machine,
        "rows": [_in_own_process(case, given.quick) for case in _cases(given.quick)],
    }
    sides.show(result, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    rows = [
        (
            row["grows"],
            f"{row['to']:,}",
            f"{row['step_ms']:.2f}",
            f"{row['step_ms'] / row['runs']:.2f}",
            f"{row['peak_mib']:.0f}",
            f"{row['opening']:.2f}" if row["grows"] == "rows" else "",
        )
        for row in result["rows"]
    ]
    return sides.table(HEADER, rows)


def _cases(quick: bool) -> Iterator[dict[str, Any]]:
    for name, values in GROWING.items():
        for value in values[:2] if quick else values:
            yield {**USUAL, "grows": name, "to": value, name: value}


def _in_own_process(case: dict[str, Any], quick: bool) -> dict[str, Any]:
    print(f"{case['grows']} {case['to']:,} ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as name:
        case = {**case, "data": "digits", "folder": name}
        if "rows" in case:
            case["data"] = str(Path(name) / "rows.npy")
            _write_rows(Path(case["data"]), case["rows"])
        command = [sys.executable, "-m", "benchmarks.growth", "--one", json.dumps(case)]
        command += ["--quick"] if quick else []
        done = subprocess.run(
            command, check=True, env=environment, cwd=sides.PATH[0], stdout=subprocess.PIPE, text=True
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return {key: case[key] for key in ("grows", "to", *USUAL)} | found


def _measure(case: dict[str, Any], quick: bool) -> dict[str, Any]:
    before, start = _peak_mib(), time.process_time()
    on = sides.without_metrics(case["data"])
    opening = time.process_time() - start
    given = {"g_width": case["width"], "d_width": case["width"], "batch_size": case["batch"]}
    runs = sides.runs_of("wgan-gp", on, Path(case["folder"]), range(case["runs"]), **given)
    (times,) = sides.interleaved([sides.stepping(runs)], 3 if quick else 5, 0.1)
    step = statistics.median(t.cpu for t in times)
    return {"step_ms": 1e3 * step, "peak_mib": _peak_mib() - before, "opening": opening}


def _write_rows(path: Path, rows: int) -> None:
    """Fill an array file a part at a time: ten million rows are more than one wants in memory."""
    part = min(rows, 100_000)
    values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, COLUMNS))
    rng = np.random.default_rng(0)
    for start in range(0, rows, part):
        values[start : start + part] = rng.standard_normal((part, COLUMNS), dtype=np.float32)
        values.flush()


def _peak_mib() -> float:
    """The most memory this process ever held, as Linux tells it; in `getrusage` is its parent's as well."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
