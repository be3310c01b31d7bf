"""Rules on the run as a whole: how it is wired, and whether its numbers are still numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganscope.diagnose.rules.critic_rules import critic_underfit
from ganscope.diagnose.rules.gradient_rules import too_weak
from ganscope.diagnose.rules.history import Fault, History, median
from ganscope.diagnose.rules.thresholds import IDLE, UNDERFIT, K, M

ROUNDED = 1e-5
"""|dL/dtheta| of a generator that is given too little to move: `vanishing-gradient` says why."""
CLIMBS = -0.08
"""Cosine of a discriminator's early steps and descent on its loss: -0.1 to -0.24 with swapped labels; under a
penalty that outweighs the loss a right one reaches -0.07."""
SEEN = 0.75
"""AUC from which on a discriminator sees where fakes are."""


def wiring(h: History) -> list[Fault] | None:
    """Mistakes found before the first step, and those that only motion shows."""
    faults = [
        Fault(f["severity"], 0, f["cause"], dict(f.get("evidence", {})), pattern=f["kind"])
        for f in h.about.get("wiring", ())
        if f["kind"] != "unconstrained-critic" or len(h.rows) < 2 * K  # later the slopes themselves tell
    ]
    known = {f.pattern for f in faults}

    def still(row: Mapping[str, Any]) -> bool | None:
        moved, gradient = row.get("g_update"), row.get("generator_gradient")
        if moved is None or not row.get("d_update"):
            return None
        given = gradient is None or gradient > ROUNDED  # below it a step may be lost in rounding
        return bool(moved == 0 and given)

    stuck = h.persistence(still, 3, 4)
    if stuck.state == "fault" and not known & {"frozen-network", "detached-generator", "dead-network"}:
        cause = (
            "The generator's weights do not change from step to step while the discriminator's do: its "
            "loss is "
            "computed on detached fakes, or its optimiser does not hold it."
        )
        faults.append(Fault("severe", stuck.since, cause, {"g_update": 0.0}, pattern="detached-generator"))

    def constant(row: Mapping[str, Any]) -> bool | None:
        spread = row.get("score_sd")
        return None if spread is None else spread == 0 and row.get("critic_slope") == 0

    dead = h.persistence(constant, 3, 4)
    if dead.state == "fault" and "dead-network" not in known:
        cause = "The discriminator is dead: it gives every row the same score, and its slope is exactly 0."
        faults.append(Fault("severe", dead.since, cause, {"score_sd": 0.0}, pattern="dead-network"))

    def upside_down(row: Mapping[str, Any]) -> bool | None:
        return None if row.get("auc") is None else row["auc"] < 0.3

    wrong = h.persistence(upside_down, M, K)
    if wrong.state == "fault" and _climbed(h):
        cause = (
            "The discriminator climbs its own declared loss and ranks fakes above real rows: the labels of "
            "real and "
            "fake are swapped, or a sign is."
        )
        evidence = {"auc": median(h.recent("auc", K)), "d_alignment": _early_alignment(h)}
        faults.append(Fault("severe", wrong.since, cause, evidence, pattern="swapped-labels"))
    if faults:
        return faults
    return [] if h.rows else None


def _early_alignment(h: History) -> float:
    """How the discriminator's first steps lay to its loss; later, near its optimum, they turn to noise.

    Under a penalty one that hardly moves follows the penalty and not the loss: it says nothing.
    """
    penalised = h.about.get("constraint_weight") is not None
    known = [
        float(row["d_alignment"])
        for row in h.rows
        if row.get("d_alignment") is not None and not (penalised and (row.get("d_update") or 0.0) < IDLE)
    ]
    return median(known[:K])


def _climbed(h: History) -> bool:
    return _early_alignment(h) < CLIMBS


def diverged(h: History) -> list[Fault] | None:
    """NaN, infinities, or fakes far outside the data."""
    for row in h.rows:
        if row.get("nonfinite"):
            network, module = row["nonfinite"], row.get("module", "")
            where = f" in {module}" if module and module != "output" else ""
            return [
                Fault(
                    "severe", row["step"], f"The {network} turned NaN or infinite{where}.", {}, factor=network
                )
            ]

    if too_weak(h) or critic_underfit(h):
        return []  # a generator that nobody leads may run anywhere
    proven = h.recent("certified_share", 1, wide=True)

    def far(row: Mapping[str, Any]) -> bool | None:
        scale, score = row.get("fake_scale"), row.get("auc")
        unseen = (score is not None and score < SEEN) or (bool(proven) and proven[0] < UNDERFIT)
        if scale is None or (scale > 30 and unseen):
            return None  # nor does the discriminator see it: too weak, perhaps, which takes longer to tell
        return bool(scale > 30)

    seen = h.persistence(far, 3, 4)
    if seen.state == "fault":
        scale = h.last["fake_scale"]
        cause = f"Fakes lie {scale:.3g} times as far from the data's centre as real rows do, and stay there."
        return [Fault("severe", seen.since, cause, {"fake_scale": scale}, factor="generator")]
    return [] if seen.state == "fine" else None
