"""`ganscope train`: train one GAN, or fine-tune one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ganscope.cli.arguments import DataArgument, Json, Overrides, Switch, Whole, given
from ganscope.cli.interruption import interruptible
from ganscope.cli.plans import print_configs, print_notes
from ganscope.cli.results import print_run
from ganscope.cli.terminal import complain, progress_of


def train(
    data: DataArgument = "digits",
    recipe: str = "wgan-gp",
    *,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    seed: Whole = 0,
    budget: Literal["samples", "steps"] | None = None,
    out: Path | None = None,
    overwrite: Switch = False,
    json_: Json = False,
    dry_run: Switch = False,
    fields: Overrides | None = None,
) -> None:
    """Train one GAN, or fine-tune one.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipe: a name (ganscope list), a TOML file, or auto.
        from_: a run to go on from: both networks start at its newest weights, and have its shapes.
        seed: seed of every random stream.
        budget: whether --steps counts generator steps, or those of a recipe with n_critic 1 that sees as many
            real samples; by default steps where --steps is given.
        out: the run folder; by default runs/DATA-RECIPE-seed-N.
        overwrite: replace a run that is there already.
        json_: print the results as JSON.
        dry_run: show the complete configuration, and stop.
        fields: the configuration.
    """
    from ganscope.running import Hooks, launch, prepare

    asked = given(fields) | {"data": data, "recipe": recipe, "seed": seed}
    prepared = prepare(asked, start=from_, tell=complain)
    config = prepared.config
    if (budget or ("steps" if "steps" in asked else "samples")) == "samples":
        config = config.model_copy(update={"steps": max(1, round(config.steps / config.batches_per_step))})
    print_notes(prepared)
    if dry_run:
        print_configs({config.recipe: config}, json_)
        return
    with interruptible() as stop, progress_of([config.recipe], json_) as progress:
        hooks = Hooks(
            progress=lambda event: progress(config.recipe, event),
            stop=stop,
            tell=lambda note: progress(config.recipe, {"note": note}),
        )
        run = launch(replace(prepared, configs=(config,)), out, overwrite, hooks)
    print_run(run, json_)
