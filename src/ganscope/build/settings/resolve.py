"""From a recipe and what was given to a complete configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganscope.build.settings.no_effect import refuse_no_effect
from ganscope.build.settings.recipes import load_recipe, settings_of
from ganscope.build.settings.validate import validated
from ganscope.config import RunConfig, flattened

DATA_DEFAULTS: dict[str, dict[str, Any]] = {"ring": {"steps": 12_000}, "grid": {"steps": 12_000}}
"""R1 holds at most one mode of the ring after 4,000 steps, all 8 after 12,000."""


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
    given = flattened(given)
    if recipe is not None:
        data = str(given.get("data", RunConfig.model_fields["data"].default))
        settings = settings_of(load_recipe(recipe), data) if chosen is None else dict(chosen)
        settings["recipe"] = Path(recipe).stem if recipe.endswith(".toml") else recipe
    config = validated({**DATA_DEFAULTS.get(str(given.get("data")), {}), **settings, **given}, given)
    refuse_no_effect(config, given)
    return config
