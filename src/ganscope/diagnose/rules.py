"""The rules: what the history of a run must show for each verdict. Thresholds are measured, see the comments.

A rule takes a `History` and returns its faults, none where all is fine, None where the evidence does not
suffice.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.diagnose.dynamics import Swing, swing
from ganscope.diagnose.history import Fault, History, median

VANISHED = 0.02
"""Of |dL/ds|, and of |ds/dx| in spreads of the data; healthy runs stay above 0.1 until they are done."""
DECAYED = 1e-2
"""Share of the critic's gradient that is left at its first layer."""
GENERATOR_DECAYED = 1e-3
"""Likewise for the generator, relative to the weights; healthy ones keep 0.004 to 0.2."""
OVERFIT = 0.15
"""Of AUC(train, held-out) above 1/2: healthy runs on 1,400 digits reach 0.12 without harm."""
M, K = 5, 6
WIDE_M, WIDE_K = 3, 4
FEWEST_POINTS, LEAST_PERIODS = 150, 5.0
LEAST_AMPLITUDE, CLEAR_PEAK = 0.2, 0.4
"""Standard deviations of the data; height of the autocorrelation's peak."""
Z = 5.0
"""Standard deviations of the null that a statistic must be away from it."""


def wiring(h: History) -> list[Fault] | None:
    """Mistakes found before the first step, and those that only motion shows."""
    faults = [
        Fault(f["severity"], 0, f["cause"], dict(f.get("evidence", {})), pattern=f["kind"])
        for f in h.about.get("wiring", ())
        if f["kind"] != "unconstrained-critic" or len(h.rows) < 2 * K  # later the slopes themselves tell
    ]
    known = {f.pattern for f in faults}

    def still(row: Mapping[str, Any]) -> bool | None:
        moved = row.get("g_update")
        return None if moved is None or not row.get("d_update") else moved == 0

    stuck = h.persistence(still, 3, 4)
    if stuck.state == "fault" and not known & {"frozen-network", "detached-generator", "dead-network"}:
        cause = (
            "The generator's weights do not change from step to step while the discriminator's do: its "
            "loss is "
            "computed on detached fakes, or its optimiser does not hold it."
        )
        faults.append(Fault("severe", stuck.since, cause, {"g_update": 0.0}, pattern="detached-generator"))

    def swapped(row: Mapping[str, Any]) -> bool | None:
        uphill, score = row.get("d_alignment"), row.get("auc")
        return None if uphill is None or score is None else uphill < -0.05 and score < 0.3

    wrong = h.persistence(swapped, M, K)
    if wrong.state == "fault":
        cause = (
            "The discriminator climbs its own declared loss and ranks fakes above real rows: the labels of "
            "real and "
            "fake are swapped, or a sign is."
        )
        evidence = {"auc": median(h.recent("auc", K)), "d_alignment": median(h.recent("d_alignment", K))}
        faults.append(Fault("severe", wrong.since, cause, evidence, pattern="swapped-labels"))
    if faults:
        return faults
    return [] if h.rows else None


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

    if too_weak(h):
        return []  # a generator that nobody leads may run anywhere

    def far(row: Mapping[str, Any]) -> bool | None:
        return None if row.get("fake_scale") is None else row["fake_scale"] > 30

    seen = h.persistence(far, 3, 4)
    if seen.state == "fault":
        scale = h.last["fake_scale"]
        cause = f"Fakes lie {scale:.3g} times as far from the data's centre as real rows do, and stay there."
        return [Fault("severe", seen.since, cause, {"fake_scale": scale}, factor="generator")]
    return [] if seen.state == "fine" else None


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


def vanishing_gradient(h: History) -> list[Fault] | None:
    """All three factors, the one nearest to the cause first."""
    return _joined(vanishing_critic(h), vanishing_generator(h), vanishing_loss(h))


def too_strong(h: History) -> list[Fault] | None:
    """The discriminator separates perfectly, and that does harm."""
    if h.about.get("needs_lipschitz"):
        return []  # a Wasserstein critic should be trained to its optimum

    def wins(row: Mapping[str, Any]) -> bool | None:
        score = row.get("auc")
        if score is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and score > 0.99)

    seen = h.persistence(wins, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    saturated = median(h.recent("logit_slope", K)) < VANISHED
    energy = h.recent("energy", 9, wide=True)
    stalled = len(energy) == 9 and median(energy[-3:]) > 0.9 * median(energy[:3])
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
        return bool(fresh > 0.75 and score < 0.5 + Z * row["auc_error"] and fresh - score > 0.2 and not dead)

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


def lipschitz_violation(h: History) -> list[Fault] | None:
    """A Wasserstein critic whose slope is not held."""
    if not h.about.get("needs_lipschitz"):
        return []
    constraint, weight = h.about.get("constraint", "none"), h.about.get("constraint_weight")
    rows = [row for row in h.rows if row.get("slope_between")]
    if len(rows) < 2 * K:
        return None
    steep = [max(row["slope_real"][1], row["slope_fake"][1], row["slope_between"][1]) for row in rows]
    now = median(steep[-K:])
    w1 = h.recent("w1", WIDE_K, wide=True)
    expected = h.about.get("target_slope", 1.0) + max(w1, default=0.0) / (2 * (weight or 10.0))
    if constraint in ("none", "own"):
        third = len(steep) // 3
        grown = now / max(median(steep[third : third + K]), 1e-12)
        violated = (now > 3 * expected and grown > 1.3) or now > 10 * expected
        evidence = {"slope": now, "slope_expected": expected, "slope_growth": grown}
        cause = (
            f"Nothing holds the critic's slope: it is {now:.3g} where a 1-Lipschitz critic has at most 1, "
            f"{grown:.2g} times what it was after a third of the run."
        )
    elif constraint not in ("gradient-penalty", "one-sided", "dragan"):
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
        if share is None or w1 is None or floor is None or w1 < 1.5 * floor:
            return None
        return bool(share * w1 < 0.25 * (w1 - floor))

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
        return None if score is None else score > 0.5 + max(Z * row["auc_train_error"], OVERFIT)

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


def oscillation(h: History) -> list[Fault] | None:
    """The generator's samples swing to and fro."""
    if len(h.points) < FEWEST_POINTS:
        return None
    points = [row["point"] for row in h.points]
    every = h.points[-1]["step"] - h.points[-2]["step"]
    found = [_sustained([p[axis] for p in points], every) for axis in range(len(points[0]))]
    worst = max((s for s in found if s is not None), key=lambda s: s.amplitude, default=None)
    if worst is None:
        return []
    trend = "growing" if worst.growth > 0.1 else "damped" if worst.growth < -0.1 else "sustained"
    last = h.points[-1]["step"]
    evidence = worst._asdict()
    cause = (
        f"The samples' mean swings by {worst.amplitude:.2g} standard deviations of the data with a period of "
        f"{worst.period:.0f} steps ({trend}, {worst.periods:.1f} periods seen)."
    )
    severe = worst.amplitude > 0.5 or trend == "growing"
    return [
        Fault(
            "severe" if severe else "mild",
            max(0, int(last - worst.periods * worst.period)),
            cause,
            evidence,
            pattern=trend,
        )
    ]


def _sustained(series: Sequence[float], every: float) -> Swing | None:
    """A swing that the newer part of a window shows too, at the same period."""
    whole, newer = swing(series, every), swing(series[len(series) * 2 // 5 :], every)
    if whole is None or newer is None:
        return None
    clear = whole.peak > CLEAR_PEAK and newer.peak > CLEAR_PEAK and whole.periods >= LEAST_PERIODS
    large = whole.amplitude > LEAST_AMPLITUDE and newer.amplitude > LEAST_AMPLITUDE
    return whole if clear and large and abs(newer.period - whole.period) < 0.25 * whole.period else None


def mode_collapse(h: History) -> list[Fault] | None:
    """The samples cover less than the data does, in one of four ways."""
    for pattern, signal in (
        ("total", _total), ("dropped-modes", _dropped), ("within-mode", _within), ("imbalance", _imbalance),
    ):  # fmt: skip
        seen = h.persistence(functools.partial(signal, h), WIDE_M, WIDE_K, wide=True)
        if seen.state == "fault":
            return [_collapsed(h, pattern, seen.since)]
    rows = [row for row in h.wide if row["step"] > 0 and "coverage" in row]
    if len(rows) < WIDE_M:
        return None
    return [] if _good(h, rows[-1]) else None


def _good(h: History, row: Mapping[str, Any]) -> bool:
    """Samples good enough to be assigned to modes: what is merely blurred has not collapsed."""
    return bool(row["precision"] > 0.5 * h.null("precision")[0])


def _total(_: History, row: Mapping[str, Any]) -> bool | None:
    return None if row.get("pairwise") is None else row["pairwise"] < 0.2


def _dropped(h: History, row: Mapping[str, Any]) -> bool | None:
    if row.get("starved") is None:
        return None
    return bool(row["starved"] > 0.02 and _good(h, row))


def _within(h: History, row: Mapping[str, Any]) -> bool | None:
    if row.get("recall") is None:
        return None
    recall, spread = h.null("recall")
    copies, copies_sd = h.null("duplicates")
    narrow = (
        row["recall"] < min(recall - Z * spread, 0.5 * recall)
        and row["precision"] > 0.9 * h.null("precision")[0]
    )
    few = row["duplicates"] > copies + max(Z * copies_sd, 0.2)
    return bool(narrow or (few and _good(h, row)))


def _imbalance(h: History, row: Mapping[str, Any]) -> bool | None:
    if row.get("imbalance") is None:
        return None
    mean, sd = h.null("imbalance")
    return bool(row["imbalance"] > mean + max(Z * sd, 0.2) and _good(h, row))


def _collapsed(h: History, pattern: str, since: int) -> Fault:
    row = h.wide[-1]
    evidence: dict[str, float] = {"starved": row["starved"]}
    for name in ("coverage", "recall", "precision", "density", "duplicates", "imbalance", "pairwise"):
        mean, sd = h.null(name)
        evidence |= {name: row[name], f"{name}_null": mean, f"{name}_null_sd": sd}
    cause = {
        "total": f"All samples are nearly alike: their mean distance is {row['pairwise']:.2g} of that of "
        "real rows.",
        "dropped-modes": (
            f"Kinds of real rows that make up {row['starved']:.0%} of the data are missing from the samples "
            f"(coverage {row['coverage']:.2f}, real rows reach {h.null('coverage')[0]:.2f})."
        ),
        "within-mode": (
            f"The samples are realistic (precision {row['precision']:.2f}) and too much alike: recall "
            f"{row['recall']:.2f} where real rows reach {h.null('recall')[0]:.2f}, near-copies "
            f"{row['duplicates']:.0%}."
        ),
        "imbalance": (
            f"The samples fall into the wrong proportions: {row['imbalance']:.0%} of them would have to "
            "move, "
            f"{h.null('imbalance')[0]:.0%} for real rows."
        ),
    }[pattern]
    severe = pattern == "total" or row["starved"] > 0.2 or row["coverage"] < 0.5
    return Fault("severe" if severe else "mild", since, cause, evidence, pattern=pattern)


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
