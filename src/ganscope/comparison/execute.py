"""Train recipes side by side, and report on them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.comparison.assignment import jobs_of
from ganscope.comparison.budget import Plan, plan
from ganscope.config.auto import Setting
from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.data.find import load_data
from ganscope.evaluation import write_real
from ganscope.folder import files, layout
from ganscope.folder.lock import claim, locked
from ganscope.folder.read import parse_config, read_comparison
from ganscope.report import RecipeSummary, load_record, summarise, write_report
from ganscope.running import LOCAL, Engine, Job, open_engine
from ganscope.running.run import Run


class Comparison(NamedTuple):
    """A finished comparison."""

    folder: Path
    runs: dict[str, list[Run]]
    """By recipe, in order of seeds."""
    failures: dict[str, str]
    """What went wrong, by recipe (in a sweep by stack); empty when all went well."""
    swept: tuple[str, ...] = ()
    """Fields that vary where this is a sweep, whose points stand in the place of recipes."""

    def summaries(self) -> list[RecipeSummary]:
        """Per recipe, means and spreads over its seeds."""
        return summarise(
            [load_record(run.folder)._replace(recipe=n) for n, runs in self.runs.items() for run in runs]
        )

    def values(self) -> dict[str, dict[str, Any]]:
        """The values of the fields that vary, by point of a sweep."""
        return {
            name: {field: runs[0].config.flat()[field] for field in self.swept}
            for name, runs in self.runs.items()
        }

    @property
    def best_by(self) -> str:
        """Name of the metric that decides which is best."""
        return next((runs[0].config.best_by for runs in self.runs.values() if runs), "emd")

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / layout.REPORT


def compare(
    data: str = "digits",
    recipes: Sequence[str] = (),
    *,
    progress: Callable[[str, dict[str, Any]], None] = lambda recipe, event: None,
    stop: Callable[[], bool] = lambda: False,
    overwrite: bool = False,
    engine: str = "local",
    ray_address: str = "",
    **options: Any,
) -> Comparison:
    """Train recipes on the same data over several seeds, and write the report.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipes: recipe names or files; `auto` lets the data decide; by default minimax, non-saturating, wgan,
            wgan-gp and r1.
        progress: called with the recipe and an event (step, steps, seconds, evaluation) as runs go on.
        stop: when it answers True, everything is saved and `Interrupted` raised.
        overwrite: replace a comparison that is there already.
        engine: "local", worker processes of this machine; or "ray", tasks of a cluster whose nodes share the
            folder of the comparison. Both train to the same bits.
        ray_address: see `open_engine`.
        **options: see `plan` (seeds, seed, steps, budget, seconds, out, any configuration field).

    Returns:
        The comparison, its page at `.report`.

    Raises:
        BadInput: something that cannot work; nothing is written then.
        RunFailed: no run of any recipe ended well.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = compare("ring", ["r1"], seeds=1, steps=3, out=folder, overwrite=True)
        ...     list(result.runs), result.report.exists()
        (['r1'], True)
    """
    planned = plan(data, recipes, **options)
    with open_engine(engine, ray_address) as on:
        return carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=on)


def carry_out(
    planned: Plan,
    *,
    progress: Callable[[str, dict[str, Any]], None] = lambda recipe, event: None,
    stop: Callable[[], bool] = lambda: False,
    overwrite: bool = False,
    engine: Engine = LOCAL,
) -> Comparison:
    """Train what was planned: see `compare`."""
    work = jobs_of(planned, engine.slots, resuming=False)
    claim(planned.out, overwrite)
    files.write_json(planned.out / layout.COMPARISON, description(planned))
    return _train(planned, work, engine, progress, stop)


def resume_comparison(
    folder: str | Path,
    *,
    progress: Callable[[str, dict[str, Any]], None] = lambda recipe, event: None,
    stop: Callable[[], bool] = lambda: False,
    engine: str = "local",
    ray_address: str = "",
) -> Comparison:
    """Go on with an interrupted comparison: finished runs are kept, unfinished ones go on where they were.

    Args:
        folder: a comparison's folder.
        progress: see `compare`.
        stop: see `compare`.
        engine: see `compare`; it need not be the one that began.
        ray_address: see `compare`.

    Returns:
        The finished comparison.

    Raises:
        BadInput: no comparison, or one another process is working on.
        RunFailed: no run of any recipe ended well.
    """
    folder = Path(folder)
    stored = read_comparison(folder)
    try:
        planned = Plan(
            folder, stored["data"], tuple(stored["recipes"]), tuple(stored["seeds"]),
            stored["budget"], stored["seconds"],
            tuple(tuple(parse_config(values) for values in row) for row in stored["configs"]),
            auto={
                name: tuple(Setting(**entry) for entry in entries)
                for name, entries in stored.get("auto", {}).items()
            },
            swept=tuple(stored.get("swept", ())),
            stack=stored.get("stack", 0),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else "a value in it cannot be used"
        raise BadInput(
            f"{folder / layout.COMPARISON} is damaged ({why}): restore it, or compare again."
        ) from None
    with open_engine(engine, ray_address) as on:
        return _train(planned, jobs_of(planned, on.slots, resuming=True), on, progress, stop)


def _train(
    planned: Plan,
    work: tuple[list[Job], list[str]],
    engine: Engine,
    progress: Callable[[str, dict[str, Any]], None],
    stop: Callable[[], bool],
) -> Comparison:
    for folder in (f for row in planned.folders for f in row):
        folder.mkdir(parents=True, exist_ok=True)
    jobs, names = work
    with locked([planned.out]):
        if not (planned.out / layout.REAL).exists():
            config = planned.configs[0][0]
            write_real(planned.out / layout.REAL, planned.dataset or load_data(config.data, config.size))
        failed = engine.run(jobs, lambda index, event: progress(names[index], event), stop)
    if stop():
        raise Interrupted(planned.out)
    failures = {names[index]: text for index, text in failed.items()}
    begun = {
        name: [folder for folder in row if (folder / layout.HISTORY).exists()]
        for name, row in zip(planned.recipes, planned.folders, strict=True)
    }
    runs = {name: [Run(folder) for folder in row] for name, row in begun.items() if row}
    if not runs:
        raise RunFailed(
            "; ".join(f"{name}: {text}" for name, text in failures.items()) or "no run was started"
        )
    write_report(planned.out)
    return Comparison(planned.out, runs, failures, planned.swept)


def description(planned: Plan) -> dict[str, Any]:
    """What `comparison.json` holds."""
    return {
        "command": planned.command,
        "data": planned.data,
        "recipes": list(planned.recipes),
        "seeds": list(planned.seeds),
        "budget": planned.budget,
        "seconds": planned.seconds,
        "configs": [[config.grouped() for config in row] for row in planned.configs],
        "auto": {
            name: [setting._asdict() for setting in chosen] for name, chosen in planned.auto.items() if chosen
        },
        **({"swept": list(planned.swept), "stack": planned.stack} if planned.swept else {}),
    }
