"""How much memory one more run in a stack takes: an estimate, made before anything is trained."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

COPIES = 7
"""Of each weight: itself, its gradient in two layouts, two moments, a moving average, the weight before."""
PASSES, PASSES_OF_A_PENALTY = 2, 6
"""Passes through the discriminator whose layers are held at once: real and fake; of a slope and its slope."""
SMALL = 2**24
"""Weights of a network that runs on two rows in no time."""
HELD_IN_EVALUATION = 4
"""Copies of its widest layer that are held while a network is only evaluated."""


class Size(NamedTuple):
    """What a network holds, in numbers."""

    weights: int
    layers: int
    """Outputs of all its layers, per row."""
    widest: int
    """Outputs of its widest layer, per row."""


def size(network: nn.Module, shape: tuple[int, ...]) -> Size:
    """Count a network's weights and the outputs of its layers.

    Args:
        network: its weights need no memory and no values: they are on the device "meta".
        shape: of one row of its input.

    Example:
        >>> with torch.device("meta"):
        ...     network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
        >>> size(network, (3,))
        Size(weights=26, layers=11, widest=5)
    """
    outputs: list[int] = []

    def note(_: nn.Module, __: object, output: Tensor) -> None:
        outputs.append(output[0].numel())

    leaves = [module for module in network.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    weights = sum(p.numel() for p in network.parameters())
    # without memory torch would load its compiler, for a second: a small network is given some
    device = "cpu" if weights < SMALL else "meta"
    held = itertools.chain(network.named_parameters(), network.named_buffers())
    numbers = {name: torch.empty(t.shape, dtype=t.dtype, device=device) for name, t in held}
    try:
        with torch.no_grad():
            functional_call(network, numbers, torch.zeros(2, *shape, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    return Size(weights, sum(outputs), max(outputs, default=0))


def footprint(
    generator: Size, discriminator: Size, batch_size: int, penalties: int, samples: int, itemsize: int
) -> int:
    """Estimate the bytes a run adds to its process: its weights, and the larger of a step and an evaluation.

    Between 0.9 and 1.6 times what perceptrons and convolutional networks were seen to take.

    Args:
        generator: its size.
        discriminator: its size.
        batch_size: rows per update.
        penalties: how many penalties are in force.
        samples: rows per evaluation.
        itemsize: bytes per number.

    Example:
        >>> footprint(Size(10, 5, 3), Size(10, 5, 3), batch_size=2, penalties=1, samples=1, itemsize=4)
        920
    """
    weights = COPIES * (generator.weights + discriminator.weights)
    passes = PASSES + PASSES_OF_A_PENALTY * penalties
    step = batch_size * (generator.layers + passes * discriminator.layers)
    evaluation = samples * HELD_IN_EVALUATION * max(generator.widest, discriminator.widest)
    return itemsize * (weights + max(step, evaluation))
