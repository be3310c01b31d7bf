"""`oscillation`: the generator's samples swing instead of settling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganscope.diagnose.rows import PointRow
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
from ganscope.diagnose.rules.unconverged import progress

if TYPE_CHECKING:
    from ganscope.diagnose.measure.swing import Swing

IN_PLACE = 0.36
"""Amplitude to which the mean of 16 independent rows comes: sqrt(2 / 16) of the data's standard deviation."""


def oscillation(h: History) -> list[Fault] | None:
    """A mean of fixed samples that moves regularly, and by much of the data's spread."""
    looks = evenly(h.points)
    if len(looks) < FEWEST_POINTS:
        return None
    points = [[math.nan if value is None else value for value in row.point] for row in looks]
    swing = sustained(points, looks[-1].step - looks[-2].step)
    if swing is None or (_late(points) < IN_PLACE and progress(h).state == "fine"):
        return []  # no more than latents that change places within samples that are near the data
    trend = "growing" if swing.growth > 0.1 else "damped" if swing.growth < -0.1 else "sustained"
    cause = (
        f"The samples' mean swings by {swing.amplitude:.2g} standard deviations of the data with a period of "
        f"{swing.period:.0f} steps on average ({trend}; {swing.periods:.1f} periods in the stretch examined)."
    )
    severe = swing.amplitude > 0.5 or trend == "growing"
    since = max(0, int(h.points[-1].step - swing.periods * swing.period))
    return [Fault("severe" if severe else "mild", since, cause, swing._asdict(), pattern=trend)]


def evenly(points: Sequence[PointRow]) -> list[PointRow]:
    """The looks that lie as far apart as the newest two, oldest first.

    A run that is looked at every fifth step first and every tenth later would else show one swing as two of
    different periods.

    Example:
        >>> steps = (0, 5, 10, 15, 20, 30, 40)
        >>> [look.step for look in evenly([PointRow(step=step, point=(0.0,)) for step in steps])]
        [0, 10, 20, 30, 40]
    """
    if len(points) < 2:
        return list(points)
    apart, kept = points[-1].step - points[-2].step, [points[-1]]
    for look in reversed(points[:-1]):
        if kept[-1].step - look.step >= apart:
            kept.append(look)
    return kept[::-1]


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
    return whole if clear and large and _late(points) > LEAST_AMPLITUDE else None


def _late(points: Sequence[Sequence[float]]) -> float:
    """Amplitude of the newest quarter: a game that has settled is well again."""
    newest = points[len(points) * 3 // 4 :]
    sizes = []
    for column in zip(*newest, strict=True):
        mean = sum(column) / len(column)
        sizes.append(math.sqrt(2 * sum((value - mean) ** 2 for value in column) / len(column)))
    return max(sizes)


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
