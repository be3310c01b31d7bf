"""`discriminator-too-strong`: the discriminator separates real and fake perfectly, and that does harm."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median, real
from ganscope.diagnose.rules.rule import LEFT_BEHIND, R3GAN, Needs, Rule
from ganscope.diagnose.rules.thresholds import VANISHED, WINS, K, M
from ganscope.diagnose.rules.unconverged import FEWEST_FOR_A_PACE, progress


def too_strong(h: History) -> list[Fault] | None:
    """A discriminator that wins while its loss is saturated, or while the samples no longer improve."""
    if h.about.needs_lipschitz:
        return []  # a Wasserstein critic should be trained to its optimum

    def wins(row: ProbeRow) -> bool | None:
        if row.auc is None or h.differs(row) is None:
            return None
        return bool(h.differs(row) and row.auc > WINS)

    seen = h.persistence(wins, M, K)
    if seen.state != "fault":
        return None if seen.state == "unknown" else []
    saturated = median(h.recent(lambda row: row.logit_slope, K)) < VANISHED
    energy = h.recent(lambda row: row.energy, 9, wide=True)
    went = progress(h)
    stalled = went.stopped and went.state == "fault"
    far = bool(energy) and energy[-1] > 0.1
    if not saturated and went.stopped is None:
        return None  # whether the samples still improve cannot be told yet
    if not saturated and not (stalled and far):
        return []
    auc = real(h.last.auc)
    harm = "the loss is saturated" if saturated else "the samples have stopped improving"
    evidence = {"auc": auc, "logit_slope": real(h.last.logit_slope)}
    if energy:
        evidence |= {"energy": energy[-1], "energy_null": h.null("energy")[0]}
    cause = f"The discriminator tells every fake from every real row (AUC {auc:.3f}), and {harm}."
    return [Fault("severe" if saturated else "mild", seen.since, cause, evidence)]


RULE = Rule(too_strong, {None: (LEFT_BEHIND, R3GAN)}, needs=Needs(probes=M, comparisons=FEWEST_FOR_A_PACE))
