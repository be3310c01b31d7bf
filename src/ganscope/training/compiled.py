"""The step as programs of torch.compile: each player's gradient, with all passes it takes, is one of them.

Torch cannot differentiate a compiled network twice, which a penalty on its slope asks for (pytorch issues
91469 and 183603). So nothing compiled is differentiated here: `torch.func.grad` is inside the program.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, vmap

from ganscope.contracts import Batch
from ganscope.lipschitz import squared_slope
from ganscope.training.piecewise_linear import PiecewiseLinear
from ganscope.training.step import (
    Compiled,
    DiscriminatorStep,
    Game,
    GeneratorStep,
    StepInput,
    as_logits,
    per_sample,
    shown,
)

Parameters = dict[str, Tensor]


def compiler() -> str:
    """Find the C++ compiler torch would use on this machine; empty where there is none."""
    names = (os.environ.get("CXX", ""), "g++", "clang++")
    return next((path for name in names if name and (path := shutil.which(name))), "")


def compiled(game: Game, backend: str = "inductor") -> Game:
    """Have a game's gradients computed by compiled programs; they are built when they are first needed.

    The numbers are those of the step without, up to rounding. Optimisers and random numbers stay outside.

    Args:
        game: networks without state that a pass changes (batch normalisation), players that move in turn.
        backend: of torch.compile; "aot_eager" traces and compiles nothing.

    Returns:
        The game; everything else about it is as before.
    """
    options: dict[str, Any] | None = {"compile_threads": 1} if backend == "inductor" else None

    def program(function: Any) -> Any:
        # torch allows few recompilations of one code object, and every game needs some: each gets a copy
        of_this_game = FunctionType(
            function.__code__.replace(), function.__globals__, closure=function.__closure__
        )
        return torch.compile(of_this_game, fullgraph=True, dynamic=False, backend=backend, options=options)

    look = program(lambda *arguments: _look(game, *arguments))
    answer = program(lambda *arguments: _answer(game, *arguments))
    generator, discriminator = game.generator.parameters, game.discriminator.parameters

    def d_gradient(
        penalised: bool, batch: Batch, latent: Tensor, noise: Sequence[Tensor | None], blur: Tensor | None
    ) -> tuple[DiscriminatorStep, list[Tensor]]:
        with torch.no_grad():
            given = StepInput(batch, latent, tuple(noise), blur)
            seen, gradient = look(discriminator, generator, penalised, given)
        return DiscriminatorStep(*seen), [gradient[name] for name in discriminator]

    def g_gradient(batch: Batch, latent: Tensor, blur: Tensor | None) -> GeneratorStep:
        with torch.no_grad():
            given = StepInput(batch, latent, (), blur)
            loss, fake_logits, slope, gradient = answer(generator, discriminator, given)
        return GeneratorStep(loss, fake_logits, slope, [gradient[name] for name in generator])

    return game._replace(compiled=Compiled(d_gradient, g_gradient))


def _look(
    game: Game,
    discriminator: Parameters,
    generator: Parameters,
    penalised: bool,
    given: StepInput,
) -> tuple[tuple[Tensor, ...], Parameters]:
    """Losses and logits of a discriminator step, and its gradient: `discriminator_gradient` in one piece."""
    real, condition = shown(game, given.batch)
    fake = _generated(game, generator, given)
    terms = game.terms if penalised else ()
    looked_at = {term.where for term in terms}

    def objective(parameters: Parameters) -> tuple[Tensor, tuple[Tensor, ...]]:
        squares: dict[str, Tensor] = {}
        if game.joint and not looked_at & {"real", "fake"}:
            axis = game.batch_dims - 1
            twice = None if condition is None else torch.cat([condition, condition], dim=axis)
            both = _judge(game, parameters, torch.cat([real, fake], dim=axis), twice)
            real_logits, fake_logits = torch.split(both, real.shape[axis], dim=axis)
        else:
            real_logits, squares["real"] = _sloped(game, parameters, real, condition, "real" in looked_at)
            fake_logits, squares["fake"] = _sloped(game, parameters, fake, condition, "fake" in looked_at)
        loss = per_sample(game, game.objective.d_loss, real_logits, fake_logits)
        penalty = torch.zeros_like(loss)
        for term, uniform in zip(terms, given.noise, strict=False):
            if term.where == "elsewhere":
                points = vmap(term.penalty.points) if game.stacked else term.penalty.points
                assert uniform is not None  # noqa: S101 - drawn for every term that looks elsewhere
                with PiecewiseLinear():
                    _, square = _sloped(game, parameters, points(real, fake, uniform), condition, True)
            else:
                square = squares[term.where]
            penalty = penalty + term.weight * term.penalty.cost(square)
        return (loss + penalty).mean(-1).sum(), (loss, penalty, real_logits, fake_logits)

    gradient, seen = grad(objective, has_aux=True)(discriminator)
    return seen, gradient


def _answer(
    game: Game, generator: Parameters, discriminator: Parameters, given: StepInput
) -> tuple[Tensor, Tensor, Tensor, Parameters]:
    """Loss, logits and slopes of a generator step, and the gradient: `generator_gradient` in one piece."""
    real, condition = shown(game, given.batch)

    def objective(parameters: Parameters, nudge: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        fake = _generated(game, parameters, given)
        fake_logits = _judge(game, discriminator, fake, condition) + nudge
        real_logits = fake_logits.detach()
        if game.g_needs_real:
            real_logits = _judge(game, discriminator, real, condition)
        loss = per_sample(game, game.objective.g_loss, real_logits, fake_logits)
        return loss.mean(-1).sum(), (loss, fake_logits)

    count = real.shape[: game.batch_dims]
    nudge = torch.zeros(count, dtype=real.dtype, device=real.device)
    (gradient, slope), (loss, fake_logits) = grad(objective, argnums=(0, 1), has_aux=True)(generator, nudge)
    return loss, fake_logits, slope * count[-1], gradient


def _generated(game: Game, parameters: Parameters, given: StepInput) -> Tensor:
    """Fake rows as shown to the discriminator."""
    fake = game.generator.call_with(parameters, given.latent, given.batch.condition)
    return shown(game, Batch(fake), given.blur).rows


def _judge(game: Game, parameters: Parameters, x: Tensor, condition: Tensor | None) -> Tensor:
    return as_logits(game, game.discriminator.call_with(parameters, x, condition))


def _sloped(
    game: Game, parameters: Parameters, x: Tensor, condition: Tensor | None, wanted: bool
) -> tuple[Tensor, Tensor]:
    """Logits at x and, where they are wanted, the squared slopes there, the condition held fixed."""
    if not wanted:
        scores = _judge(game, parameters, x, condition)
        return scores, scores

    def summed(x: Tensor) -> tuple[Tensor, Tensor]:
        scores = _judge(game, parameters, x, condition)
        return scores.sum(), scores

    slope, scores = grad(summed, has_aux=True)(x)
    return scores, squared_slope(slope, batch_dims=game.batch_dims)
