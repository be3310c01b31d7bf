"""Rules on the samples: whether they swing, and what they leave out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.diagnose.measure.swing import Swing, swing
from ganscope.diagnose.rules.history import Fault, History
from ganscope.diagnose.rules.thresholds import (
    CONCENTRATED,
    FEWEST_POINTS,
    LEAST_AMPLITUDE,
    LOPSIDED,
    WIDE_K,
    WIDE_M,
    Z,
)


def oscillation(h: History) -> list[Fault] | None:
    """The generator's samples swing to and fro."""
    if len(h.points) < FEWEST_POINTS:
        return None
    points = [row["point"] for row in h.points]
    every = h.points[-1]["step"] - h.points[-2]["step"]
    found = _sustained(points, every)
    if found is None:
        return []
    trend = "growing" if found.growth > 0.1 else "damped" if found.growth < -0.1 else "sustained"
    cause = (
        f"The samples' mean swings by {found.amplitude:.2g} standard deviations of the data with a period of "
        f"{found.period:.0f} steps on average ({trend}, {found.periods:.1f} periods seen)."
    )
    severe = found.amplitude > 0.5 or trend == "growing"
    since = max(0, int(h.points[-1]["step"] - found.periods * found.period))
    return [Fault("severe" if severe else "mild", since, cause, found._asdict(), pattern=trend)]


def mode_collapse(h: History) -> list[Fault] | None:
    """The samples cover less than the data does, in one of four ways."""
    for pattern, signal in (
        ("total", _total), ("within-mode", _within), ("dropped-modes", _dropped), ("imbalance", _imbalance),
    ):  # fmt: skip
        seen = h.persistence(functools.partial(signal, h), WIDE_M, WIDE_K, wide=True)
        if seen.state == "fault":
            return [_collapsed(h, pattern, seen.since)]
    rows = [row for row in h.wide if row["step"] > 0 and "coverage" in row]
    if len(rows) < WIDE_M:
        return None
    return [] if _good(h, rows[-1]) else None


def _sustained(points: Sequence[Sequence[float]], every: float) -> Swing | None:
    """A swing that the newer part of a window shows too."""
    whole, newer = swing(points, every), swing(points[len(points) * 2 // 5 :], every, cycles=3)
    if whole is None or newer is None:
        return None
    clear = min(whole.concentration, newer.concentration) > CONCENTRATED
    large = min(whole.amplitude, newer.amplitude) > LEAST_AMPLITUDE
    return whole if clear and large else None


def _good(h: History, row: Mapping[str, Any]) -> bool:
    """Samples good enough to be assigned to modes: what is merely blurred has not collapsed."""
    return bool(row["precision"] > 0.5 * h.null("precision")[0])


def _blur(h: History, row: Mapping[str, Any]) -> float:
    """Share of the samples that lie where no real rows are, beyond what real ones do."""
    return max(0.0, 1 - float(row["precision"]) / h.null("precision")[0])


def _total(_: History, row: Mapping[str, Any]) -> bool | None:
    return None if row.get("pairwise") is None else row["pairwise"] < 0.2


def _dropped(h: History, row: Mapping[str, Any]) -> bool | None:
    """Bins are missing, more than blur explains, and recall falls with them.

    Where samples are only shifted or narrow, bins at the edges of modes starve as well.
    """
    if row.get("starved") is None:
        return None
    missing = row["starved"] > min(0.5, 0.02 + 2 * _blur(h, row))
    unreached = row["recall"] < (1 - 0.5 * row["starved"]) * h.null("recall")[0]
    return bool(missing and unreached and _good(h, row))


def _within(h: History, row: Mapping[str, Any]) -> bool | None:
    if row.get("recall") is None:
        return None
    recall, spread = h.null("recall")
    there = 1 - row["starved"]  # of the modes: recall is lost, and the others are denser, where some are not
    narrow = (
        row["recall"] < min(recall - Z * spread, 0.5 * there * recall)
        and row["precision"] > 0.9 * h.null("precision")[0]
    )
    return bool(narrow or (h.copied(row, 1 - there) and _good(h, row)))


def _imbalance(h: History, row: Mapping[str, Any]) -> bool | None:
    if row.get("imbalance") is None:
        return None
    mean, sd = h.null("imbalance")
    return bool(row["imbalance"] > mean + max(Z * sd, LOPSIDED) + 2 * _blur(h, row) and _good(h, row))


def _collapsed(h: History, pattern: str, since: int) -> Fault:
    row = h.wide[-1]
    evidence: dict[str, float] = {"starved": row["starved"]}
    for name in ("coverage", "recall", "precision", "density", "duplicates", "imbalance", "pairwise"):
        mean, sd = h.null(name)
        evidence |= {name: row[name], f"{name}_null": mean, f"{name}_null_sd": sd}
    cause = {
        "total": f"All samples are nearly alike: their mean distance is {row['pairwise']:.2g} of that of "
        "real rows.",
        "dropped-modes": (
            f"Kinds of real rows that make up {row['starved']:.0%} of the data are missing from the samples "
            f"(coverage {row['coverage']:.2f}, real rows reach {h.null('coverage')[0]:.2f})."
        ),
        "within-mode": (
            f"The samples are realistic (precision {row['precision']:.2f}) and too much alike: recall "
            f"{row['recall']:.2f} where real rows reach {h.null('recall')[0]:.2f}, near-copies "
            f"{row['duplicates']:.0%}."
        ),
        "imbalance": (
            f"The samples fall into the wrong proportions: {row['imbalance']:.0%} of them would have to "
            "move, "
            f"{h.null('imbalance')[0]:.0%} for real rows."
        ),
    }[pattern]
    severe = pattern == "total" or row["starved"] > 0.2 or row["coverage"] < 0.5
    return Fault("severe" if severe else "mild", since, cause, evidence, pattern=pattern)
