"""The best generator of a run: the one whose samples were closest to the held-out rows, kept beside the last.

The losses of a GAN do not say when to stop. The distance of samples to rows that training never saw does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ganscope.folder import checkpoint, layout
from ganscope.metrics import METRICS

if TYPE_CHECKING:
    from ganscope.training.state import Runs

FINER = 4
"""Samples for each held-out row by which a step that is nearly the best is compared with the best one."""
NEAR = 1.25
"""Times the value of the kept step up to which another one is nearly the best."""
BY_DISTANCE = "emd"
"""The metric that more samples make finer."""


class Kept(NamedTuple):
    """What decides whether another generator is kept."""

    value: float
    """Of the metric, as history has it."""
    finer: float
    """The same by more samples, where it is a distance."""


def improved(
    runs: Runs,
    evaluation: Mapping[int, Mapping[str, Any]],
    finer: Callable[[], Sequence[float]] | None = None,
) -> list[int]:
    """Note the best value of each run so far, and list the runs that have just reached it.

    Some hundred samples tell the steps of a run that is nearly done apart no better than chance. So where
    the Earth Mover's Distance decides, a step that is near the best one is judged by more samples.

    Args:
        runs: their `best` is changed; the untrained generator does not count.
        evaluation: by run what was measured at this step, by name.
        finer: gives the distance by more samples, one for each run; None leaves it at what was measured.
    """
    values = {
        k: float(value)
        for k, measured in evaluation.items()
        if runs.step and (value := measured.get(runs.config.best_by)) is not None and math.isfinite(value)
    }
    sign, by_distance = METRICS[runs.config.best_by].sign, runs.config.best_by == BY_DISTANCE
    near = [
        k for k, value in values.items()
        if by_distance and (k not in runs.best or value <= NEAR * runs.best[k].value)
    ]  # fmt: skip
    distances = finer() if near and finer is not None else None
    reached = []
    for k, value in values.items():
        here = value if distances is None or not by_distance else distances[k] if k in near else math.inf
        if k not in runs.best or sign * (here - runs.best[k].finer) < 0:
            runs.best[k] = Kept(value, here)
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
        if about["step"] <= runs.step and about["by"] == runs.configs[k].best_by:
            runs.best[k] = Kept(about["value"], about["finer"])
