"""`ganscope list`: the names there are."""

from __future__ import annotations

from ganscope.build.settings import AUTO, DEFAULT_RECIPES, choices, load_recipe, recipe_names
from ganscope.cli.arguments import Json
from ganscope.cli.output import print_json
from ganscope.cli.terminal import print_pairs, say
from ganscope.config.names import (
    data_names,
    file_endings,
    metric_names,
    penalty_names,
    trackers,
    verdict_names,
)

AUTO_ABOUT = "Settings chosen by the shape of the data and the number of rows."


def list_(*, json_: Json = False) -> None:
    """Show the recipes, data sets, objectives, penalties, networks, metrics, verdicts and trackers there are.

    Args:
        json_: print them as JSON.
    """
    print_list(json_)


def print_list(as_json: bool) -> None:
    """Print all names there are."""
    recipes = {name: load_recipe(name) for name in recipe_names()} | {AUTO: {"about": AUTO_ABOUT}}
    options = {name: choices(name) for name in ("objective", "network", "optimizer", "dynamics")}
    if as_json:
        names = {
            "data": data_names(), "files": file_endings(), "penalties": penalty_names(),
            "metrics": metric_names(), "verdicts": verdict_names(), "trackers": list(trackers()),
        }  # fmt: skip
        print_json({"recipes": recipes, **names, **options})
        return
    say("Recipes (* compared by default)")
    print_pairs(
        [(f"{'*' if n in DEFAULT_RECIPES else ' '} {n}", recipe["about"]) for n, recipe in recipes.items()]
    )
    print_pairs(
        [
            ("Data", ", ".join((*data_names(), "or a path"))),
            ("Files", ", ".join((*file_endings(), "a folder of images"))),
            ("Objectives", ", ".join(options["objective"])),
            ("Penalties", ", ".join(penalty_names())),
            ("Networks", ", ".join(options["network"])),
            ("Optimisers", ", ".join(options["optimizer"])),
            ("Dynamics", ", ".join(options["dynamics"])),
            ("Metrics", ", ".join(metric_names())),
            ("Verdicts", ", ".join(verdict_names())),
            ("Trackers", ", ".join(trackers())),
        ]
    )
