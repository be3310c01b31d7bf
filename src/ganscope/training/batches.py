"""What a step is computed on: real rows, latents, noise, each from a named random stream of its run."""

from __future__ import annotations

import torch
from torch import Tensor

from ganscope.contracts import Batch, Rows
from ganscope.nets.packing import packed_shape
from ganscope.training import streams
from ganscope.training.augment import instance_noise
from ganscope.training.state import Runs
from ganscope.training.step import Game, StepInput


def draw(runs: Runs, game: Game, position: int) -> StepInput:
    """Everything an update of the discriminator, or of both players at once, is computed on.

    Args:
        runs: whose data and streams are drawn from.
        game: its penalty terms decide which noise is needed.
        position: which batch of the data, counted from 0.
    """
    batch = real(runs, position)
    return StepInput(batch, latent(runs), penalty_noise(runs, game), blur(runs))


def real(runs: Runs, position: int) -> Batch:
    """Real rows and their conditions, with instance noise on the rows where there is some."""
    condition = None
    if runs.by_frequency is not None:
        index, condition = runs.by_frequency(position)
        condition = as_condition(condition, runs.held_out)
    else:
        indices = [batches(position) for batches in runs.batches]
        index = torch.cat(indices) if runs.game.stacked else indices[0]
    rows, noise = _taken(runs, runs.rows, index).to(runs.held_out), blur(runs)
    if runs.conditions is not None:
        condition = as_condition(_taken(runs, runs.conditions, index), runs.held_out)
    return Batch(rows if noise is None else rows + noise, condition)


def as_condition(values: Tensor, like: Tensor) -> Tensor:
    """Bring conditions to the device of the rows and, where they are floating, to their type."""
    return values.to(like.device, like.dtype if values.is_floating_point() else values.dtype)


def _taken(runs: Runs, values: Rows, index: Tensor) -> Tensor:
    """Entries of the training data: `[B, ...]`, or `[K, B, ...]` for a stack."""
    taken = values[index]
    return taken.reshape(len(runs.configs), -1, *taken.shape[1:]) if runs.game.stacked else taken


def blur(runs: Runs) -> Tensor | None:
    """Instance noise for a batch of rows, where there is some."""
    config, held_out = runs.config, runs.held_out
    std = instance_noise.standard_deviation(
        runs.step, config.steps, config.instance_noise, config.instance_noise_decay
    )
    if std == 0:
        return None
    augment = [generators["augment"] for generators in runs.generators]
    shape = (config.batch_size, *held_out.shape[1:])
    return std * streams.normal(augment, shape, runs.game.stacked, held_out.dtype).to(held_out.device)


def latent(runs: Runs) -> Tensor:
    """A batch of latents, N(0, I)."""
    noise = [generators["noise"] for generators in runs.generators]
    shape = (runs.config.batch_size, runs.config.latent_dim)
    return streams.normal(noise, shape, runs.game.stacked, runs.held_out.dtype).to(runs.held_out.device)


def penalty_noise(runs: Runs, game: Game) -> list[Tensor | None]:
    """For each penalty term the uniform numbers it asks for, or None where it asks for none."""
    sample = packed_shape(tuple(runs.held_out.shape[1:]), game.pack)
    noise: list[Tensor | None] = []
    for term in game.terms:
        if term.where != "elsewhere":
            noise.append(None)
            continue
        each = sample if term.penalty.noise_per_element else (1,) * len(sample)
        shape = (runs.config.batch_size // game.pack, *each)
        penalty = [generators["penalty"] for generators in runs.generators]
        uniform = streams.uniform(penalty, shape, game.stacked, runs.held_out.dtype)
        noise.append(uniform.to(runs.held_out.device))
    return noise
