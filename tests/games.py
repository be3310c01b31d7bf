"""Small real games for the tests: built by the code that builds everybody's."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch

from ganscope import build
from ganscope.config import RunConfig, resolve
from ganscope.training import Runs

SMALL: dict[str, Any] = {
    "g_width": 16, "d_width": 16, "g_depth": 2, "d_depth": 2, "latent_dim": 4, "batch_size": 8, "steps": 20,
}  # fmt: skip


@functools.cache
def bench_of(data: str) -> build.Bench:
    return build.bench(build.load_data(data), 8)


def config(recipe: str, **given: Any) -> RunConfig:
    return resolve(recipe, {**SMALL, "data": "ring", **given})


def runs(folder: Path, recipe: str, seeds: tuple[int, ...] = (0,), **given: Any) -> Runs:
    configs = [config(recipe, seed=seed, **given) for seed in seeds]
    folders = [folder / f"seed-{seed}" for seed in seeds]
    for place in folders:
        place.mkdir(parents=True, exist_ok=True)
    return build.build(configs, folders, bench_of(configs[0].data))


def weights(built: Runs, player: str, k: int | None = None) -> list[torch.Tensor]:
    """Copies of a player's parameters; those of run k of a stack."""
    parameters = getattr(built.game, player).parameters.values()
    return [(p if k is None else p[k]).detach().clone() for p in parameters]
