"""Optimistic steps: twice the step of now, minus the step of before."""

from __future__ import annotations

import torch
from torch import Tensor

PREVIOUS = "previous"
"""Under this name the step of before is kept in an optimiser's state, and so in checkpoints."""


def make_optimistic(optimizer: torch.optim.Optimizer) -> None:
    """Make an optimiser guess that the other player goes on as before.

    `x <- x + 2 u_t - u_(t-1)`, u_t the step the optimiser alone would take now, `u_0 = 0`. With SGD this is
    optimistic mirror descent, with Adam optimistic Adam. Where the rate changes, each u has that of its time.

    Args:
        optimizer: any; hooks are attached to it, after those it has already.

    Example:
        >>> x = torch.zeros(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([x], lr=1.0)
        >>> make_optimistic(optimizer)
        >>> for slope in (1.0, 1.0, 0.0):
        ...     x.grad = torch.tensor([slope])
        ...     optimizer.step()
        ...     print(x.item())
        -2.0
        -3.0
        -2.0

    Daskalakis, Ilyas, Syrgkanis, Zeng, Training GANs with Optimism, ICLR 2018, algorithm 1 (with Adam).
    """
    parameters: list[Tensor] = [p for group in optimizer.param_groups for p in group["params"]]
    before: list[Tensor] = []

    def remember(*_: object) -> None:
        before[:] = [parameter.detach().clone() for parameter in parameters]

    def correct(*_: object) -> None:
        with torch.no_grad():
            for parameter, old in zip(parameters, before, strict=True):
                step = parameter - old
                state = optimizer.state[parameter]
                parameter.add_(step - state[PREVIOUS] if PREVIOUS in state else step)
                state[PREVIOUS] = step

    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(correct)
