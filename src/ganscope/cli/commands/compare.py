"""`ganscope compare`: recipes side by side on the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ganscope.cli.arguments import DataArgument, EngineName, Json, Overrides, Switch, Whole, given
from ganscope.cli.interruption import interruptible
from ganscope.cli.plans import print_choices, print_configs, print_data_notes
from ganscope.cli.results import print_comparison
from ganscope.cli.terminal import progress_of


def compare(
    data: DataArgument = "digits",
    *recipes: str,
    seeds: Whole = 4,
    seed: Whole = 0,
    budget: Literal["samples", "steps", "seconds"] = "samples",
    seconds: float | None = None,
    out: Path | None = None,
    overwrite: Switch = False,
    engine: EngineName = "local",
    ray_address: str = "",
    json_: Json = False,
    dry_run: Switch = False,
    fields: Overrides | None = None,
) -> None:
    """Train recipes on the same data, several seeds each, and report on them together.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipes: names (ganscope list), TOML files, or auto; by default minimax, non-saturating, wgan,
            wgan-gp and r1.
        seeds: runs per recipe.
        seed: the first seed.
        budget: what all recipes get the same of: real samples seen, generator steps, or seconds of training.
        seconds: training time per recipe with --budget seconds; by default 60.
        out: folder of the comparison; by default runs/compare-DATA.
        overwrite: replace a comparison that is there already.
        engine: local trains on the cores of this machine, ray on a Ray cluster whose nodes share the folder.
        ray_address: host:port of a cluster, or auto; by default RAY_ADDRESS, else a Ray is started here.
        json_: print the results as JSON.
        dry_run: show what would be trained, and stop.
        fields: the configuration.
    """
    from ganscope.running.launching import launcher

    options = {"seeds": seeds, "seed": seed, "budget": budget, "seconds": seconds, "out": out}
    with launcher(engine == "local" and not dry_run) as launch:  # its workers load torch while we do
        from ganscope.comparison import carry_out, plan
        from ganscope.running import open_engine

        planned = plan(data, recipes, **options, **given(fields))  # type: ignore[arg-type]
        print_data_notes(planned.dataset.name, planned.dataset.notes)
        for chosen in planned.auto.values():
            print_choices(chosen)
        if dry_run:
            print_configs({row[0].recipe: row[0] for row in planned.configs}, json_)
            return
        with (
            open_engine(engine, ray_address, launch) as opened,
            interruptible() as stop,
            progress_of(planned.recipes, json_) as progress,
        ):
            result = carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=opened)
    print_comparison(result, json_)
