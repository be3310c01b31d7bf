"""Recipes: named settings from the literature, shipped or a file of the user's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from ganscope.build.settings.no_effect import refuse_no_effect
from ganscope.build.settings.validate import validated
from ganscope.config import flattened
from ganscope.config.names import data_names
from ganscope.contracts import BadInput
from ganscope.words.complaints import BadField, unknown
from ganscope.words.sentences import reason, uncapitalised

DEFAULT_RECIPES = ("minimax", "non-saturating", "wgan", "wgan-gp", "r1")
AUTO = "auto"
"""The recipe that is chosen by the data's shape: see `ganscope.config.auto`."""


def recipe_names() -> tuple[str, ...]:
    """List the recipes that ship with the package."""
    return tuple(sorted(entry.name[:-5] for entry in _shipped().iterdir() if entry.name.endswith(".toml")))


def load_recipe(name: str) -> dict[str, Any]:
    """Read a recipe, a named set of configuration values.

    Args:
        name: one of `recipe_names()`, or the path of a TOML file of the user's own.

    Returns:
        The values the recipe sets; `paper` and `about` (what it is and where it comes from) among them. A
        table `[on.ring]` holds values for that built-in data set alone; `resolve` lets them win.

    Raises:
        BadInput: no such recipe, or a file that is not valid TOML, names no field or sets a wrong value.

    Example:
        >>> load_recipe("wgan-gp")["penalty"]
        'gradient-penalty'
    """
    if not isinstance(name, str):
        raise BadInput(
            f"a recipe of type {type(name).__name__} cannot be used: give a name or the path of a file."
        )
    path = Path(name)
    if name == AUTO:
        raise BadInput(
            "recipe auto depends on the data: use ganscope train DATA auto, or gs.train in Python."
        )
    if path.suffix == ".toml":
        if not path.is_file():
            raise BadInput(
                f"there is no recipe file {name}: give the path of a TOML file or one of "
                f"{', '.join(recipe_names())}."
            )
        text, where = path.read_text(encoding="utf-8", errors="replace"), name
    elif name in recipe_names():
        text, where = (_shipped() / f"{name}.toml").read_text(encoding="utf-8"), name
    else:
        raise BadInput(unknown("recipe", name, (*recipe_names(), AUTO), _recipes_listed()))
    try:
        values = flattened(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"recipe {where} is not valid TOML: {uncapitalised(str(error))}.") from None
    except (RecursionError, ValueError) as error:
        raise BadInput(f"recipe {where} cannot be read as TOML ({reason(error)}): correct it.") from None
    try:
        for data in (None, *tables_of(values)):
            settings = settings_of(values, data)
            refuse_no_effect(validated(settings), settings)
    except BadField as error:
        raise BadInput(f"recipe {where}{_line_of(text, error.field)}: {error}") from None
    return values


def settings_of(recipe: Mapping[str, Any], data: str | None) -> dict[str, Any]:
    """What of a recipe is configuration, with the values it has for one data set."""
    common = {key: value for key, value in recipe.items() if key not in ("about", "paper", "on")}
    return flattened(common) | flattened(tables_of(recipe).get(data, {}) if data is not None else {})


def tables_of(recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values a recipe has for single data sets, by their names."""
    tables = recipe.get("on", {})
    if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
        raise BadField("on", "on holds tables, one a data set: write [on.ring] and values below it.")
    for data in tables:
        if data not in data_names():
            raise BadField(f"on.{data}", unknown("data", data, data_names()))
    return tables


def _recipes_listed() -> str:
    return f"Known: {', '.join((*recipe_names(), AUTO))}, or a .toml file"


def _shipped() -> Any:
    return resources.files("ganscope") / "recipes"


def _line_of(text: str, field: str) -> str:
    """Name the line of a recipe file that sets a field."""
    for number, line in enumerate(text.splitlines(), 1):
        key = line.split("=")[0].strip().strip("[]\"' ")
        if key == field or key.startswith(f"{field}."):
            return f", line {number}"
    return ""
