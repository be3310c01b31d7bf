"""Rules on who leads whom: where the generator's gradient dies, a discriminator too strong or too weak."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from ganscope.diagnose.rules.history import Fault, History, median
from ganscope.diagnose.rules.thresholds import (
    DECAYED,
    GENERATOR_DECAYED,
    OVERFIT,
    PLAIN,
    VANISHED,
    WIDE_K,
    WIDE_M,
    WINS,
    K,
    M,
    Z,
)


def vanishing_gradient(h: History) -> list[Fault] | None:
    """All three factors, the one nearest to the cause first."""
    return _joined(vanishing_critic(h), vanishing_generator(h), vanishing_loss(h))


def vanishing_critic(h: History) -> list[Fault] | None:
    """The score hardly depends on the sample because the critic's layers lose the gradient."""

    def gone(row: Mapping[str, Any]) -> bool | None:
        slope, left = row.get("critic_slope"), _left(row.get("critic_layers"))
        if slope is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and slope < VANISHED and left is not None and left < DECAYED)

    seen = h.persistence(gone, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    last = h.last
    layers = last["critic_layers"]
    cause = (
        f"The gradient dies inside the critic: of what reaches its last layer {_left(layers):.1e} is left "
        "at its "
        f"first, most of it lost at {_steepest(layers)}, though real and fake rows still differ."
    )
    evidence = {
        "critic_slope": last["critic_slope"],
        "critic_left": _left(layers) or 0.0,
        "critic_slope_start": h.first.get("critic_slope") or math.nan,
        "fresh_auc": _newest(h, "fresh_auc"),
    }
    return [Fault("severe", seen.since, cause, evidence, factor="critic")]


def vanishing_generator(h: History) -> list[Fault] | None:
    """The gradient that reaches the samples dies on its way to the generator's first layers."""
    at_start = _left(h.first.get("generator_layers"))
    if too_weak(h) and at_start is not None and at_start > GENERATOR_DECAYED:
        return []  # the units that die under a generator that nobody leads are not the cause

    def gone(row: Mapping[str, Any]) -> bool | None:
        layers = row.get("generator_layers")
        left = _left(layers)
        if layers is not None and len(layers) < 2:
            return False
        if left is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and left < GENERATOR_DECAYED)

    seen = h.persistence(gone, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    layers = h.last["generator_layers"]
    left = _left(layers) or 0.0
    cause = (
        f"The gradient dies inside the generator: of what reaches its last layer {left:.1e} is left at its "
        "first "
        f"(relative to the weights), most of it lost at {_steepest(layers)}."
    )
    evidence = {
        "generator_left": left,
        "generator_left_start": _left(h.first.get("generator_layers")) or math.nan,
        "signal": h.last["signal"],
    }
    return [Fault("severe", seen.since, cause, evidence, factor="generator")]


def vanishing_loss(h: History) -> list[Fault] | None:
    """The discriminator wins and the loss passes nothing on: the sigmoid is saturated."""

    def gone(row: Mapping[str, Any]) -> bool | None:
        slope, score = row.get("logit_slope"), row.get("auc")
        if slope is None or score is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and slope < VANISHED and score > 0.9)

    seen = h.persistence(gone, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    last = h.last
    cause = (
        f"The discriminator wins (AUC {last['auc']:.3f}) and the loss passes only "
        f"{last['logit_slope']:.1e} of a unit "
        "gradient on to the scores of fakes: the sigmoid is saturated on the losing side."
    )
    evidence = {
        key: last[key] for key in ("logit_slope", "dp_ds", "dl_dp", "auc", "critic_slope") if key in last
    }
    evidence["logit_slope_start"] = h.first.get("logit_slope", math.nan)
    return [
        Fault("severe" if last["logit_slope"] < 1e-3 else "mild", seen.since, cause, evidence, factor="loss")
    ]


def too_strong(h: History) -> list[Fault] | None:
    """The discriminator separates perfectly, and that does harm."""
    if h.about.get("needs_lipschitz"):
        return []  # a Wasserstein critic should be trained to its optimum

    def wins(row: Mapping[str, Any]) -> bool | None:
        score = row.get("auc")
        if score is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and score > WINS)

    seen = h.persistence(wins, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    saturated = median(h.recent("logit_slope", K)) < VANISHED
    energy = h.recent("energy", 9, wide=True)
    stalled = len(energy) >= 6 and median(energy[-3:]) > 0.9 * median(energy[:3])
    far = bool(energy) and energy[-1] > 0.1
    if not saturated and not (stalled and far):
        return []
    last = h.last
    harm = "the loss is saturated" if saturated else "the samples have stopped to improve"
    evidence = {"auc": last["auc"], "logit_slope": last["logit_slope"]}
    if energy:
        evidence |= {"energy": energy[-1], "energy_null": h.null("energy")[0]}
    cause = f"The discriminator tells every fake from every real row (AUC {last['auc']:.3f}) and {harm}."
    return [Fault("severe" if saturated else "mild", seen.since, cause, evidence)]


def too_weak(h: History) -> list[Fault] | None:
    """Real and fake rows differ plainly, and the discriminator does not see it."""
    if h.about.get("needs_lipschitz"):
        return []  # `critic-underfit` says it in units of the distance

    def blind(row: Mapping[str, Any]) -> bool | None:
        fresh, score = row.get("fresh_auc"), row.get("auc")
        if fresh is None or score is None:
            return None
        left = _left(row.get("critic_layers"))
        dead = row.get("critic_slope", 1.0) < VANISHED and left is not None and left < DECAYED
        if row.get("auc_train", 0.5) > 0.5 + OVERFIT:
            return None  # it fails on held-out rows because it knows the others by heart
        plain = fresh > 0.75 and row.get("energy", 1.0) > PLAIN  # else it has little left to lead to
        return bool(plain and score < 0.5 + Z * row["auc_error"] and fresh - score > 0.2 and not dead)

    seen = h.persistence(blind, WIDE_M, WIDE_K, wide=True)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    row = h.wide[-1]
    evidence = {"auc": row["auc"], "auc_error": row["auc_error"], "fresh_auc": row["fresh_auc"]}
    for name in ("d_update", "g_update"):
        evidence[name] = median(h.recent(name, K))
    cause = (
        f"The discriminator is no better than chance (AUC {row['auc']:.2f}) where a fresh one reaches "
        f"{row['fresh_auc']:.2f}: the generator learns from somebody who knows nothing."
    )
    severe = row["auc"] < 0.5 or row["fresh_auc"] > 0.9
    return [Fault("severe" if severe else "mild", seen.since, cause, evidence)]


def _left(layers: Any) -> float | None:
    """What is left of a gradient at the far end of a network; None where nothing entered."""
    if not layers or len(layers) < 2 or not layers[0][1]:
        return None
    return float(layers[-1][1] / layers[0][1])


def _steepest(layers: Any) -> str:
    """The layer at which most of the gradient is lost."""
    losses = [
        (after[1] / before[1] if before[1] else 1.0, after[0]) for before, after in itertools.pairwise(layers)
    ]
    return str(min(losses)[1])


def _newest(h: History, name: str) -> float:
    found = h.recent(name, 1)
    return found[0] if found else math.nan


def _joined(*results: list[Fault] | None) -> list[Fault] | None:
    """Faults of several rules; unknown only where none found any and one could not tell."""
    faults = [fault for found in results if found for fault in found]
    return faults if faults or all(found is not None for found in results) else None
