"""Extra-gradient: look ahead by one simultaneous step, and move by the gradients found there."""

from __future__ import annotations

import torch

from ganscope.training import batches, lazy_penalty
from ganscope.training.moves.simultaneous import Seen, look, move_both, simultaneous
from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, Game, GeneratorStep, StepInput


def move(runs: Runs) -> tuple[DiscriminatorStep, GeneratorStep]:
    """Take an extra-gradient step of every run, on two batches."""
    game = lazy_penalty.in_force(runs, runs.step)
    position = runs.step * runs.config.batches_per_step
    given = batches.draw(runs, game, position)
    seen = extra_gradient(game, given, ahead=batches.draw(runs, game, position + 1))
    return lazy_penalty.with_last(runs, runs.step, seen.discriminator), seen.generator


def extra_gradient(game: Game, given: StepInput, ahead: StepInput) -> Seen:
    """Look where a simultaneous step would lead, come back, and move by the gradients from there.

    `y = x + step(v(x))`, then `x <- x + step(v(y))`. The optimisers take part in both: with Adam this is
    ExtraAdam, whose moments are updated by both gradients. Each of the two has a batch of its own.

    Args:
        game: the players and the rules.
        given: what to extrapolate on.
        ahead: what to update on.

    Returns:
        What was seen at the current point, x.

    Gidel et al., A Variational Inequality Perspective on GANs, ICLR 2019, algorithm 4, option 1.
    """
    parameters = [*game.discriminator.parameters.values(), *game.generator.parameters.values()]
    here = [parameter.detach().clone() for parameter in parameters]
    seen = simultaneous(game, given)
    there = look(game, ahead)
    with torch.no_grad():
        for parameter, kept in zip(parameters, here, strict=True):
            parameter.copy_(kept)
    move_both(game, there.d_gradient, there.generator.gradient)
    return seen
