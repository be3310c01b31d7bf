"""`discriminator-overfit`: the discriminator remembers its training rows."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, real
from ganscope.diagnose.rules.rule import R1, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import OVERFIT, REMEMBERS, WIDE_K, WIDE_M


def overfit(h: History) -> list[Fault] | None:
    """A discriminator that scores training rows above held-out ones."""

    def remembers(row: ProbeRow) -> bool | None:
        if row.auc_train is None or row.auc_train_error is None:
            return None
        return row.auc_train > 0.5 + max(REMEMBERS * row.auc_train_error, OVERFIT)

    def plainly(row: ProbeRow) -> bool | None:
        if row.auc_train is None or row.auc_train_error is None:
            return None
        return row.auc_train > 0.5 + 1.5 * max(REMEMBERS * row.auc_train_error, OVERFIT)

    seen = h.persistence(remembers, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault" and (plain := h.persistence(plainly, 2, 2, wide=True)).state == "fault":
        seen = plain
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    train = real(row.auc_train)
    evidence = {"auc_train": train, "auc_train_error": real(row.auc_train_error), "auc": real(row.auc)}
    cause = (
        f"The discriminator scores rows it was trained on above held-out rows (AUC {train:.2f}, where 0.5 "
        "means no difference): it remembers them."
    )
    return [Fault("severe" if train > 0.75 else "mild", seen.since, cause, evidence)]


RULE = Rule(
    overfit,
    {
        None: (
            Remedy(
                "Augment all that the discriminator sees, real and fake alike, or add R1; train on more data "
                "where there is more.",
                "Karras et al. 2020 (ADA); Zhao et al. 2020 (DiffAugment)",
                R1,
            ),
        )
    },
    needs=Needs(comparisons=WIDE_M),
)
