"""What each recipe reached, over its seeds, in numbers."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.folder.records import RunRecord, diverged_at, floor_of, healings_of, mode_names, number
from ganscope.metrics import METRICS
from ganscope.words.spread import Spread, spread


class RecipeSummary(NamedTuple):
    """One recipe over its seeds. Diverged seeds are counted, never averaged.

    Nor are unfinished seeds, once any run of any recipe has finished: step 40 is no match for step 400.
    """

    recipe: str
    objective: str
    seeds: tuple[int, ...]
    together: int
    """How many seeds trained as one stack and share a clock; 1 when each ran alone."""
    diverged: int
    diverged_at: int | None
    """The earliest step at which a seed diverged."""
    healed: int
    """Seeds whose settings were changed while they trained: their results are not the recipe's alone."""
    metrics: Mapping[str, Spread | None]
    """Name of a metric that is measured while training -> its last value; None where it was not measured."""
    floors: Mapping[str, float | None]
    """Name of a metric -> what real rows score in the place of samples."""
    modes: int | None
    missing: Mapping[str, int]
    """Mode name -> number of seeds that miss it, most often missed first."""
    critic_gap: Spread | None
    """mean f(held-out) - mean f(fake) on the points of the final EMD."""
    gap_over_emd: Spread | None
    certified_lower: Spread | None
    """What of the gap is proven of the exact EMD, in its units."""
    logit_slope_start: float | None
    """Median of |dL/dlogit| over the first tenth of the logged steps (then over seeds)."""
    logit_slope_end: float | None
    generator_gradient_start: float | None
    generator_gradient_end: float | None
    seconds: Spread | None
    steps: tuple[int, int] | None
    """Lowest and highest over seeds, so that a run cut short is seen."""
    samples_seen: tuple[int, int] | None
    unfinished: int = 0
    """Seeds that have not come to their end."""
    unfinished_at: int | None = None
    """The earliest step at which one of those stands."""
    left_out: int = 0
    """Those of the unfinished seeds that enter no average: all of them, or none."""

    @property
    def averaged(self) -> int:
        """How many seeds enter the averages."""
        return len(self.seeds) - self.diverged - (self.left_out or 0)

    @property
    def emd(self) -> Spread | None:
        """The last EMD."""
        return self.metrics.get("emd")

    @property
    def captured(self) -> Spread | None:
        """The number of captured modes."""
        return self.metrics.get("captured")

    @property
    def high_quality(self) -> Spread | None:
        """The share of samples of high quality."""
        return self.metrics.get("high_quality")

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object, each metric under its name and its floor under `<name>_floor`."""
        values: dict[str, Any] = {field: _plain(value) for field, value in self._asdict().items()}
        metrics, floors = values.pop("metrics"), values.pop("floors")
        return {**values, **metrics, **{f"{name}_floor": value for name, value in floors.items()}}


def summarise(records: Sequence[RunRecord]) -> list[RecipeSummary]:
    """Summarise each recipe over its seeds, in order of first appearance.

    Args:
        records: one per run; runs with the same `recipe` are its seeds.

    Returns:
        One summary per recipe. A number that was not measured is None. Diverged seeds count in `diverged` and
        enter no average, and unfinished ones count in `unfinished` and enter none as soon as any run has
        finished; so a recipe without a sound seed has no final numbers.

    Example:
        >>> summarise([])
        []
    """
    groups: dict[str, list[RunRecord]] = {}
    for run in records:
        groups.setdefault(run.recipe, []).append(run)
    any_finished = any(run.finished for run in records)
    return [_summary(recipe, runs, any_finished) for recipe, runs in groups.items()]


def is_distance(s: RecipeSummary) -> bool:
    """Tell whether the critic's gap estimates a distance; a gap of log-odds does not."""
    return s.objective == "wasserstein"


def _summary(recipe: str, runs: Sequence[RunRecord], finished_only: bool) -> RecipeSummary:
    unfinished = [run for run in runs if not run.finished]
    sound = [run for run in runs if diverged_at(run) is None and (run.finished or not finished_only)]
    reached = _ranges(unfinished, "step")
    broken = [step for run in runs if (step := diverged_at(run)) is not None]
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
        healed=sum(bool(healings_of(run).healings) for run in runs),
        metrics={name: _final(sound, name) for name, m in METRICS.items() if m.while_training},
        floors={name: _floor(runs, name) for name, m in METRICS.items() if m.while_training and m.floor},
        modes=max(counts, default=None),
        missing=dict(sorted(missing.items(), key=lambda entry: -entry[1])),
        critic_gap=_final(sound, "critic_gap_held_out"),
        gap_over_emd=spread(
            _ratio(number(run.final.get("critic_gap_held_out")), number(run.final.get("emd")))
            for run in sound
        ),
        certified_lower=_final(sound, "certified_lower"),
        logit_slope_start=_median(start for start, _ in slopes),
        logit_slope_end=_median(end for _, end in slopes),
        generator_gradient_start=_median(start for start, _ in gradients),
        generator_gradient_end=_median(end for _, end in gradients),
        seconds=spread(number(run.timing[-1].get("seconds")) for run in runs if run.timing),
        steps=_ranges(runs, "step"),
        samples_seen=_ranges(runs, "samples_seen"),
        unfinished=len(unfinished),
        unfinished_at=reached[0] if reached else None,
        left_out=len(unfinished) if finished_only else 0,
    )


def _floor(runs: Sequence[RunRecord], metric: str) -> float | None:
    floors = spread(floor_of(run, metric) for run in runs)
    return floors.mean if floors else None


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


def _plain(value: Any) -> Any:
    """Write spreads as objects and tuples as lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, Spread):
        return value._asdict()
    return list(value) if isinstance(value, tuple) else value
