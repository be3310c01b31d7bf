"""A run of ganscope as it is in this checkout, stepped beside one of another: a worker of `step_ratio`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import sides

from . import turns


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Train the seeds of a case, as one stack where there are several."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = sides.without_metrics(case["data"])
        runs = sides.runs_of(case["recipe"], data, Path(folder), case["seeds"], **case["settings"])
        step = sides.stepping(runs)
        for steps in taken:
            for _ in range(steps):
                step()


if __name__ == "__main__":
    turns.serve(train)
