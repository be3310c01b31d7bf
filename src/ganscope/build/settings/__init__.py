"""From a recipe and what was given to a complete configuration, and back. No torch in here."""

from ganscope.build.settings.change import changed
from ganscope.build.settings.command import command_of, default_folder
from ganscope.build.settings.no_effect import without_effect
from ganscope.build.settings.options import (
    INHERITED,
    choices,
    completed,
    described,
    families_with,
    family_of,
    idle_options,
    options_of,
    player_options,
    settings,
    settings_by_group,
)
from ganscope.build.settings.recipes import AUTO, DEFAULT_RECIPES, load_recipe, recipe_names
from ganscope.build.settings.resolve import resolve
from ganscope.build.settings.validate import explain, validated

__all__ = [
    "AUTO",
    "DEFAULT_RECIPES",
    "INHERITED",
    "changed",
    "choices",
    "command_of",
    "completed",
    "default_folder",
    "described",
    "explain",
    "families_with",
    "family_of",
    "idle_options",
    "load_recipe",
    "options_of",
    "player_options",
    "recipe_names",
    "resolve",
    "settings",
    "settings_by_group",
    "validated",
    "without_effect",
]
