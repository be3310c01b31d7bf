"""Whether a run was clearly better at an earlier step than at its end."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.folder.records import number
from ganscope.metrics import METRICS
from ganscope.words.numerals import digits

FEWEST = 5
"""Evaluations of networks that have been trained."""
CLEAR = 6.0
"""Standard deviations of an evaluation, as estimated from ten: chance passes it in 1 run of 50."""
LEAST = 0.1
"""Of the best value."""
SECOND_DIFFERENCE = 1.652
"""Median of |x - 2 y + z| for three independent numbers of standard deviation 1."""


class BestStep(NamedTuple):
    """An earlier step at which a run was clearly better than at its end."""

    metric: str
    step: int
    value: float
    last_step: int
    last: float

    def __str__(self) -> str:
        """Say it in one sentence.

        Example:
            >>> print(BestStep("emd", 800, 2.9, 4000, 3.41))
            Best at step 800 (EMD 2.90); at the end, step 4,000, it is 3.41: ganscope sample --best draws from
            the generator of step 800.
        """
        label = METRICS[self.metric].label
        end = f"at the end, step {self.last_step:,}, it is {digits(self.last)}"
        advice = f"ganscope sample --best draws from the generator of step {self.step:,}"
        return f"Best at step {self.step:,} ({label} {digits(self.value)}); {end}: {advice}."


def best_step(
    history: Sequence[Mapping[str, Any]], by: str = "emd", kept: int | None = None
) -> BestStep | None:
    """Find the step at which a run was clearly better than at its end, beyond what evaluations scatter.

    The scatter is that of second differences, which a steady rise or fall does not enter.

    Args:
        history: rows of a run, evaluated or not.
        by: the metric that decides.
        kept: the step whose generator was kept as the best; None takes that of the best value.

    Returns:
        The best step; None where the end is as good, or there are too few evaluations to say.

    Example:
        >>> values = [9.0, 5.0, 3.0, 2.9, 3.1, 3.4, 3.6, 4.2]
        >>> best = best_step([{"step": 100 * k, "emd": value} for k, value in enumerate(values)])
        >>> best.step, best.last
        (300, 4.2)
    """
    if by not in METRICS:
        return None
    told = [
        (int(row["step"]), value)
        for row in history
        if (value := number(row.get(by))) is not None and number(row.get("step"))
    ]
    if len(told) < FEWEST:
        return None
    sign = METRICS[by].sign
    values = [value for _, value in told]
    seconds = [abs(x - 2 * y + z) for x, y, z in zip(values, values[1:], values[2:], strict=False)]
    noise = statistics.median(seconds) / SECOND_DIFFERENCE
    step, value = min(told, key=lambda pair: (pair[0] != kept, sign * pair[1]))
    last_step, last = told[-1]
    worse = sign * (last - value)
    if worse <= max(CLEAR * noise, LEAST * abs(value)):
        return None
    return BestStep(by, step, value, last_step, last)


def best_of_run(
    history: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any],
    final: Mapping[str, Any],
    kept: int | None = None,
) -> BestStep | None:
    """`best_step` of a run by the metric it names itself; None for one that diverged.

    Args:
        history: its rows.
        config: its settings by name.
        final: its last evaluation.
        kept: see `best_step`.
    """
    if final.get("diverged_at") is not None:
        return None
    return best_step(history, str(config.get("best_by") or "emd"), kept)
