"""Discriminators trained by the library's own step while the generator stands still; seeds are one stack."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ganscope.build.rules import projection_of
from ganscope.contracts import Batch
from ganscope.explain.experiments.seeds import Streams
from ganscope.lipschitz import PENALTIES
from ganscope.objectives import OBJECTIVES
from ganscope.training import Game, Term, train_discriminator
from ganscope.training.stacks.stacking import Network, plain

Draw = Callable[[], tuple[Tensor, Tensor]]
"""Draws real rows `[K, B, *shape]` and latents `[K, B, ...]` of one batch."""


class Constraint(NamedTuple):
    """How a critic is kept Lipschitz: by a gradient penalty, by clipping, or not at all."""

    name: str = "none"
    clip: float = 0.0
    """All weights stay in [-clip, clip]; 0 for no clipping."""
    weight: float = 0.0
    """Of the gradient penalty `(|grad D| - 1)^2`; 0 for none."""
    where: Literal["between", "samples"] = "between"
    """"between": between real and fake samples; "samples": at them, half the weight each."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """The penalty, as the step takes it."""
        if not self.weight:
            return ()
        penalty = PENALTIES["gradient-penalty"]
        if self.where == "between":
            return (Term(penalty, self.weight, "elsewhere"),)
        return Term(penalty, self.weight / 2, "real"), Term(penalty, self.weight / 2, "fake")


UNCONSTRAINED = Constraint()


def game(
    discriminator: Network,
    generator: Network | Callable[[Tensor], Tensor],
    objective: str,
    rate: float = 1e-3,
    constraint: Constraint = UNCONSTRAINED,
) -> Game:
    """Introduce discriminators to generators that stay as they are.

    The optimiser is RMSprop under clipping, as in the WGAN paper; Adam(0.5, 0.9) with a gradient penalty, as
    in the authors' program; else Adam with PyTorch's betas.

    Args:
        discriminator: a stack.
        generator: a stack, or any function from latents `[K, B, ...]` to samples `[K, B, *shape]`.
        objective: a key of `OBJECTIVES`.
        rate: learning rate.
        constraint: on the discriminator.
    """
    parameters = list(discriminator.parameters.values())
    optimizer: torch.optim.Optimizer
    if constraint.clip:
        optimizer = torch.optim.RMSprop(parameters, rate)
    else:
        optimizer = torch.optim.Adam(parameters, rate, (0.5, 0.9) if constraint.weight else (0.9, 0.999))
    return Game(
        generator=generator if isinstance(generator, Network) else plain(Sampler(generator)),
        discriminator=discriminator,
        objective=OBJECTIVES[objective],
        g_optimizer=torch.optim.SGD([torch.zeros(0, requires_grad=True)]),  # the generator never moves
        d_optimizer=optimizer,
        terms=constraint.terms,
        project=projection_of(discriminator, constraint.clip or math.inf, stacked=True),
        stacked=True,
    )


class Sampler(nn.Module):
    """A function of latents as a generator without weights."""

    def __init__(self, sample: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._sample = sample

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents `[K, B, ...]` to samples `[K, B, *shape]`."""
        return self._sample(latent)


def train(players: Game, draw: Draw, steps: int, streams: Streams) -> Iterator[int]:
    """Train the discriminators; control comes back before the first step and after every one.

    Args:
        players: from `game`.
        draw: makes one batch.
        steps: updates of the discriminator.
        streams: where the penalty's points between samples are drawn from.

    Yields:
        Steps done.
    """
    yield 0
    for step in range(1, steps + 1):
        real, latent = draw()
        each = (real.shape[1], *[1] * (real.ndim - 2))
        noise = [streams.uniform(*each) if term.where == "elsewhere" else None for term in players.terms]
        train_discriminator(players, Batch(real), latent, noise)
        yield step


def moments(steps: int, count: int) -> list[int]:
    """Return about `count` steps from 0 to `steps`, at even ratios from 10 on.

    Args:
        steps: the last one, above 10.
        count: at least 3.

    Example:
        >>> moments(1000, 6)
        [0, 10, 32, 100, 316, 1000]
    """
    ratio = math.log(steps / 10) / (count - 2)
    return sorted({0, *(round(10 * math.exp(ratio * k)) for k in range(count - 1))})


def norms(gradients: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of every network's gradient, `[K]`, float64: squares of 1e-30 vanish in float32.

    Args:
        gradients: one tensor `[K, ...]` per parameter.
    """
    return torch.stack([g.double().flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
