"""Small networks of known initial weights, for experiments of seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def perceptron(
    widths: Sequence[int], seed: int, activation: Callable[[], nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Return linear layers with an activation between them, none after the last.

    Args:
        widths: from input to output, such as `(1, 64, 64, 1)`.
        seed: of the weights, which are PyTorch's default; torch's global stream is left alone.
        activation: makes one.

    Example:
        >>> perceptron((2, 8, 1), seed=0)(torch.zeros(5, 2)).shape
        torch.Size([5, 1])
    """
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for wide, narrow in pairwise(widths):
            layers += [nn.Linear(wide, narrow), activation()]
    return nn.Sequential(*layers[:-1])


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step down the loss, a scalar, in all parameters the optimiser holds."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
