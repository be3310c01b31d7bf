"""Small real games for the tests: built by the code that builds everybody's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.folder.read import read
from ganscope.running import Hooks, Prepared, execute, reopen
from ganscope.training import Runs

SMALL: dict[str, Any] = {
    "g_width": 16, "d_width": 16, "g_depth": 2, "d_depth": 2, "latent_dim": 4, "batch_size": 8, "steps": 20,
}  # fmt: skip


@functools.cache
def evaluation_of(data: str) -> Evaluation:
    """A data set judged on few rows: an exact EMD of hundreds of rows would be most of a test's time."""
    whole = load_data(data)
    return Evaluation(
        whole._replace(held_out=whole.held_out[:60], held_out_labels=_first(whole.held_out_labels))
    )


def _first(labels: torch.Tensor | None) -> torch.Tensor | None:
    return None if labels is None else labels[:60]


def config(recipe: str, **given: Any) -> RunConfig:
    return resolve(recipe, {**SMALL, "data": "ring", **given})


def runs(folder: Path, recipe: str, seeds: tuple[int, ...] = (0,), **given: Any) -> Runs:
    configs = [config(recipe, seed=seed, **given) for seed in seeds]
    folders = [folder / f"seed-{seed}" for seed in seeds]
    for place in folders:
        place.mkdir(parents=True, exist_ok=True)
    return game.build(configs, folders, evaluation_of(configs[0].data))


def weights(built: Runs, player: str, k: int | None = None) -> list[torch.Tensor]:
    """Copies of a player's parameters; those of run k of a stack."""
    parameters = getattr(built.game, player).parameters.values()
    return [(p if k is None else p[k]).detach().clone() for p in parameters]


def train_here(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    evaluation: Evaluation,
    resuming: bool = False,
    **hooks: Any,
) -> None:
    """Train one run or a stack in this process, or go on with it; the folders exist."""
    if resuming:
        prepared = reopen([read(folder) for folder in folders], evaluation=evaluation)
    else:
        prepared = Prepared(tuple(configs), tuple(folders), evaluation)
    execute(prepared, Hooks(**hooks))
