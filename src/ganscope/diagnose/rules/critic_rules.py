"""Rules on the critic: its slope, its optimum, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganscope.diagnose.rules.history import Fault, History, median
from ganscope.diagnose.rules.thresholds import OVERFIT, REMEMBERS, UNDERFIT, WIDE_K, WIDE_M, K, Z


def lipschitz_violation(h: History) -> list[Fault] | None:
    """A Wasserstein critic whose slope is not held."""
    if not h.about.get("needs_lipschitz"):
        return []
    from ganscope.lipschitz import PENALTIES, expected_slope  # loads torch

    constraint, weight = h.about.get("constraint", "none"), h.about.get("constraint_weight")
    rows = [row for row in h.rows if row.get("slope_between")]
    if len(rows) < 2 * K:
        return None
    steep = [max(row["slope_real"][1], row["slope_fake"][1], row["slope_between"][1]) for row in rows]
    now = median(steep[-K:])
    w1 = h.recent("w1", WIDE_K, wide=True)
    expected = expected_slope(max(w1, default=0.0), weight or 10.0, h.about.get("target_slope", 1.0))
    if constraint in ("none", "own"):
        third = len(steep) // 3
        grown = now / max(median(steep[third : third + K]), 1e-12)
        violated = (now > 3 * expected and grown > 1.3) or now > 10 * expected
        evidence = {"slope": now, "slope_expected": expected, "slope_growth": grown}
        cause = (
            f"Nothing holds the critic's slope: it is {now:.3g} where a 1-Lipschitz critic has at most 1, "
            f"{grown:.2g} times what it was after a third of the run."
        )
    elif constraint not in PENALTIES or not PENALTIES[constraint].asks_slope:
        return []  # clipping allows any slope that stays; spectral normalisation holds it by construction
    else:
        violated = now > 2 * expected + 1
        evidence = {"slope": now, "slope_expected": expected}
        cause = (
            f"The critic's slope is {now:.3g} where {constraint} of this weight lets expect "
            f"{expected:.3g}: the "
            "constraint does not hold."
        )
    if not violated:
        return []
    since = next(
        (row["step"] for row, s in zip(rows, steep, strict=True) if s > 2 * expected + 1), rows[-1]["step"]
    )
    return [Fault("severe" if now > 10 * expected else "mild", since, cause, evidence)]


def critic_underfit(h: History) -> list[Fault] | None:
    """A Wasserstein critic that finds little of the distance there is."""
    if not h.about.get("needs_lipschitz"):
        return []

    def poor(row: Mapping[str, Any]) -> bool | None:
        share, w1, floor = row.get("certified_share"), row.get("w1"), row.get("w1_floor")
        if share is None or w1 is None or floor is None:
            return None
        if w1 < max(1.5 * floor, floor + Z * (row.get("w1_floor_sd") or 0.0)):
            return False  # little is left to prove
        return bool(share * w1 < UNDERFIT * (w1 - floor))

    seen = h.persistence(poor, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    evidence = {key: row[key] for key in ("gap", "certified", "w1", "w1_floor", "certified_share")}
    evidence["slope"] = row["slope_between"][0]
    cause = (
        "The critic is far from its optimum: scaled to slope 1 its gap proves a distance of "
        f"{row['certified']:.2g}, "
        f"and the exact one is {row['w1']:.2g}."
    )
    return [Fault("severe" if row["certified_share"] < 0.1 else "mild", seen.since, cause, evidence)]


def overfit(h: History) -> list[Fault] | None:
    """The discriminator knows its training rows by heart."""

    def learnt(row: Mapping[str, Any]) -> bool | None:
        score = row.get("auc_train")
        return None if score is None else score > 0.5 + max(REMEMBERS * row["auc_train_error"], OVERFIT)

    seen = h.persistence(learnt, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    evidence = {"auc_train": row["auc_train"], "auc_train_error": row["auc_train_error"], "auc": row["auc"]}
    cause = (
        f"The discriminator scores rows it was trained on above held-out rows (AUC {row['auc_train']:.2f}, "
        "where "
        "0.5 means no difference): it remembers them."
    )
    return [Fault("severe" if row["auc_train"] > 0.75 else "mild", seen.since, cause, evidence)]
