"""Options that would have no effect, or that exclude one another: refused before the run, not after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganscope.config.fields import BUILT_IN_DATA, PENALTY_NAMES, SMOOTHABLE, TARGETED_PENALTIES, RunConfig
from ganscope.words.complaints import BadField, flag


def refuse_idle_options(config: RunConfig, given: Mapping[str, Any]) -> None:
    """An option without effect is a misunderstanding: say so before the run, not after it."""
    weight = given.get("penalty_weight")
    if weight is not None and not config.penalties:
        raise BadField(
            "penalty_weight",
            f"--penalty-weight {weight} has no effect without a penalty: "
            f"add --penalty with one of {', '.join(PENALTY_NAMES)}.",
        )
    if config.penalties and config.penalty_weight == 0:
        raise BadField(
            "penalty", f"--penalty {config.penalty} has no effect at weight 0: set --penalty-weight, e.g. 10."
        )
    _refuse_idle_loss_options(config, given)
    for option in ("g_depth", "d_depth") if config.network == "dcgan" else ():
        if option in given:
            raise BadField(
                option,
                f"{flag(option)} {given[option]} has no effect on dcgan, whose depth follows from the image "
                "size: leave it out or use --network mlp.",
            )
    if config.d_fourier and config.network != "mlp":
        raise BadField(
            "d_fourier",
            f"--d-fourier {config.d_fourier} has no effect on {config.network}: leave it out or use "
            "--network mlp.",
        )
    if config.d_fourier and config.d_lipschitz != "none":
        raise BadField(
            "d_fourier",
            f"--d-fourier {config.d_fourier} steepens what --d-lipschitz {config.d_lipschitz} has "
            "bounded: use one of the two.",
        )
    if config.d_lipschitz != "none" and config.clip:
        raise BadField(
            "clip",
            f"--clip {config.clip} has no effect with --d-lipschitz {config.d_lipschitz}, which bounds what "
            "is made of the weights: use one of the two.",
        )
    if config.d_lipschitz != "none" and config.d_norm != "none":
        raise BadField(
            "d_norm",
            f"--d-norm {config.d_norm} rescales what --d-lipschitz {config.d_lipschitz} has normalised, and "
            "no slope is bounded: use one of the two.",
        )
    for option in {"rmsprop": ("beta1",), "sgd": ("beta2",)}.get(config.optimizer, ()):
        if option in given:
            raise BadField(
                option,
                f"{flag(option)} {given[option]} has no effect with {config.optimizer}: leave it out or use "
                "--optimizer adam.",
            )
    _refuse_idle_dynamics(config, given)
    if config.size and config.data in BUILT_IN_DATA:
        raise BadField(
            "size",
            f"--size {config.size} has no effect on the built-in {config.data}: it scales images of your "
            "own; leave it out.",
        )


def _refuse_idle_loss_options(config: RunConfig, given: Mapping[str, Any]) -> None:
    if config.label_smoothing and config.objective not in SMOOTHABLE:
        raise BadField(
            "label_smoothing",
            f"--label-smoothing {config.label_smoothing:g} has no meaning for {config.objective}, which "
            f"has no target for real rows: leave it out, or use one of {', '.join(SMOOTHABLE)}.",
        )
    target = given.get("penalty_target", config.penalty_target)
    if target != 1 and not set(config.penalties) & set(TARGETED_PENALTIES):
        raise BadField(
            "penalty_target",
            f"--penalty-target {target:g} has no effect with --penalty {config.penalty}, which asks for no "
            f"slope: leave it out, or use one of {', '.join(TARGETED_PENALTIES)}.",
        )
    if given.get("penalty_every", 1) > 1 and not config.penalties:
        raise BadField(
            "penalty_every",
            f"--penalty-every {config.penalty_every} has no effect without a penalty: leave it out, or add "
            "--penalty and --penalty-weight.",
        )
    if "instance_noise_decay" in given and not config.instance_noise:
        raise BadField(
            "instance_noise_decay",
            f"--instance-noise-decay {config.instance_noise_decay:g} has no effect without noise: add "
            "--instance-noise with a standard deviation, or leave it out.",
        )


def _refuse_idle_dynamics(config: RunConfig, given: Mapping[str, Any]) -> None:
    if config.moves_at_once and config.n_critic > 1:
        raise BadField(
            "dynamics",
            f"--dynamics {config.dynamics} moves both players at once, so {config.n_critic} critic steps to "
            "one of the generator cannot be: add --n-critic 1.",
        )
    if "consensus_weight" in given and config.dynamics != "consensus":
        raise BadField(
            "consensus_weight",
            f"--consensus-weight {config.consensus_weight:g} has no effect with --dynamics "
            f"{config.dynamics}: add --dynamics consensus, or leave it out.",
        )
    if config.dynamics == "consensus" and config.penalty_every > 1:
        raise BadField(
            "penalty_every",
            f"--penalty-every {config.penalty_every} cannot be with --dynamics consensus, which squares the "
            "gradient and the penalty in it: leave one of them out.",
        )
