"""`diverged`: NaN, infinities, or fakes far outside the data."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.critic_underfit import critic_underfit
from ganscope.diagnose.rules.discriminator_too_weak import too_weak
from ganscope.diagnose.rules.history import Fault, History, real
from ganscope.diagnose.rules.rule import MEASURED, R1, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import UNDERFIT

FAR = 30
"""Distance of fakes to the data's centre, in spreads of the data."""
SEES = 0.75
"""AUC from which on a discriminator sees where fakes are."""


def diverged(h: History) -> list[Fault] | None:
    """The first number that was not finite, or fakes that run away in plain sight of the discriminator."""
    for row in h.rows:
        if row.nonfinite is not None:
            where = f" in {row.module}" if row.module and row.module != "output" else ""
            cause = f"The {row.nonfinite} turned NaN or infinite{where}."
            return [Fault("severe", row.step, cause, {}, factor=row.nonfinite)]

    if too_weak(h) or critic_underfit(h):
        return []  # a generator without guidance may run anywhere
    proven = h.recent(lambda row: row.certified_share, 1, wide=True)

    def far(row: ProbeRow) -> bool | None:
        unseen = (row.auc is not None and row.auc < SEES) or (bool(proven) and proven[0] < UNDERFIT)
        if row.fake_scale is None or (row.fake_scale > FAR and unseen):
            return (
                None  # the discriminator does not see it either: too weak perhaps, which takes longer to tell
            )
        return row.fake_scale > FAR

    seen = h.persistence(far, 3, 4)
    if seen.state == "fault":
        scale = real(h.last.fake_scale)
        cause = f"Fakes lie {scale:.3g} times as far from the data's centre as real rows do, and stay there."
        return [Fault("severe", seen.since, cause, {"fake_scale": scale}, factor="generator")]
    return [] if seen.state == "fine" else None


RULE = Rule(
    diverged,
    {
        None: (
            Remedy(
                "Go back to the last good checkpoint and continue with Adam without momentum (beta1 0), "
                "learning rates of at most 0.003, and R1.",
                f"Mescheder et al. 2018: each game has a largest stable step, and R1 raises it; {MEASURED}",
                {"optimizer": "adam", "beta1": 0.0, **R1},
                lowered={"g_lr": 3e-3, "d_lr": 3e-3},
            ),
            Remedy(
                "Continue with a tenth of both learning rates and R1.",
                "Mescheder et al. 2018",
                R1,
                {"g_lr": 0.1, "d_lr": 0.1},
            ),
        )
    },
    needs=Needs(probes=3),
)
