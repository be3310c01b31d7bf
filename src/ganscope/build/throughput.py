"""How many steps fit into a time, measured on throw-away networks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ganscope.build.game import build
from ganscope.config import RunConfig
from ganscope.evaluation import Evaluation
from ganscope.training.loop import advance


def steps_within(seconds: float, configs: Sequence[RunConfig], on: Evaluation) -> int:
    """Measure how many generator steps fit into a time, on throwaway networks.

    Args:
        seconds: training time to fill, above 0.
        configs: the runs that will train together.
        on: the data.

    Returns:
        Steps, at least 1.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = [c.model_copy(update={"steps": 10**9}) for c in configs]
        runs = build(trial, [folder] * len(trial), on)
        advance(runs)
        taken, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < min(2.0, seconds / 10) or taken < 3:
            advance(runs)
            runs.step += 1
            taken += 1
    return max(1, round(seconds * taken / spent))
