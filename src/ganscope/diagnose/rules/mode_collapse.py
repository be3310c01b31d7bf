"""`mode-collapse`: the samples cover less than the data does.

Patterns: total, within-mode, dropped-modes, imbalance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from ganscope.diagnose.rows import ProbeRow, Statistic
from ganscope.diagnose.rules.critic_underfit import critic_underfit
from ganscope.diagnose.rules.discriminator_too_strong import too_strong
from ganscope.diagnose.rules.discriminator_too_weak import too_weak
from ganscope.diagnose.rules.history import Fault, History, real
from ganscope.diagnose.rules.lipschitz_violation import lipschitz_violation
from ganscope.diagnose.rules.oscillation import oscillation
from ganscope.diagnose.rules.rule import MEASURED, R1, R3GAN, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import LOPSIDED, WIDE_K, WIDE_M, Z
from ganscope.diagnose.rules.unconverged import progress
from ganscope.diagnose.rules.vanishing_gradient import vanishing_gradient
from ganscope.diagnose.rules.wiring import wiring

AMID, LESS_SPREAD = 1.2, 0.9
"""Distance of fakes to the data's centre, in the data's spreads; to one another, in that of real rows."""


def mode_collapse(h: History) -> list[Fault] | None:
    """The first pattern that persists; unknown where samples are too blurred to be assigned to modes."""
    for pattern, signal in PATTERNS.items():
        seen = h.persistence(functools.partial(signal, h), WIDE_M, WIDE_K, wide=True)
        if seen.state == "fault":
            return [_collapsed(h, pattern, seen.since)]
    seen = h.persistence(functools.partial(_any, h), WIDE_M, WIDE_K, wide=True)
    if seen.state == "fault":  # each look shows another pattern
        newest = next(name for name, signal in PATTERNS.items() if signal(h, h.wide[-1]))
        return [_collapsed(h, newest, seen.since)]
    rows = [row for row in h.wide if row.step > 0 and row.coverage is not None]
    if len(rows) < WIDE_M:
        return None
    return [] if good(h, rows[-1]) else None


def sharp(h: History, row: ProbeRow) -> float | None:
    """Precision of the samples, in that of real rows; None where real rows have none, as equal rows do."""
    reached = h.null("precision")[0]
    return real(row.precision) / reached if reached > 0 and row.precision is not None else None


def good(h: History, row: ProbeRow) -> bool:
    """Samples good enough to be assigned to modes: blur alone is no collapse."""
    share = sharp(h, row)
    return share is not None and share > 0.5


def blur(h: History, row: ProbeRow) -> float:
    """Share of the samples that lie where no real rows are, beyond what real ones do."""
    share = sharp(h, row)
    return 0.0 if share is None else max(0.0, 1 - share)


def _total(h: History, row: ProbeRow) -> bool | None:
    """All samples nearly alike; or a small cloud away from most of the data that does not spread."""
    if row.pairwise is None:
        return None
    cloud = row.pairwise < 0.5 and (row.starved or 0.0) > 0.5
    unreached = row.recall is not None and row.recall < 0.05 * h.null("recall")[0]
    stands = bool(progress(h).stopped) or not _spreads(h)
    return row.pairwise < 0.2 or (cloud and unreached and stands)


def _spreads(h: History) -> bool:
    """Whether the samples of a run move apart: the last comparison beside that three before."""
    known = h.recent(lambda row: row.pairwise, 4, wide=True)
    return len(known) < 4 or known[-1] > 1.15 * known[0]


def _dropped(h: History, row: ProbeRow) -> bool | None:
    """Bins are missing, more than blur explains, and recall falls with them.

    Where samples are only shifted or narrow, bins at the edges of modes starve as well.
    """
    if row.starved is None or row.recall is None:
        return None
    same = row.starved > 0.1 and _same_missing(h)
    unreached = row.recall < (1 - 0.5 * row.starved) * h.null("recall")[0]
    sharp_enough = good(h, row) and (row.starved > min(0.5, 0.02 + 2 * blur(h, row)) or same)
    return unreached and (sharp_enough or ((row.starved > 0.5 or same) and _settled(h, row)))


def _settled(h: History, row: ProbeRow) -> bool:
    """Blurred samples that have stopped improving: the kinds of rows that they leave out will stay out.

    Not where something upstream keeps the generator from learning, since nothing has collapsed that has not
    begun; and not where the samples lie beside the data, or swing past it, unless they are near-copies.
    """
    if not progress(h).stopped:
        return False
    if "upstream" not in h.known:
        h.known["upstream"] = any(rule(h) for rule in UPSTREAM)
        h.known["swings"] = bool(oscillation(h))
    amid = real(row.fake_scale) < AMID and real(row.pairwise) < LESS_SPREAD and not h.known["swings"]
    return not h.known["upstream"] and (amid or h.copied(row, 0.3))


def _same_missing(h: History) -> bool:
    """Whether the same bins are missing at every look of a run that stands still: blur would take others."""
    sets = [set(row.missing or ()) for row in h.wide[-3:]]
    shared, all_of_them = set.intersection(*sets), set.union(*sets)
    same = len(sets) == 3 and len(shared) > 0.7 * len(all_of_them)
    return same and bool(progress(h).stopped)


def _within(h: History, row: ProbeRow) -> bool | None:
    if row.recall is None or row.starved is None:
        return None
    recall, spread = h.null("recall")
    present = 1 - row.starved  # recall is lost with missing modes, and the others are denser then
    narrow = (
        row.recall < min(recall - Z * spread, 0.5 * present * recall)
        and real(row.precision) > 0.9 * h.null("precision")[0]
    )
    thin = (  # less sharp samples that reach a fraction of the data, and have stopped improving
        row.recall < 0.35 * present * recall and good(h, row) and bool(progress(h).stopped)
    )
    return narrow or thin or h.repeats(row) or (h.copied(row, 1 - present) and good(h, row))


def _imbalance(h: History, row: ProbeRow) -> bool | None:
    if row.imbalance is None:
        return None
    mean, sd = h.null("imbalance")
    return row.imbalance > mean + max(Z * sd, LOPSIDED) + 2 * blur(h, row) and good(h, row)


def _any(h: History, row: ProbeRow) -> bool | None:
    told = [signal(h, row) for signal in PATTERNS.values()]
    return None if all(said is None for said in told) else any(told)


UPSTREAM = (wiring, too_strong, vanishing_gradient, lipschitz_violation, critic_underfit, too_weak)
PATTERNS: dict[str, Callable[[History, ProbeRow], bool | None]] = {
    "total": _total,
    "within-mode": _within,
    "dropped-modes": _dropped,
    "imbalance": _imbalance,
}
"""In the order in which they are asked: total collapse drops modes too."""


def _collapsed(h: History, pattern: str, since: int) -> Fault:
    row = h.wide[-1]
    measured: dict[Statistic, float | None] = {
        "coverage": row.coverage, "recall": row.recall, "precision": row.precision, "density": row.density,
        "duplicates": row.duplicates, "imbalance": row.imbalance, "pairwise": row.pairwise,
    }  # fmt: skip
    starved, coverage = real(row.starved), real(row.coverage)
    evidence: dict[str, float] = {"starved": starved}
    for name, value in measured.items():
        mean, sd = h.null(name)
        evidence |= {name: real(value), f"{name}_null": mean, f"{name}_null_sd": sd}
    cause = {
        "total": (
            f"All samples are nearly alike: their mean distance is {evidence['pairwise']:.2g} of that of "
            "real rows."
        ),
        "dropped-modes": (
            f"Kinds of real rows that make up {starved:.0%} of the data are missing from the samples "
            f"(coverage {coverage:.2f}; real rows reach {evidence['coverage_null']:.2f})."
        ),
        "within-mode": _alike(h, row, evidence),
        "imbalance": (
            f"The samples fall into the wrong proportions: {evidence['imbalance']:.0%} of them would have to "
            f"move to other kinds ({evidence['imbalance_null']:.0%} for real rows)."
        ),
    }[pattern]
    severe = pattern == "total" or starved > 0.2 or coverage < 0.5
    return Fault("severe" if severe else "mild", since, cause, evidence, pattern=pattern)


def _alike(h: History, row: ProbeRow, evidence: dict[str, float]) -> str:
    reached = f"{evidence['recall']:.2f} where real rows reach {evidence['recall_null']:.2f}"
    copies = f"{evidence['duplicates']:.0%} are near-copies of others"
    if h.repeats(row):
        by_chance = f"({evidence['duplicates_null']:.0%} for real rows)"
        return f"The samples repeat one another: {copies} {by_chance}, and recall is {reached}."
    realistic = f"The samples are realistic (precision {evidence['precision']:.2f}) but too much alike"
    return f"{realistic}: recall is {reached}, and {copies}."


RULE = Rule(
    mode_collapse,
    {
        "within-mode": (
            Remedy("Add R1.", f"Mescheder et al. 2018; {MEASURED}, where lower rates do harm", R1),
            R3GAN,
        ),
        None: (
            Remedy(
                "Lower both learning rates to a third, to 0.006 at most, use Adam with beta1 0, and add R1.",
                f"Mescheder et al. 2018; {MEASURED}, where momentum and high rates are the cause",
                {"optimizer": "adam", **R1, "beta1": 0.0},
                {"g_lr": 0.3, "d_lr": 0.3},
                lowered={"g_lr": 6e-3, "d_lr": 6e-3},
            ),
            R3GAN,
        ),
    },
    needs=Needs(comparisons=WIDE_M),
)
