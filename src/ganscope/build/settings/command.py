"""From a complete configuration back to the command line that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from ganscope.build.settings.no_effect import without_effect
from ganscope.build.settings.recipes import DEFAULT_RECIPES, recipe_names
from ganscope.build.settings.resolve import resolve
from ganscope.config import CUSTOM, RunConfig
from ganscope.folder import layout
from ganscope.words.complaints import flags

CHANGED = "-changed"
"""What the folder of a run with other settings is called in addition."""


def command_of(config: RunConfig, changed: Collection[str] = ()) -> str:
    """Write the command that repeats a run; empty where it took objects that only Python can hand over.

    Args:
        config: complete.
        changed: settings that are not those of the run it goes by: they are written out even where they are
            the recipe's, and the new run stands beside the old one.

    Example:
        >>> command_of(resolve("r1", {"data": "ring", "seed": 3, "d_lr": 0.01, "steps": 50}))
        'ganscope train ring r1 --seed 3 --steps 50 --d-lr 0.01'
    """
    if config.own or CUSTOM in (config.objective, config.data):
        return ""
    recipe = config.recipe if config.recipe in recipe_names() else DEFAULT_RECIPES[0]
    usual = resolve(recipe, {"data": config.data})
    words = ["ganscope", "train", config.data, recipe, "--seed", str(config.seed)]
    words += ["--steps", str(config.steps)]
    left_out = {"data", "recipe", "seed", "steps", *without_effect(config)}
    standard = usual.flat()
    for name, value in config.flat().items():
        if name not in left_out and (name in changed or value != standard.get(name)):
            words += flags(name, value)
    if changed:
        words += ["--out", f"{default_folder(config)}{CHANGED}"]
    return shlex.join(words)


def default_folder(config: RunConfig) -> Path:
    """Name the folder of a run for which none is given: `runs/<data>-<recipe>-seed-<n>`."""
    return Path("runs") / f"{Path(config.data).stem}-{config.recipe}-{layout.seed_folder(config.seed)}"
