"""Histories over samples seen, brought together over seeds: the numbers behind every curve of the report."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from ganscope.folder.records import RunRecord, diverged_at, number

POINTS = 50
"""More points a line than this make a thicket of several recipes; longer histories become medians of bins."""
SMALLEST = 1e-12
"""Stands for 0 on a logarithmic axis: a gradient that vanished altogether must not vanish from the plot."""

Line = list[tuple[float, float]]


class Curve(NamedTuple):
    """One quantity of one recipe over samples seen."""

    seeds: dict[int, Line]
    """Seed -> its own line."""
    x: list[float]
    """Samples seen where every sound seed has a value: only there a mean compares like with like."""
    mean: list[float]
    low: list[float]
    high: list[float]


def curve(runs: Sequence[RunRecord], key: str, *, log: bool = False) -> Curve:
    """Bring one quantity of a recipe's seeds together.

    Args:
        runs: the seeds of one recipe.
        key: column of `history.jsonl`.
        log: for a logarithmic axis: geometric mean, absolute values, 0 shown as `SMALLEST`.

    Returns:
        Each seed's line, and mean and range over the seeds that did not diverge (over all when all did).
    """
    raw = {run.seed: _line(run, key) for run in runs}
    if log:
        raw = {seed: [(x, max(abs(y), SMALLEST)) for x, y in line] for seed, line in raw.items()}
    seeds = _thinned({seed: line for seed, line in raw.items() if line})
    sound = {run.seed for run in runs if diverged_at(run) is None} & set(seeds) or set(seeds)
    values = [dict(seeds[seed]) for seed in sorted(sound)]
    x = sorted(set.intersection(*(set(line) for line in values))) if values else []
    mean = statistics.geometric_mean if log else statistics.fmean
    columns = [[line[at] for line in values] for at in x]
    return Curve(
        seeds, x, [mean(column) for column in columns], [min(c) for c in columns], [max(c) for c in columns]
    )


def correlation(runs: Sequence[RunRecord], a: str, b: str) -> float | None:
    """Pearson correlation of two columns within each run, averaged over runs; None where it is undefined."""
    correlations = []
    for run in runs:
        pairs = [(number(row.get(a)), number(row.get(b))) for row in run.history]
        both = [(x, y) for x, y in pairs if x is not None and y is not None]
        if len({x for x, _ in both}) > 2 and len({y for _, y in both}) > 2:
            correlations.append(statistics.correlation([x for x, _ in both], [y for _, y in both]))
    return statistics.fmean(correlations) if correlations else None


def calm_range(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Return a range for the middle 98 % of the values where spikes would flatten the rest, else None."""
    values = sorted(y for c in curves for line in c.seeds.values() for _, y in line)
    if len(values) < 2:
        return None
    edge = max(1, len(values) // 100)
    low, high = values[edge], values[-1 - edge]
    if values[-1] - values[0] <= 3 * (high - low) or low >= high:
        return None
    margin = 0.1 * (high - low)
    return low - margin, high + margin


def _line(run: RunRecord, key: str) -> Line:
    """Take the finite values of a column over samples seen, or over steps where samples were not counted."""
    line = []
    for row in run.history:
        x, y = number(row.get("samples_seen", row.get("step"))), number(row.get(key))
        if x is not None and y is not None:
            line.append((x, y))
    return line


def _thinned(lines: dict[int, Line]) -> dict[int, Line]:
    """Replace long lines by the medians of common bins, so that seeds still meet at the same x."""
    if all(len(line) <= POINTS for line in lines.values()):
        return lines
    low = min(line[0][0] for line in lines.values())
    width = (max(line[-1][0] for line in lines.values()) - low) / POINTS
    thin: dict[int, Line] = {}
    for seed, line in lines.items():
        bins: dict[int, list[float]] = {}
        for x, y in line:
            bins.setdefault(max(0, math.ceil((x - low) / width)), []).append(y)
        # Each bin stands at its upper edge: no point is drawn before the last sample it speaks of.
        thin[seed] = [(low + width * index, statistics.median(ys)) for index, ys in sorted(bins.items())]
    return thin
