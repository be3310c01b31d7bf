"""What a comparison will train: recipes over seeds, with the same budget for all."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from ganscope.build.settings import AUTO, DEFAULT_RECIPES, resolve
from ganscope.config import RunConfig
from ganscope.config.auto import Setting
from ganscope.config.names import data_names
from ganscope.contracts import BadInput, Dataset
from ganscope.data.find import load_data
from ganscope.folder import layout
from ganscope.running import prepare
from ganscope.running.grouping import Stack
from ganscope.words.complaints import flags, unknown

Budget = Literal["samples", "steps", "seconds"]
MOST_SEEDS = 1000
SECONDS = 60.0
"""Training time per recipe unless another is given."""


class Plan(NamedTuple):
    """A comparison before it starts: what will be trained, and where."""

    out: Path
    data: str
    recipes: tuple[str, ...]
    seeds: tuple[int, ...]
    budget: Budget
    seconds: float
    configs: tuple[tuple[RunConfig, ...], ...]
    """One row a recipe, one configuration a seed."""
    dataset: Dataset
    """The data, opened once for all runs."""
    command: str = ""
    """How it would be asked for on the command line."""
    auto: Mapping[str, tuple[Setting, ...]] = {}
    """What the recipe `auto` chose, by recipe."""
    swept: tuple[str, ...] = ()
    """Fields in which the points of a sweep differ; they then stand in the place of recipes."""
    stack: int = 0
    """Most runs that train as one program; with 0 the machine decides."""
    stacks: tuple[Stack, ...] = ()
    """Which of `runs` train together; empty until they are assigned."""

    @property
    def runs(self) -> list[RunConfig]:
        """The configurations of all runs, recipe by recipe."""
        return [config for row in self.configs for config in row]

    @property
    def all_folders(self) -> list[Path]:
        """The folders of all runs, in the order of `runs`."""
        return [folder for row in self.folders for folder in row]

    @property
    def folders(self) -> list[list[Path]]:
        """The run folders, in the order of `configs`."""
        return [
            [layout.run_folder(self.out, name, config.seed) for config in row]
            for name, row in zip(self.recipes, self.configs, strict=True)
        ]


def plan(
    data: str = "digits",
    recipes: Sequence[str] = (),
    *,
    seeds: int = 4,
    seed: int = 0,
    steps: int | None = None,
    budget: Budget = "samples",
    seconds: float | None = None,
    out: str | Path | None = None,
    **fields: Any,
) -> Plan:
    """Work out what a comparison will train, and refuse what cannot work.

    Args:
        data: a built-in data set, or the path of a file or folder.
        recipes: recipe names or files; `auto` chooses settings by the data; by default minimax,
            non-saturating, wgan, wgan-gp and r1.
        seeds: runs per recipe, at least 1.
        seed: the first seed.
        steps: generator steps of a recipe with `n_critic` 1 and the default batch size (budget "samples"), or
            of every recipe ("steps"); by default the most that one of the recipes asks for.
        budget: what all recipes get the same of. "samples": real rows seen, so a recipe with `n_critic` 5
            takes a fifth of the generator steps. "steps": generator steps. "seconds": training time.
        seconds: training time per recipe with budget "seconds"; 60 when not given.
        out: the comparison's folder; by default `runs/compare-<data>`.
        **fields: configuration fields for all recipes.

    Returns:
        The plan.

    Raises:
        BadInput: an unknown name, or a combination that cannot work.

    Example:
        >>> [row[0].steps for row in plan("digits", ["r1", "wgan-gp"], steps=1000).configs]
        [1000, 200]
    """
    options = {
        "seeds": seeds, "seed": seed, "steps": steps, "budget": budget, "seconds": seconds, "out": out,
        **fields,
    }  # fmt: skip
    seed = check(data, seeds, seed, steps, budget, seconds)
    names = (recipes,) if isinstance(recipes, str) else tuple(dict.fromkeys(recipes or DEFAULT_RECIPES))
    given = {**fields, "data": str(data), **({} if steps is None else {"steps": steps})}
    for name in names:
        if name != AUTO:
            resolve(name, given)  # refuse a misspelt setting before the data are opened
    loading = resolve(None, {key: given[key] for key in ("data", "size", "columns") if key in given})
    dataset = load_data(data, loading.size, None, loading.columns)
    prepared = [prepare({**given, "recipe": name}, loaded=dataset) for name in names]
    configs = same_for_all([ready.config for ready in prepared], budget, steps, fields.get("batch_size"))
    rows = [tuple(c.model_copy(update={"seed": seed + k}) for k in range(seeds)) for c in configs]
    auto = {ready.config.recipe: ready.auto for ready in prepared}
    labels = tuple(row[0].recipe for row in rows)
    if len(set(labels)) < len(labels):
        raise BadInput(
            f"two recipes share the name {max(labels, key=labels.count)}: rename one of the files."
        )
    folder = Path(out) if out is not None else Path("runs") / f"compare-{Path(data).stem}"
    return Plan(
        out=folder,
        data=rows[0][0].data,
        recipes=labels,
        seeds=tuple(range(seed, seed + seeds)),
        budget=budget,
        seconds=(seconds or SECONDS) if budget == "seconds" else 0.0,
        configs=tuple(rows),
        dataset=dataset,
        command=command_line(["compare", str(data), *recipes], options),
        auto=auto,
    )


def same_for_all(
    configs: Sequence[RunConfig], budget: Budget, steps: int | None, batch_size: int | None
) -> list[RunConfig]:
    """Give every recipe the same budget: what was asked for, or the most that one of them asks for itself."""
    if budget == "samples":
        standard = batch_size or RunConfig().batch_size
        samples = steps * standard if steps else max(c.steps * c.batch_size for c in configs)
        wanted = [samples / (c.batches_per_step * c.batch_size) for c in configs]
    else:
        wanted = [max(c.steps for c in configs)] * len(configs)
    return [c.model_copy(update={"steps": max(1, round(w))}) for c, w in zip(configs, wanted, strict=True)]


def command_line(command: Sequence[str], options: Mapping[str, Any]) -> str:
    """Write how something would be asked for on the command line; options that are None are left out."""
    words = ["ganscope", *command]
    for field, value in options.items():
        words += [] if value is None else flags(field, value)
    return shlex.join(words)


def check(
    data: object, seeds: object, seed: int, steps: int | None, budget: str, seconds: float | None
) -> int:
    """Refuse what cannot be compared, before anything is loaded; return the first seed."""
    if not isinstance(data, str | Path):
        raise BadInput(
            f"a comparison cannot take data of type {type(data).__name__}, because its runs are processes: "
            f"save it to a file and give the path, or name one of {', '.join(data_names())}."
        )
    if not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS:
        raise BadInput(f"--seeds {seeds} is not possible: give 1 to {MOST_SEEDS} runs per recipe, better 4.")
    first = resolve(None, {"seed": seed}).seed
    if budget not in get_args(Budget):
        raise BadInput(unknown("budget", budget, get_args(Budget)))
    if budget != "seconds" and seconds is not None:
        raise BadInput(f"--seconds {seconds:g} has no effect with --budget {budget}: add --budget seconds.")
    if seconds is not None and not 0 < seconds < math.inf:
        raise BadInput(f"--seconds {seconds:g} is no training time: give a number above 0.")
    if budget == "seconds" and steps is not None:
        raise BadInput(f"--steps {steps} has no effect with --budget seconds: leave one of them out.")
    return first
