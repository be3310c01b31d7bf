"""A run of ganscope as it was at commit 7c3472b, stepped beside one of today: a worker of `step_ratio`.

Its modules have other names today, so they are looked up as the process runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import torch

from . import turns


def train(case: turns.Case, taken: Iterator[int]) -> None:
    """Train the seeds of a case, as one stack where there are several."""
    build, config, judge, loop = (
        import_module(f"ganscope.{name}") for name in ("build", "config", "bench", "training.loop")
    )
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = build.load_data(case["data"])
        about = {"emd_floor": 0.0, "mode_names": []}
        without_judge = build.Bench(data, lambda fake: {}, judge.samples_wanted(data), about)
        configs = [config.resolve(case["recipe"], {**case["settings"], "seed": s}) for s in case["seeds"]]
        runs = build.build(configs, [Path(folder)] * len(configs), without_judge)
        for steps in taken:
            for _ in range(steps):
                loop.advance(runs)
                runs.step += 1


if __name__ == "__main__":
    turns.serve(train)
