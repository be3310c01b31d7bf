"""Runs judged while they train: samples of fixed latents beside held-out rows, and the critic at both."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import Batch
from ganscope.folder import files, layout
from ganscope.lipschitz import certified_lower
from ganscope.training import streams
from ganscope.training.best_generator import FINER
from ganscope.training.stacks.stacking import evaluating
from ganscope.training.state import Runs
from ganscope.training.step import logits, shown

SAMPLES_SHOWN = {"image": 64, "other": 512}
"""Samples of an evaluation that are kept in the run folder."""


def evaluate(runs: Runs) -> dict[int, dict[str, Any]]:
    """Judge each living run on its own fixed latents, and the critic on the same points.

    The samples of a conditional run have the conditions of the held-out rows, in turn.

    Returns:
        By run, what was measured, by name.
    """
    game, held_out = runs.game, runs.held_out
    with evaluating(game.generator), evaluating(game.discriminator):
        fake, condition = samples(runs)
        whole_packs = len(held_out) // game.pack * game.pack
        compared = _leading(runs, fake, whole_packs)
        judged = None if condition is None else _leading(runs, condition, whole_packs)
        real = held_out[:whole_packs].expand_as(compared)
        scores = _scores(runs, Batch(real, judged)), _scores(runs, Batch(compared, judged))
    by_run = fake if game.stacked else fake[None]
    measured = {}
    for k in runs.alive:
        rows = by_run[k].float().cpu()
        _write_samples(runs.folders[k], runs.step, rows)
        real_scores, fake_scores = (s[k] for s in scores)
        gap = float(real_scores.mean() - fake_scores.mean())
        measured[k] = {**runs.measure(rows), "critic_gap_held_out": gap}
        if game.objective.needs_lipschitz and game.pack == 1:
            certified = certified_lower(held_out, rows[: len(held_out)], real_scores, fake_scores)
            measured[k]["certified_lower"] = certified
    return measured


def finer(runs: Runs) -> Callable[[], list[float]] | None:
    """Return what judges each run by more samples than an evaluation takes; None where that is not wanted."""
    distance = runs.distance
    if distance is None:
        return None

    def judged() -> list[float]:
        with evaluating(runs.game.generator):
            fake, _ = samples(runs, FINER * len(runs.held_out))
        of_runs = (fake if runs.game.stacked else fake[None]).float().cpu()
        return [distance(rows) if rows.isfinite().all() else math.inf for rows in of_runs]

    return judged


def samples(runs: Runs, count: int | None = None) -> tuple[Tensor, Tensor | None]:
    """Generate the samples that are judged, and their conditions: `[count, ...]`, after K in a stack."""
    held_out, stacked, condition = runs.held_out, runs.game.stacked, None
    count = runs.samples if count is None else count
    latents = [evaluation_latents(c.seed, count, c.latent_dim, held_out.dtype) for c in runs.configs]
    latent = (torch.stack(latents) if stacked else latents[0]).to(held_out.device)
    if runs.held_out_condition is not None:
        condition = in_turn(runs.held_out_condition, count)
        condition = condition.expand(len(runs.configs), *condition.shape) if stacked else condition
    return runs.game.generator.call_with(runs.sampling_parameters(), latent, condition), condition


def in_turn(condition: Tensor, count: int) -> Tensor:
    """Repeat the conditions of held-out rows, in their order, for as many samples as are wanted.

    Example:
        >>> in_turn(torch.tensor([3, 1, 4]), 5)
        tensor([3, 1, 4, 3, 1])
    """
    return condition[torch.arange(count, device=condition.device) % len(condition)]


def _leading(runs: Runs, values: Tensor, count: int) -> Tensor:
    return values[:, :count] if runs.game.stacked else values[:count]


def evaluation_latents(seed: int, rows: int, latent_dim: int, dtype: torch.dtype) -> Tensor:
    """The latents a run is always judged on: the same at every step and for every recipe of one seed."""
    return torch.randn((rows, latent_dim), generator=streams.generator(seed, "evaluation"), dtype=dtype)


def _scores(runs: Runs, batch: Batch) -> Tensor:
    """Scores `[K, B]`, or one a pack, patches averaged."""
    scores = logits(runs.game, *shown(runs.game, batch))
    packs = batch.rows.shape[runs.game.batch_dims - 1] // runs.game.pack
    return scores.reshape(len(runs.configs), packs, -1).mean(-1)


def _write_samples(folder: Path, step: int, samples: Tensor) -> None:
    kept = samples[: SAMPLES_SHOWN["image" if samples.ndim == 4 else "other"]]
    (folder / layout.SAMPLES).mkdir(exist_ok=True)
    with files.whole_file(layout.samples_file(folder, step)) as file:
        np.save(file, kept.numpy(), allow_pickle=False)
