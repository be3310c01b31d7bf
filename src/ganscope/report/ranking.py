"""The points of a sweep in order of merit: in words, and as columns for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ganscope.report.columns import table
from ganscope.report.sentences import caught, distance, separated
from ganscope.report.summary import RecipeSummary
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import Spread

Values = Mapping[str, Mapping[str, object]]
"""Point -> field -> value."""


def best_first(summaries: Sequence[RecipeSummary]) -> list[RecipeSummary]:
    """Order points by their mean EMD, those with diverged seeds after all others.

    Example:
        >>> best_first([])
        []
    """
    return sorted(summaries, key=lambda s: (s.diverged > 0, math.inf if s.emd is None else s.emd.mean))


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
    kept = ("EMD", "modes", "high quality", "seeds", "reverse KL", "steps", "seconds")
    reached = [column for column in table(ordered, full=True) if column[0].startswith(kept)]
    if not full:
        narrow = ("EMD", "modes", "high quality")
        broken = any(s.diverged for s in ordered)
        reached = [column for column in reached if column[0].startswith(narrow)]
        reached += [("diverged", [str(s.diverged) for s in ordered])] if broken else []
    return [*of_fields, *reached]


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
    summaries: Sequence[RecipeSummary], values: Values, fields: Sequence[str]
) -> tuple[str, str]:
    """Say in two sentences which point is best and what the others reached.

    The best of many is named with how many others the seeds do not separate from it: that it came first
    among those is chance.
    """
    ordered = best_first(summaries)
    if not ordered:
        return "There is no run.", "Nothing can be said."
    measured = [(s, s.emd) for s in ordered if s.emd is not None]
    broken, runs = sum(s.diverged for s in ordered), sum(len(s.seeds) for s in ordered)
    lost = f"{broken} of {runs} runs diverged" if broken else ""
    if not measured:
        return f"None of the {len(ordered)} points has an evaluation.", f"{lost or 'Nothing can be said'}."
    best, emd = measured[0]
    first = (
        f"Best of {len(ordered)} points: {named(values.get(best.recipe, {}), fields)}. "
        f"Its EMD is {distance(best, emd)}{caught(best)}."
    )
    others = [other for _, other in measured[1:]]
    clauses = [_rivals(emd, others), _worst(measured, values, fields), lost]
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


def _worst(measured: Sequence[tuple[RecipeSummary, Spread]], values: Values, fields: Sequence[str]) -> str:
    worst, emd = max(measured, key=lambda pair: pair[1].mean)
    if worst is measured[0][0]:
        return ""
    return f"the worst, {named(values.get(worst.recipe, {}), fields)}, has EMD {plus_minus(emd)}"
