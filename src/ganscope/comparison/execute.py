"""Train recipes side by side, and report on them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.comparison.assignment import assign_stacks, jobs_of, stacks_on_disk
from ganscope.comparison.budget import Plan, plan
from ganscope.comparison.plan_file import read_plan, write_plan
from ganscope.contracts import Interrupted, RunFailed
from ganscope.evaluation import Evaluation, write_real
from ganscope.folder import layout, leftovers
from ganscope.folder.lock import claim, locked
from ganscope.report import RecipeSummary, load_record, summarise, write_report
from ganscope.running.engine import LOCAL, Engine, open_engine
from ganscope.running.examine import judged
from ganscope.running.launching import launcher
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
    unfinished: tuple[Path, ...] = ()
    """The folders of runs that were not trained to their end; none of them is averaged or ranked."""

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
        recipes: recipe names or files; `auto` chooses settings by the data; by default minimax,
            non-saturating, wgan, wgan-gp and r1.
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
    with launcher(engine == "local") as launch:
        planned = plan(data, recipes, **options)
        with open_engine(engine, ray_address, launch) as opened:
            return carry_out(planned, progress=progress, stop=stop, overwrite=overwrite, engine=opened)


def carry_out(
    planned: Plan,
    *,
    progress: Callable[[str, dict[str, Any]], None] = lambda recipe, event: None,
    stop: Callable[[], bool] = lambda: False,
    overwrite: bool = False,
    engine: Engine = LOCAL,
) -> Comparison:
    """Train what was planned, in the stacks that were assigned: see `compare`."""
    planned = assign_stacks(planned, engine.slots)
    claim(planned.out, overwrite)
    return _train(planned, engine, progress, stop)


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
    with launcher(engine == "local") as launch:
        planned = read_plan(Path(folder))
        with open_engine(engine, ray_address, launch) as opened:
            if not planned.stacks:  # an early version wrote it, which did not keep them
                planned = assign_stacks(planned, opened.slots, together=stacks_on_disk(planned))
            return _train(planned, opened, progress, stop, resuming=True)


def _train(
    planned: Plan,
    engine: Engine,
    progress: Callable[[str, dict[str, Any]], None],
    stop: Callable[[], bool],
    resuming: bool = False,
) -> Comparison:
    for folder in planned.all_folders:
        folder.mkdir(parents=True, exist_ok=True)
    with locked([planned.out]):
        leftovers.clear(planned.out)
        write_plan(planned)
        if not (planned.out / layout.REAL).exists():
            write_real(planned.out / layout.REAL, planned.dataset)
        jobs, names = jobs_of(planned, resuming, Evaluation(planned.dataset).about)
        failed = engine.run(jobs, lambda index, event: progress(names[index], event), stop)
    if stop():
        raise Interrupted(planned.out)
    failures = {names[index]: text for index, text in failed.items()}
    started = {
        name: [folder for folder in row if (folder / layout.HISTORY).exists()]
        for name, row in zip(planned.recipes, planned.folders, strict=True)
    }
    runs = {name: [Run(folder) for folder in row] for name, row in started.items() if row}
    if not runs:
        raise RunFailed(
            "; ".join(f"{name}: {text}" for name, text in failures.items()) or "no run was started"
        )
    write_report(planned.out, judged)
    unfinished = tuple(folder for folder in planned.all_folders if not (folder / layout.METRICS).exists())
    return Comparison(planned.out, runs, failures, planned.swept, unfinished)
