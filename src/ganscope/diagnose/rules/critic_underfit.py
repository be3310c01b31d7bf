"""`critic-underfit`: a Wasserstein critic that proves little of the distance between real and fake."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, real
from ganscope.diagnose.rules.rule import EQUAL_RATES, GRADIENT_PENALTY, MEASURED, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import UNDERFIT, WIDE_K, WIDE_M, Z


def critic_underfit(h: History) -> list[Fault] | None:
    """A critic whose gap, scaled to slope 1, is far below the exact distance."""
    if not h.about.needs_lipschitz:
        return []

    def poor(row: ProbeRow) -> bool | None:
        share, w1, floor = row.certified_share, row.w1, row.w1_floor
        if share is None or w1 is None or floor is None:
            return None
        if w1 < max(1.5 * floor, floor + Z * (row.w1_floor_sd or 0.0)):
            return False  # little is left to prove
        return share * w1 < UNDERFIT * (w1 - floor)

    seen = h.persistence(poor, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    evidence = {
        "gap": real(row.gap),
        "certified": real(row.certified),
        "w1": real(row.w1),
        "w1_floor": real(row.w1_floor),
        "certified_share": real(row.certified_share),
        "slope": real(row.slope_between[0] if row.slope_between else None),
    }
    cause = (
        f"The critic is far from its optimum: scaled to slope 1, its gap proves a distance of "
        f"{evidence['certified']:.2g}; the exact distance is {evidence['w1']:.2g}."
    )
    return [Fault("severe" if evidence["certified_share"] < 0.1 else "mild", seen.since, cause, evidence)]


RULE = Rule(
    critic_underfit,
    {
        None: (
            Remedy(
                "Give the critic at least the generator's learning rate, and a gradient penalty of weight 1 "
                "in every step.",
                f"Gulrajani et al. 2017, figure 1a; {MEASURED}: more critic steps cost more than they bring",
                GRADIENT_PENALTY,
                raised=EQUAL_RATES,
            ),
            Remedy(
                "Train the critic twice per generator step.",
                "Arjovsky et al. 2017",
                {"n_critic": 2, **GRADIENT_PENALTY},
                raised=EQUAL_RATES,
            ),
        )
    },
    needs=Needs(comparisons=WIDE_M),
)
