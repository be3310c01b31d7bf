"""Training a stack of fresh discriminators while the generator stands still."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ganscope.explain.experiments.perceptron import Stack, descend
from ganscope.lipschitz import PENALTIES, squared_slope
from ganscope.objectives import OBJECTIVES

BETAS = {"gradient-penalty": (0.5, 0.9)}
"""Of Adam, where a paper sets them; else PyTorch's."""


def train(
    critics: Stack,
    draw: Callable[[], tuple[Tensor, Tensor, Tensor]],
    steps: int,
    objective: str,
    *,
    penalty: str = "",
    weight: float = 10.0,
    where: str = "between",
    clip: float = 0.0,
    rate: float = 1e-3,
) -> Iterator[int]:
    """Train discriminators of a stack; control comes back before the first step and after every one.

    Args:
        critics: K networks `[K, B, D] -> [K, B, 1]`.
        draw: real `[K, B, D]`, fake likewise, and noise `[K, B, 1]` uniform in [0, 1).
        steps: of Adam, or of RMSProp under clipping.
        objective: a key of `OBJECTIVES`.
        penalty: a key of `PENALTIES`, or none.
        weight: of the penalty.
        where: "between" for the penalty's own points; "samples" for the real and the fake ones only.
        clip: bound of all weights after each step; 0 for none.
        rate: learning rate.

    Yields:
        Steps done.
    """
    parameters = list(critics.parameters())
    optimizer: torch.optim.Optimizer
    if clip:
        optimizer = torch.optim.RMSprop(parameters, rate)
    else:
        optimizer = torch.optim.Adam(parameters, rate, BETAS.get(penalty, (0.9, 0.999)))
    d_loss = OBJECTIVES[objective].d_loss
    yield 0
    for step in range(1, steps + 1):
        real, fake, noise = draw()
        fake = fake.detach()
        # a sum over networks: each gets the gradient of its own mean
        loss = d_loss(critics.scores(real), critics.scores(fake)).mean(1).sum()
        if penalty:
            chosen = PENALTIES[penalty]
            at = [chosen.points(real, fake, noise)] if where == "between" else [real, fake]
            costs = [chosen.cost(squared_slope(slopes_at(critics, x), batch_dims=2)) for x in at]
            loss = loss + weight * torch.stack(costs).mean(0).mean(1).sum()
        descend(optimizer, loss)
        if clip:
            with torch.no_grad():
                for parameter in parameters:
                    parameter.clamp_(-clip, clip)
        yield step


def slopes_at(critics: Stack, x: Tensor) -> Tensor:
    """Input gradients `[K, B, D]` of every network at its own points, differentiable."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critics.scores(x).sum(), x, create_graph=True)
    return gradient


def moments(steps: int, count: int) -> list[int]:
    """Return about `count` steps from 0 to `steps`, at even ratios from 10 on.

    Example:
        >>> moments(1000, 6)
        [0, 10, 32, 100, 316, 1000]
    """
    ratio = math.log(steps / 10) / (count - 2)
    return sorted({0, *(round(10 * math.exp(ratio * k)) for k in range(count - 1))})
