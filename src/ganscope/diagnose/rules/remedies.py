"""What to change for each verdict, what to do first in front, why, and the same as settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


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
    wasserstein: bool | None = None
    """For Wasserstein critics alone, for other discriminators alone, or for both."""

    @property
    def is_setting(self) -> bool:
        """Whether a configuration can make the change."""
        return bool(self.settings or self.factors or self.raised or self.lowered)

    def __str__(self) -> str:
        """The advice in one or two sentences."""
        return f"{self.change} ({self.source})"


WIRING: dict[str | None, Remedy] = {
    "sigmoid-bce": Remedy(
        "Return raw logits from the discriminator and use BCEWithLogitsLoss.",
        "in float32 BCELoss passes exactly 0 on for fakes of logit 17 and more, where theory says 1",
    ),
    "double-sigmoid": Remedy(
        "Remove the sigmoid at the end of the discriminator.", "losses on logits apply it themselves"
    ),
    "detached-generator": Remedy(
        "Compute the generator's loss on fakes that are not detached, and check that its optimiser holds its "
        "parameters.",
        "without a graph there is no gradient",
    ),
    "detached-discriminator": Remedy(
        "Remove the detach() or no_grad() inside the discriminator.", "without a graph there is no gradient"
    ),
    "swapped-labels": Remedy(
        "Swap the labels of real and fake in the discriminator's loss, or its sign.",
        "Goodfellow et al. 2014, eq. 1: it maximises log D(real)",
    ),
    "data-range": Remedy(
        "Scale the data into the range of the generator's last layer, or remove that layer.",
        "what a generator cannot make, its discriminator tells apart for ever",
    ),
    "batchnorm-penalty": Remedy(
        "Replace BatchNorm in the critic by LayerNorm or by nothing.",
        "Gulrajani et al. 2017, section 4: the penalty is per sample",
        {"d_norm": "layer"},
    ),
    "shared-optimiser": Remedy(
        "Give each network an optimiser of its own.", "the two losses pull in opposite directions"
    ),
    "unconstrained-critic": Remedy(
        "Add a gradient penalty of weight 10, or declare the constraint in watch(constraint=...).",
        "Gulrajani et al. 2017",
        {"penalty": "gradient-penalty", "penalty_weight": 10.0},
    ),
    "penalty-axis": Remedy(
        "Take the norm of each row's gradient over all its values: gradient.flatten(1).norm(dim=1).",
        "Gulrajani et al. 2017, eq. 3",
    ),
    "dead-network": Remedy(
        "Look for saturated activations, zero weights and constant outputs in the network that is named.",
        "a gradient that is exactly 0 never moves a weight",
    ),
    "frozen-network": Remedy(
        "Set requires_grad and hand the parameters to its optimiser.", "nothing else moves weights"
    ),
}
"""By kind of mistake; most stand in the user's code, where no setting reaches."""

GRADIENT_PENALTY = {"clip": 0.0, "penalty": "gradient-penalty", "penalty_weight": 1.0, "penalty_every": 1}
R1 = {"penalty": "r1", "penalty_weight": 1.0}
RATES = {"d_lr": "g_lr"}
MEASURED = "docs/validation/remedies.json"
R3GAN = Remedy(
    "Use the relativistic loss with R1 and R2.",
    "Huang et al. 2024, table 1: 1000 of 1000 modes, where the classic loss with both has 693",
    {"objective": "relativistic", "clip": 0.0, "penalty": "r1+r2", "penalty_weight": 1.0},
)

BEHIND = Remedy(
    "Use the non-saturating loss with R1, and a tenth of the discriminator's learning rate.",
    f"{MEASURED}, where neither the loss nor R1 alone helps; Goodfellow et al. 2014, section 3; Mescheder "
    "et al. 2018",
    {"objective": "non-saturating", **R1},
    {"d_lr": 0.1},
)
"""For a generator that was left behind."""

REMEDIES: dict[tuple[str, str | None], tuple[Remedy, ...]] = {
    ("diverged", None): (
        Remedy(
            "Go back to the last good checkpoint, and on with Adam without momentum (beta1 0), rates of 0.002"
            " at most, and R1.",
            f"Mescheder et al. 2018: each game has a largest stable step, and R1 makes it larger; {MEASURED}",
            {"optimizer": "adam", "beta1": 0.0, **R1},
            lowered={"g_lr": 2e-3, "d_lr": 2e-3},
        ),
        Remedy(
            "Go on with a tenth of both learning rates and R1.",
            "Mescheder et al. 2018",
            R1,
            {"g_lr": 0.1, "d_lr": 0.1},
        ),
    ),
    ("vanishing-gradient", "loss"): (BEHIND, R3GAN),
    ("vanishing-gradient", "critic"): (
        Remedy(
            "Use leaky ReLU in place of sigmoid or tanh in the critic, and a gradient penalty of weight 1 in "
            "place of clipping.",
            "Gulrajani et al. 2017, figure 1b: clipping multiplies the gradient by a constant at every "
            f"layer; weight: {MEASURED}",
            GRADIENT_PENALTY,
        ),
        Remedy(
            "Normalise the critic's layers by their spectral norm in place of clipping.",
            "Miyato et al. 2018",
            {"clip": 0.0, "d_lipschitz": "spectral-operator"},
        ),
    ),
    ("vanishing-gradient", "generator"): (
        Remedy(
            "Use a generator of three hidden layers, with ReLU and He initialisation.",
            "He et al. 2015: what a layer loses, depth multiplies",
            {"g_depth": 3},
        ),
        Remedy(
            "Normalise the generator's layers over the batch.", "Ioffe and Szegedy 2015", {"g_norm": "batch"}
        ),
    ),
    ("discriminator-too-strong", None): (BEHIND, R3GAN),
    ("discriminator-too-weak", None): (
        Remedy(
            "Give the discriminator at least the generator's learning rate.",
            f"{MEASURED}, where five updates to one do not make up for a low rate",
            raised=RATES,
        ),
        Remedy(
            "Train the discriminator twice per generator update.",
            "Arjovsky et al. 2017; Adlam et al. 2019",
            {"n_critic": 2},
        ),
    ),
    ("lipschitz-violation", None): (
        Remedy(
            "Add a gradient penalty of weight 1, in every step.",
            "Gulrajani et al. 2017",
            GRADIENT_PENALTY,
        ),
        Remedy(
            "Raise the penalty's weight tenfold.",
            "the optimal slope is 1 + W1 / (2 lambda)",
            factors={"penalty_weight": 10.0},
        ),
    ),
    ("critic-underfit", None): (
        Remedy(
            "Give the critic at least the generator's learning rate, and a gradient penalty of weight 1 in "
            "every step.",
            f"Gulrajani et al. 2017, figure 1a; {MEASURED}: more critic steps cost more than they bring",
            GRADIENT_PENALTY,
            raised=RATES,
        ),
        Remedy(
            "Train the critic twice per generator step.",
            "Arjovsky et al. 2017",
            {"n_critic": 2, **GRADIENT_PENALTY},
            raised=RATES,
        ),
    ),
    ("discriminator-overfit", None): (
        Remedy(
            "Augment what the discriminator sees, real and fake alike, or add R1; more data where there is "
            "more.",
            "Karras et al. 2020 (ADA); Zhao et al. 2020 (DiffAugment)",
            R1,
        ),
    ),
    ("oscillation", None): (
        Remedy(
            "Give the critic a gradient penalty of weight 1, in every step.",
            f"{MEASURED}, where R1 brings back fewer",
            GRADIENT_PENALTY,
            wasserstein=True,
        ),
        Remedy(
            "Add R1 with a weight near the critical one, or lower both learning rates and beta1.",
            "Mescheder et al. 2018: on the Dirac-GAN R1 turns the circle into a spiral inwards",
            R1,
        ),
    ),
    ("mode-collapse", "within-mode"): (
        Remedy("Add R1.", f"Mescheder et al. 2018; {MEASURED}, where lower rates do harm", R1),
        R3GAN,
    ),
    ("mode-collapse", None): (
        Remedy(
            "Lower both learning rates to a third, set beta1 to 0, and add R1.",
            f"Mescheder et al. 2018; {MEASURED}, where momentum and high rates are the cause",
            {**R1, "beta1": 0.0},
            {"g_lr": 0.3, "d_lr": 0.3},
        ),
        R3GAN,
    ),
}
"""By verdict and its factor or pattern: what to do first, and what next where that was in vain."""


def remedies_for(
    name: str, factor: str | None, pattern: str | None, wasserstein: bool | None = None
) -> tuple[Remedy, ...]:
    """List what helps against a verdict, what to do first in front.

    Args:
        name: of the verdict.
        factor: its factor.
        pattern: its pattern.
        wasserstein: whether the discriminator is a Wasserstein critic; None lists what helps either.

    Example:
        >>> remedies_for("vanishing-gradient", "loss", None)[0].settings["objective"]
        'non-saturating'
    """
    if name == "wiring":
        return (WIRING[pattern],)
    key = next(key for key in ((name, factor or pattern), (name, None)) if key in REMEDIES)
    return tuple(
        r for r in REMEDIES[key] if None in (wasserstein, r.wasserstein) or r.wasserstein == wasserstein
    )
