"""Two sentences on what happened: no cause without a number, no order that the seeds do not support."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.diagnose.rules.thresholds import VANISHED
from ganscope.metrics import METRICS
from ganscope.report.columns import written
from ganscope.report.summary import RecipeSummary, is_distance
from ganscope.words.lists import listed
from ganscope.words.numerals import change, digits, percent, whole_range
from ganscope.words.spread import Spread


def separated(a: Spread, b: Spread) -> bool | None:
    """Tell whether the seeds separate two recipes; None when a single seed leaves that open.

    Separated: neither the ranges of the seeds nor mean ± one standard deviation touch.

    Example:
        >>> near, far = Spread(1.0, 0.1, 0.9, 1.1, 3), Spread(2.0, 0.1, 1.9, 2.1, 3)
        >>> separated(near, far), separated(near, near), separated(near, Spread(2.0, None, 2.0, 2.0, 1))
        (True, False, None)
    """
    if a.sd is None or b.sd is None:
        return None
    below, above = (a, b) if a.mean <= b.mean else (b, a)
    assert below.sd is not None  # noqa: S101 - for the type checker
    assert above.sd is not None  # noqa: S101
    return max(below.high, below.mean + below.sd) < min(above.low, above.mean - above.sd)


def in_words(summaries: Sequence[RecipeSummary], by: str = "emd") -> str:
    """Say in two sentences what happened: which recipe came closest to the data, which did worst and why.

    A cause is named only where a number shows it, and an order only where the seeds separate the recipes.

    Args:
        summaries: from `summarise`, one per recipe.
        by: name of the metric that decides.

    Returns:
        Two sentences of plain text.

    Example:
        >>> in_words([])
        'There is no run. Nothing can be said.'
    """
    return " ".join(sentences(summaries, by))


def sentences(summaries: Sequence[RecipeSummary], by: str = "emd") -> tuple[str, str]:
    """Return the two sentences of `in_words` apart."""
    if not summaries:
        return "There is no run.", "Nothing can be said."
    ended, said = ranked(summaries, by), left_out(summaries)
    if not ended:
        return "No recipe has finished, so none is ranked.", said
    first, second = _sentences(ended, by)
    return first, f"{second} {said}".rstrip()


def ranked(summaries: Sequence[RecipeSummary], by: str) -> list[RecipeSummary]:
    """Return the recipes that can be ranked: those with a finished seed, or one that runs by itself."""
    if len(summaries) == 1 and not summaries[0].left_out:
        return list(summaries)
    return [s for s in summaries if not s.unfinished or (s.left_out and s.metrics.get(by))]


def left_out(summaries: Sequence[RecipeSummary]) -> str:
    """Mention every recipe with seeds that are unfinished; empty for one that runs by itself."""
    if len(summaries) == 1 and not summaries[0].left_out:
        return ""
    names = [
        f"{s.unfinished} of {len(s.seeds)} seeds of {s.recipe}"
        + ("" if s.unfinished_at is None else f" (at step {s.unfinished_at:,})")
        for s in summaries
        if s.unfinished
    ]
    return f"Unfinished and therefore left out: {listed(names)}." if names else ""


def _sentences(summaries: Sequence[RecipeSummary], by: str) -> tuple[str, str]:
    measured = best_of(summaries, by)
    if not measured:
        return _nothing_measured(summaries)
    best, best_values = measured[0]
    if len(summaries) == 1:
        return _reached(best, best_values, by), _alone(best)
    first = f"{best.recipe} {_led(by)} is {beside_floor(best, best_values, by)}{caught(best, by)}"
    rivals = [(s, values) for s, values in measured[1:] if separated(best_values, values) is False]
    if len(measured) > 1 and any(values.sd is None for _, values in measured):
        first += "; a single seed shows no spread, so the order may be chance"
    elif rivals:
        names = listed([f"{s.recipe} ({written(METRICS[by], values, s.modes)})" for s, values in rivals])
        first += f"; the seeds do not separate it from {names}"
    lost = [s for s in summaries if s.metrics.get(by) is None and s.diverged]
    if not lost and len(measured) == 1:
        others = listed([s.recipe for s in summaries if s is not best])
        return f"{first}.", f"{others} ran without an evaluation, so nothing can be compared with it."
    worst = lost[0] if lost else measured[-1][0]
    second = _worst(worst, best, by, certain=bool(lost) or measured[-1] not in rivals)
    return f"{first}.", f"{second}{_broken([s for s in summaries if s not in lost[:1]])}.{_healed(summaries)}"


def best_of(summaries: Sequence[RecipeSummary], by: str = "emd") -> list[tuple[RecipeSummary, Spread]]:
    """Return the recipes that were measured with their values of a metric, best first."""
    measured = [(s, values) for s in summaries if (values := s.metrics.get(by)) is not None]
    return sorted(measured, key=lambda pair: METRICS[by].sign * pair[1].mean)


def beside_floor(s: RecipeSummary, values: Spread, by: str = "emd") -> str:
    """Write a metric with its spread, and the floor beside which it stands."""
    floor = s.floors.get(by)
    real = f", where real rows against real rows measure {digits(floor)} (the floor)"
    over = "with one seed" if values.seeds == 1 else f"over {values.seeds} seeds"
    return f"{written(METRICS[by], values, s.modes)} {over}{real if floor is not None else ''}"


def caught(s: RecipeSummary, by: str = "emd") -> str:
    """Write how many modes were captured, where modes are known and not the subject already."""
    if by == "captured" or s.captured is None or not s.modes:
        return ""
    return f", with {whole_range(s.captured)} of {s.modes} modes captured"


def _led(by: str) -> str:
    return f"{'came closest to the real data' if by == 'emd' else 'did best'}: its {METRICS[by].label}"


def _reached(s: RecipeSummary, values: Spread, by: str) -> str:
    label = METRICS[by].label
    good = s.high_quality is not None and s.high_quality.mean >= 0.5  # else it is named among the reasons
    quality = f"; {percent(s.high_quality)} of its samples are of high quality" if good else ""
    article = "an" if label[0] in "AEFIOaeiou" else "a"
    return f"{s.recipe} reached {article} {label} of {beside_floor(s, values, by)}{caught(s, by)}{quality}."


def _alone(s: RecipeSummary) -> str:
    """Write the second sentence on a single recipe."""
    clauses = _reasons(s)
    if s.captured and s.modes and not s.missing:
        clauses = ["no mode is missing", *clauses]
    if s.logit_slope_end is not None and not _vanished(s) and not is_distance(s):
        ends = change(s.logit_slope_start, s.logit_slope_end, " to ")
        clauses.append(f"its median |dL/dlogit| went from {ends}")
    start, end = s.generator_gradient_start, s.generator_gradient_end
    if start and end is not None and end <= 10 * start and not _vanished(s):
        clauses.append(f"the norm of its generator's gradient went from {change(start, end, ' to ')}")
    if s.diverged:
        clauses.append(f"{s.diverged} of {len(s.seeds)} seeds diverged (first at step {s.diverged_at})")
    text = "; ".join(clauses) or "neither modes nor gradients were measured"
    return f"{text[0].upper()}{text[1:]}.{_healed([s])}"


def _worst(worst: RecipeSummary, best: RecipeSummary, by: str, *, certain: bool) -> str:
    metric, values = METRICS[by], worst.metrics.get(by)
    if values is None:
        every = "its only seed" if len(worst.seeds) == 1 else f"all {len(worst.seeds)} seeds"
        clauses = [f"{every} diverged, the first at step {worst.diverged_at}", *_reasons(worst)]
        return f"{worst.recipe} did worst: {'; '.join(clauses)}"
    reached = f"{written(metric, values, worst.modes)}{caught(worst, by)}"
    if not certain:
        end = "highest" if metric.better == "lower" else "lowest"
        return (
            f"{worst.recipe} has the {end} {metric.label} ({reached}), but its seeds overlap with those of "
            f"{best.recipe}, so the two cannot be ranked"
        )
    reasons = _reasons(worst)
    gradients = (worst.generator_gradient_end, best.generator_gradient_end)
    if (
        gradients[0] is not None
        and gradients[1]
        and gradients[0] < 0.1 * gradients[1]
        and not _vanished(worst)
    ):
        reasons.append(
            f"the gradient that reached its generator ended at norm {digits(gradients[0])}, "
            f"against {digits(gradients[1])} for {best.recipe}"
        )
    lacking = (
        worst.captured is not None and worst.modes is not None and worst.captured.mean < 0.9 * worst.modes
    )
    if not reasons and not lacking:
        reasons = ["no other number here says why"]
    clauses = [f"{metric.label} {reached}", *reasons]
    return f"{worst.recipe} did worst: {'; '.join(clauses)}"


def _vanished(s: RecipeSummary) -> bool:
    return s.logit_slope_end is not None and s.logit_slope_end < VANISHED


def _reasons(s: RecipeSummary) -> list[str]:
    """Name what the numbers show to be wrong, most telling first."""
    reasons = []
    start, end = s.logit_slope_start or 0.0, s.logit_slope_end
    if end is not None and _vanished(s):
        ends = f"fell from {change(start, end, ' to ')}" if start > end else f"was {digits(end)} at the end"
        reasons.append(f"its median |dL/dlogit| {ends}, so its loss passed on almost no gradient")
    always = [mode for mode, count in s.missing.items() if count == s.averaged]
    if always and s.modes and len(always) <= s.modes / 2:  # longer lists tell less than the count of modes
        seeds = "missing" if len(s.seeds) == 1 else "missing in every seed"
        reasons.append(f"{seeds}: {listed(always)}")
    if s.high_quality is not None and s.high_quality.mean < 0.5:
        reasons.append(f"only {percent(s.high_quality)} of its samples are of high quality")
    small, large = s.generator_gradient_start, s.generator_gradient_end
    if small and large and large > 10 * small:
        reasons.append(f"the norm of its generator's gradient grew from {change(small, large, ' to ')}")
    if is_distance(s) and s.gap_over_emd is not None and s.gap_over_emd.mean > 2:
        reasons.append(
            f"its critic reads {digits(s.gap_over_emd.mean)} times the exact EMD, far from 1-Lipschitz"
        )
    return reasons


def _broken(summaries: Sequence[RecipeSummary]) -> str:
    """Mention every other seed that diverged."""
    broken = [f"{s.diverged} of {len(s.seeds)} seeds of {s.recipe}" for s in summaries if s.diverged]
    return f"; diverged and therefore not averaged: {listed(broken)}" if broken else ""


def _healed(summaries: Sequence[RecipeSummary]) -> str:
    """Mention every recipe whose runs ended with other settings than its own."""
    healed = [f"{s.healed} of {len(s.seeds)} seeds of {s.recipe}" for s in summaries if s.healed]
    said = " Healed while they trained, so no longer with the recipe's settings"
    return f"{said}: {listed(healed)}." if healed else ""


def _nothing_measured(summaries: Sequence[RecipeSummary]) -> tuple[str, str]:
    broken = sum(s.diverged for s in summaries)
    total = sum(len(s.seeds) for s in summaries)
    runs = "The only run" if total == 1 else f"All {total} runs"
    if broken == total:
        first = min((s.diverged_at for s in summaries if s.diverged_at is not None), default=None)
        return (
            f"{runs} diverged, the first at step {first}.",
            "So there is no distance to the real data to compare.",
        )
    names = listed([s.recipe for s in summaries])
    return (
        f"{names} ran without an evaluation, so the distance to the real data is unknown.",
        f"Of {total} run{'s' if total > 1 else ''}, {broken} diverged.",
    )
