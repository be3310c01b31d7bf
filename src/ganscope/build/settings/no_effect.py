"""Settings that would have no effect, or that exclude one another: refused before the run, not after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ganscope.config import RunConfig
from ganscope.config.names import data_names, objective_names, penalty_names
from ganscope.words.complaints import BadField, flag


class Condition(NamedTuple):
    """When a setting has an effect."""

    has_effect: Callable[[RunConfig], bool]
    why: str
    """Why it has none otherwise, and what to do; `{setting}` names other settings of the run."""
    neutral: object = None
    """A value that asks for nothing, and may stand anywhere."""


def asking_for_slope() -> list[str]:
    """List the penalties that ask for a certain slope; the others ask for 0."""
    from ganscope.lipschitz import PENALTIES

    return [name for name, penalty in PENALTIES.items() if penalty.asks_slope]


def smoothable() -> list[str]:
    """List the objectives whose discriminator has a target for real rows."""
    from ganscope.objectives import OBJECTIVES, has_target

    return [name for name, objective in OBJECTIVES.items() if has_target(objective)]


CONDITIONS: dict[str, Condition] = {
    "penalty_weight": Condition(
        lambda c: bool(c.penalties), "without a penalty: add --penalty with one of {penalties}"
    ),
    "penalty_target": Condition(
        lambda c: c.penalty_target == 1 or bool(set(c.penalties) & set(asking_for_slope())),
        "with --penalty {penalty}, which asks for no slope: leave it out, or use one of {asking_for_slope}",
        neutral=1,
    ),
    "penalty_every": Condition(
        lambda c: bool(c.penalties),
        "without a penalty: leave it out, or add --penalty and --penalty-weight",
        neutral=1,
    ),
    "instance_noise_decay": Condition(
        lambda c: bool(c.instance_noise),
        "without noise: add --instance-noise with a standard deviation, or leave it out",
    ),
    "consensus_weight": Condition(
        lambda c: c.dynamics == "consensus",
        "with --dynamics {dynamics}: add --dynamics consensus, or leave it out",
    ),
    "beta1": Condition(
        lambda c: c.optimizer != "rmsprop", "with {optimizer}: leave it out or use --optimizer adam"
    ),
    "beta2": Condition(
        lambda c: c.optimizer != "sgd", "with {optimizer}: leave it out or use --optimizer adam"
    ),
    "size": Condition(
        lambda c: c.data not in data_names(),
        "on the built-in {data}: it scales images of your own; leave it out",
        neutral=0,
    ),
}
"""By setting. An option that the networks do not have is refused by `validated`."""


def without_effect(config: RunConfig) -> set[str]:
    """Name the settings that have no effect in a configuration.

    Example:
        >>> sorted(without_effect(RunConfig(optimizer="sgd", penalty="r1", penalty_weight=1.0)))
        ['beta2', 'consensus_weight', 'instance_noise_decay', 'size']
    """
    return {name for name, condition in CONDITIONS.items() if not condition.has_effect(config)}


def refuse_no_effect(config: RunConfig, given: Mapping[str, Any]) -> None:
    """Refuse a setting without effect: whoever gives one has misunderstood something.

    Args:
        config: the complete configuration.
        given: settings that were set explicitly.

    Raises:
        BadField: one sentence with the setting, the reason and the remedy.
    """
    for name, condition in CONDITIONS.items():
        value = getattr(config, name)
        stands = name in given or (condition.neutral is not None and value != condition.neutral)
        if stands and value != condition.neutral and not condition.has_effect(config):
            words = config.flat() | {"penalties": ", ".join(penalty_names())}
            if "{asking_for_slope}" in condition.why:
                words["asking_for_slope"] = ", ".join(asking_for_slope())
            shown = f"{value:g}" if isinstance(value, float) else value
            raise BadField(name, f"{flag(name)} {shown} has no effect {condition.why.format(**words)}.")
    for name, sentence in _contradictions(config):
        raise BadField(name, f"{flag(name)} {config.flat()[name]} {sentence}.")


def _contradictions(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Pairs of settings that exclude one another: the one to blame, and what to say of it."""
    bounded = config.d_lipschitz if config.d_lipschitz != "none" else ""
    if config.penalties and config.penalty_weight == 0:
        yield "penalty", "has no effect at weight 0: set --penalty-weight, e.g. 10"
    if config.label_smoothing and config.objective in objective_names():
        possible = smoothable()
        if config.objective not in possible:
            yield (
                "label_smoothing",
                f"has no meaning for {config.objective}, which has no target for real rows: leave it out, or "
                f"use one of {', '.join(possible)}",
            )
    if bounded and config.options.get("d_fourier"):
        yield "d_fourier", f"steepens what --d-lipschitz {bounded} has bounded: use one of the two"
    if bounded and config.clip:
        yield (
            "clip",
            f"has no effect with --d-lipschitz {bounded}, which bounds what is made of the weights: use one "
            "of the two",
        )
    if bounded and config.options.get("d_norm", "none") != "none":
        yield (
            "d_norm",
            f"rescales what --d-lipschitz {bounded} has normalised, and no slope is bounded: use one of the "
            "two",
        )
    if config.moves_at_once and config.n_critic > 1:
        yield (
            "dynamics",
            f"moves both players at once, so {config.n_critic} critic steps to one of the generator cannot "
            "be: add --n-critic 1",
        )
    if config.dynamics == "consensus" and config.penalty_every > 1:
        yield (
            "penalty_every",
            "cannot be used with --dynamics consensus, which squares the gradient and the penalty in it: "
            "leave one of them out",
        )
