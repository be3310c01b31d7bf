"""`wiring`: a mistake in how the GAN is built, seen before its first step or in how its networks move."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median
from ganscope.diagnose.rules.in_motion import in_motion
from ganscope.diagnose.rules.rule import Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import IDLE, WIDE_M, K, M

ROUNDED = 1e-5
"""|dL/dtheta| of a generator that is given too little to move: `vanishing-gradient` says why."""
ALIVE = 0.01
"""Mean distance of samples to one another, in that of real rows, of which a dead generator has 0."""
CLIMBS, UNDER_A_PENALTY = -0.03, -0.08
"""Cosine of a discriminator's early steps and descent on its loss, median of six: -0.08 to -0.25 with swapped
labels, at least 0 in correct ones that rank fakes above real rows; under a penalty that outweighs the loss,
that of a correct one is at least -0.07, or -0.12 where the mean of all young probes is 0."""


def wiring(h: History) -> list[Fault] | None:
    """Mistakes seen before the first step, and those that only motion shows."""
    faults = [
        Fault(finding.severity, 0, finding.cause, {}, pattern=finding.kind)
        for finding in h.about.wiring
        if not _outdated(h, finding.kind)
    ]
    known = {fault.pattern for fault in faults}
    stuck = h.persistence(_still, 3, 4)
    if stuck.state == "fault" and not known & {"frozen-network", "detached-generator", "dead-network"}:
        cause = (
            "The generator's weights never change while the discriminator's do: its loss is computed on "
            "detached fakes, or its optimiser does not hold its parameters."
        )
        faults.append(Fault("severe", stuck.since, cause, {"g_update": 0.0}, pattern="detached-generator"))
    dead = h.persistence(_constant, 3, 4)
    if dead.state == "fault" and "dead-network" not in known:
        cause = "The discriminator is dead: it gives every row the same score, and its slope is exactly 0."
        faults.append(Fault("severe", dead.since, cause, {"score_sd": 0.0}, pattern="dead-network"))
    faults += in_motion(h, {str(fault.pattern) for fault in faults})
    kept = any(fault.pattern == "gradients-kept" for fault in faults)  # steps then follow those of long ago
    wrong = h.persistence(lambda row: None if row.auc is None else row.auc < 0.3, M, K)
    alignment = early_alignment(h)
    if not kept and wrong.state == "fault" and alignment < CLIMBS and _climbs_under_a_penalty(h, alignment):
        cause = (
            "The discriminator climbs its declared loss and ranks fakes above real rows: the labels of real "
            "and fake are swapped, or a sign is wrong."
        )
        evidence = {"auc": median(h.recent(lambda row: row.auc, K)), "d_alignment": alignment}
        faults.append(Fault("severe", wrong.since, cause, evidence, pattern="swapped-labels"))
    if faults:
        return faults
    return [] if h.rows else None


def _outdated(h: History, kind: str) -> bool:
    """Whether later probes say more than what was seen before the first step.

    The slopes of a critic tell themselves whether anything holds them, and a network that gave one row or one
    score at its start may have come to life, as a generator does whose samples are rounded.
    """
    if kind == "unconstrained-critic":
        return len(h.rows) >= 2 * K
    alive = [row for row in h.wide if row.step > 0 and (row.pairwise or 0.0) > ALIVE and row.score_sd]
    return kind == "dead-network" and len(alive) >= WIDE_M


def early_alignment(h: History) -> float:
    """How the discriminator's first steps pointed relative to descent on its loss; later they turn to noise.

    Under a penalty, steps of a discriminator that hardly moves follow the penalty and say nothing.
    """
    return median(_alignments(h)[:K])


def _climbs_under_a_penalty(h: History, alignment: float) -> bool:
    """Whether, if there is a penalty, it is not what the steps follow."""
    young = _alignments(h)[: 2 * K]
    return h.about.constraint_weight is None or (
        alignment < UNDER_A_PENALTY and sum(young) / len(young) < CLIMBS
    )


def _alignments(h: History) -> list[float]:
    penalised = h.about.constraint_weight is not None
    return [
        row.d_alignment
        for row in h.rows
        if row.d_alignment is not None and not (penalised and (row.d_update or 0.0) < IDLE)
    ]


def _still(row: ProbeRow) -> bool | None:
    if row.g_update is None or not row.d_update:
        return None
    # a step along a smaller gradient may be lost in rounding
    given = row.generator_gradient is None or row.generator_gradient > ROUNDED
    return row.g_update == 0 and given


def _constant(row: ProbeRow) -> bool | None:
    return None if row.score_sd is None else row.score_sd == 0 and row.critic_slope == 0


def _remedy(change: str, source: str, **settings: str | float) -> tuple[Remedy, ...]:
    return (Remedy(change, source, settings),)


REMEDIES: dict[str | None, tuple[Remedy, ...]] = {
    "sigmoid-bce": _remedy(
        "Return raw logits from the discriminator and use BCEWithLogitsLoss.",
        "in float32 the gradient of BCELoss is exactly 0 for fakes of logit 17 and more; it should be 1",
    ),
    "double-sigmoid": _remedy(
        "Remove the sigmoid at the end of the discriminator.", "losses on logits apply it themselves"
    ),
    "detached-generator": _remedy(
        "Compute the generator's loss on fakes that are not detached, and check that its optimiser holds its "
        "parameters.",
        "without a graph there is no gradient",
    ),
    "detached-discriminator": _remedy(
        "Remove the detach() or no_grad() inside the discriminator.", "without a graph there is no gradient"
    ),
    "swapped-labels": _remedy(
        "Swap the labels of real and fake in the discriminator's loss, or its sign.",
        "Goodfellow et al. 2014, eq. 1: it maximises log D(real)",
    ),
    "data-range": _remedy(
        "Scale the data into the range of the generator's last layer, or remove that layer.",
        "the discriminator can always recognise values that the generator cannot produce",
    ),
    "batchnorm-penalty": _remedy(
        "Replace BatchNorm in the critic by LayerNorm, or remove it.",
        "Gulrajani et al. 2017, section 4: the penalty is per sample",
        d_norm="layer",
    ),
    "shared-optimiser": _remedy(
        "Give each network its own optimiser.", "the two losses pull in opposite directions"
    ),
    "unconstrained-critic": _remedy(
        "Add a gradient penalty of weight 10, or declare the constraint in watch(constraint=...).",
        "Gulrajani et al. 2017",
        penalty="gradient-penalty",
        penalty_weight=10.0,
    ),
    "penalty-axis": _remedy(
        "Take the norm of each row's gradient over all its values: gradient.flatten(1).norm(dim=1).",
        "Gulrajani et al. 2017, eq. 3",
    ),
    "dead-network": _remedy(
        "Look for saturated activations, zero weights and constant outputs in that network.",
        "a gradient that is exactly 0 never moves a weight",
    ),
    "frozen-network": _remedy(
        "Set requires_grad, hand the parameters to the network's optimiser, and call its step() after each "
        "backward().",
        "nothing else moves weights",
    ),
    "climbing-generator": _remedy(
        "Turn the sign of the generator's loss: it should fall where fakes score as real rows do.",
        "Goodfellow et al. 2014, eq. 1; for a Wasserstein critic the loss is -f(G(z)).mean()",
    ),
    "gradients-kept": _remedy(
        "Call zero_grad() of each optimiser before its backward().",
        "backward() adds to the gradients that are there",
    ),
    "squashed-scores": _remedy(
        "Hand raw scores to the loss: BCEWithLogitsLoss applies the sigmoid itself.",
        "behind two sigmoids no score can become confident, and gradients are multiplied by p (1 - p) twice",
    ),
}
"""By kind of mistake; most are in the user's code, out of reach of any setting."""
RULE = Rule(wiring, REMEDIES, needs=Needs(probes=1))
