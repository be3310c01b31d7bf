"""Mistakes of a loop that show only in how its networks move and in what it hands over; part of `wiring`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.history import Fault, History, median
from ganscope.diagnose.rules.thresholds import K, M

MOVED = 4
"""Probes in which one network moved and the other did not, from which on it never will."""
UPHILL = -0.15
"""Cosine of the generator's first steps and descent on its loss: -0.23 to -0.32 under Adam with a wrong sign;
that of correct ones is above 0."""
PUSHED_AWAY = 0.7
"""AUC of a discriminator that fakes are led away from; a generator at rest climbs by chance too."""
KEPT, ALONG = 5.0, 0.6
"""Gradients of earlier steps in units of one step's, and the cosine of that with the declared gradient: 10 to
1,000 and 0.7 to 1 where they are never set to zero; elsewhere about 1, and any cosine."""
NEAR, APART = 0.04, 3.0
"""Relative distance of a loss that was handed over to what it seems to be, at most; and how many times as far
it is from what was declared, at least."""
AVERAGES = (0.5, 1.0, 2.0)
"""Factors of a loss that are matters of taste: the sum of both halves, or their mean."""


def in_motion(h: History, known: Collection[str]) -> Iterator[Fault]:
    """What a loop does wrong with networks that may be right.

    Args:
        h: the run.
        known: kinds of mistakes that were seen before.
    """
    if not set(known) & {"frozen-network", "detached-discriminator", "dead-network"} and _frozen(h):
        cause = (
            "The discriminator's weights never change while the generator's do: its optimiser takes no step, "
            "or does not hold its parameters."
        )
        yield Fault("severe", 0, cause, {"d_update": 0.0}, pattern="frozen-network")
        return
    first = [row.g_alignment for row in h.rows if row.g_alignment is not None][:K]
    led_away = h.persistence(lambda row: None if row.auc is None else row.auc > PUSHED_AWAY, M, K)
    if len(first) == K and max(first) < 0 and median(first) < UPHILL and led_away.state == "fault":
        cause = (
            "The generator climbs its declared loss, and the discriminator tells its fakes ever more easily: "
            "the sign of its loss is wrong."
        )
        evidence = {"g_alignment": median(first), "auc": median(h.recent(lambda row: row.auc, K))}
        yield Fault("severe", 0, cause, evidence, pattern="climbing-generator")
    kept = h.persistence(_keeps_gradients, M, K)
    if kept.state == "fault":
        times = median(h.recent(lambda row: row.g_carried, K))
        cause = (
            f"The generator's gradients are never set to zero: those of earlier steps are {times:.0f} times "
            "as large as what one step adds, so each update follows the sum of all."
        )
        yield Fault("severe", kept.since, cause, {"g_carried": times}, pattern="gradients-kept")
    if not set(known) & {"double-sigmoid", "sigmoid-bce"}:
        yield from _squashed(h)


def _frozen(h: History) -> bool:
    """Whether no probe saw the discriminator move, and its scores of the same real rows stay the same."""
    steps = [(row.g_update, row.d_update) for row in h.rows if row.d_update is not None]
    scores = {row.real_score for row in h.rows if row.real_score is not None}
    moved = sum(1 for g, _ in steps if g)
    return moved >= MOVED and not any(d for _, d in steps) and len(scores) == 1


def _keeps_gradients(row: ProbeRow) -> bool | None:
    if row.g_carried is None or row.g_added is None:
        return None
    return row.g_carried > KEPT and row.g_added > ALONG


def _squashed(h: History) -> Iterator[Fault]:
    """Whether the loss that was handed over is that of squashed scores, and not the declared one."""
    told = [
        (row.d_loss_given, row.d_loss, row.d_loss_squashed)
        for row in h.rows
        if row.step and row.d_loss_given and row.d_loss is not None and row.d_loss_squashed is not None
    ]
    if len(told) < K:
        return
    off, seems = (
        min(
            median([abs(row[0] - factor * float(row[which] or 0.0)) / abs(row[0]) for row in told])
            for factor in AVERAGES
        )
        for which in (1, 2)
    )
    if seems > NEAR or off < APART * seems or off < APART / 2 * NEAR:
        return
    given, declared = (median([float(row[which] or 0.0) for row in told]) for which in (0, 1))
    cause = (
        f"The discriminator's loss that was handed over, {given:.3g}, is not the declared one of its scores, "
        f"{declared:.3g}, but that of their sigmoid: they pass through two."
    )
    evidence = {"d_loss_given": given, "d_loss": declared}
    yield Fault("severe", 0, cause, evidence, pattern="squashed-scores")
