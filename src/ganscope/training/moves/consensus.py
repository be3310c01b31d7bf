"""Consensus optimisation: both players also descend the squared norm of their joint gradient."""

from __future__ import annotations

import torch

from ganscope.training import batches, lazy_penalty
from ganscope.training.moves.simultaneous import Seen, look, move_both
from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, Game, GeneratorStep, StepInput


def move(runs: Runs) -> tuple[DiscriminatorStep, GeneratorStep]:
    """Take a consensus step of every run."""
    game = lazy_penalty.in_force(runs, runs.step)
    given = batches.draw(runs, game, runs.step * runs.config.batches_per_step)
    seen = consensus(game, given, runs.config.consensus_weight)
    return lazy_penalty.with_last(runs, runs.step, seen.discriminator), seen.generator


def consensus(game: Game, given: StepInput, weight: float) -> Seen:
    """Move both players simultaneously, and both towards where neither wants to move.

    `x <- x + step(v(x) - gamma grad |v(x)|^2 / 2)`; the discriminator's penalties are part of v. The norm is
    that of the batch's gradient: in the mean its square exceeds that of the full gradient by the gradient's
    variance, so gamma works against noise as well, the less the larger the batch.

    Args:
        game: the players and the rules.
        given: what to compute on.
        weight: gamma, above 0.

    Returns:
        What was seen at the current point; its gradients are those without the consensus term.

    Mescheder, Nowozin, Geiger, The Numerics of GANs, NeurIPS 2017, algorithm 2.
    """
    seen = look(game, given, create_graph=True)
    field = [*seen.d_gradient, *seen.generator.gradient]
    plain = [slope.detach() for slope in field]
    parameters = [*game.discriminator.parameters.values(), *game.generator.parameters.values()]
    # the gradient of |v|^2 / 2 is J^T v: one more backward pass, through both gradients
    learnt = [slope.requires_grad for slope in field]
    pull = torch.autograd.grad(
        [slope for slope, counts in zip(field, learnt, strict=True) if counts],
        parameters,
        [slope for slope, counts in zip(plain, learnt, strict=True) if counts],
        allow_unused=True,
        materialize_grads=True,
    )
    gradient = [slope + weight * towards for slope, towards in zip(plain, pull, strict=True)]
    count = len(seen.d_gradient)
    move_both(game, gradient[:count], gradient[count:])
    generator = seen.generator._replace(
        logit_slope=seen.generator.logit_slope.detach(), gradient=plain[count:]
    )
    return Seen(seen.discriminator, generator, plain[:count])
