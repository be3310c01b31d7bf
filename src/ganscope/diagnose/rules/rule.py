"""What a verdict consists of: the rule that recognises it, and what to change where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ganscope.diagnose.rules.history import Fault, History


class Remedy(NamedTuple):
    """One change and where the advice comes from."""

    change: str
    source: str
    settings: Mapping[str, Any] = {}
    """Values of fields of a run's configuration that make the change."""
    factors: Mapping[str, float] = {}
    """Fields that the change multiplies."""
    raised: Mapping[str, str] = {}
    """Fields that the change brings to another field's value where they are below it."""
    lowered: Mapping[str, float] = {}
    """Fields that the change brings down to a value where they are above it."""
    anew: bool = False
    """The run begins again at its first step: what the networks have become is of no use."""
    wasserstein: bool | None = None
    """For Wasserstein critics alone, for other discriminators alone, or for both."""

    @property
    def is_setting(self) -> bool:
        """Whether a configuration can make the change."""
        return bool(self.settings or self.factors or self.raised or self.lowered)

    def __str__(self) -> str:
        """The advice in one or two sentences."""
        return f"{self.change} ({self.source})"


class Needs(NamedTuple):
    """What a rule must have seen before it can say anything."""

    probes: int = 0
    comparisons: int = 0
    """Probes that compare sample sets."""
    points: int = 0
    """Looks at fixed samples."""


class Rule(NamedTuple):
    """One verdict."""

    judge: Callable[[History], list[Fault] | None]
    """Faults; none where all is well, None where the evidence does not suffice."""
    remedies: Mapping[str | None, tuple[Remedy, ...]]
    """By factor or pattern, None for all others: what to do first, and what next where that did not help."""
    needs: Needs = Needs()
    """Evidence without which it says nothing."""


MEASURED = "docs/validation/remedies.json"
"""Where it stands how many runs each remedy healed."""
GRADIENT_PENALTY = {"clip": 0.0, "penalty": "gradient-penalty", "penalty_weight": 1.0, "penalty_every": 1}
R1 = {"penalty": "r1", "penalty_weight": 1.0}
EQUAL_RATES = {"d_lr": "g_lr"}
R3GAN = Remedy(
    "Use the relativistic loss with R1 and R2.",
    "Huang et al. 2024, table 1: 1000 of 1000 modes, where the classic loss with both reaches 693",
    {"objective": "relativistic", "clip": 0.0, "penalty": "r1+r2", "penalty_weight": 1.0},
)
LEFT_BEHIND = Remedy(
    "Begin again with the non-saturating loss and R1, a tenth of the discriminator's learning rate, and at "
    "least as high a rate for the generator.",
    f"{MEASURED}, where neither the loss nor R1 alone helps; Goodfellow et al. 2014, section 3; Mescheder "
    "et al. 2018",
    {"objective": "non-saturating", **R1},
    {"d_lr": 0.1},
    {"g_lr": "d_lr"},
    anew=True,
)
"""For a generator whose discriminator is too far ahead."""
