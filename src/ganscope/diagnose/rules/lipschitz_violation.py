"""`lipschitz-violation`: a Wasserstein critic steeper than its constraint should leave it."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median, since_of
from ganscope.diagnose.rules.rule import GRADIENT_PENALTY, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import NO_EXCUSE, WIDE_K, K

USUAL_WEIGHT = 10.0
"""Of a gradient penalty, where none was declared."""


def lipschitz_violation(h: History) -> list[Fault] | None:
    """A slope far above what the constraint is expected to hold, or one that nothing holds and that grows."""
    if not h.about.needs_lipschitz:
        return []
    if any(finding.kind == "batchnorm-penalty" for finding in h.about.wiring):
        return None  # a critic that mixes rows has no slope per row
    from ganscope.lipschitz import PENALTIES, expected_slope  # loads torch

    constraint, penalty = h.about.constraint, PENALTIES.get(h.about.constraint)
    slopes = [(row.step, slope) for row in h.rows if (slope := _steepest(row)) is not None]
    if len(slopes) < 2 * K:
        return None
    now = median([slope for _, slope in slopes[-K:]])
    w1 = max(h.recent(lambda row: row.w1, WIDE_K, wide=True), default=0.0)
    expected = expected_slope(w1, h.about.constraint_weight or USUAL_WEIGHT, h.about.target_slope)
    evidence = {"slope": now, "slope_expected": expected}
    if constraint in ("none", "own"):
        third = len(slopes) // 3
        grown = now / max(median([slope for _, slope in slopes[third : third + K]]), 1e-12)
        violated = (now > 3 * expected and grown > 1.3) or now > 10 * expected
        evidence["slope_growth"] = grown
        cause = (
            f"Nothing holds the critic's slope: it is {now:.3g}, where that of a 1-Lipschitz critic is at "
            f"most 1, and {grown:.2g} times what it was at step {slopes[third][0]:,}."
        )
    elif penalty is None or not penalty.asks_slope:
        return []  # clipping allows any slope that stays; spectral normalisation holds it by construction
    else:
        expected = min(expected, NO_EXCUSE)
        evidence["slope_expected"] = expected
        violated = now > 2 * expected + 1
        cause = (
            f"The constraint does not hold: the critic's slope is {now:.3g}, and {constraint} of this weight "
            f"should hold it near {expected:.3g}."
        )
    if not violated:
        return []
    since = since_of([(step, slope > 2 * expected + 1) for step, slope in slopes])
    return [Fault("severe" if now > 10 * expected else "mild", since, cause, evidence)]


def _steepest(row: ProbeRow) -> float | None:
    """The largest 95 % quantile of the slope at real rows, at fakes and between."""
    quantiles = [slope[1] for slope in (row.slope_real, row.slope_fake, row.slope_between) if slope]
    known = [value for value in quantiles if value is not None]
    return max(known) if row.slope_between and len(known) == 3 else None


RULE = Rule(
    lipschitz_violation,
    {
        None: (
            Remedy(
                "Add a gradient penalty of weight 1, in every step.",
                "Gulrajani et al. 2017",
                GRADIENT_PENALTY,
            ),
            Remedy(
                "Multiply the penalty's weight by ten.",
                "the optimal slope is 1 + W1 / (2 lambda)",
                factors={"penalty_weight": 10.0},
            ),
        )
    },
    needs=Needs(probes=2 * K),
)
