"""`discriminator-overfit`: the discriminator remembers its training rows."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median, real
from ganscope.diagnose.rules.rule import R1, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import OVERFIT, REMEMBERS, WIDE_K, WIDE_M

FLICKERS = 3.5
"""Standard errors of the median of three looks: chance passes them in one of 4,000."""


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

    def flickers(row: ProbeRow) -> bool | None:
        """Few rows come and go in its memory: looks scatter, and the median of three says more than each."""
        newest = [look for look in h.wide if look.step <= row.step and look.auc_train is not None][-3:]
        if row.auc_train_error is None or len(newest) < 3:
            return None
        pooled = median([real(look.auc_train) for look in newest])
        return pooled > 0.5 + max(FLICKERS * row.auc_train_error, 1.15 * OVERFIT)

    seen = h.persistence(remembers, WIDE_M, WIDE_K, wide=True)
    for signal, looks in ((plainly, 2), (flickers, 1)):
        if (
            seen.state != "fault"
            and (other := h.persistence(signal, looks, looks, wide=True)).state == "fault"
        ):
            seen = other
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
