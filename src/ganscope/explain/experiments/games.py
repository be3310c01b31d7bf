"""Short trainings for the answers: the library's own stacks of seeds, looked at as they go."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.build.game import build
from ganscope.build.settings import resolve
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.explain.experiments.seeds import alone
from ganscope.training import Runs
from ganscope.training.judging import evaluation_latents
from ganscope.training.loop import advance
from ganscope.training.stacks.stacking import evaluating


@functools.cache
def judge(data: str) -> Evaluation:
    """Prepare a data set once a process: its held-out rows, EMD floor and judge of modes."""
    return Evaluation(load_data(data))


def first_rows(count: int, data: str = "digits") -> Tensor:
    """Return the first training rows."""
    return judge(data).data.train[torch.arange(count)]


def played(
    recipe: str, seeds: Sequence[int], data: str, steps: int, looks: int, **fields: Any
) -> Iterator[Runs]:
    """Train a stack of seeds and pause to be looked at: at step 0 and after every `steps / looks` steps.

    Args:
        recipe: where the configuration starts.
        seeds: one run each; a stack even for one seed, so that a caller finds `[K, ...]` everywhere.
        data: a built-in data set.
        steps: generator steps, a multiple of `looks`.
        looks: how many pauses after the first.
        **fields: fields of the configuration.

    Yields:
        The runs, between two steps; nothing is written to disk.
    """
    stacked = seeds if len(seeds) > 1 else (seeds[0], seeds[0] + 1)
    configs = [resolve(recipe, {"data": data, "steps": steps, **fields, "seed": seed}) for seed in stacked]
    runs = build(configs, [Path()] * len(configs), judge(data))
    yield from _pausing(runs, steps, looks)


def played_alone(
    recipe: str,
    seed: int,
    data: str,
    steps: int,
    looks: int,
    networks: tuple[nn.Module, nn.Module],
    **fields: Any,
) -> Iterator[Runs]:
    """Train one run on networks of its own making, with pauses as in `played`.

    Args:
        recipe: see `played`, likewise the other arguments.
        seed: of the run's streams.
        data: see `played`.
        steps: see `played`.
        looks: see `played`.
        networks: generator and discriminator, trained in place.
        **fields: see `played`.
    """
    config = resolve(recipe, {"data": data, "steps": steps, **fields, "seed": seed})
    yield from _pausing(build([config], [Path()], judge(data), [networks]), steps, looks)


def _pausing(runs: Runs, steps: int, looks: int) -> Iterator[Runs]:
    yield runs
    for step in range(1, steps + 1):
        advance(runs)
        runs.step = step
        if step % (steps // looks) == 0:
            yield runs


def drawn(runs: Runs, count: int | None = None) -> Tensor:
    """Samples of every run on its own fixed latents, `[K, count, *shape]`, as evaluations draw them."""
    rows = runs.samples if count is None else count
    latents = [evaluation_latents(c.seed, rows, c.latent_dim, runs.held_out.dtype) for c in runs.configs]
    with evaluating(runs.game.generator):
        samples: Tensor = runs.game.generator.call_with(runs.sampling_parameters(), torch.stack(latents))
    return samples


def drawn_alone(runs: Runs) -> Tensor:
    """Samples of a single run on its fixed latents, `[samples, *shape]`."""
    config = runs.config
    latents = evaluation_latents(config.seed, runs.samples, config.latent_dim, runs.held_out.dtype)
    with evaluating(runs.game.generator):
        samples: Tensor = runs.game.generator.call_with(runs.sampling_parameters(), latents)
    return samples.float()


def measured(runs: Runs, seeds: int) -> list[dict[str, Any]]:
    """Judge the first `seeds` runs: EMD to held-out rows, modes, share of high quality."""
    return [runs.measure(samples.float()) for samples in drawn(runs)[:seeds]]


def critics(runs: Runs) -> list[nn.Module]:
    """Discriminators of all runs of a stack as modules of their own, `[B, *shape] -> [B, 1]`."""
    return [alone(runs.game.discriminator, k) for k in range(len(runs.configs))]
