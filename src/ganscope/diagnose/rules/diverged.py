"""`diverged`: NaN, infinities, fakes far outside the data, or logits beyond all measure."""

from __future__ import annotations

from ganscope.diagnose.rows import ProbeRow
from ganscope.diagnose.rules.critic_underfit import critic_underfit
from ganscope.diagnose.rules.discriminator_too_weak import too_weak
from ganscope.diagnose.rules.history import Fault, History, median, real
from ganscope.diagnose.rules.rule import MEASURED, R1, Needs, Remedy, Rule
from ganscope.diagnose.rules.thresholds import UNDERFIT, K, M

FAR, BACK = 30, 3
"""Distance of fakes to the data's centre, in spreads of the data: of those that run away, and of those that
have come back."""
EXPLODED = 300.0
"""Size of logits in half of the newest probes: healthy ones stay below 50, and 17 saturates any loss. Scores
of Wasserstein critics have no such scale: `lipschitz-violation` looks after them."""
SEES = 0.75
"""AUC from which on a discriminator sees where fakes are."""


def diverged(h: History) -> list[Fault] | None:
    """The first number that was not finite, or fakes that run away in plain sight of the discriminator."""
    for row in h.rows:
        if row.nonfinite is not None:
            where = f" in {row.module}" if row.module and row.module != "output" else ""
            cause = f"The {row.nonfinite} turned NaN or infinite{where}."
            return [Fault("severe", row.step, cause, {}, factor=row.nonfinite)]

    away = _far(h)
    return away or _exploded(h) or away


def _exploded(h: History) -> list[Fault]:
    """Logits that have grown beyond any use."""
    logits = h.recent(_size, K)
    if not h.about.needs_lipschitz and len(logits) == K and median(logits) > EXPLODED:
        cause = f"The discriminator's logits have grown to {median(logits):.3g}, beyond all measure."
        since = next(row.step for row in h.rows if (_size(row) or 0.0) > EXPLODED)
        return [Fault("severe", since, cause, {"logits": median(logits)}, factor="discriminator")]
    return []


def _far(h: History) -> list[Fault] | None:
    """Fakes that run away in plain sight of the discriminator."""
    if too_weak(h) or critic_underfit(h):
        return []  # a generator without guidance may run anywhere
    proven = h.recent(lambda row: row.certified_share, 1, wide=True)
    blind = bool(proven) and proven[0] < UNDERFIT
    gone = _gone(h)

    def far(row: ProbeRow) -> bool | None:
        away = row.fake_scale is not None and row.fake_scale > (BACK if row.step in gone else FAR)
        if row.fake_scale is None or (away and (blind or (row.auc is not None and row.auc < SEES))):
            return None  # the discriminator does not see it: too weak perhaps, which takes longer to tell
        return away

    seen = h.persistence(far, 3, 4)
    if seen.state == "fault":
        scale = real(h.last.fake_scale)
        cause = f"Fakes lie {scale:.3g} times as far from the data's centre as real rows do, and stay there."
        return [Fault("severe", seen.since, cause, {"fake_scale": scale}, factor="generator")]
    return [] if seen.state == "fine" else None


def _size(row: ProbeRow) -> float | None:
    """How large scores are."""
    known = [abs(score) for score in (row.real_score, row.fake_score) if score is not None]
    return max(known, default=None)


def _gone(h: History) -> set[int]:
    """Steps of probes at which fakes that once ran away have not come back."""
    steps: set[int] = set()
    outside = 0
    for row in h.rows:
        if row.fake_scale is None:
            continue
        outside = outside + 1 if row.fake_scale > (BACK if outside >= M else FAR) else 0
        if outside >= M:
            steps.add(row.step)
    return steps


RULE = Rule(
    diverged,
    {
        None: (
            Remedy(
                "Go back to the last good checkpoint and continue with Adam without momentum (beta1 0), "
                "learning rates of at most 0.003, and R1.",
                f"Mescheder et al. 2018: each game has a largest stable step, and R1 raises it; {MEASURED}",
                {"optimizer": "adam", "beta1": 0.0, **R1},
                lowered={"g_lr": 3e-3, "d_lr": 3e-3},
            ),
            Remedy(
                "Continue with a tenth of both learning rates and R1.",
                "Mescheder et al. 2018",
                R1,
                {"g_lr": 0.1, "d_lr": 0.1},
            ),
        )
    },
    needs=Needs(probes=3),
)
