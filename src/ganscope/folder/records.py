"""Run folders for reports: the reader's checks, but every file other than `config.json` may be missing.

Nothing is parsed, so a report shows runs whose configuration this version would not accept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.config import flattened
from ganscope.contracts import BadInput
from ganscope.folder import files, healings, layout, soundness
from ganscope.folder.read import Newer, read_comparison, read_config, read_metrics
from ganscope.words.foreign import all_shown, shown


class RunRecord(NamedTuple):
    """What one run folder says, as read from disk; nothing in it is checked beyond being JSON."""

    folder: Path
    recipe: str
    seed: int
    config: Mapping[str, Any]
    """The settings by name, whether they were written so or in the tables of their groups."""
    data: Mapping[str, Any]
    execution: Mapping[str, Any]
    versions: Mapping[str, Any]
    command: str
    history: Sequence[Mapping[str, Any]]
    timing: Sequence[Mapping[str, Any]]
    final: Mapping[str, Any]
    """The last evaluation: `metrics.json`, or the last evaluated row of a run that did not get so far."""
    finished: bool = True
    """Whether the run has ended, at its last step or where it diverged."""
    damages: Sequence[str] = ()
    """What of the folder is not as it was written, and is left out: a sentence a file."""


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else that JSON may hold.

    Example:
        >>> [number(v) for v in (2, 0.5, None, "2", True)]
        [2.0, 0.5, None, None, None]
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def load_record(folder: Path | str) -> RunRecord:
    """Read one run folder.

    Args:
        folder: a folder with `config.json`; every other file may be missing (a run just started).

    Returns:
        The record, its recipe named by the configuration or, without a recipe, by objective and penalty.

    Raises:
        BadInput: no run there, or one that a newer ganscope wrote, or its `config.json` is damaged. What else
            is damaged is left out, and named in `damages`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     _ = (Path(name) / "config.json").write_text('{"config": {"recipe": "r1", "seed": 3}}')
        ...     run = load_record(name)
        >>> run.recipe, run.seed, run.history
        ('r1', 3, [])
    """
    folder = Path(folder)
    written, metrics = all_shown(read_config(folder)), all_shown(_metrics(folder))
    history, timing = (files.whole_rows(folder / name).rows for name in (layout.HISTORY, layout.TIMING))
    config = flattened(_mapping(written.get("config")))
    evaluated = [row for row in history if number(row.get("emd")) is not None]
    return RunRecord(
        folder=folder,
        recipe=_name(config),
        seed=int(number(config.get("seed")) or 0),
        config=config,
        data=_mapping(written.get("data")),
        execution=_mapping(written.get("execution")),
        versions={key: written[key] for key in ("ganscope", "torch") if key in written},
        command=str(written.get("command") or ""),
        history=history,
        timing=timing,
        final=metrics or (evaluated[-1] if evaluated else {}),
        finished=bool(metrics) or (folder / layout.GENERATOR).is_file(),
        damages=soundness.damages(folder),
    )


def load_records(folder: Path | str) -> list[RunRecord]:
    """Read a run folder, or every run of a comparison, recipe by recipe in the order they were asked for.

    Args:
        folder: a run folder, or one that holds `<recipe>/seed-<n>/` run folders.

    Returns:
        One record per run; in a comparison the folder names the recipe.

    Raises:
        BadInput: neither a run nor a comparison, or a comparison without a run that can be read. Others are
            left out, and `ganscope.folder.soundness` names them.

    Example:
        >>> load_records("nowhere")
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: nowhere holds no run: give the folder of a run or of a comparison.
    """
    folder = Path(folder)
    if layout.is_run(folder):
        return [load_record(folder)]
    asked = [str(name) for name in load_comparison(folder).get("recipes") or []]
    begun = layout.run_folders(folder)
    names = sorted({path.parent.name for path in begun})
    ordered = [name for name in asked if name in names] + [name for name in names if name not in asked]
    records, refused = [], []
    for name, path in ((name, path) for name in ordered for path in begun if path.parent.name == name):
        try:
            # The folder names the recipe: two of the same configuration must stay apart.
            records.append(load_record(path)._replace(recipe=shown(name)))
        except BadInput as error:
            refused.append(error)
    if not records:
        raise next(iter(refused), None) or BadInput(
            f"{folder} holds no run: give the folder of a run or of a comparison."
        )
    places = {shown(name): place for place, name in enumerate(ordered)}
    return sorted(records, key=lambda run: (places[run.recipe], run.seed))


def load_comparison(folder: Path) -> Mapping[str, Any]:
    """Read `comparison.json`; empty when there is none, or a damaged one.

    Raises:
        BadInput: a later version wrote it.
    """
    if not layout.is_comparison(folder):
        return {}
    try:
        return dict(all_shown(read_comparison(folder)))
    except Newer:
        raise
    except (BadInput, OSError):
        return {}


def healings_of(run: RunRecord) -> healings.Record:
    """Read what was changed while a run trained; a damaged file is no reason to show nothing else."""
    try:
        return healings.read(run.folder)
    except (ValueError, LookupError, TypeError, OSError):
        return healings.Record()


def diverged_at(run: RunRecord) -> int | None:
    """Return the step at which a run diverged, None for a sound run."""
    step = number(run.final.get("diverged_at"))
    return None if step is None else int(step)


def floor_of(run: RunRecord, metric: str) -> float | None:
    """Return what real rows score in the place of samples, None when not measured."""
    floor = number(run.final.get(f"{metric}_floor"))
    return number(run.data.get(f"{metric}_floor")) if floor is None else floor


def mode_names(run: RunRecord) -> list[str]:
    """Return the names of the known modes, empty when there are none."""
    names = run.data.get("mode_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def _metrics(folder: Path) -> dict[str, Any]:
    """The last evaluation; empty where it is damaged, too."""
    try:
        return read_metrics(folder)
    except (BadInput, OSError):
        return {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(config: Mapping[str, Any]) -> str:
    """Name a configuration by its recipe, or by what it is made of when it follows none."""
    recipe = config.get("recipe")
    if recipe and recipe != "custom":
        return str(recipe)
    parts = [config.get("objective"), config.get("penalty")]
    return " + ".join(str(part) for part in parts if part and part != "none") or "run"
