"""`oscillation`: the generator's samples swing instead of settling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganscope.diagnose.rules.history import Fault, History
from ganscope.diagnose.rules.rule import GRADIENT_PENALTY, MEASURED, R1, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import (
    CLEAR,
    CONCENTRATED,
    FEWEST_POINTS,
    LEAST_AMPLITUDE,
    LOOSE,
    WIDE_SWING,
)

if TYPE_CHECKING:
    from ganscope.diagnose.measure.swing import Swing


def oscillation(h: History) -> list[Fault] | None:
    """A mean of fixed samples that moves regularly, and by much of the data's spread."""
    if len(h.points) < FEWEST_POINTS:
        return None
    points = [[math.nan if value is None else value for value in row.point] for row in h.points]
    every = h.points[-1].step - h.points[-2].step
    swing = sustained(points, every)
    if swing is None:
        return []
    trend = "growing" if swing.growth > 0.1 else "damped" if swing.growth < -0.1 else "sustained"
    cause = (
        f"The samples' mean swings by {swing.amplitude:.2g} standard deviations of the data with a period of "
        f"{swing.period:.0f} steps on average ({trend}; {swing.periods:.1f} periods in the stretch examined)."
    )
    severe = swing.amplitude > 0.5 or trend == "growing"
    since = max(0, int(h.points[-1].step - swing.periods * swing.period))
    return [Fault("severe" if severe else "mild", since, cause, swing._asdict(), pattern=trend)]


def sustained(points: Sequence[Sequence[float]], every: float) -> Swing | None:
    """A swing that the newer part of a stretch shows too.

    Args:
        points: see `ganscope.diagnose.measure.swing.swing`.
        every: steps between two of them.
    """
    from ganscope.diagnose.measure.swing import swing  # loads NumPy

    whole, newer = swing(points, every), swing(points[len(points) * 2 // 5 :], every, cycles=3)
    if whole is None or newer is None:
        return None
    amplitude, least = min(whole.amplitude, newer.amplitude), min(whole.concentration, newer.concentration)
    mean = (whole.concentration + newer.concentration) / 2
    clear = least > CONCENTRATED or (least > LOOSE and (amplitude > WIDE_SWING or mean > CLEAR))
    large = amplitude > LEAST_AMPLITUDE
    return whole if clear and large and _moves_still(points) else None


def _moves_still(points: Sequence[Sequence[float]]) -> bool:
    """Whether the newest quarter swings too: a game that has settled is well again."""
    newest = points[len(points) * 3 // 4 :]
    sizes = []
    for column in zip(*newest, strict=True):
        mean = sum(column) / len(column)
        sizes.append(math.sqrt(2 * sum((value - mean) ** 2 for value in column) / len(column)))
    return max(sizes) > LEAST_AMPLITUDE


RULE = Rule(
    oscillation,
    {
        None: (
            Remedy(
                "Give the critic a gradient penalty of weight 1, in every step.",
                f"{MEASURED}, where R1 heals fewer runs",
                GRADIENT_PENALTY,
                wasserstein=True,
            ),
            Remedy(
                "Add R1 with a weight near the critical one, or lower both learning rates and beta1.",
                "Mescheder et al. 2018: on the Dirac-GAN R1 turns the circle into a spiral inwards",
                R1,
            ),
        )
    },
    needs=Needs(points=FEWEST_POINTS),
)
