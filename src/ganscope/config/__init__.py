"""The validated configuration of a run, and the recipes that name literature settings. No torch in here."""

from ganscope.config.fields import (
    BUILT_IN_DATA,
    DATA_DEFAULTS,
    DISCRIMINATOR_FIELDS,
    GENERATOR_FIELDS,
    OWN,
    PENALTY_NAMES,
    SMOOTHABLE,
    TARGETED_PENALTIES,
    DataName,
    ObjectiveName,
    RunConfig,
    choices,
    explain,
)
from ganscope.config.recipes import AUTO, DEFAULT_RECIPES, load_recipe, recipe_names
from ganscope.config.resolution import changed, command_of, resolve
from ganscope.words.complaints import flag, shortened, unknown

__all__ = [
    "AUTO",
    "BUILT_IN_DATA",
    "DATA_DEFAULTS",
    "DEFAULT_RECIPES",
    "DISCRIMINATOR_FIELDS",
    "GENERATOR_FIELDS",
    "OWN",
    "PENALTY_NAMES",
    "SMOOTHABLE",
    "TARGETED_PENALTIES",
    "DataName",
    "ObjectiveName",
    "RunConfig",
    "changed",
    "choices",
    "command_of",
    "explain",
    "flag",
    "load_recipe",
    "recipe_names",
    "resolve",
    "shortened",
    "unknown",
]
