"""`unconverged`: how far the samples are from the data, whether they come nearer, and in how many steps.

No verdict: it is the eleventh line of a status, and keeps "nothing wrong" from being said of bad samples.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ganscope.diagnose.rows import ProbeRow, Statistic
from ganscope.diagnose.rules.history import History, State, median, real
from ganscope.diagnose.rules.thresholds import NEAR, REACHED, STALLED, TOLD, Z

NAME = "unconverged"
COMPARED: tuple[Statistic, ...] = ("recall", "precision", "coverage")
FEWEST, NEWEST = 2, 3
"""Comparisons before anything is said, and those whose median is the present."""
FEWEST_FOR_A_PACE = 5
MISSING = 0.02
"""Share of the data whose kinds may be missing from samples that count as near."""
SETS_OFF = 0.85
"""Share of what was left to do that both newest comparisons fall below where a run sets off again."""
SPARE = 0.1
"""Share by which the newest comparison alone may lie beyond each line."""
LEAST_ENERGY = 0.02
"""Energy distance, in mean distances of real rows, below which samples are near whatever chance says."""


class Progress(NamedTuple):
    """Where the samples of a run stand."""

    state: State
    """Fault: they are plainly not like the data; fine: they are, within error, or nearly; unknown."""
    distance: float = math.nan
    """Of the samples to held-out rows: the exact W1, or the energy distance where W1 was not measured."""
    floor: float = math.nan
    """What real rows score in their place."""
    measure: str = "W1"
    lacking: tuple[str, ...] = ()
    """What else of the samples is not as real rows are, in words."""
    stopped: bool | None = None
    """Whether the distance has stopped falling; None where there are too few comparisons to tell."""
    pace: float = math.nan
    """Share of the way to the data that is made in a tenth of the run."""
    more: int | None = None
    """Steps until the samples are near, at this pace; None for a run that has stopped."""


def progress(h: History) -> Progress:
    """Say how far the newest samples are from the data, and where they are going.

    Args:
        h: of a run.

    Returns:
        Unknown where sample sets were not compared twice after the start, or cannot be.
    """
    if NAME not in h.known:
        h.known[NAME] = _progress(h)
    went: Progress = h.known[NAME]
    return went


def _progress(h: History) -> Progress:
    rows = [_drawn(row) for row in h.wide if row.step > 0 or h.once]
    if len(rows) < (1 if h.once else FEWEST):
        return Progress("unknown")
    told = [row for row in rows[-NEWEST:] if way(h, row) is not None]
    if not told:
        return Progress("unknown")
    ways = [(row.step, value) for row in rows if (value := way(h, row)) is not None]
    stopped, pace, more = _pace(ways)
    there = near(h, pooled(told)) and near(h, told[-1], SPARE)
    state: State = "fine" if there else "fault"
    name, distance, floor = _distance(h, rows[-NEWEST:])
    return Progress(state, distance, floor, name, _lacking(h, rows[-NEWEST:]), stopped, pace, more)


def pooled(rows: Sequence[ProbeRow]) -> ProbeRow:
    """The newest of some comparisons with the medians of all in the place of its numbers.

    One W1 of 150 rows scatters by 10 to 20 % of the floor: of single looks at samples that are as good as
    they will get, some lie on the far side of any line.

    Args:
        rows: at least one, oldest first.
    """
    known = {name: [getattr(row, name) for row in rows] for name in ("w1", "starved", "fresh_auc", *COMPARED)}
    medians: dict[str, Any] = {
        name: median([value for value in values if value is not None])
        for name, values in known.items()
        if any(value is not None for value in values)
    }
    return dataclasses.replace(rows[-1], **medians)


def near(h: History, row: ProbeRow, spare: float = 0.0) -> bool | None:
    """Whether the samples of one comparison could nearly be real rows; None where that cannot be told.

    Args:
        h: the run.
        row: the comparison, or several pooled.
        spare: share by which each line is moved out, since a single look scatters.
    """
    if way(h, row) is None:
        return None  # the energy distance alone does not see what is missing
    shares = [share for name in COMPARED if (share := reach(h, row, name)) is not None]
    enough = all(share > REACHED * (1 - spare) for share in shares)
    told = TOLD + spare * (1 - TOLD) * 5  # a discriminator from scratch tells the samples by something else
    seen = (row.fresh_auc or 0.5) > told
    within = (excess(h, row) or 0.0) < NEAR * (1 + spare) - 1
    return within and enough and not seen and (row.starved or 0.0) < MISSING + spare / 2


def excess(h: History, row: ProbeRow) -> float | None:
    """Distance of the samples beyond the floor, in floors.

    Of rows without W1 the energy distance serves, on a scale on which 0.05 counts as much as half a floor.
    """
    if row.w1 is not None and row.w1_floor:
        return max(0.0, row.w1 / row.w1_floor - 1)
    if row.energy is None:
        return None
    mean, sd = h.null("energy")
    band = max(Z * sd, LEAST_ENERGY) if math.isfinite(mean) and math.isfinite(sd) else LEAST_ENERGY
    return max(0.0, row.energy - (mean if math.isfinite(mean) else 0.0) - band) * 10


def way(h: History, row: ProbeRow) -> float | None:
    """What is left to do: the excess, and the shortfall of the worst of recall, precision and coverage."""
    beyond = excess(h, row)
    reached = [share for name in COMPARED if (share := reach(h, row, name)) is not None]
    if beyond is None or not (reached or row.w1):
        return None
    return beyond + max(0.0, 1 - min(reached, default=1.0))


def reach(h: History, row: ProbeRow, name: Statistic) -> float | None:
    """Share of what real rows reach that the samples reach; None where real rows reach next to nothing."""
    value, (mean, sd) = getattr(row, name), h.null(name)
    if value is None or not mean > 0.1:
        return None
    return float(value) / max(mean - (sd if math.isfinite(sd) else 0.0), 1e-3)


def _drawn(row: ProbeRow) -> ProbeRow:
    """A row as the samples that the run draws have it."""
    return row if row.sampled is None else dataclasses.replace(row, **row.sampled._asdict())


def _lacking(h: History, rows: list[ProbeRow]) -> tuple[str, ...]:
    words = []
    for name in COMPARED:
        shares = [share for row in rows if (share := reach(h, row, name)) is not None]
        if shares and median(shares) <= REACHED:
            values = [real(getattr(row, name)) for row in rows if getattr(row, name) is not None]
            words.append(f"{name} {median(values):.2f} (real rows {h.null(name)[0]:.2f})")
    starved = [row.starved for row in rows if row.starved is not None]
    if starved and median(starved) >= MISSING:
        words.append(f"kinds of rows that make up {median(starved):.0%} of the data are missing")
    fresh = [row.fresh_auc for row in rows if row.fresh_auc is not None]
    if fresh and median(fresh) > TOLD:
        words.append(
            f"a discriminator trained from scratch tells them from real rows (AUC {median(fresh):.2f})"
        )
    return tuple(words)


def _distance(h: History, rows: list[ProbeRow]) -> tuple[str, float, float]:
    if any(row.w1 is not None and row.w1_floor for row in rows):
        known = [row for row in rows if row.w1 is not None and row.w1_floor]
        return "W1", median([real(row.w1) for row in known]), real(known[-1].w1_floor)
    energies = [row.energy for row in rows if row.energy is not None]
    return "energy distance", median(energies), h.null("energy")[0]


def _pace(ways: list[tuple[int, float]]) -> tuple[bool | None, float, int | None]:
    """Whether the way left has stopped falling; the share made in a tenth of the run; steps until near.

    Medians of the last third and of the third before it are compared, since single comparisons are noisy.
    """
    if len(ways) < FEWEST_FOR_A_PACE:
        return None, math.nan, None
    third = max(2, len(ways) // 3)
    newer, older = ways[-third:], ways[-2 * third : -third]
    apart = median([step for step, _ in newer]) - median([step for step, _ in older])
    now, before = median([value for _, value in newer]), median([value for _, value in older])
    if now <= 0.0 or apart <= 0:
        return True, 0.0, None
    newest = max(value for _, value in ways[-2:])
    if newest < SETS_OFF * now:  # after standing still for long
        now, before, apart = max(newest, 1e-9), now, ways[-1][0] - median([step for step, _ in newer])
    rate = math.log(max(before, 1e-9) / now) / apart
    pace = 1 - math.exp(-rate * ways[-1][0] / 10)
    if pace < STALLED:
        return True, pace, None
    return False, pace, max(1, math.ceil(math.log(max(1.0, now / (NEAR - 1))) / rate))
