"""`discriminator-too-weak`: real and fake rows plainly differ, and the discriminator does not see it."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median, real
from ganscope.diagnose.rules.layers import left
from ganscope.diagnose.rules.rule import EQUAL_RATES, MEASURED, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import DECAYED, OVERFIT, PLAIN, VANISHED, WIDE_K, WIDE_M, K, Z

TURNED = 0.3
"""AUC below which a discriminator does worse than chance: it ranks fakes above real rows."""


def too_weak(h: History) -> list[Fault] | None:
    """A discriminator no better than chance where one trained from scratch tells real from fake."""
    if h.about.needs_lipschitz:
        return []  # `critic-underfit` says it in units of the distance

    def blind(row: ProbeRow) -> bool | None:
        if row.fresh_auc is None or row.auc is None:
            return None
        kept = left(row.critic_layers)
        dead = row.critic_slope is not None and row.critic_slope < VANISHED
        if row.auc_train is not None and row.auc_train > 0.5 + OVERFIT:
            return None  # it fails on held-out rows because it remembers the others
        far = row.energy is None or row.energy > PLAIN
        plain = row.fresh_auc > 0.75 and far  # else it has little left to teach
        chance = row.auc < 0.5 + Z * real(row.auc_error) and row.fresh_auc - row.auc > 0.2
        return plain and chance and not (dead and kept is not None and kept < DECAYED)

    seen = h.persistence(blind, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    auc, fresh = real(row.auc), real(row.fresh_auc)
    evidence = {
        "auc": auc,
        "auc_error": real(row.auc_error),
        "fresh_auc": fresh,
        "d_update": median(h.recent(lambda row: row.d_update, K)),
        "g_update": median(h.recent(lambda row: row.g_update, K)),
    }
    stands = "is no better than chance" if auc > TURNED else "ranks fakes above real rows"
    cause = (
        f"The discriminator {stands} (AUC {auc:.2f}) where one trained from scratch reaches "
        f"{fresh:.2f}: the generator is being taught by a discriminator that has learned nothing."
    )
    return [Fault("severe" if auc < 0.5 or fresh > 0.9 else "mild", seen.since, cause, evidence)]


RULE = Rule(
    too_weak,
    {
        None: (
            Remedy(
                "Give the discriminator at least the generator's learning rate.",
                f"{MEASURED}, where five updates per generator update do not make up for a low rate",
                raised=EQUAL_RATES,
            ),
            Remedy(
                "Train the discriminator twice per generator update.",
                "Arjovsky et al. 2017; Adlam et al. 2019",
                {"n_critic": 2},
            ),
        )
    },
    needs=Needs(comparisons=WIDE_M),
)
