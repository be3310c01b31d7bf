"""What a comparison will train: recipes over seeds, with the same budget for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ganscope import build
from ganscope.config import DEFAULT_RECIPES, RunConfig, resolve
from ganscope.contracts import BadInput

Budget = Literal["samples", "steps", "seconds"]


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

    @property
    def folders(self) -> list[list[Path]]:
        """The run folders, in the order of `configs`."""
        return [
            [self.out / name / f"seed-{config.seed}" for config in row]
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
    seconds: float = 60.0,
    out: str | Path | None = None,
    **fields: Any,
) -> Plan:
    """Work out what a comparison will train, and refuse what cannot work.

    Args:
        data: a built-in data set.
        recipes: recipe names or files; by default minimax, non-saturating, wgan, wgan-gp and r1.
        seeds: runs per recipe, at least 1.
        seed: the first seed.
        steps: generator steps of a recipe with `n_critic` 1 (budgets "samples" and "steps").
        budget: what all recipes get the same of. "samples": real rows seen, so a recipe with `n_critic` 5
            takes a fifth of the generator steps. "steps": generator steps. "seconds": training time.
        seconds: training time per recipe with budget "seconds".
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
    if seeds < 1:
        raise BadInput(f"--seeds {seeds} is too few: a comparison needs at least 1, better 4.")
    if seconds <= 0:
        raise BadInput(f"--seconds {seconds} is no training time: give a number above 0.")
    names = tuple(dict.fromkeys(recipes or DEFAULT_RECIPES))
    given = {**fields, "data": data, **({} if steps is None else {"steps": steps})}
    rows = []
    for name in names:
        config = resolve(name, given)
        build.check(config)
        if budget == "samples":
            config = config.model_copy(update={"steps": max(1, round(config.steps / config.n_critic))})
        rows.append(tuple(config.model_copy(update={"seed": seed + k}) for k in range(seeds)))
    labels = tuple(row[0].recipe for row in rows)
    if len(set(labels)) < len(labels):
        raise BadInput(
            f"two recipes share the name {max(labels, key=labels.count)}: rename one of the files."
        )
    folder = Path(out) if out is not None else Path("runs") / f"compare-{Path(data).stem}"
    return Plan(
        folder, data, labels, tuple(range(seed, seed + seeds)), budget,
        seconds if budget == "seconds" else 0.0, tuple(rows),
    )  # fmt: skip
