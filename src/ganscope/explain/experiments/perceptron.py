"""Small networks of known initial weights for experiments of seconds; those of all seeds train as one."""

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


class Stack(nn.Module):
    """K perceptrons of one shape as one module `[K, B, in] -> [K, B, out]`: seeds train for the price of one.

    Args:
        widths: from input to output.
        seeds: one per network; each has the weights of `perceptron(widths, seed)`.
        activation: between layers.
    """

    def __init__(
        self, widths: Sequence[int], seeds: Sequence[int], activation: Callable[[Tensor], Tensor] = torch.relu
    ) -> None:
        super().__init__()
        networks = [[m for m in perceptron(widths, s) if isinstance(m, nn.Linear)] for s in seeds]
        layers = list(zip(*networks, strict=True))
        self.weights = nn.ParameterList(torch.stack([m.weight.T for m in layer]).detach() for layer in layers)
        self.biases = nn.ParameterList(
            torch.stack([m.bias for m in layer]).detach()[:, None] for layer in layers
        )
        self._activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map `[K, B, in]` to `[K, B, out]`."""
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x if index == last else self._activation(x)
        return x

    def scores(self, x: Tensor) -> Tensor:
        """Map `[K, B, in]` to one score a sample, `[K, B]`."""
        result: Tensor = self(x).squeeze(2)
        return result

    def one(self, index: int) -> Callable[[Tensor], Tensor]:
        """Return one network by itself, `[B, in] -> [B, out]`."""
        weights, biases = [w[index] for w in self.weights], [b[index] for b in self.biases]

        def call(x: Tensor) -> Tensor:
            for place, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
                x = x @ weight + bias
                x = x if place == len(weights) - 1 else self._activation(x)
            return x

        return call


class Draws:
    """A random stream per seed, so that what a seed sees does not depend on the others.

    Args:
        seeds: one per row of what is drawn.
        salt: another number for another purpose.
    """

    def __init__(self, seeds: Sequence[int], salt: int = 0) -> None:
        self._streams = [torch.Generator().manual_seed(1_000_003 * salt + seed) for seed in seeds]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers `[K, *shape]`."""
        return torch.stack([torch.randn(*shape, generator=stream) for stream in self._streams])

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), `[K, *shape]`."""
        return torch.stack([torch.rand(*shape, generator=stream) for stream in self._streams])

    def rows(self, table: Tensor, count: int) -> Tensor:
        """Rows of a table `[N, D]` with replacement, `[K, count, D]`."""
        picked = [torch.randint(len(table), (count,), generator=stream) for stream in self._streams]
        return table[torch.stack(picked)]


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one step down the loss, a scalar, in all parameters the optimiser holds."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
