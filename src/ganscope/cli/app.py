"""The command line: flags come from the configuration, a command is a thin layer over a Python function."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CoercionError, CycloptsError, Group, Parameter, UnknownOptionError
from pydantic import BaseModel, Field, ValidationError, create_model

from ganscope import __version__
from ganscope.build.settings import choices, described, explain, settings
from ganscope.config.names import data_names
from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.folder import layout
from ganscope.words.complaints import flag, shortened, unknown

CONFIGURATION = Group("Configuration (overrides the recipe)", sort_key=9)
_OWN_FLAGS = ("data", "recipe", "seed")
BROKEN_PIPE = 128 + 13


def _flags() -> type[BaseModel]:
    """All settings as optional flags, so that only what was given overrides a recipe."""
    fields: dict[str, Any] = {}
    for name, field in settings().items():
        if name not in _OWN_FLAGS:
            names = choices(name)
            kind: Any = Literal[tuple(names)] if names else field.annotation
            fields[name] = (
                kind | None,
                Field(None, description=f"{described(name)} Default {field.default}."),
            )
    return create_model("Flags", **fields)


if TYPE_CHECKING:
    DataArgument = str
else:  # so that help and completion show the names
    DataArgument = Literal[data_names()] | str

Flags = _flags()
Overrides = Annotated[Flags, Parameter(name="*", group=CONFIGURATION, show_default=False)]  # type: ignore[valid-type]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
EngineName = Literal["local", "ray"]
Switch = Annotated[bool, Parameter(negative="", show_default=False)]

app = App(
    name="ganscope",
    help="Train GANs under any adversarial objective, and see why they fail.",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
)
app.register_install_completion_command(help="Let the shell complete commands, flags and names.")


@app.command(sort_key=1)
def compare(
    data: DataArgument = "digits",
    *recipes: str,
    seeds: int = 4,
    seed: int = 0,
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
    from ganscope.cli.show import print_choices, print_comparison, print_configs, print_data_notes
    from ganscope.comparison import carry_out, plan
    from ganscope.running import open_engine

    options = {"seeds": seeds, "seed": seed, "budget": budget, "seconds": seconds, "out": out}
    planned = plan(data, recipes, **options, **_given(fields))  # type: ignore[arg-type]
    if planned.dataset is not None:
        print_data_notes(planned.dataset.name, planned.dataset.notes)
    for chosen in planned.auto.values():
        print_choices(chosen)
    if dry_run:
        print_configs({row[0].recipe: row[0] for row in planned.configs}, json_)
        return
    with (
        open_engine(engine, ray_address) as on,
        _interruptible() as stop,
        _progress(planned.recipes, json_) as progress,
    ):
        result = carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=on)
    print_comparison(result, json_)


@app.command(sort_key=2)
def sweep(
    data: DataArgument = "digits",
    recipe: str = "r1",
    *,
    vary: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    mode: Literal["grid", "random"] = "grid",
    samples: int | None = None,
    seeds: int = 4,
    seed: int = 0,
    budget: Literal["samples", "steps"] = "samples",
    stack: int = 0,
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
    from ganscope.cli.show import print_comparison, print_points, print_work
    from ganscope.comparison import carry_out, plan_sweep
    from ganscope.running import open_engine

    planned = plan_sweep(
        data, recipe, vary, mode=mode, samples=samples, seeds=seeds, seed=seed, budget=budget, stack=stack,
        out=out, **_given(fields),
    )  # fmt: skip
    with open_engine(engine, ray_address) as on:
        print_work(planned, on.slots)
        if dry_run:
            print_points(planned, json_)
            return
        with _interruptible() as stop, _progress([], json_) as progress:
            result = carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=on)
    print_comparison(result, json_)


@app.command(sort_key=3)
def train(
    data: DataArgument = "digits",
    recipe: str = "wgan-gp",
    *,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    seed: int = 0,
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
    from ganscope.cli.show import print_configs, print_notes, print_run
    from ganscope.cli.terminal import complain
    from ganscope.running import prepare, train_prepared

    given = _given(fields) | {"data": data, "recipe": recipe, "seed": seed}
    prepared = prepare(given, start=from_, tell=complain)
    config = prepared.config
    if (budget or ("steps" if "steps" in given else "samples")) == "samples":
        config = config.model_copy(update={"steps": max(1, round(config.steps / config.batches_per_step))})
    print_notes(prepared)
    if dry_run:
        print_configs({config.recipe: config}, json_)
        return
    with _interruptible() as stop, _progress([config.recipe], json_) as progress:
        run = train_prepared(
            prepared._replace(config=config),
            out=out,
            overwrite=overwrite,
            stop=stop,
            progress=lambda event: progress(config.recipe, event),
            tell=lambda note: progress(config.recipe, {"note": note}),
        )
    print_run(run, json_)


@app.command(sort_key=4)
def resume(run: Path, /, *, engine: EngineName = "local", ray_address: str = "", json_: Json = False) -> None:
    """Go on with an interrupted run, comparison or sweep, to the very weights it would have reached.

    Args:
        run: a run folder, or the folder of a comparison or sweep.
        engine: what goes on with a comparison: the cores of this machine (local), or a Ray cluster (ray).
        ray_address: see compare.
        json_: print the results as JSON.
    """
    from ganscope.cli.show import print_comparison, print_run

    if layout.is_comparison(run):
        from ganscope.comparison import resume_comparison

        with _interruptible() as stop, _progress([], json_) as progress:
            result = resume_comparison(
                run, progress=progress, stop=stop, engine=engine, ray_address=ray_address
            )
        print_comparison(result, json_)
        return
    if engine != "local" or ray_address:
        option = f"--engine {engine}" if engine != "local" else f"--ray-address {ray_address}"
        raise BadInput(
            f"{option} has no effect on a single run, which goes on in this process: leave it out."
        )
    from ganscope.cli.terminal import complain
    from ganscope.running import resume as resume_run

    with _interruptible() as stop, _progress([], json_) as progress:
        done = resume_run(run, stop=stop, progress=lambda event: progress(run.name, event), tell=complain)
    print_run(done, json_)


@app.command(sort_key=5)
def sample(
    run: Path,
    /,
    *,
    number: Annotated[int, Parameter(alias="-n")] = 64,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    seed: int = 0,
    json_: Json = False,
) -> None:
    """Draw samples from a trained generator.

    Args:
        run: a run folder.
        number: how many.
        output: the file; its ending decides: .png (a grid of pictures), .npz, .npy or .csv. A table comes in
            its original units and columns. By default samples.png for images, else samples.csv.
        seed: seed of the latents.
        json_: print what was written as JSON.
    """
    from ganscope.cli.show import print_json
    from ganscope.cli.terminal import say
    from ganscope.export import write_samples
    from ganscope.running.run import load

    trained = load(run)
    data = trained.description["data"]
    path = output if output is not None else Path("samples.png" if len(data["shape"]) == 3 else "samples.csv")
    if data.get("units") is None:
        write_samples(path, trained.sample(number, seed).numpy(), data["columns"])
    else:
        columns, rows = trained.table(number, seed)
        write_samples(path, rows, columns)
    if json_:
        print_json({"samples": number, "file": str(path), "seed": seed})
    else:
        say(f"{number} samples: {path}")


@app.command(sort_key=6)
def evaluate(
    run: Path,
    /,
    *,
    data: DataArgument | None = None,
    number: Annotated[int | None, Parameter(alias="-n")] = None,
    json_: Json = False,
) -> None:
    """Judge a trained generator: distance to held-out rows, modes, precision and recall, beside real rows'.

    Args:
        run: a run folder.
        data: what to judge it by; by default the data it was trained on.
        number: how many samples, at least 20; by default as many as the data's modes want, 500 without modes.
        json_: print the results as JSON.
    """
    from ganscope.cli.show import print_evaluation
    from ganscope.running.run import load

    print_evaluation(load(run).evaluate(data, number), json_)


@app.command(sort_key=7)
def report(*runs: Path, json_: Json = False) -> None:
    """Write the report of runs or comparisons anew, from what their folders hold.

    Args:
        runs: run folders, or folders of comparisons.
        json_: print the pages' paths as JSON.
    """
    from ganscope.cli.show import print_json
    from ganscope.cli.terminal import say
    from ganscope.report import write_report

    if not runs:
        raise BadInput(
            "report needs a run folder or the folder of a comparison, as in ganscope report runs/demo."
        )
    pages = [str(write_report(run)) for run in runs]
    if json_:
        print_json({"reports": pages})
    else:
        say("\n".join(pages))


@app.command(name="explain", sort_key=8)
def explain_(
    *questions: str,
    seeds: int = 3,
    full: Switch = False,
    list_: Annotated[bool, Parameter(name="--list", negative="", show_default=False)] = False,
    out: Path = Path("runs/explain"),
    overwrite: Switch = False,
    json_: Json = False,
) -> None:
    """Answer questions about GAN losses by measuring, and write the answers on one page.

    Args:
        questions: numbers or subjects (ganscope explain --list); all by default, in at most ten minutes.
        seeds: seeds per question where there is randomness.
        full: take the long way where there is one.
        list_: show the questions, and stop.
        out: folder of the answers; finished ones of the same settings are kept there.
        overwrite: measure anew what is there already.
        json_: print the answers as JSON.
    """
    from ganscope.cli.show import print_explained, print_questions

    if list_:
        print_questions(json_)
        return
    from ganscope.explain import QUESTIONS, ask, find

    names = [QUESTIONS[number].name for number in find(questions)]
    with _interruptible() as stop, _progress(names, json_, "question") as progress:
        explained = ask(
            questions, seeds=seeds, full=full, out=out, overwrite=overwrite, progress=progress, stop=stop
        )
    print_explained(explained, json_)


@app.command(sort_key=9)
def diagnose(
    what: str,
    /,
    *,
    weights: Path | None = None,
    data: DataArgument = "digits",
    objective: str = "non-saturating",
    constraint: str | None = None,
    constraint_weight: float | None = None,
    latent_dim: int = 0,
    fail_on: Literal["mild", "severe"] | None = None,
    json_: Json = False,
) -> None:
    """Say what is wrong with a run, or with two saved networks, since when, and what to do first.

    Args:
        what: a run folder, the folder of a comparison, or module:factory, a function that returns a
            generator and a discriminator.
        weights: of the factory's networks, a .safetensors file with keys generator.KEY and discriminator.KEY.
        data: what the factory's networks were trained on.
        objective: what they were trained with (ganscope list).
        constraint: what held their critic's slope: a penalty, spectral-norm or clipping.
        constraint_weight: weight of the penalty.
        latent_dim: width of their latents; 0 takes that of the generator's first layer.
        fail_on: exit with code 3 on a verdict of this severity or a worse one.
        json_: print the verdicts as JSON.
    """
    from ganscope.cli.show import print_examinations
    from ganscope.running.examine import examine, examine_networks, worst

    if ":" in what and not Path(what).exists():
        found = [
            examine_networks(what, weights, str(data), objective, latent_dim, constraint, constraint_weight)
        ]
    else:
        found = examine(Path(what))
    print_examinations(found, json_)
    severity = worst(found)
    if severity is not None and fail_on in (severity, "mild"):
        raise BadVerdict(f"a {severity} verdict was found, and --fail-on {fail_on} was asked for.")


@app.command(name="list", sort_key=10)
def list_(*, json_: Json = False) -> None:
    """Show the recipes, data sets, objectives, penalties and networks there are.

    Args:
        json_: print them as JSON.
    """
    from ganscope.cli.show import print_list

    print_list(json_)


class BadVerdict(Exception):  # noqa: N818
    """What was diagnosed is as bad as `--fail-on` names; the command line exits with code 3."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 for a failure, 2 bad input, 3 a bad verdict, 130 or 143 when stopped."""
    from ganscope.cli.terminal import complain

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal of another character set is no reason to fail
    try:
        app(arguments if arguments is not None else sys.argv[1:], exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has seen enough; Python shall not trip over it again on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:
        sentence, code = _ending(error)
        if not sentence:
            raise
        complain(f"ganscope: {sentence}" + ("" if sentence.endswith((".", "?", ")")) else "."))
        return code
    return 0


def _ending(error: BaseException) -> tuple[str, int]:
    """Say in one sentence why a command ended, and with which exit code; nothing for a fault of our own."""
    sentence, code = "", 1
    if isinstance(error, CycloptsError):
        sentence, code = _plain(error), 2
    elif isinstance(error, BadInput):
        sentence, code = str(error), 2
    elif isinstance(error, RunFailed):
        sentence = str(error)
    elif isinstance(error, BadVerdict):
        sentence, code = str(error), 3
    elif isinstance(error, Interrupted | KeyboardInterrupt):
        sentence, code = str(error) or "stopped.", 128 + (_received[-1] if _received else signal.SIGINT)
    elif isinstance(error, OSError):
        sentence = f"{error.strerror or error}" + (f": {error.filename}." if error.filename else ".")
    elif isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error)):
        sentence = "out of memory: lower --batch-size, --g-width and --d-width, or -n."
    return sentence, code


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


def _progress(names: Any, quiet: bool, kind: str = "recipe") -> Any:
    from ganscope.cli.terminal import Progress

    return Progress(list(names), quiet, kind)


def _given(fields: BaseModel | None) -> dict[str, Any]:
    return {} if fields is None else fields.model_dump(exclude_unset=True)


def _plain(error: CycloptsError) -> str:
    """One sentence for what the command line could not make sense of."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        return explain(cause)
    command = " ".join(["ganscope", *(error.command_chain or ())])
    if isinstance(error, UnknownOptionError):
        known = sorted({name for argument in error.argument_collection for name in argument.names})
        return unknown(
            "option", error.token.keyword or error.token.value, known, f"{command} --help lists all"
        )
    if isinstance(error, CoercionError) and error.token is not None and error.token.keyword:
        field = error.token.keyword.lstrip("-").replace("-", "_")
        names = choices(field)
        if names:
            return unknown(field, error.token.value, names)
        kind = {int: "a whole number", float: "a number"}.get(error.target_type or str)
        if kind:
            return f"{flag(field)} {shortened(error.token.value)!r} cannot be used: give {kind}."
    return " ".join(str(error).split())
