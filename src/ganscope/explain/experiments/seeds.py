"""What each seed has to itself, random streams and initial networks; all seeds are one stack."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ganscope.nets import mlp
from ganscope.training import streams
from ganscope.training.stacks.stacking import Network, member, stack


class Streams:
    """A random stream per seed, so that what a seed sees does not depend on the other seeds.

    Args:
        seeds: one per row of what is drawn.
        purpose: a name; streams of different purposes are independent.
    """

    def __init__(self, seeds: Sequence[int], purpose: str) -> None:
        self._generators = [streams.generator(seed, purpose) for seed in seeds]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers `[K, *shape]`."""
        return streams.normal(self._generators, shape, stacked=True, dtype=torch.float32)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), `[K, *shape]`."""
        return streams.uniform(self._generators, shape, stacked=True, dtype=torch.float32)

    def rows(self, table: Tensor, count: int) -> Tensor:
        """Rows of a table `[N, *shape]` with replacement, `[K, count, *shape]`."""
        picked = [torch.randint(len(table), (count,), generator=g) for g in self._generators]
        return table[torch.stack(picked)]

    def rows_of_each(self, tables: Tensor, count: int) -> Tensor:
        """Rows of each seed's table `[K, N, *shape]` with replacement, `[K, count, *shape]`."""
        picked = [torch.randint(tables.shape[1], (count,), generator=g) for g in self._generators]
        return torch.stack([table[rows] for table, rows in zip(tables, picked, strict=True)])


def generator(outputs: int, inputs: int, width: int, depth: int) -> nn.Sequential:
    """Build a ReLU perceptron, the library's generator of points: He's initial weights.

    Args:
        outputs: values of a sample.
        inputs: dimension of the latent.
        width: units per hidden layer.
        depth: hidden layers.

    Example:
        >>> generator(2, 8, 64, 3)(torch.zeros(5, 8)).shape
        torch.Size([5, 2])
    """
    network = mlp.generator((outputs,), inputs, 0, mlp.Options(g_width=width, g_depth=depth))
    assert isinstance(network, nn.Sequential)  # noqa: S101 - what the family builds
    return network


def discriminator(shape: Sequence[int], width: int, depth: int) -> nn.Sequential:
    """Build a leaky-ReLU perceptron, the library's discriminator.

    Args:
        shape: of one sample.
        width: units per hidden layer.
        depth: hidden layers.

    Example:
        >>> discriminator((1, 8, 8), 64, 2)(torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 1])
    """
    network = mlp.discriminator(tuple(shape), 0, mlp.Options(d_width=width, d_depth=depth))
    assert isinstance(network, nn.Sequential)  # noqa: S101 - what the family builds
    return network


def networks(
    build: Callable[[], nn.Module], seeds: Sequence[int], purpose: str = "discriminator"
) -> list[nn.Module]:
    """Build one network per seed, each from initial weights of its own stream.

    Args:
        build: makes one, from torch's global stream, which is restored afterwards.
        seeds: one per network.
        purpose: name of the stream, so that two networks of a seed begin with different weights.
    """
    built = []
    for seed in seeds:
        with streams.global_stream(seed, purpose):
            built.append(build())
    return built


def stacked(build: Callable[[], nn.Module], seeds: Sequence[int], purpose: str = "discriminator") -> Network:
    """Build one network per seed as one stack `[K, B, ...] -> [K, B, ...]`.

    Args:
        build: see `networks`, likewise the other arguments.
        seeds: at least one.
        purpose: name of the stream.

    Example:
        >>> stacked(lambda: discriminator((2,), 8, 1), [0, 1, 2]).call(torch.zeros(3, 5, 2)).shape
        torch.Size([3, 5, 1])
    """
    return stack(networks(build, seeds, purpose))


def alone(network: Network, k: int) -> nn.Module:
    """Return network k of a stack as a module of its own, a copy, with the weights it has now."""
    module = copy.deepcopy(network.module)
    tensors = member(network.parameters, k) | member(network.buffers, k)
    module.load_state_dict({name: tensor.detach() for name, tensor in tensors.items()}, strict=False)
    return module


def scores(network: Network, x: Tensor) -> Tensor:
    """Raw scores `[K, B]` of a stack of discriminators."""
    return network.call(x).squeeze(-1)
