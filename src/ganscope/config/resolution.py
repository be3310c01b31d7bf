"""From a recipe and what was given to a complete configuration, and back to a command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ganscope.config.fields import DATA_DEFAULTS, OWN, RunConfig, validated
from ganscope.config.idle import refuse_idle_options
from ganscope.config.recipes import DEFAULT_RECIPES, load_recipe, recipe_names, settings_of
from ganscope.words.complaints import BadField, flag


def resolve(
    recipe: str | None, given: Mapping[str, Any], chosen: Mapping[str, Any] | None = None
) -> RunConfig:
    """Join defaults, a recipe and what the user gave, in rising order of priority.

    Args:
        recipe: a recipe's name or file, or None for the defaults alone.
        given: field values set explicitly.
        chosen: the recipe's values, where no file holds them.

    Returns:
        The complete configuration.

    Raises:
        BadInput: an unknown field, a wrong value, or a value that would have no effect.

    Example:
        >>> resolve("wgan-gp", {"n_critic": 2}).n_critic
        2
    """
    settings: dict[str, Any] = {}
    if recipe is not None:
        data = str(given.get("data", RunConfig.model_fields["data"].default))
        settings = settings_of(load_recipe(recipe), data) if chosen is None else dict(chosen)
        settings["recipe"] = Path(recipe).stem if recipe.endswith(".toml") else recipe
    config = validated({**DATA_DEFAULTS.get(str(given.get("data")), {}), **settings, **given})
    refuse_idle_options(config, given)
    return config


def changed(
    config: RunConfig,
    settings: Mapping[str, Any],
    factors: Mapping[str, float],
    raised: Mapping[str, str] = MappingProxyType({}),
    lowered: Mapping[str, float] = MappingProxyType({}),
) -> tuple[RunConfig, dict[str, Any]]:
    """Change some fields of a configuration, and set back to their defaults those that this makes idle.

    Args:
        config: a valid configuration.
        settings: new values.
        factors: what other fields are multiplied by.
        raised: fields that take another field's value where they are below it.
        lowered: fields that take a value where they are above it.

    Returns:
        The new configuration, and the values of the fields that were set back.

    Raises:
        BadInput: the new values cannot be, or a factor applies to nothing.

    Example:
        >>> smooth = RunConfig(label_smoothing=0.1, d_lr=0.004)
        >>> new, idle = changed(smooth, {"objective": "hinge"}, {"d_lr": 0.5})
        >>> new.objective, new.d_lr, idle
        ('hinge', 0.002, {'label_smoothing': 0.1})
    """
    values = config.model_dump()
    for field, factor in factors.items():
        if not values[field]:
            raise BadField(field, f"{flag(field)} is {values[field]}, so there is nothing to multiply.")
        values[field] *= factor
    for field, other in raised.items():
        values[field] = max(values[field], values[other])
    for field, most in lowered.items():
        values[field] = min(values[field], most)
    values |= settings
    wanted = {*settings, *factors, *raised, *lowered}
    if values["penalty"] != "none" and values["d_norm"] == "batch":
        values["d_norm"] = "none"  # no slope per sample exists under it
    if values["g_norm"] == "batch":
        values["compile"] = False
    usual = RunConfig().model_dump()
    while True:
        new = validated(values)
        try:
            refuse_idle_options(new, {field: v for field, v in values.items() if v != usual[field]})
        except BadField as error:
            if error.field in wanted or values[error.field] == usual[error.field]:
                raise
            values[error.field] = usual[error.field]
        else:
            break
    idle = {
        field: value
        for field, value in config.model_dump().items()
        if value != values[field] and field not in wanted
    }
    return new, idle


def command_of(config: RunConfig) -> str:
    """Write the command that repeats a run; empty where it took objects that only Python can hand over.

    Example:
        >>> command_of(resolve("r1", {"data": "ring", "seed": 3, "d_lr": 0.01, "steps": 50}))
        'ganscope train ring r1 --seed 3 --steps 50 --d-lr 0.01'
    """
    if OWN in (config.network, config.objective, config.data):
        return ""
    recipe = config.recipe if config.recipe in recipe_names() else DEFAULT_RECIPES[0]
    usual = resolve(recipe, {"data": config.data})
    words = [
        "ganscope",
        "train",
        config.data,
        recipe,
        "--seed",
        str(config.seed),
        "--steps",
        str(config.steps),
    ]
    idle = {"data", "recipe", "seed", "steps"}
    idle |= {"penalty_weight"} if not config.penalties else set()
    idle |= {"g_depth", "d_depth"} if config.network == "dcgan" else set()
    idle |= {"rmsprop": {"beta1"}, "sgd": {"beta2"}}.get(config.optimizer, set())
    idle |= {"consensus_weight"} if config.dynamics != "consensus" else set()
    idle |= {"instance_noise_decay"} if not config.instance_noise else set()
    for field, value in config.model_dump().items():
        if field not in idle and value != getattr(usual, field):
            switch = {True: [flag(field)], False: [flag(f"no_{field}")]}
            words += switch[value] if isinstance(value, bool) else [flag(field), str(value)]
    return shlex.join(words)
