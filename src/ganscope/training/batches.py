"""What a step is computed on: real rows, latents, noise. Every draw comes from a named stream of its run."""

from __future__ import annotations

import torch
from torch import Tensor

from ganscope.training import streams
from ganscope.training.augment import instance_noise
from ganscope.training.moves.joint import Draw
from ganscope.training.state import Runs
from ganscope.training.step import Game, shown


def draw(runs: Runs, game: Game, position: int) -> Draw:
    """Everything an update of the discriminator, or of both players at once, is computed on.

    Args:
        runs: whose data and streams are drawn from.
        game: its penalty terms decide which noise is needed.
        position: which batch of the data, counted from 0.
    """
    rows = real(runs, position)
    return Draw(rows, latent(runs), penalty_noise(runs, game, rows), blur(runs))


def real(runs: Runs, position: int) -> Tensor:
    """Real rows as the discriminator is shown them."""
    indices = [batches(position) for batches in runs.batches]
    rows = runs.rows[torch.cat(indices) if runs.game.stacked else indices[0]]
    rows = rows.reshape(len(indices), -1, *rows.shape[1:]) if runs.game.stacked else rows
    return shown(runs.game, rows.to(runs.held_out.device, runs.held_out.dtype), blur(runs))


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


def penalty_noise(runs: Runs, game: Game, real: Tensor) -> list[Tensor | None]:
    """For each penalty term the uniform numbers it asks for, or None where it asks for none."""
    dims = game.batch_dims
    sample = real.shape[dims:]
    drawn: list[Tensor | None] = []
    for term in game.terms:
        if term.where != "elsewhere":
            drawn.append(None)
            continue
        shape = (real.shape[dims - 1], *(sample if term.penalty.noise_per_element else [1] * len(sample)))
        penalty = [generators["penalty"] for generators in runs.generators]
        drawn.append(streams.uniform(penalty, shape, game.stacked, real.dtype).to(real.device))
    return drawn
