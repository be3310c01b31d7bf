"""How long a mixed table of a million rows takes to load, beside `pandas.read_csv`, and how much memory.

    python -m benchmarks.table_loading [--rows 1000000]

Each reading is a process of its own, in turn, three times; the fastest counts, in processor seconds, which a
busy machine does not change much. pandas is no dependency of ganscope: install it for this alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

REPEATS = 3
OURS = """
import json, resource, sys, time
from ganscope.data import load
import scipy.special, sklearn.mixture, sklearn.preprocessing
start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = load(sys.argv[1])
seconds = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "mebibytes": (peak - before) / 1024, "values": data.shape[0]}))
"""
PANDAS = """
import json, resource, sys, time
import pandas
start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = pandas.read_csv(sys.argv[1])
seconds = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "mebibytes": (peak - before) / 1024, "values": data.shape[1]}))
"""


WRITE = "import sys; from benchmarks.table_loading import *; write(Path(sys.argv[1]), int(sys.argv[2]))"
"""In a process of its own, since a process begins with the peak memory of the one that starts it."""


def write(path: Path, rows: int) -> None:
    """Write a table of numbers, whole numbers, words, dates, yes and no, zeros and gaps."""
    rng = np.random.default_rng(0)
    cities = np.array(["Bern", "Oslo", "Rome", "Lima", "Kyoto"])
    days = np.datetime64("2010-01-01") + rng.integers(0, 5000, rows)
    gain = np.where(rng.random(rows) < 0.9, "0", np.char.mod("%.2f", rng.gamma(2, 900, rows)))
    columns = [
        np.char.mod("%d", rng.integers(18, 90, rows)),
        np.char.mod("%.4f", rng.normal(1.7, 0.1, rows)),
        cities[rng.integers(0, 5, rows)],
        days.astype(str),
        np.where(rng.random(rows) < 0.4, "yes", "no"),
        gain,
        np.where(rng.random(rows) < 0.1, "", np.char.mod("%.3f", rng.normal(0, 1, rows))),
        np.char.mod("%.2f", rng.lognormal(8, 1, rows)),
    ]
    with path.open("w") as file:
        file.write("age,height,city,day,member,gain,score,income\n")
        file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))


def measured(code: str, path: Path) -> dict[str, float]:
    """Run a reading in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure both, in turn, and print the fastest of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixed.csv"
        subprocess.run([sys.executable, "-c", WRITE, str(path), str(rows)], check=True)
        size = path.stat().st_size / 2**20
        runs = [(measured(PANDAS, path), measured(OURS, path)) for _ in range(REPEATS)]
    theirs, ours = (min(side, key=lambda run: run["seconds"]) for side in zip(*runs, strict=True))
    print(f"{rows:,} rows of 8 columns, {size:.0f} MiB of text")
    for name, run in (("pandas.read_csv", theirs), ("ganscope.data.load", ours)):
        print(f"{name:20} {run['seconds']:6.2f} s  {run['mebibytes']:7.0f} MiB more at its peak")
    print(f"ratio {ours['seconds'] / theirs['seconds']:.2f}")


if __name__ == "__main__":
    main()
