"""Simultaneous gradient descent: both players move by their gradients at one point.

Both gradients are computed on the same real rows and the same fakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from ganscope.training import batches, lazy_penalty
from ganscope.training.state import Runs
from ganscope.training.step import (
    DiscriminatorStep,
    Game,
    GeneratorStep,
    StepInput,
    discriminator_gradient,
    generated,
    generator_gradient,
    shown,
    update_discriminator,
    update_generator,
)


class Seen(NamedTuple):
    """What the players saw at one point, and their gradients there."""

    discriminator: DiscriminatorStep
    generator: GeneratorStep
    d_gradient: list[Tensor]


def move(runs: Runs) -> tuple[DiscriminatorStep, GeneratorStep]:
    """Take a simultaneous step of every run."""
    game = lazy_penalty.in_force(runs, runs.step)
    given = batches.draw(runs, game, runs.step * runs.config.batches_per_step)
    seen = simultaneous(game, given)
    return lazy_penalty.with_last(runs, runs.step, seen.discriminator), seen.generator


def simultaneous(game: Game, given: StepInput) -> Seen:
    """Move both players by their gradients at the current point.

    `x <- x + step(v(x))`, with `v = (-dL_D/dpsi, -dL_G/dtheta)` and the step the optimisers make of it.

    Args:
        game: the players and the rules.
        given: what to compute on.

    Returns:
        What was seen at the current point.

    Mescheder, Nowozin, Geiger, The Numerics of GANs, NeurIPS 2017, algorithm 1.
    """
    seen = look(game, given)
    move_both(game, seen.d_gradient, seen.generator.gradient)
    return seen


def look(game: Game, given: StepInput, create_graph: bool = False) -> Seen:
    """Compute both players' losses and gradients at the current point; nobody moves."""
    real, fake = shown(game, given.batch), generated(game, given.batch.condition, given.latent, given.blur)
    judged = fake if create_graph else fake.detach()
    d_seen, d_gradient = discriminator_gradient(game, real, judged, given.noise, create_graph)
    return Seen(d_seen, generator_gradient(game, real, fake, create_graph), d_gradient)


def move_both(game: Game, d_gradient: Sequence[Tensor], g_gradient: Sequence[Tensor]) -> None:
    """Update both players by gradients that were computed before either moved."""
    update_discriminator(game, d_gradient)
    update_generator(game, g_gradient)
