"""How two players move at once, where they do not take turns: simultaneous steps, extra-gradient, consensus.

Both gradients are computed at the same point, on the same real rows and the same fakes. In turn, each player
has a batch of latents of its own, and the generator meets the discriminator already updated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.training.step import (
    DiscriminatorStep,
    Game,
    GeneratorStep,
    discriminator_gradient,
    generator_gradient,
    shown,
    update_discriminator,
    update_generator,
)


class Draw(NamedTuple):
    """What both players' gradients are computed on."""

    real: Tensor
    """Real rows as shown to the discriminator, `[..., B, *shape]`."""
    latent: Tensor
    noise: Sequence[Tensor | None]
    """For each penalty term the uniform numbers it asked for, or None."""
    blur: Tensor | None = None
    """Instance noise for the fake rows."""


class Seen(NamedTuple):
    """What the players saw before they moved, and the gradients that came of it."""

    discriminator: DiscriminatorStep
    generator: GeneratorStep
    d_gradient: list[Tensor]


def simultaneous(game: Game, draw: Draw) -> Seen:
    """Move both players by their gradients at the current point.

    `x <- x + step(v(x))`, with `v = (-dL_D/dpsi, -dL_G/dtheta)` and the step the optimisers make of it.

    Args:
        game: the players and the rules.
        draw: what to compute on.

    Returns:
        What was seen at the current point.

    Mescheder, Nowozin, Geiger, The Numerics of GANs, NeurIPS 2017, algorithm 1.
    """
    seen = _look(game, draw)
    _move(game, seen.d_gradient, seen.generator.gradient)
    return seen


def extra_gradient(game: Game, draw: Draw, ahead: Draw) -> Seen:
    """Look where a simultaneous step would lead, come back, and move by the gradients from there.

    `y = x + step(v(x))`, then `x <- x + step(v(y))`. The optimisers take part in both: with Adam this is
    ExtraAdam, whose moments are updated by both gradients. Each of the two has a batch of its own.

    Args:
        game: the players and the rules.
        draw: what to extrapolate on.
        ahead: what to update on.

    Returns:
        What was seen at the current point, x.

    Gidel et al., A Variational Inequality Perspective on GANs, ICLR 2019, algorithm 4, option 1.
    """
    parameters = [*game.discriminator.parameters.values(), *game.generator.parameters.values()]
    here = [parameter.detach().clone() for parameter in parameters]
    seen = simultaneous(game, draw)
    there = _look(game, ahead)
    with torch.no_grad():
        for parameter, kept in zip(parameters, here, strict=True):
            parameter.copy_(kept)
    _move(game, there.d_gradient, there.generator.gradient)
    return seen


def consensus(game: Game, draw: Draw, weight: float) -> Seen:
    """Move both players simultaneously, and both towards where neither wants to move.

    `x <- x + step(v(x) - gamma grad |v(x)|^2 / 2)`; the discriminator's penalties are part of v. The norm is
    that of the batch's gradient: in the mean its square exceeds that of the full gradient by the gradient's
    variance, so gamma works against noise as well, the less the larger the batch.

    Args:
        game: the players and the rules.
        draw: what to compute on.
        weight: gamma, above 0.

    Returns:
        What was seen at the current point; its gradients are those without the consensus term.

    Mescheder, Nowozin, Geiger, The Numerics of GANs, NeurIPS 2017, algorithm 2.
    """
    seen = _look(game, draw, create_graph=True)
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
    _move(game, gradient[:count], gradient[count:])
    generator = seen.generator._replace(
        logit_slope=seen.generator.logit_slope.detach(), gradient=plain[count:]
    )
    return Seen(seen.discriminator, generator, plain[:count])


def _look(game: Game, draw: Draw, create_graph: bool = False) -> Seen:
    fake = shown(game, game.generator.call(draw.latent), draw.blur)
    judged = fake if create_graph else fake.detach()
    d_seen, d_gradient = discriminator_gradient(game, draw.real, judged, draw.noise, create_graph)
    return Seen(d_seen, generator_gradient(game, draw.real, fake, create_graph), d_gradient)


def _move(game: Game, d_gradient: Sequence[Tensor], g_gradient: Sequence[Tensor]) -> None:
    update_discriminator(game, d_gradient)
    update_generator(game, g_gradient)
