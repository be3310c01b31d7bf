"""Run folders in, numbers out: what each recipe reached, over its seeds."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganscope import record
from ganscope.contracts import BadInput


class RunRecord(NamedTuple):
    """What one run folder says, as read from disk; nothing in it is checked beyond being JSON."""

    folder: Path
    recipe: str
    seed: int
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    execution: Mapping[str, Any]
    versions: Mapping[str, Any]
    command: str
    history: Sequence[Mapping[str, Any]]
    timing: Sequence[Mapping[str, Any]]
    final: Mapping[str, Any]
    """The last evaluation: `metrics.json`, or the last evaluated row of a run that did not get so far."""


class Spread(NamedTuple):
    """One number over seeds."""

    mean: float
    sd: float | None
    """Sample standard deviation (n - 1); None for one seed, which has none."""
    low: float
    high: float
    seeds: int


class RecipeSummary(NamedTuple):
    """One recipe over its seeds. Diverged seeds are counted, never averaged."""

    recipe: str
    objective: str
    seeds: tuple[int, ...]
    together: int
    """How many seeds trained as one stack and share a clock; 1 when each ran alone."""
    diverged: int
    diverged_at: int | None
    """The earliest step at which a seed diverged."""
    emd: Spread | None
    emd_floor: float | None
    captured: Spread | None
    modes: int | None
    missing: Mapping[str, int]
    """Mode name -> number of seeds that miss it, most often missed first."""
    high_quality: Spread | None
    reverse_kl: Spread | None
    critic_gap: Spread | None
    """mean f(held-out) - mean f(fake) on the points of the final EMD."""
    gap_over_emd: Spread | None
    logit_slope_start: float | None
    """Median of |dL/dlogit| over the first tenth of the logged steps (then over seeds)."""
    logit_slope_end: float | None
    generator_gradient_start: float | None
    generator_gradient_end: float | None
    seconds: Spread | None
    steps: tuple[int, int] | None
    """Lowest and highest over seeds, so that a run cut short is seen."""
    samples_seen: tuple[int, int] | None


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else that JSON may hold.

    Example:
        >>> [number(v) for v in (2, 0.5, None, "2", True)]
        [2.0, 0.5, None, None, None]
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean, sample standard deviation and range of the values that exist; None without any.

    Example:
        >>> spread([1.0, 2.0, None, 3.0])
        Spread(mean=2.0, sd=1.0, low=1.0, high=3.0, seeds=3)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    sd = statistics.stdev(known) if len(known) > 1 else None
    return Spread(statistics.fmean(known), sd, min(known), max(known), len(known))


def load_record(folder: Path | str) -> RunRecord:
    """Read one run folder.

    Args:
        folder: a folder with `config.json`; every other file may be missing (a run just started).

    Returns:
        The record, its recipe named by the configuration or, without a recipe, by objective and penalty.

    Raises:
        BadInput: no run there, or one that a newer ganscope wrote, or a damaged file.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise BadInput(f"{folder} is no run folder: it has no config.json; give the --out of a run.")
    try:
        written = record.read_json(folder / "config.json")
        history = _rows(folder / "history.jsonl")
        timing = _rows(folder / "timing.jsonl")
        metrics = record.read_json(folder / "metrics.json") if (folder / "metrics.json").is_file() else {}
    except ValueError as error:
        raise BadInput(f"A file of {folder} cannot be read: {error}; restore it or run again.") from error
    version = number(written.get("format"))
    if version is not None and version > record.FORMAT:
        raise BadInput(
            f"{folder} has format {version:.0f}, this ganscope reads up to {record.FORMAT}: upgrade it."
        )
    config = _mapping(written.get("config"))
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
    )


def load_records(folder: Path | str) -> list[RunRecord]:
    """Read a run folder, or every run of a comparison, recipe by recipe in the order they were asked for.

    Raises:
        BadInput: neither a run nor a comparison, or a comparison without a single run.
    """
    folder = Path(folder)
    if (folder / "config.json").is_file():
        return [load_record(folder)]
    asked = [str(name) for name in load_comparison(folder).get("recipes") or []]
    found = sorted({path.parent.parent.name for path in folder.glob("*/seed-*/config.json")})
    ordered = [name for name in asked if name in found] + [name for name in found if name not in asked]
    records = [
        # The folder names the recipe: two of the same configuration must not melt into one.
        load_record(path.parent)._replace(recipe=name)
        for name in ordered
        for path in (folder / name).glob("seed-*/config.json")
    ]
    if not records:
        raise BadInput(f"{folder} holds no run: give a folder with config.json or with <recipe>/seed-<n>/.")
    return sorted(records, key=lambda run: (ordered.index(run.recipe), run.seed))


def load_comparison(folder: Path) -> Mapping[str, Any]:
    """Read `comparison.json`; empty when there is none."""
    path = folder / "comparison.json"
    if not path.is_file():
        return {}
    try:
        return record.read_json(path)
    except ValueError as error:
        raise BadInput(
            f"{path} cannot be read: {error}; remove it, the runs speak for themselves."
        ) from error


def summarise(records: Sequence[RunRecord]) -> list[RecipeSummary]:
    """Summarise each recipe over its seeds, in order of first appearance.

    Args:
        records: one per run; runs with the same `recipe` are its seeds.

    Returns:
        One summary per recipe. A number nobody measured is None. Diverged seeds count in `diverged` and
        enter no average, so a recipe without a sound seed has no final numbers.
    """
    groups: dict[str, list[RunRecord]] = {}
    for run in records:
        groups.setdefault(run.recipe, []).append(run)
    return [_summary(recipe, runs) for recipe, runs in groups.items()]


def diverged_at(run: RunRecord) -> int | None:
    """Return the step at which a run diverged, None for a sound run."""
    step = number(run.final.get("diverged_at"))
    return None if step is None else int(step)


def emd_floor(run: RunRecord) -> float | None:
    """Return the EMD of real rows against real rows, None when not measured."""
    floor = number(run.final.get("emd_floor"))
    return number(run.data.get("emd_floor")) if floor is None else floor


def mode_names(run: RunRecord) -> list[str]:
    """Return the names of the known modes, empty when there are none."""
    names = run.data.get("mode_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def _summary(recipe: str, runs: Sequence[RunRecord]) -> RecipeSummary:
    sound = [run for run in runs if diverged_at(run) is None]
    broken = [step for run in runs if (step := diverged_at(run)) is not None]
    floors = spread(emd_floor(run) for run in runs)
    slopes = [_ends(run, "logit_slope") for run in runs]
    gradients = [_ends(run, "generator_gradient") for run in runs]
    missing = Counter(name for run in sound for name in _missing(run))
    counts = [count for run in runs if (count := _modes(run)) is not None]
    stacks = [run.execution.get("stack") for run in runs if run.execution.get("form") == "stacked"]
    return RecipeSummary(
        recipe=recipe,
        objective=str(runs[0].config.get("objective") or ""),
        seeds=tuple(run.seed for run in runs),
        together=max((len(stack) for stack in stacks if isinstance(stack, list)), default=1),
        diverged=len(broken),
        diverged_at=min(broken, default=None),
        emd=_final(sound, "emd"),
        emd_floor=floors.mean if floors else None,
        captured=_final(sound, "captured"),
        modes=max(counts, default=None),
        missing=dict(sorted(missing.items(), key=lambda entry: -entry[1])),
        high_quality=_final(sound, "high_quality"),
        reverse_kl=_final(sound, "reverse_kl"),
        critic_gap=_final(sound, "critic_gap_held_out"),
        gap_over_emd=spread(
            _ratio(number(run.final.get("critic_gap_held_out")), number(run.final.get("emd")))
            for run in sound
        ),
        logit_slope_start=_median(start for start, _ in slopes),
        logit_slope_end=_median(end for _, end in slopes),
        generator_gradient_start=_median(start for start, _ in gradients),
        generator_gradient_end=_median(end for _, end in gradients),
        seconds=spread(number(run.timing[-1].get("seconds")) for run in runs if run.timing),
        steps=_ranges(runs, "step"),
        samples_seen=_ranges(runs, "samples_seen"),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [row for row in record.read_rows(path) if isinstance(row, dict)]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(config: Mapping[str, Any]) -> str:
    """Name a configuration by its recipe, or by what it is made of when it follows none."""
    recipe = config.get("recipe")
    if recipe and recipe != "custom":
        return str(recipe)
    parts = [config.get("objective"), config.get("penalty")]
    return " + ".join(str(part) for part in parts if part and part != "none") or "run"


def _final(runs: Sequence[RunRecord], key: str) -> Spread | None:
    return spread(number(run.final.get(key)) for run in runs)


def _modes(run: RunRecord) -> int | None:
    """Count the modes that exist."""
    count = number(run.final.get("modes"))
    return int(count) if count is not None else len(mode_names(run)) or None


def _missing(run: RunRecord) -> list[str]:
    """Name the missing modes: `metrics.json` has names, history rows have indices."""
    missing, names = run.final.get("missing"), mode_names(run)
    if not isinstance(missing, list):
        return []
    return [
        names[mode] if isinstance(mode, int) and 0 <= mode < len(names) else str(mode) for mode in missing
    ]


def _ends(run: RunRecord, key: str) -> tuple[float | None, float | None]:
    """Median over the first and over the last tenth of the logged values."""
    values = [value for row in run.history if (value := number(row.get(key))) is not None]
    tenth = max(1, len(values) // 10)
    return _median(values[:tenth]), _median(values[-tenth:])


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _ranges(runs: Sequence[RunRecord], key: str) -> tuple[int, int] | None:
    last = [value for run in runs if (value := _last(run, key)) is not None]
    return (int(min(last)), int(max(last))) if last else None


def _last(run: RunRecord, key: str) -> float | None:
    rows = [*run.history, run.final]
    return max((value for row in rows if (value := number(row.get(key))) is not None), default=None)
