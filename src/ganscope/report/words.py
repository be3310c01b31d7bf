"""Numbers in, words out: how a number is written, two sentences on what happened, and the table's cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ganscope.report.summary import RecipeSummary, Spread

VANISHED = 0.05
"""Below this median |dL/dlogit| the loss hands the generator a twentieth of what a Wasserstein loss does."""
NONE = "–"


def digits(value: float | None, figures: int = 3) -> str:
    """Write a number with three significant digits; a dash when there is none.

    Example:
        >>> [digits(v) for v in (3.14159, 0.00312345, 12345.0, 1.234e-7, 0.0, None)]
        ['3.14', '0.00312', '12,300', '1.23e-7', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    value = float(f"{value:.{figures - 1}e}")
    if not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{figures - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:,.{_decimals(value, figures)}f}"


def plus_minus(values: Spread | None, unit: float = 1.0) -> str:
    """Write mean ± sample standard deviation; with one seed the mean alone, for it has no spread.

    Args:
        values: a number over seeds.
        unit: what it is multiplied by, 100 for per cent.

    Example:
        >>> plus_minus(Spread(3.14159, 0.0512, 3.1, 3.2, 3)), plus_minus(Spread(3.14159, None, 3.1, 3.1, 1))
        ('3.14 ± 0.05', '3.14')
    """
    if values is None:
        return NONE
    mean = values.mean * unit
    if values.sd is None:
        return digits(mean)
    sd = values.sd * unit if values.sd > 1e-9 * abs(values.mean) else 0.0
    if not (mean == 0 or 1e-3 <= abs(mean) < 1e6):
        return f"{digits(mean)} ± {digits(sd, 1)}"
    decimals = _decimals(mean, 3) if mean else 2
    if 0 < sd < 0.5 * 10**-decimals:  # the mean's digits would show a spread of 0, which it is not
        decimals = min(_decimals(sd, 1), decimals + 3)
    return f"{mean:,.{decimals}f} ± {sd:,.{decimals}f}"


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


def is_distance(s: RecipeSummary) -> bool:
    """Tell whether the critic's gap estimates a distance; a gap of log-odds does not."""
    return s.objective == "wasserstein"


def in_words(summaries: Sequence[RecipeSummary]) -> str:
    """Say in two sentences what happened: which recipe came closest to the data, which did worst and why.

    A cause is named only where a number shows it, and an order only where the seeds separate the recipes.

    Args:
        summaries: from `summarise`, one per recipe.

    Returns:
        Two sentences of plain text.
    """
    return " ".join(sentences(summaries))


def sentences(summaries: Sequence[RecipeSummary]) -> tuple[str, str]:
    """Return the two sentences of `in_words` apart."""
    measured = [(s, s.emd) for s in summaries if s.emd is not None]
    if not measured:
        return _nothing_measured(summaries)
    measured.sort(key=lambda pair: pair[1].mean)
    best, best_emd = measured[0]
    if len(summaries) == 1:
        return _reached(best, best_emd), _alone(best)
    first = f"{best.recipe} came closest to the real data: {_distance(best, best_emd)}{_caught(best)}"
    rivals = [(s, emd) for s, emd in measured[1:] if separated(best_emd, emd) is False]
    if len(measured) > 1 and any(emd.sd is None for _, emd in measured):
        first += "; a single seed shows no spread, so the order may be chance"
    elif rivals:
        names = _listed([f"{s.recipe} ({plus_minus(emd)})" for s, emd in rivals])
        first += f"; the seeds do not separate it from {names}"
    lost = [s for s in summaries if s.emd is None and s.diverged]
    if not lost and len(measured) == 1:
        others = _listed([s.recipe for s in summaries if s is not best])
        return f"{first}.", f"{others} ran without an evaluation, so nothing can be compared with it."
    worst = lost[0] if lost else measured[-1][0]
    second = _worst(worst, best, certain=bool(lost) or measured[-1] not in rivals)
    return f"{first}.", f"{second}{_broken(summaries)}."


def table(summaries: Sequence[RecipeSummary], *, full: bool = False) -> list[tuple[str, list[str]]]:
    """Return the summary as columns of text, one cell per recipe.

    Args:
        summaries: from `summarise`.
        full: every column, for a page; else the few that fit 80 columns of a terminal.

    Returns:
        `(header, cells)` per column, cells in the order of `summaries`.
    """
    floors = {digits(s.emd_floor) for s in summaries}
    common = floors.pop() if len(floors) == 1 else None
    columns = [
        ("recipe", [s.recipe for s in summaries]),
        (
            f"EMD (floor {common})" if common and common != NONE else "EMD",
            [plus_minus(s.emd) + ("" if common else f" (floor {digits(s.emd_floor)})") for s in summaries],
        ),
        ("modes", [_modes(s) for s in summaries]),
        ("high quality", [_percent(s.high_quality) for s in summaries]),
        ("seconds", [_seconds(s) for s in summaries]),
    ]
    if not full:
        return columns
    return [
        columns[0],
        ("seeds", [_seeds(s) for s in summaries]),
        *columns[1:4],
        ("missing modes", [_missing(s) for s in summaries]),
        ("reverse KL", [plus_minus(s.reverse_kl) for s in summaries]),
        ("|dL/dlogit|", [_change(s.logit_slope_start, s.logit_slope_end) for s in summaries]),
        (
            "generator gradient",
            [_change(s.generator_gradient_start, s.generator_gradient_end) for s in summaries],
        ),
        ("critic gap", [plus_minus(s.critic_gap if is_distance(s) else None) for s in summaries]),
        ("gap / EMD", [plus_minus(s.gap_over_emd if is_distance(s) else None) for s in summaries]),
        ("steps", [_count(s.steps) for s in summaries]),
        ("samples seen", [_count(s.samples_seen) for s in summaries]),
        columns[4],
    ]


def _decimals(value: float, figures: int) -> int:
    return max(0, figures - 1 - math.floor(math.log10(abs(value))))


def _listed(names: Sequence[str], most: int = 5) -> str:
    """Join names as a sentence does."""
    if len(names) > most:
        return ", ".join(names[: most - 1]) + f" and {len(names) - most + 1} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def _over(values: Spread) -> str:
    return "with one seed" if values.seeds == 1 else f"over {values.seeds} seeds"


def _distance(s: RecipeSummary, emd: Spread) -> str:
    floor = f", where real rows against real rows measure {digits(s.emd_floor)} (the floor)"
    return f"its EMD is {plus_minus(emd)} {_over(emd)}{floor if s.emd_floor is not None else ''}"


def _range_of(values: Spread) -> str:
    """Write the range of a whole number over seeds."""
    return f"{values.low:.0f}" + ("" if values.low == values.high else f" to {values.high:.0f}")


def _caught(s: RecipeSummary) -> str:
    return f", with {_range_of(s.captured)} of {s.modes} modes captured" if s.captured and s.modes else ""


def _reached(s: RecipeSummary, emd: Spread) -> str:
    quality = f"; {_percent(s.high_quality)} of its samples are of high quality" if s.high_quality else ""
    distance = _distance(s, emd).replace("its EMD is", f"{s.recipe} reached an EMD of")
    return f"{distance}{_caught(s)}{quality}."


def _alone(s: RecipeSummary) -> str:
    """Write the second sentence on a single recipe."""
    clauses = _reasons(s)
    if s.captured and s.modes and not s.missing:
        clauses = ["no mode is missing", *clauses]
    if s.logit_slope_end is not None and not _vanished(s) and not is_distance(s):
        change = _change(s.logit_slope_start, s.logit_slope_end, " to ")
        clauses.append(f"its median |dL/dlogit| went from {change}")
    start, end = s.generator_gradient_start, s.generator_gradient_end
    if start and end is not None and end <= 10 * start and not _vanished(s):
        clauses.append(f"the norm of its generator's gradient went from {_change(start, end, ' to ')}")
    if s.diverged:
        clauses.append(f"{s.diverged} of {len(s.seeds)} seeds diverged (first at step {s.diverged_at})")
    text = "; ".join(clauses) or "neither modes nor gradients were measured"
    return f"{text[0].upper()}{text[1:]}."


def _worst(worst: RecipeSummary, best: RecipeSummary, *, certain: bool) -> str:
    if worst.emd is None:
        every = "its only seed" if len(worst.seeds) == 1 else f"all {len(worst.seeds)} seeds"
        clauses = [f"{every} diverged, the first at step {worst.diverged_at}", *_reasons(worst)]
        return f"{worst.recipe} did worst: {'; '.join(clauses)}"
    if not certain:
        return (
            f"{worst.recipe} has the highest EMD ({plus_minus(worst.emd)}{_caught(worst)}), but its seeds "
            f"overlap with those of {best.recipe}, so they rank nothing"
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
    clauses = [
        f"EMD {plus_minus(worst.emd)}{_caught(worst)}",
        *(reasons or ["no other number here says why"]),
    ]
    return f"{worst.recipe} did worst: {'; '.join(clauses)}"


def _vanished(s: RecipeSummary) -> bool:
    return s.logit_slope_end is not None and s.logit_slope_end < VANISHED


def _reasons(s: RecipeSummary) -> list[str]:
    """Name what the numbers show to be wrong, most telling first."""
    found = []
    if _vanished(s):
        change = _change(s.logit_slope_start, s.logit_slope_end, " to ")
        found.append(f"its median |dL/dlogit| fell from {change}, so its loss passed on almost no gradient")
    always = [mode for mode, count in s.missing.items() if count == len(s.seeds) - s.diverged]
    if always and s.modes and len(always) <= s.modes / 2:  # longer lists tell less than the count of modes
        seeds = "missing" if len(s.seeds) == 1 else "missing in every seed"
        found.append(f"{seeds}: {_listed(always)}")
    if s.high_quality is not None and s.high_quality.mean < 0.5:
        found.append(f"only {_percent(s.high_quality)} of its samples are of high quality")
    start, end = s.generator_gradient_start, s.generator_gradient_end
    if start and end and end > 10 * start:
        found.append(f"the norm of its generator's gradient grew from {_change(start, end, ' to ')}")
    if is_distance(s) and s.gap_over_emd is not None and s.gap_over_emd.mean > 2:
        found.append(
            f"its critic reads {digits(s.gap_over_emd.mean)} times the exact EMD, far from 1-Lipschitz"
        )
    return found


def _broken(summaries: Sequence[RecipeSummary]) -> str:
    """Mention the seeds that diverged in recipes whose other seeds did not."""
    partly = [
        f"{s.diverged} of {len(s.seeds)} seeds of {s.recipe}" for s in summaries if s.diverged and s.emd
    ]
    return f"; not averaged, for they diverged: {_listed(partly)}" if partly else ""


def _nothing_measured(summaries: Sequence[RecipeSummary]) -> tuple[str, str]:
    broken = sum(s.diverged for s in summaries)
    total = sum(len(s.seeds) for s in summaries)
    runs = "The only run" if total == 1 else f"All {total} runs"
    if broken == total:
        first = min((s.diverged_at for s in summaries if s.diverged_at is not None), default=None)
        return (
            f"{runs} diverged, the first at step {first}.",
            "No distance to the real data is left to compare.",
        )
    names = _listed([s.recipe for s in summaries])
    return (
        f"{names} ran without an evaluation, so the distance to the real data is unknown.",
        f"Of {total} run{'s' if total > 1 else ''}, {broken} diverged.",
    )


def _modes(s: RecipeSummary) -> str:
    if s.captured is None or s.modes is None:
        return NONE
    return f"{_range_of(s.captured).replace(' to ', '–')} / {s.modes}"


def _percent(values: Spread | None) -> str:
    if values is None:
        return NONE
    return f"{100 * values.mean:.0f}" + ("" if values.sd is None else f" ± {100 * values.sd:.0f}") + " %"


def _seconds(s: RecipeSummary) -> str:
    if s.seconds is None:
        return NONE
    text = digits(s.seconds.mean)
    return f"{text} ({s.together} at once)" if s.together > 1 else text


def _seeds(s: RecipeSummary) -> str:
    return f"{len(s.seeds)}" + (f" ({s.diverged} diverged)" if s.diverged else "")


def _missing(s: RecipeSummary) -> str:
    """Write `1, 8 (1 of 3)`: 1 is missing in every seed, 8 in one of three."""
    if not s.missing:
        return NONE if s.captured is None else "none"
    return _listed(_missing_names(s), most=11)


def _missing_names(s: RecipeSummary) -> list[str]:
    sound = len(s.seeds) - s.diverged
    return [name if count == sound else f"{name} ({count} of {sound})" for name, count in s.missing.items()]


def _change(start: float | None, end: float | None, arrow: str = " → ") -> str:
    return NONE if end is None else f"{digits(start)}{arrow}{digits(end)}"


def _count(values: tuple[int, int] | None) -> str:
    if values is None:
        return NONE
    low, high = values
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
