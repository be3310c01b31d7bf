"""`vanishing-gradient`: the generator learns nothing, as its gradient dies in one factor of the chain rule.

Factors: the loss (a saturated sigmoid), the critic's layers, the generator's own layers.
"""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.discriminator_too_weak import too_weak
from ganscope.diagnose.rules.history import Fault, History, real
from ganscope.diagnose.rules.layers import left, steepest
from ganscope.diagnose.rules.rule import GRADIENT_PENALTY, LEFT_BEHIND, MEASURED, R3GAN, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import DEAD, DECAYED, GENERATOR_DECAYED, VANISHED, K, M


def vanishing_gradient(h: History) -> list[Fault] | None:
    """All three factors, the one nearest to the cause first; unknown where one is, and none at fault."""
    by_factor = in_the_critic(h), in_the_generator(h), in_the_loss(h)
    faults = [fault for judged in by_factor if judged for fault in judged]
    return faults if faults or all(judged is not None for judged in by_factor) else None


def in_the_critic(h: History) -> list[Fault] | None:
    """The score hardly depends on the sample because the critic's layers lose the gradient."""

    def gone(row: ProbeRow) -> bool | None:
        kept = left(row.critic_layers)
        if row.critic_slope is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and row.critic_slope < VANISHED and kept is not None and kept < DECAYED)

    seen = h.persistence(gone, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    kept, layers = left(h.last.critic_layers) or 0.0, h.last.critic_layers or ()
    cause = (
        f"The gradient dies inside the critic, although real and fake rows still differ: of what reaches its "
        f"last layer, {kept:.1e} is left at its first{_lost_at(layers)}."
    )
    evidence = {
        "critic_slope": real(h.last.critic_slope),
        "critic_left": kept,
        "critic_slope_start": real(h.first.critic_slope),
        "fresh_auc": next(iter(h.recent(lambda row: row.fresh_auc, 1)), real(None)),
    }
    return [Fault("severe", seen.since, cause, evidence, factor="critic")]


def in_the_generator(h: History) -> list[Fault] | None:
    """The gradient that reaches the samples dies on its way to the generator's first layers."""
    at_start = left(h.first.generator_layers)
    if too_weak(h) and at_start is not None and at_start > GENERATOR_DECAYED:
        return []  # units that die in a generator without guidance are not the cause

    def gone(row: ProbeRow) -> bool | None:
        if row.generator_layers is not None and len(row.generator_layers) < 2:
            return False
        kept = left(row.generator_layers)
        if kept is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and kept < GENERATOR_DECAYED)

    seen = h.persistence(gone, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    kept, layers = left(h.last.generator_layers) or 0.0, h.last.generator_layers or ()
    cause = (
        f"The gradient dies inside the generator: of what reaches its last layer, {kept:.1e} is left at its "
        f"first, relative to the weights{_lost_at(layers)}."
    )
    evidence = {
        "generator_left": kept,
        "generator_left_start": real(at_start),
        "signal": real(h.last.signal),
    }
    return [Fault("severe", seen.since, cause, evidence, factor="generator")]


def in_the_loss(h: History) -> list[Fault] | None:
    """The discriminator wins and the loss passes nothing on: the sigmoid is saturated."""

    def gone(row: ProbeRow) -> bool | None:
        if row.logit_slope is None or row.auc is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and row.logit_slope < VANISHED and row.auc > 0.9)

    seen = h.persistence(gone, M, K)
    if (h.last.logit_slope or 1.0) < DEAD:
        seen = h.persistence(gone, 3, 3)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    last = h.last
    passed = real(last.logit_slope)
    cause = (
        f"The discriminator wins (AUC {real(last.auc):.3f}) and the loss is saturated: of a unit gradient, "
        f"only {passed:.1e} reaches the scores of fakes."
    )
    evidence = {"logit_slope": passed}
    for name, value in (("dp_ds", last.dp_ds), ("dl_dp", last.dl_dp)):
        evidence |= {} if value is None else {name: value}
    evidence |= {
        "auc": real(last.auc),
        "critic_slope": real(last.critic_slope),
        "logit_slope_start": real(h.first.logit_slope),
    }
    return [Fault("severe" if passed < 1e-3 else "mild", seen.since, cause, evidence, factor="loss")]


def _lost_at(layers: tuple[tuple[str, float | None], ...]) -> str:
    return f"; most of it is lost at {steepest(layers)}" if len(layers) > 1 else ""


REMEDIES: dict[str | None, tuple[Remedy, ...]] = {
    "loss": (LEFT_BEHIND, R3GAN),
    "critic": (
        Remedy(
            "Use leaky ReLU instead of sigmoid or tanh in the critic, and a gradient penalty of weight 1 "
            "instead of clipping.",
            "Gulrajani et al. 2017, figure 1b: clipping multiplies the gradient by a constant at every "
            f"layer; weight: {MEASURED}",
            GRADIENT_PENALTY,
        ),
        Remedy(
            "Normalise the critic's layers by their spectral norm instead of clipping weights.",
            "Miyato et al. 2018",
            {"clip": 0.0, "d_lipschitz": "spectral-operator"},
        ),
    ),
    "generator": (
        Remedy(
            "Use a generator of three hidden layers, with ReLU and He initialisation.",
            "He et al. 2015: what one layer loses, depth multiplies",
            {"g_depth": 3},
        ),
        Remedy(
            "Normalise the generator's layers over the batch.", "Ioffe and Szegedy 2015", {"g_norm": "batch"}
        ),
    ),
}
RULE = Rule(vanishing_gradient, REMEDIES, needs=Needs(probes=M, comparisons=1))
