"""One game under several settings, every run of every setting looked at as it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.explain.answer import Progress, Row
from ganscope.explain.experiments.games import played
from ganscope.explain.phrases import mean
from ganscope.figures.drawing import Plot, band
from ganscope.training import Runs


class Setting(NamedTuple):
    """One way to train."""

    name: str
    recipe: str
    fields: Mapping[str, Any]
    """Of the configuration."""
    colour: str


Looks = dict[str, list[list[Any]]]
"""What was seen, by name of the setting: `[seed][look]`, each a NamedTuple with a field `step`."""


def compared(
    settings: Sequence[Setting],
    seeds: Sequence[int],
    steps: int,
    looks: int,
    look_at: Callable[[Runs, Sequence[int]], Sequence[NamedTuple]],
    progress: Progress,
) -> Looks:
    """Train every setting on the digits over seeds, and look at every run at step 0 and `looks` times after.

    Args:
        settings: one stack of seeds each.
        seeds: of the runs.
        steps: generator steps, a multiple of `looks`.
        looks: how many after the first.
        look_at: judges the runs of a stack as they are, one look a seed.
        progress: of all settings together.
    """
    seen: Looks = {}
    total = (looks + 1) * len(settings)
    for place, setting in enumerate(settings):
        per_seed: list[list[Any]] = [[] for _ in seeds]
        pauses = played(setting.recipe, seeds, "digits", steps, looks, **setting.fields)
        for number, runs in enumerate(pauses):
            for so_far, look in zip(per_seed, look_at(runs, seeds), strict=True):
                so_far.append(look)
            progress(place * (looks + 1) + number, total)
        seen[setting.name] = per_seed
    return seen


def at_end(seen: Looks, name: str, what: str) -> list[float]:
    """What the last look saw, one number a seed."""
    return [float(getattr(looks[-1], what)) for looks in seen[name]]


def end_rows(seen: Looks, columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Rows of a table: per setting the columns at the end, mean ± standard deviation over seeds."""
    return tuple((name, *(mean(at_end(seen, name, what)) for what in columns)) for name in seen)


def csv_rows(seen: Looks, seeds: Sequence[int], first: str) -> list[Row]:
    """Every look as a row of data.

    Args:
        seen: from `compared`.
        seeds: of the runs.
        first: title of the column that holds the setting's name.
    """
    return [
        {first: name, "seed": seed, **look._asdict()}
        for name, runs in seen.items()
        for seed, looks in zip(seeds, runs, strict=True)
        for look in looks
    ]


def curve(
    figure: Plot,
    runs: Sequence[Sequence[Any]],
    of: Callable[[Any], float],
    name: str,
    colour: str,
    dash: str = "solid",
) -> None:
    """Draw a quantity of the looks against the step, mean over seeds and band."""
    values = [[float(of(look)) for look in looks] for looks in runs]
    band(figure, [look.step for look in runs[0]], values, name, colour, dash=dash)
