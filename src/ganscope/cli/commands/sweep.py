"""`ganscope sweep`: train a recipe at many points, several seeds each, and report which values lead where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ganscope.cli.arguments import DataArgument, EngineName, Json, Overrides, Switch, Whole, given
from ganscope.cli.interruption import interruptible
from ganscope.cli.plans import print_points, print_work
from ganscope.cli.results import print_comparison
from ganscope.cli.terminal import progress_of


def sweep(
    data: DataArgument = "digits",
    recipe: str = "r1",
    *,
    vary: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    mode: Literal["grid", "random"] = "grid",
    samples: Whole | None = None,
    seeds: Whole = 4,
    seed: Whole = 0,
    budget: Literal["samples", "steps"] = "samples",
    stack: Whole = 0,
    out: Path | None = None,
    overwrite: Switch = False,
    engine: EngineName = "local",
    ray_address: str = "",
    json_: Json = False,
    dry_run: Switch = False,
    fields: Overrides | None = None,
) -> None:
    """Train a recipe at many points, several seeds each, and report which values lead where.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipe: a name (ganscope list), a TOML file, or auto.
        vary: FIELD=1,2,5 for values; FIELD=1..5:3 for three of a range, FIELD=0.1..10:log:5 for five at even
            ratios; FIELD=0.1..10 or FIELD=0.1..10:log for any of a range with --mode random. Once per field.
        mode: every combination, or points at random.
        samples: how many points with --mode random.
        seeds: runs per point.
        seed: the first seed; random points are drawn from it too.
        budget: what all points get the same of: real samples seen, or generator steps.
        stack: most runs that train as one program; 0 is as many as pay and fit, 1 trains each by itself.
        out: folder of the sweep; by default runs/sweep-DATA-RECIPE.
        overwrite: replace a sweep that is there already.
        engine: local trains on the cores of this machine, ray on a Ray cluster whose nodes share the folder.
        ray_address: see compare.
        json_: print the results as JSON.
        dry_run: show what would be trained, and stop.
        fields: the configuration of all points.
    """
    from ganscope.running.launching import launcher

    with launcher(engine == "local" and not dry_run) as launch:  # its workers load torch while we do
        from ganscope.comparison import assign_stacks, carry_out, plan_sweep
        from ganscope.running import open_engine

        planned = plan_sweep(
            data, recipe, vary, mode=mode, samples=samples, seeds=seeds, seed=seed, budget=budget,
            stack=stack, out=out, **given(fields),
        )  # fmt: skip
        with open_engine(engine, ray_address, launch) as opened:
            planned = assign_stacks(planned, opened.slots)
            print_work(planned, opened.slots)
            if dry_run:
                print_points(planned, json_)
                return
            with interruptible() as stop, progress_of([], json_) as progress:
                result = carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=opened)
    print_comparison(result, json_)
