"""A stack of ganscope's own in a process beside another: a worker of `sweep`, in ganscope's environment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import sides

from . import turns


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Train the seeds of a case as one stack."""
    torch.set_num_threads(1)
    given = {name: case[name] for name in ("data", "g_width", "d_width", "batch_size")}
    with tempfile.TemporaryDirectory() as folder:
        on = sides.without_metrics(case["data"])
        runs = sides.runs_of(case["recipe"], on, Path(folder), range(case["seeds"]), **given)
        step = sides.stepping(runs)
        for steps in taken:
            for _ in range(steps):
                step()


if __name__ == "__main__":
    turns.serve(train)
