"""What is printed before work starts: notes on the data, choices, settings, the points of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ganscope.build.settings import AUTO
from ganscope.cli.output import print_json
from ganscope.cli.terminal import complain, print_table, say
from ganscope.config import RunConfig

if TYPE_CHECKING:
    from ganscope.comparison import Plan
    from ganscope.config.auto import Setting
    from ganscope.running import Prepared

POINTS_SHOWN = 20
"""Points of a sweep that are printed; the report has all."""


def print_notes(prepared: Prepared) -> None:
    """Say on standard error what was decided while reading the data, by the recipe `auto` and by `--from`."""
    print_data_notes(prepared.data.name, prepared.data.notes)
    print_choices(prepared.auto)
    if prepared.start is not None:
        complain(f"begins at the weights of {prepared.start.run}, step {prepared.start.step}")


def print_data_notes(name: str, notes: Sequence[str]) -> None:
    """Say on standard error what was decided while reading the data."""
    for note in notes:
        complain(f"{name}: {note}")


def print_choices(chosen: Sequence[Setting]) -> None:
    """Say on standard error what the recipe `auto` chose and why, a line each."""
    for setting in chosen:
        complain(f"{AUTO}: {setting.field} {setting.value}: {setting.reason}")


def print_configs(configs: Mapping[str, RunConfig], as_json: bool) -> None:
    """Print complete configurations: what each has of its own, then what they have in common."""
    dumps = {name: config.flat() for name, config in configs.items()}
    if as_json:
        print_json(dumps)
        return
    fields = [name for name in dict.fromkeys(n for dump in dumps.values() for n in dump) if name != "recipe"]
    differing = [f for f in fields if len({str(dump.get(f)) for dump in dumps.values()}) > 1]
    first = next(iter(dumps.values()))
    if differing:
        print_table(
            [
                ("", differing),
                *((name, [str(dump.get(f)) for f in differing]) for name, dump in dumps.items()),
            ]
        )
    say(
        ("The same for all: " if differing else "")
        + ", ".join(f"{f} {first[f]}" for f in fields if f not in differing)
    )


def print_work(planned: Plan, slots: int) -> None:
    """Say on standard error what was decided about the data, and how a sweep will be carried out."""
    from ganscope.comparison.assignment import in_numbers

    print_data_notes(planned.dataset.name, planned.dataset.notes)
    print_choices(planned.auto[planned.recipes[0]])
    complain(in_numbers(planned, slots))


def print_points(planned: Plan, as_json: bool) -> None:
    """Print the points of a sweep that has not started, and what they have in common."""
    from ganscope.comparison.points import shown

    configs = {name: row[0] for name, row in zip(planned.recipes, planned.configs, strict=True)}
    if as_json:
        print_configs(configs, as_json)
        return
    few = list(configs.values())[:POINTS_SHOWN]
    print_table([(field, [shown(config.flat()[field]) for config in few]) for field in planned.swept])
    if len(configs) > len(few):
        say(f"and {len(configs) - len(few)} more")
    dumps = [config.flat() for config in configs.values()]
    same = [name for name, value in dumps[0].items() if all(dump.get(name) == value for dump in dumps)]
    say("The same for all: " + ", ".join(f"{name} {dumps[0][name]}" for name in same))
