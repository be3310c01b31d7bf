"""From a complete configuration back to the command line that repeats it."""

from __future__ import annotations

import shlex

from ganscope.build.settings.no_effect import without_effect
from ganscope.build.settings.recipes import DEFAULT_RECIPES, recipe_names
from ganscope.build.settings.resolve import resolve
from ganscope.config import CUSTOM, RunConfig
from ganscope.words.complaints import flag


def command_of(config: RunConfig) -> str:
    """Write the command that repeats a run; empty where it took objects that only Python can hand over.

    Example:
        >>> command_of(resolve("r1", {"data": "ring", "seed": 3, "d_lr": 0.01, "steps": 50}))
        'ganscope train ring r1 --seed 3 --steps 50 --d-lr 0.01'
    """
    if CUSTOM in (config.network, config.objective, config.data):
        return ""
    recipe = config.recipe if config.recipe in recipe_names() else DEFAULT_RECIPES[0]
    usual = resolve(recipe, {"data": config.data})
    words = ["ganscope", "train", config.data, recipe, "--seed", str(config.seed)]
    words += ["--steps", str(config.steps)]
    left_out = {"data", "recipe", "seed", "steps", *without_effect(config)}
    standard = usual.flat()
    for name, value in config.flat().items():
        if name not in left_out and value != standard.get(name):
            switch = {True: [flag(name)], False: [flag(f"no_{name}")]}
            words += switch[value] if isinstance(value, bool) else [flag(name), str(value)]
    return shlex.join(words)
