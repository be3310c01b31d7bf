"""The best generator of a run: the one whose samples were closest to the held-out rows, kept beside the last.

The losses of a GAN do not say when to stop. The distance of samples to rows that training never saw does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganscope.folder import checkpoint, layout
from ganscope.metrics import METRICS

if TYPE_CHECKING:
    from ganscope.training.state import Runs


def improved(runs: Runs, evaluation: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Note the best value of each run so far, and list the runs that have just reached it.

    Args:
        runs: their `best` is changed; the untrained generator does not count.
        evaluation: by run what was measured at this step, by name.
    """
    reached = []
    for k, measured in evaluation.items() if runs.step else ():
        by = runs.configs[k].best_by
        value = measured.get(by)
        if value is None or not math.isfinite(value):
            continue
        if k not in runs.best or METRICS[by].sign * (value - runs.best[k]) < 0:
            runs.best[k] = float(value)
            reached.append(k)
    return reached


def recall(runs: Runs) -> None:
    """Go on with the generators that are kept, as far as they are of steps that have been taken.

    One of a later step is reached again by a run that was stopped, and given up by one that was healed.
    """
    for k in runs.alive:
        runs.best.pop(k, None)
        try:
            _, about = checkpoint.load(runs.folders[k] / layout.BEST)
        except checkpoint.Damaged:  # or none was kept yet
            continue
        value = about.get(runs.configs[k].best_by)
        if about["step"] <= runs.step and value is not None:
            runs.best[k] = value
