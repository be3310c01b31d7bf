"""The summary as columns of text: a few for 80 characters of a terminal, all of them for a page."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.contracts import Metric
from ganscope.metrics import METRICS
from ganscope.report.summary import RecipeSummary, is_distance
from ganscope.words.lists import listed
from ganscope.words.numerals import NONE, change, digits, percent, plus_minus, whole_range
from ganscope.words.spread import Spread

Column = tuple[str, list[str]]
"""A header, and a cell for each recipe."""


def table(summaries: Sequence[RecipeSummary], *, full: bool = False) -> list[Column]:
    """Return the summary as columns of text, one cell per recipe.

    Args:
        summaries: from `summarise`.
        full: every column, for a page; else the few that fit 80 columns of a terminal.

    Returns:
        `(header, cells)` per column, cells in the order of `summaries`.

    Example:
        >>> [header for header, _ in table([])]
        ['recipe', 'EMD', 'modes', 'high quality', 'seconds']
    """
    if full:
        return [*reached(summaries), *inside(summaries)]
    few = [_of_metric(name, m, summaries) for name, m in _metrics() if m.terminal != "never"]
    return [_recipes(summaries), *few, ("seconds", [_seconds(s) for s in summaries])]


def reached(summaries: Sequence[RecipeSummary]) -> list[Column]:
    """Return what each recipe reached in every metric, and how long it took."""
    columns: list[Column] = [_recipes(summaries), ("seeds", [_seeds(s) for s in summaries])]
    for name, metric in _metrics():
        columns.append(_of_metric(name, metric, summaries))
        if name == "captured":
            columns.append(("missing modes", [_missing(s) for s in summaries]))
    return [
        *columns,
        ("seconds", [_seconds(s) for s in summaries]),
    ]


def inside(summaries: Sequence[RecipeSummary]) -> list[Column]:
    """Return what the gradients and the critic did, and for how many steps."""
    return [
        ("|dL/dlogit|", [change(s.logit_slope_start, s.logit_slope_end) for s in summaries]),
        (
            "generator gradient",
            [change(s.generator_gradient_start, s.generator_gradient_end) for s in summaries],
        ),
        ("critic gap", [plus_minus(s.critic_gap if is_distance(s) else None) for s in summaries]),
        ("certified EMD", [plus_minus(s.certified_lower if is_distance(s) else None) for s in summaries]),
        ("gap / EMD", [plus_minus(s.gap_over_emd if is_distance(s) else None) for s in summaries]),
        *effort(summaries),
    ]


def effort(summaries: Sequence[RecipeSummary]) -> list[Column]:
    """Return how long each recipe trained."""
    return [
        ("steps", [_count(s.steps) for s in summaries]),
        ("samples seen", [_count(s.samples_seen) for s in summaries]),
    ]


def _metrics() -> list[tuple[str, Metric]]:
    return [(name, metric) for name, metric in METRICS.items() if metric.while_training]


def _recipes(summaries: Sequence[RecipeSummary]) -> Column:
    return "recipe", [s.recipe for s in summaries]


def _of_metric(name: str, metric: Metric, summaries: Sequence[RecipeSummary]) -> Column:
    """One metric of every recipe, the floor in the header where all share it."""
    floors = [digits(s.floors.get(name)) for s in summaries]
    common = set(floors) - {NONE}
    cells = [written(metric, s.metrics.get(name), s.modes) for s in summaries]
    if len(common) == 1:
        return f"{metric.label} (floor {common.pop()})", cells
    if common:
        cells = [
            cell if floor == NONE else f"{cell} (floor {floor})"
            for cell, floor in zip(cells, floors, strict=True)
        ]
    return metric.label, cells


def written(metric: Metric, values: Spread | None, total: int | None = None) -> str:
    """Write a metric over seeds in the way its form asks for.

    Args:
        metric: whose values they are.
        values: over seeds.
        total: of what a count is a count.

    Example:
        >>> written(METRICS["captured"], Spread(7.5, 0.7, 7.0, 8.0, 2), 8)
        '7–8 / 8'
    """
    if metric.form == "share":
        return percent(values)
    if metric.form == "number":
        return plus_minus(values)
    if values is None or total is None:
        return NONE
    return f"{whole_range(values).replace(' to ', '–')} / {total}"


def _seconds(s: RecipeSummary) -> str:
    if s.seconds is None:
        return NONE
    text = digits(s.seconds.mean)
    return f"{text} ({s.together} at once)" if s.together > 1 else text


def _seeds(s: RecipeSummary) -> str:
    less = [f"{s.diverged} diverged"] if s.diverged else []
    less += [f"{s.unfinished} unfinished"] if s.unfinished else []
    return f"{len(s.seeds)}" + (f" ({', '.join(less)})" if less else "")


def _missing(s: RecipeSummary) -> str:
    """Write `1, 8 (1 of 3)`: 1 is missing in every seed, 8 in one of three."""
    if not s.missing:
        return NONE if s.captured is None else "none"
    return listed(_missing_names(s), most=11)


def _missing_names(s: RecipeSummary) -> list[str]:
    sound = s.averaged
    return [name if count == sound else f"{name} ({count} of {sound})" for name, count in s.missing.items()]


def _count(values: tuple[int, int] | None) -> str:
    if values is None:
        return NONE
    low, high = values
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
