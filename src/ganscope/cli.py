"""The command line: flags come from the configuration, a command is a thin layer over a Python function."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter
from pydantic import BaseModel, Field, ValidationError, create_model

from ganscope import __version__
from ganscope.config import (
    BUILT_IN_DATA,
    DEFAULT_RECIPES,
    PENALTY_NAMES,
    RunConfig,
    explain,
    load_recipe,
    recipe_names,
    resolve,
)
from ganscope.contracts import BadInput, Interrupted, RunFailed

if TYPE_CHECKING:
    from ganscope.comparison import Comparison
    from ganscope.run import Run

CONFIGURATION = Group("Configuration (overrides the recipe)", sort_key=9)
_OWN_FLAGS = ("data", "recipe", "seed")


def _flags() -> type[BaseModel]:
    """The configuration's fields as optional flags, so that only what was given overrides a recipe."""
    fields: dict[str, Any] = {}
    for name, field in RunConfig.model_fields.items():
        if name not in _OWN_FLAGS:
            kind: Any = field.annotation if field.annotation in (int, float) else str
            fields[name] = (
                kind | None,
                Field(None, description=f"{field.description} Default {field.default}."),
            )
    return create_model("Flags", **fields)


Flags = _flags()
_Fields = Annotated[Any, Parameter(name="*", group=CONFIGURATION, show_default=False)]
Overrides = Annotated[Flags, Parameter(name="*", group=CONFIGURATION, show_default=False)]  # type: ignore[valid-type]

app = App(
    name="ganscope",
    help="Train GANs under any adversarial objective, and see why they fail.",
    version=__version__,
    help_format="plaintext",
)


@app.command(sort_key=1)
def compare(
    data: str = "digits",
    *recipes: str,
    seeds: int = 4,
    seed: int = 0,
    budget: Literal["samples", "steps", "seconds"] = "samples",
    seconds: float = 60.0,
    out: Path | None = None,
    overwrite: bool = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    dry_run: bool = False,
    fields: Overrides | None = None,
) -> None:
    """Train recipes on the same data, several seeds each, and report on them together.

    Args:
        data: a built-in data set (ganscope list).
        recipes: recipe names or TOML files; by default minimax, non-saturating, wgan, wgan-gp and r1.
        seeds: runs per recipe.
        seed: the first seed.
        budget: what every recipe gets the same of: real samples seen (one with n_critic 5 takes a fifth of
            the generator steps), generator steps, or seconds of training.
        seconds: training time per recipe with --budget seconds.
        out: folder of the comparison; by default runs/compare-DATA.
        overwrite: replace a comparison that is there already.
        json_: print the results as JSON.
        dry_run: show what would be trained, and stop.
        fields: the configuration.
    """
    from ganscope.comparison import compare as run_comparison
    from ganscope.comparison import plan

    options = {"seeds": seeds, "seed": seed, "budget": budget, "out": out, **_given(fields)}
    if budget == "seconds":
        options["seconds"] = seconds
    planned = plan(data, recipes, **options)
    if dry_run:
        _show({row[0].recipe: row[0] for row in planned.configs}, json_)
        return
    with _interruptible() as stop, _progress(planned.recipes, json_) as progress:
        result = run_comparison(data, recipes, progress=progress, stop=stop, overwrite=overwrite, **options)
    _print_comparison(result, json_)


@app.command(sort_key=2)
def train(
    data: str = "digits",
    recipe: str = "wgan-gp",
    *,
    seed: int = 0,
    budget: Literal["samples", "steps"] | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    dry_run: bool = False,
    fields: Overrides | None = None,
) -> None:
    """Train one GAN.

    Args:
        data: a built-in data set (ganscope list).
        recipe: a recipe's name or TOML file.
        seed: seed of every random stream.
        budget: "steps" takes --steps as generator steps, "samples" as those of a recipe with n_critic 1 that
            sees as many real samples; by default "steps" where --steps is given, else "samples".
        out: the run folder; by default runs/DATA-RECIPE-seed-N.
        overwrite: replace a run that is there already.
        json_: print the results as JSON.
        dry_run: show the complete configuration, and stop.
        fields: the configuration.
    """
    from ganscope.engines import train as train_run

    given = _given(fields)
    config = resolve(recipe, {**given, "data": data, "seed": seed})
    if (budget or ("steps" if "steps" in given else "samples")) == "samples":
        config = config.model_copy(update={"steps": max(1, round(config.steps / config.n_critic))})
    if dry_run:
        _show({config.recipe: config}, json_)
        return
    with _interruptible() as stop, _progress([config.recipe], json_) as progress:
        run = train_run(
            config,
            out=out,
            overwrite=overwrite,
            stop=stop,
            progress=lambda event: progress(config.recipe, event),
        )
    _print_run(run, json_)


@app.command(sort_key=3)
def resume(run: Path, /, *, json_: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Go on with an interrupted run or comparison, to the very weights it would have reached.

    Args:
        run: a run folder, or the folder of a comparison.
        json_: print the results as JSON.
    """
    if (run / "comparison.json").is_file():
        from ganscope.comparison import resume_comparison

        with _interruptible() as stop, _progress([], json_) as progress:
            result = resume_comparison(run, progress=progress, stop=stop)
        _print_comparison(result, json_)
        return
    from ganscope.engines import resume as resume_run
    from ganscope.terminal import complain

    with _interruptible() as stop, _progress([], json_) as progress:
        done = resume_run(run, stop=stop, progress=lambda event: progress(run.name, event), tell=complain)
    _print_run(done, json_)


@app.command(sort_key=4)
def sample(
    run: Path,
    /,
    *,
    number: Annotated[int, Parameter(alias="-n")] = 64,
    output: Annotated[Path, Parameter(alias="-o")] = Path("samples.png"),
    seed: int = 0,
) -> None:
    """Draw samples from a trained generator.

    Args:
        run: a run folder.
        number: how many.
        output: the file; its ending decides: .png (a grid of pictures), .npz, .npy or .csv.
        seed: seed of the latents.
    """
    from ganscope.export import write_samples
    from ganscope.run import load
    from ganscope.terminal import say

    trained = load(run)
    write_samples(output, trained.sample(number, seed).numpy(), trained.description["data"]["columns"])
    say(f"{number} samples: {output}")


@app.command(sort_key=5)
def report(*runs: Path) -> None:
    """Write the report of runs or comparisons anew, from what their folders hold.

    Args:
        runs: run folders, or folders of comparisons.
    """
    from ganscope.report import write_report
    from ganscope.terminal import say

    if not runs:
        raise BadInput(
            "report needs a run folder or the folder of a comparison, as in ganscope report runs/demo."
        )
    for run in runs:
        say(str(write_report(run)))


@app.command(name="list", sort_key=6)
def list_(*, json_: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Show the recipes, data sets, objectives, penalties and networks there are.

    Args:
        json_: print them as JSON.
    """
    from ganscope.terminal import say

    recipes = {name: load_recipe(name) for name in recipe_names()}
    options = {
        name: [c for c in _choices(name) if c != "own"] for name in ("objective", "network", "optimizer")
    }
    if json_:
        _json({"recipes": recipes, "data": BUILT_IN_DATA, "penalties": PENALTY_NAMES, **options})
        return
    width = max(map(len, recipes))
    say("Recipes (* compared by default)")
    for name, recipe in recipes.items():
        say(f"{'*' if name in DEFAULT_RECIPES else ' '} {name:<{width}}  {recipe['about']}")
    say(f"Data        {', '.join(BUILT_IN_DATA)}")
    say(f"Objectives  {', '.join(options['objective'])}")
    say(f"Penalties   {', '.join(PENALTY_NAMES)}")
    say(f"Networks    {', '.join(options['network'])}")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 for a failure, 2 for bad input, 130 or 143 when stopped."""
    from ganscope.terminal import complain

    try:
        app(arguments if arguments is not None else sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(_plain(error))
        return 2
    except BadInput as error:
        complain(f"ganscope: {error}")
        return 2
    except RunFailed as error:
        complain(f"ganscope: {error}")
        return 1
    except Interrupted as stopped:
        complain(f"ganscope: {stopped}")
        return 128 + _received[-1] if _received else 130
    except OSError as error:
        complain(
            f"ganscope: {error.strerror or error}" + (f": {error.filename}" if error.filename else "") + "."
        )
        return 1
    return 0


_received: list[int] = []


@contextmanager
def _interruptible() -> Iterator[Any]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop; a second one ends the process at once."""

    def note(number: int, _: object) -> None:
        if _received:
            os._exit(128 + number)
        _received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(_received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(names: Any, quiet: bool) -> Any:
    from ganscope.terminal import Progress

    return Progress(list(names), quiet)


def _given(fields: BaseModel | None) -> dict[str, Any]:
    return {} if fields is None else fields.model_dump(exclude_unset=True)


def _choices(field: str) -> list[str]:
    from typing import get_args

    annotation = RunConfig.model_fields[field].annotation
    parts = [annotation, *get_args(annotation)]
    return list(dict.fromkeys(c for part in parts for c in get_args(part) if isinstance(c, str)))


def _plain(error: CycloptsError) -> str:
    """One sentence for what the command line could not make sense of."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        first = cause.errors()[0]
        return f"ganscope: {explain(first['loc'], first['type'], first['msg'], first['input'])}"
    return f"ganscope: {' '.join(str(error).split())}"


def _json(value: Mapping[str, Any]) -> None:
    from ganscope.record import jsonable

    print(json.dumps(jsonable(value), indent=2, allow_nan=False))


def _show(configs: Mapping[str, RunConfig], as_json: bool) -> None:
    """Print complete configurations: what they have in common once, then what each has of its own."""
    from ganscope.terminal import print_table, say

    dumps = {name: config.model_dump() for name, config in configs.items()}
    if as_json:
        _json(dumps)
        return
    fields = [name for name in RunConfig.model_fields if name != "recipe"]
    own = [f for f in fields if len({str(dump[f]) for dump in dumps.values()}) > 1]
    first = next(iter(dumps.values()))
    if own:
        print_table([("", own), *((name, [str(dump[f]) for f in own]) for name, dump in dumps.items())])
    say(("The same for all: " if own else "") + ", ".join(f"{f} {first[f]}" for f in fields if f not in own))


def _print_comparison(result: Comparison, as_json: bool) -> None:
    from ganscope.report import in_words, table
    from ganscope.terminal import complain, print_table, say

    summaries = result.summaries()
    for name, text in result.failures.items():
        complain(f"{name}: {text}")
    if as_json:
        _json({"report": str(result.report), "recipes": [_as_dict(s) for s in summaries]})
        return
    print_table(table(summaries))
    say(f"\n{in_words(summaries)}\n\nReport: {result.report}")


def _as_dict(value: Any) -> Any:
    """Named tuples, nested, as JSON objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _as_dict(entry) for key, entry in value._asdict().items()}
    return value


def _print_run(run: Run, as_json: bool) -> None:
    from ganscope.report import in_words, load_record, summarise, table
    from ganscope.terminal import print_table, say

    if as_json:
        _json({"folder": str(run.folder), "metrics": run.metrics})
        return
    summaries = summarise([load_record(run.folder)])
    print_table(table(summaries))
    say(f"\n{in_words(summaries)}\n\nReport: {run.folder / 'report.html'}")
