"""The summary as columns of text: a few for 80 characters of a terminal, all of them for a page."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.report.summary import RecipeSummary, is_distance
from ganscope.words.numerals import NONE, change, digits, listed, percent, plus_minus, whole_range


def table(summaries: Sequence[RecipeSummary], *, full: bool = False) -> list[tuple[str, list[str]]]:
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
    floors = {digits(s.emd_floor) for s in summaries}
    common = floors.pop() if len(floors) == 1 else None
    kl_floors = {digits(s.reverse_kl_floor) for s in summaries if s.reverse_kl_floor is not None}
    kl_floor = kl_floors.pop() if len(kl_floors) == 1 else None
    columns = [
        ("recipe", [s.recipe for s in summaries]),
        (
            f"EMD (floor {common})" if common and common != NONE else "EMD",
            [plus_minus(s.emd) + ("" if common else f" (floor {digits(s.emd_floor)})") for s in summaries],
        ),
        ("modes", [_modes(s) for s in summaries]),
        ("high quality", [percent(s.high_quality) for s in summaries]),
        ("seconds", [_seconds(s) for s in summaries]),
    ]
    if not full:
        return columns
    return [
        columns[0],
        ("seeds", [_seeds(s) for s in summaries]),
        *columns[1:4],
        ("missing modes", [_missing(s) for s in summaries]),
        (
            f"reverse KL (floor {kl_floor})" if kl_floor else "reverse KL",
            [plus_minus(s.reverse_kl) for s in summaries],
        ),
        ("|dL/dlogit|", [change(s.logit_slope_start, s.logit_slope_end) for s in summaries]),
        (
            "generator gradient",
            [change(s.generator_gradient_start, s.generator_gradient_end) for s in summaries],
        ),
        ("critic gap", [plus_minus(s.critic_gap if is_distance(s) else None) for s in summaries]),
        ("certified EMD", [plus_minus(s.certified_lower if is_distance(s) else None) for s in summaries]),
        ("gap / EMD", [plus_minus(s.gap_over_emd if is_distance(s) else None) for s in summaries]),
        ("steps", [_count(s.steps) for s in summaries]),
        ("samples seen", [_count(s.samples_seen) for s in summaries]),
        columns[4],
    ]


def _modes(s: RecipeSummary) -> str:
    if s.captured is None or s.modes is None:
        return NONE
    return f"{whole_range(s.captured).replace(' to ', '–')} / {s.modes}"


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
    return listed(_missing_names(s), most=11)


def _missing_names(s: RecipeSummary) -> list[str]:
    sound = len(s.seeds) - s.diverged
    return [name if count == sound else f"{name} ({count} of {sound})" for name, count in s.missing.items()]


def _count(values: tuple[int, int] | None) -> str:
    if values is None:
        return NONE
    low, high = values
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
