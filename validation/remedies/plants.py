"""Planted failures for the study of remedies: healthy configurations with a few fields made worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from ganscope.diagnose.rules.rule import Remedy

COMMON: dict[str, Any] = {
    "steps": 600, "batch_size": 64, "g_width": 64, "d_width": 64, "threads": 1, "evaluate_every": 10**6,
    "log_every": 100, "keep_checkpoints": 100,
}  # fmt: skip
TWINS: dict[str, dict[str, Any]] = {
    "ring": {
        "data": "ring", "latent_dim": 2, "objective": "non-saturating", "penalty": "r1",
        "penalty_weight": 0.1, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "beta2": 0.99, "ema": 0.98,
    },
    "digits": {
        "data": "digits", "latent_dim": 16, "objective": "non-saturating", "penalty": "r1",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
    "ring-wasserstein": {
        "data": "ring", "latent_dim": 2, "objective": "wasserstein", "penalty": "gradient-penalty",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
    "digits-wasserstein": {
        "data": "digits", "latent_dim": 16, "objective": "wasserstein", "penalty": "gradient-penalty",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
}  # fmt: skip
"""Healthy configurations, by name."""


class Plant(NamedTuple):
    """One way to break a healthy run."""

    twin: str
    fault: Mapping[str, Any]
    """Fields that are changed; None for those that it makes idle."""
    further: Sequence[Remedy] = ()
    """Remedies tried beside those of the verdict."""
    rows: int = 0
    """Training rows; 0 for all."""


def _sets(
    factors: Mapping[str, float] | None = None, raised: Mapping[str, str] | None = None, **settings: Any
) -> Remedy:
    return Remedy("A candidate.", "this study", settings, factors or {}, raised or {})


R1: dict[str, Any] = {"penalty": "r1", "penalty_weight": 1.0}
GP10: dict[str, Any] = {"clip": 0.0, "penalty": "gradient-penalty", "penalty_weight": 10.0}
GP1: dict[str, Any] = {**GP10, "penalty_weight": 1.0, "penalty_every": 1}
RATES = {"d_lr": "g_lr"}
HALF, TENTH = {"g_lr": 0.5, "d_lr": 0.5}, {"g_lr": 0.1, "d_lr": 0.1}
AHEAD = (
    _sets(objective="non-saturating"),
    _sets(**R1),
    _sets(objective="non-saturating", **R1),
    _sets({"d_lr": 0.1}, objective="non-saturating", **R1),
)
CRITIC = (_sets(**GP10),)
WEAK = (_sets(n_critic=5), _sets(None, RATES))
LAZY = (_sets(penalty_every=1), _sets(**GP10))
UNDERFIT = (_sets(n_critic=5, **GP10), _sets(None, RATES, **GP1))
EXPLODING = (_sets(HALF), _sets(TENTH))
FEW = (_sets(**R1), _sets(penalty="r1", penalty_weight=10.0), _sets(instance_noise=0.3))
CALM: dict[str, Any] = {"beta1": 0.0}
CROWDED = (_sets(**R1), _sets(**CALM, **R1), _sets(TENTH, **CALM, **R1))
SWINGING = (_sets(**GP1), _sets(n_critic=5), _sets(HALF), _sets(objective="non-saturating", **R1))
WON = {"objective": "minimax", "penalty": "none", "d_lr": 0.03}
CLIPPED = {"penalty": "none", "clip": 0.01, "d_depth": 6}
FAST = {"penalty": "none", "beta1": 0.95, "g_lr": 0.02, "d_lr": 0.02}
SGD = {"penalty": "none", "optimizer": "sgd", "beta1": 0.9, "beta2": None, "g_lr": 0.05, "d_lr": 0.05}
PLANTS: dict[str, Plant] = {
    "minimax, D at 10 times the rate (ring)": Plant("ring", WON, AHEAD),
    "deep critic, clipped (ring)": Plant("ring-wasserstein", CLIPPED, CRITIC),
    "D at a thousandth of the rate (digits)": Plant("digits", {"d_lr": 3e-6}, WEAK),
    "SGD at a high rate (ring)": Plant("ring", SGD, EXPLODING),
    "critic at a hundredth of the rate (ring)": Plant("ring-wasserstein", {"d_lr": 3e-5}, UNDERFIT),
    "16 layers in G (ring)": Plant("ring", {"g_depth": 16}),
    "penalty every 100th step (digits)": Plant("digits-wasserstein", {"penalty_every": 100}, LAZY),
    "150 rows (digits)": Plant("digits", {"penalty": "none"}, FEW, 150),
    "minimax, D at 30 times the rate (digits)": Plant("digits", {**WON, "g_lr": 1e-3}, AHEAD),
    "deep critic, clipped (digits)": Plant("digits-wasserstein", CLIPPED, CRITIC),
    "critic at a hundredth of the rate (digits)": Plant("digits-wasserstein", {"d_lr": 3e-5}, UNDERFIT),
    "D at a thousandth of the rate (ring)": Plant("ring", {"d_lr": 3e-6}, WEAK),
    "penalty every 100th step (ring)": Plant("ring-wasserstein", {"penalty_every": 100}, LAZY),
    "SGD at a high rate (digits)": Plant("digits", SGD, EXPLODING),
    "momentum 0.95 at high rates (digits)": Plant("digits", FAST, CROWDED),
    "momentum 0.95 at high rates (ring)": Plant("ring", FAST, CROWDED),
    "penalty of weight 10, one critic step (ring)": Plant(
        "ring-wasserstein", {"penalty_weight": 10.0}, SWINGING
    ),
}
"""By name; a plant without a fault shows what healing does to healthy runs."""


def words(remedy: Remedy) -> str:
    """Name a remedy by what it does to a configuration."""
    parts = [f"{field} {value}" for field, value in remedy.settings.items()]
    parts += [f"{field} x {factor:g}" for field, factor in remedy.factors.items()]
    parts += [f"{field} up to {other}" for field, other in remedy.raised.items()]
    parts += [f"{field} down to {most:g}" for field, most in remedy.lowered.items()]
    parts += ["from the first step"] if remedy.anew else []
    return ", ".join(parts)


def config_of(plant: Plant | None, seed: int, twin: str = "") -> RunConfig:
    """The configuration of an ill run, or of a twin."""
    fields = {**COMMON, **TWINS[plant.twin if plant else twin], "diagnose": bool(plant)}
    fields |= plant.fault if plant else {}
    fields = {name: value for name, value in fields.items() if value is not None}
    if fields.get("penalty") == "none":
        del fields["penalty_weight"]
    config = resolve(None, {**fields, "seed": seed})
    # as many real rows in every run, whatever its critic steps
    return config.model_copy(update={"steps": COMMON["steps"] // config.n_critic})


def definition(plant: Plant) -> dict[str, Any]:
    """What decides a block."""
    usual = resolve(None, {}).flat()
    config = config_of(plant, 0).flat()
    fields = {name: value for name, value in config.items() if value != usual.get(name)}
    further = [words(remedy) for remedy in plant.further]
    return {
        "twin": plant.twin,
        "fault": dict(plant.fault),
        "config": fields,
        "rows": plant.rows,
        "further": further,
    }
