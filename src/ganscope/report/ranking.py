"""The points of a sweep in order of merit: in words, and as columns for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ganscope.metrics import METRICS
from ganscope.report.columns import effort, reached, table, written
from ganscope.report.summary import RecipeSummary
from ganscope.report.two_sentences import beside_floor, caught, left_out, ranked, separated
from ganscope.words.spread import Spread

Values = Mapping[str, Mapping[str, object]]
"""Point -> field -> value."""


def best_first(summaries: Sequence[RecipeSummary], by: str = "emd") -> list[RecipeSummary]:
    """Order points by the mean of a metric, those with diverged seeds after all others.

    Args:
        summaries: one per point.
        by: name of the metric.

    Example:
        >>> best_first([])
        []
    """

    def merit(s: RecipeSummary) -> tuple[bool, float]:
        values = s.metrics.get(by)
        return s.diverged > 0, math.inf if values is None else METRICS[by].sign * values.mean

    return sorted(summaries, key=merit)


def point_columns(
    ordered: Sequence[RecipeSummary], values: Values, fields: Sequence[str], *, full: bool = False
) -> list[tuple[str, list[str]]]:
    """Return the points as columns of text: the fields that vary, then what was reached.

    Args:
        ordered: summaries, best first.
        values: of the fields, by point.
        fields: those that vary.
        full: every column, for a page; else the few that fit a terminal.
    """
    of_fields = [(field, [shown(values.get(s.recipe, {}).get(field)) for s in ordered]) for field in fields]
    if full:
        return [*of_fields, *reached(ordered)[1:], effort(ordered)[0]]
    columns = table(ordered)[1:-1]
    if any(s.diverged for s in ordered):
        columns.append(("diverged", [str(s.diverged) for s in ordered]))
    return [*of_fields, *columns]


def shown(value: object) -> str:
    """Write a value of a field.

    Example:
        >>> shown(1e-4), shown(0.1 + 0.2), shown("hinge"), shown(None)
        ('0.0001', '0.3', 'hinge', '–')
    """
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def named(values: Mapping[str, object], fields: Sequence[str]) -> str:
    """Write a point in words.

    Example:
        >>> named({"g_lr": 0.001, "objective": "hinge"}, ["g_lr", "objective"])
        'g_lr 0.001, objective hinge'
    """
    return ", ".join(f"{field} {shown(values.get(field))}" for field in fields)


def point_sentences(
    summaries: Sequence[RecipeSummary], values: Values, fields: Sequence[str], by: str = "emd"
) -> tuple[str, str]:
    """Say in two sentences which point is best and what the others reached.

    The best of many is named with how many others the seeds do not separate from it: that it came first
    among those is chance.

    Args:
        summaries: one per point.
        values: of the fields, by point.
        fields: those that vary.
        by: name of the metric that decides.
    """
    if not summaries:
        return "There is no run.", "Nothing can be said."
    ordered, unfinished = best_first(ranked(summaries, by), by), left_out(summaries)
    if not ordered:
        return "No point has finished, so none is ranked.", unfinished
    first, second = _point_sentences(ordered, values, fields, by)
    return first, f"{second} {unfinished}".strip()


def _point_sentences(
    ordered: Sequence[RecipeSummary], values: Values, fields: Sequence[str], by: str
) -> tuple[str, str]:
    measured = [(s, of_point) for s in ordered if (of_point := s.metrics.get(by)) is not None]
    broken, runs = sum(s.diverged for s in ordered), sum(len(s.seeds) for s in ordered)
    lost = f"{broken} of {runs} runs diverged" if broken else ""
    if not measured:
        return f"None of the {len(ordered)} points has an evaluation.", f"{lost or 'Nothing can be said'}."
    best, of_best = measured[0]
    first = (
        f"Best of {len(ordered)} points: {named(values.get(best.recipe, {}), fields)}. "
        f"Its {METRICS[by].label} is {beside_floor(best, of_best, by)}{caught(best, by)}."
    )
    others = [other for _, other in measured[1:]]
    clauses = [_rivals(of_best, others), _worst(measured, values, fields, by), lost]
    second = "; ".join(clause for clause in clauses if clause)
    return first, f"{second[:1].upper()}{second[1:]}." if second else ""


def _rivals(best: Spread, others: Sequence[Spread]) -> str:
    if not others:
        return ""
    if any(separated(best, other) is None for other in others):
        return "a single seed shows no spread, so the order may be chance"
    close = sum(separated(best, other) is False for other in others)
    if not close:
        return "the seeds separate it from every other point"
    return f"the seeds do not separate it from {close} other point{'s' if close > 1 else ''}"


def _worst(
    measured: Sequence[tuple[RecipeSummary, Spread]], values: Values, fields: Sequence[str], by: str
) -> str:
    metric = METRICS[by]
    worst, values_of_worst = max(measured, key=lambda pair: metric.sign * pair[1].mean)
    if worst is measured[0][0]:
        return ""
    of_worst = f"{metric.label} {written(metric, values_of_worst, worst.modes)}"
    return f"the worst, {named(values.get(worst.recipe, {}), fields)}, has {of_worst}"
