"""One update of the discriminator and one of the generator: networks, batch and noise come in, losses go out.

The same functions drive one run and K stacked runs. Nothing here logs, moves data between devices, draws
random numbers or branches on the value of a tensor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.func import vmap

from ganscope.contracts import Batch, Objective, Penalty
from ganscope.lipschitz import squared_slope
from ganscope.nets.packing import packed
from ganscope.training.piecewise_linear import PiecewiseLinear
from ganscope.training.stacks.stacking import Network

Where = Literal["real", "fake", "elsewhere"]


class Term(NamedTuple):
    """One penalty of a game: what it asks, how much it counts, and where it looks."""

    penalty: Penalty
    weight: float | Tensor
    """One number, or `[K, 1]` where the runs of a stack differ in it."""
    where: Where
    """"real" and "fake" points have been through the discriminator already; that pass is used again."""


class Compiled(NamedTuple):
    """A game's gradients as compiled programs: see `ganscope.training.compiled`."""

    discriminator: Callable[
        [bool, Batch, Tensor, Sequence[Tensor | None], Tensor | None],
        tuple[DiscriminatorStep, list[Tensor]],
    ]
    """`(whether penalties count, batch, latent, noise, blur) -> (what was seen, gradient)`."""
    generator: Callable[[Batch, Tensor, Tensor | None], GeneratorStep]
    """`(batch, latent, blur) -> what was seen`."""


class Game(NamedTuple):
    """Everything a step needs to know of two players; built once, constant over a run."""

    generator: Network
    discriminator: Network
    objective: Objective
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    terms: tuple[Term, ...] = ()
    project: Callable[[], None] = lambda: None
    """What happens to the discriminator's weights after its step: clipping, or nothing."""
    g_needs_real: bool = False
    """Whether the generator's loss reads the logits of real rows (relativistic objectives)."""
    joint: bool = True
    """Real and fake rows go through the discriminator in one batch; not where it mixes rows (BatchNorm)."""
    pack: int = 1
    """How many rows the discriminator judges together; a pack is then what it calls a row."""
    stacked: bool = False
    own_cost: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None
    """`(latent, condition)` -> fakes, and what each adds to the generator's loss, `[B]`."""
    compiled: Compiled | None = None
    """Programs that take the place of the passes of players who move in turn."""

    @property
    def batch_dims(self) -> int:
        """How many leading dimensions are not the sample's own: `[B]`, or `[K, B]` in a stack."""
        return 2 if self.stacked else 1


class DiscriminatorStep(NamedTuple):
    """What a discriminator step saw, before its update; `[..., B]` each."""

    loss: Tensor
    penalty: Tensor
    """Weighted sum of all penalties, not part of `loss`."""
    real_logits: Tensor
    fake_logits: Tensor


class GeneratorStep(NamedTuple):
    """What a generator step saw, before its update."""

    loss: Tensor
    fake_logits: Tensor
    logit_slope: Tensor
    """dL/dlogit of each sample's own loss, `[..., B]`."""
    gradient: list[Tensor]
    """dL/dparameter of the generator, in the order of its parameters."""


class StepInput(NamedTuple):
    """What an update of the discriminator, or of both players at once, is computed on."""

    batch: Batch
    """Real rows, with instance noise where there is some, and their conditions where they have any."""
    latent: Tensor
    noise: Sequence[Tensor | None] = ()
    """For each penalty term the uniform numbers it asked for, or None."""
    blur: Tensor | None = None
    """Instance noise for the fake rows."""


def train_discriminator(
    game: Game, batch: Batch, latent: Tensor, noise: Sequence[Tensor | None], blur: Tensor | None = None
) -> DiscriminatorStep:
    """Update the discriminator once; the generator is not touched.

    Args:
        game: the players and the rules.
        batch: real rows `[..., B, *shape]`, with instance noise where there is some. Where they have
            conditions, the fakes get the same, row by row.
        latent: `[..., B, latent_dim]`.
        noise: for each penalty term the uniform numbers it asked for, or None.
        blur: instance noise for the fake rows, `[..., B, *shape]`.

    Returns:
        Losses and logits per sample, from before the update.
    """
    if game.compiled is not None:
        seen, gradient = game.compiled.discriminator(bool(game.terms), batch, latent, noise, blur)
    else:
        with torch.no_grad():
            fake = generated(game, batch.condition, latent, blur)
        seen, gradient = discriminator_gradient(game, shown(game, batch), fake, noise)
    update_discriminator(game, gradient)
    return seen


def train_generator(game: Game, batch: Batch, latent: Tensor, blur: Tensor | None = None) -> GeneratorStep:
    """Update the generator once; the discriminator is not touched.

    Args:
        game: the players and the rules.
        batch: real rows, read by relativistic objectives only, and the conditions of the fakes.
        latent: `[..., B, latent_dim]`.
        blur: instance noise for the fake rows, `[..., B, *shape]`.

    Returns:
        Losses, logits and gradients from before the update.
    """
    if game.compiled is not None:
        seen = game.compiled.generator(batch, latent, blur)
    elif game.own_cost is not None and batch.condition is not None:
        rows, cost = game.own_cost(latent, batch.condition)
        fake = shown(game, Batch(rows), blur).rows
        seen = generator_gradient(game, shown(game, batch), fake, cost=cost)
    else:
        fake = generated(game, batch.condition, latent, blur)
        seen = generator_gradient(game, shown(game, batch), fake)
    update_generator(game, seen.gradient)
    return seen


def generated(game: Game, condition: Tensor | None, latent: Tensor, blur: Tensor | None = None) -> Tensor:
    """Generate fakes of given conditions; return their rows as the discriminator is shown them."""
    return shown(game, Batch(game.generator.call(latent, condition)), blur).rows


def shown(game: Game, batch: Batch, blur: Tensor | None = None) -> Batch:
    """A batch as the discriminator sees it: with instance noise where there is some, packed where it wants.

    The conditions of a pack's rows are joined as the rows are: `[..., B / m, m]` of class indices `[..., B]`.
    """
    rows, condition = batch
    rows = rows if blur is None else rows + blur
    if game.pack == 1:
        return Batch(rows, condition)
    condition = None if condition is None else packed(condition, game.pack, game.batch_dims)
    return Batch(packed(rows, game.pack, game.batch_dims), condition)


def discriminator_gradient(
    game: Game, real: Batch, fake: Tensor, noise: Sequence[Tensor | None], create_graph: bool = False
) -> tuple[DiscriminatorStep, list[Tensor]]:
    """Judge real and fake rows; return what was seen, and dL/dparameter of the discriminator.

    Args:
        game: the players and the rules.
        real: real rows and their conditions, as shown.
        fake: fake rows of the same conditions, as shown; with a graph where the gradient itself is to be
            differentiated.
        noise: for each penalty term the uniform numbers it asked for, or None.
        create_graph: make the gradient differentiable in both players' parameters.
    """
    looked_at = {term.where for term in game.terms}
    real_logits, fake_logits, real, fake = _both(game, real, fake, looked_at)
    loss = per_sample(game, game.objective.d_loss, real_logits, fake_logits)
    costs = [
        term.weight * _cost(game, term, (real, real_logits), (fake, fake_logits), drawn)
        for term, drawn in zip(game.terms, noise, strict=True)
    ]
    penalty = functools.reduce(torch.add, costs) if costs else torch.zeros_like(loss)
    total = loss + penalty if costs else loss
    gradient = torch.autograd.grad(
        total,
        list(game.discriminator.parameters.values()),
        _mean_over_rows(total),
        create_graph=create_graph,
        allow_unused=True,
        materialize_grads=True,
    )
    seen = DiscriminatorStep(loss.detach(), penalty.detach(), real_logits.detach(), fake_logits.detach())
    return seen, list(gradient)


def generator_gradient(
    game: Game, real: Batch, fake: Tensor, create_graph: bool = False, cost: Tensor | None = None
) -> GeneratorStep:
    """Judge fake rows, as shown, for the generator; see `discriminator_gradient`.

    A cost `[B]` of the generator's own joins its gradient, by its mean, and is not part of the loss.
    """
    fake_logits = logits(game, fake, real.condition)
    real_logits = fake_logits.detach()
    if game.g_needs_real:
        with torch.set_grad_enabled(create_graph):
            real_logits = logits(game, *real)
    loss = per_sample(game, game.objective.g_loss, real_logits, fake_logits)
    parameters = list(game.generator.parameters.values())
    total = loss if cost is None else loss + cost.mean()  # of whose mean the cost's own is a summand
    slope, *gradient = torch.autograd.grad(
        total,
        [fake_logits, *parameters],
        _mean_over_rows(loss),
        create_graph=create_graph,
        allow_unused=True,
        materialize_grads=True,
    )
    slope = slope if slope.ndim == loss.ndim else slope.sum(-1)
    return GeneratorStep(loss.detach(), fake_logits.detach(), slope * loss.shape[-1], gradient)


def update_discriminator(game: Game, gradient: Sequence[Tensor]) -> None:
    """Let the optimiser move the discriminator, then project its weights."""
    _apply(game.d_optimizer, list(game.discriminator.parameters.values()), gradient)
    game.project()


def update_generator(game: Game, gradient: Sequence[Tensor]) -> None:
    """Let the optimiser move the generator."""
    _apply(game.g_optimizer, list(game.generator.parameters.values()), gradient)


def logits(game: Game, x: Tensor, condition: Tensor | None = None) -> Tensor:
    """Score rows: `[..., B]`, or `[..., B, P]` for a discriminator with P > 1 outputs a row (patches)."""
    return as_logits(game, game.discriminator.call(x, condition))


def as_logits(game: Game, scores: Tensor) -> Tensor:
    """Shape what a discriminator returned: `[..., B]`, or `[..., B, P]` for patches."""
    if scores.ndim == game.batch_dims:
        return scores
    if scores.ndim == game.batch_dims + 1 and scores.shape[-1] == 1:
        return scores.squeeze(-1)
    scores = scores.flatten(game.batch_dims)
    return scores.squeeze(-1) if scores.shape[-1] == 1 else scores


def per_sample(game: Game, loss: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Apply a loss to logits; the losses of a row's patches are averaged."""
    if real.ndim == game.batch_dims:
        return loss(real, fake)
    return loss(real.movedim(-1, 0), fake.movedim(-1, 0)).mean(0)


def _both(
    game: Game, real: Batch, fake: Tensor, looked_at: set[Where]
) -> tuple[Tensor, Tensor, Batch, Tensor]:
    """Logits of real and fake rows, and the rows as leaves where a penalty will ask for the slope at them."""
    rows, condition = real
    if game.joint and not looked_at & {"real", "fake"}:
        axis = game.batch_dims - 1
        twice = None if condition is None else torch.cat([condition, condition], dim=axis)
        both = logits(game, torch.cat([rows, fake], dim=axis), twice)
        real_logits, fake_logits = torch.split(both, rows.shape[axis], dim=axis)
        return real_logits, fake_logits, real, fake
    if "real" in looked_at:
        rows = rows.detach().requires_grad_()
    if "fake" in looked_at and not fake.requires_grad:
        fake = fake.detach().requires_grad_()
    return logits(game, rows, condition), logits(game, fake, condition), Batch(rows, condition), fake


def _cost(
    game: Game, term: Term, real: tuple[Batch, Tensor], fake: tuple[Tensor, Tensor], noise: Tensor | None
) -> Tensor:
    """A penalty's value per sample; the condition is held fixed where the slope is taken."""
    if term.where == "real":
        x, scores = real[0].rows, real[1]
    elif term.where == "fake":
        x, scores = fake
    else:
        points = vmap(term.penalty.points) if game.stacked else term.penalty.points
        assert noise is not None  # noqa: S101 - drawn for every term that looks elsewhere
        x = points(real[0].rows, fake[0], noise)
        of_generator = fake[0].grad_fn is not None and x.requires_grad  # whose part in the slope counts too
        x = x if of_generator else x.detach().requires_grad_()
        with PiecewiseLinear():
            scores = logits(game, x, real[0].condition)
    (slope,) = torch.autograd.grad(scores, x, torch.ones_like(scores), create_graph=True)
    return term.penalty.cost(squared_slope(slope, batch_dims=game.batch_dims))


def _mean_over_rows(loss: Tensor) -> Tensor:
    """Weights of the rows' losses in a run's objective, their mean: handed to autograd, no sum is formed."""
    return torch.full_like(loss, 1 / loss.shape[-1])


def _apply(
    optimizer: torch.optim.Optimizer, parameters: Sequence[Tensor], gradient: Sequence[Tensor]
) -> None:
    for parameter, slope in zip(parameters, gradient, strict=True):
        # fused optimisers read raw memory: a transposed gradient, as batched products leave it, is scrambled
        matches = slope.stride() == parameter.stride()
        parameter.grad = slope if matches else torch.empty_like(parameter).copy_(slope)
    optimizer.step()
    for parameter in parameters:
        parameter.grad = None
