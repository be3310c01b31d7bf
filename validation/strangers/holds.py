"""Which failures a loop has, by the numbers it measured of itself."""

from __future__ import annotations

from collections.abc import Callable

from .truth import Numbers

Check = Callable[[Numbers], bool]


def good(n: Numbers) -> bool:
    """The samples are really good: near the floor of real rows, diverse, and no kind is missing."""
    return (
        n["finite"] == 1 and n["ratio"] <= 1.5 and n["recall"] >= 0.5 * n["recall_real"] and n["missing"] == 0
    )


def collapsed(n: Numbers) -> bool:
    """Kinds are missing, samples are alike or copies, or realistic and narrow, or in wrong proportions."""
    if not n["finite"]:
        return False
    narrow = n["recall"] < 0.5 * n["recall_real"] and n["precision"] > 0.8 * n["precision_real"]
    off = n["imbalance"] > 0.2 + n["imbalance_real"]
    return n["missing"] > 0.04 or n["pairwise"] < 0.25 or n["distinct"] < 0.5 or narrow or off


def overfit(n: Numbers) -> bool:
    """Training rows score above others."""
    return n["finite"] == 1 and n["auc_train"] > 0.65


def diverged(n: Numbers) -> bool:
    """A number is not finite, or most samples lie far outside the data, or the losses have exploded."""
    return not n["finite"] or n["outside"] > 0.5 or max(abs(n["d_loss"]), abs(n["g_loss"])) > 1e3


def too_strong(n: Numbers) -> bool:
    """The discriminator tells nearly every sample, and its loss is saturated or samples no longer improve."""
    wins = n["finite"] == 1 and "proven" not in n and n["auc_known"] > 0.985 and n["ratio"] > 1.5
    return wins and (n["logit_slope"] < 0.05 or n.get("progress", 0.0) < 0.1)


def too_weak(n: Numbers) -> bool:
    """Neighbours tell samples from real rows, and the discriminator does not."""
    return (
        n["finite"] == 1 and "proven" not in n and n["apart"] > 0.75 and n["auc"] < 0.6 and n["ratio"] > 1.5
    )


def underfit(n: Numbers) -> bool:
    """The critic proves less than a quarter of a distance that is there."""
    return n["finite"] == 1 and n.get("proven", 1.0) < 0.25 and n["ratio"] > 1.5


def steep(n: Numbers) -> bool:
    """A Wasserstein critic far steeper than 1."""
    return n["finite"] == 1 and "proven" in n and n["slope"] > 5


def swings(n: Numbers) -> bool:
    """The mean of samples goes to and fro, regularly and far, and still does."""
    regular = n["finite"] == 1 and n["octave"] > 0.5 and n["turns"] >= 4
    return regular and n["swing"] > 0.25 and n["late"] > max(0.2, 0.4 * n["swing"])


def loss_vanished(n: Numbers) -> bool:
    """Little of the loss reaches the scores of samples that can be told."""
    return n["finite"] == 1 and n["logit_slope"] < 0.03 and n["auc_known"] > 0.9 and n["ratio"] > 1.5


def critic_vanished(n: Numbers) -> bool:
    """The score hardly depends on the samples."""
    return n["finite"] == 1 and n["slope_fake"] < 0.03 and n["ratio"] > 1.5


def generator_vanished(n: Numbers) -> bool:
    """Little of the gradient reaches the generator's first layer."""
    return n["finite"] == 1 and n["generator_kept"] < 2e-3 and n["ratio"] > 1.5


def unfinished(n: Numbers) -> bool:
    """The samples are bad, for whatever reason."""
    return n["finite"] == 1 and not good(n)


HOLDS: dict[str, Check] = {
    "mode-collapse": collapsed,
    "discriminator-overfit": overfit,
    "diverged": diverged,
    "discriminator-too-strong": too_strong,
    "discriminator-too-weak": too_weak,
    "critic-underfit": underfit,
    "lipschitz-violation": steep,
    "oscillation": swings,
    "vanishing-gradient (loss)": loss_vanished,
    "vanishing-gradient (critic)": critic_vanished,
    "vanishing-gradient (generator)": generator_vanished,
    "unconverged": unfinished,
    "healthy": good,
}
"""By what was planted; `wiring` holds by construction."""
