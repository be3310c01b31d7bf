"""What can be read off networks that others wrote: how they end, and what bounds them."""

from __future__ import annotations

import re

from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.spectral_norm import SpectralNorm as OldSpectralNorm

from ganscope.lipschitz import OrthogonalConv2d, OrthogonalLinear, SpectralNorm

SHAPE_CHANGES = frozenset(
    {
        "Alias", "Clone", "Expand", "Permute", "Reshape", "ReshapeAlias", "Select", "Slice", "Split",
        "Squeeze", "T", "ToCopy", "Transpose", "Unsqueeze", "UnsafeView", "View",
    }
)  # fmt: skip
"""Autograd nodes that change the shape or the type of a result and not its values."""


def ends_in(result: Tensor) -> str:
    """Name the last operation that made the values of a result; changes of shape do not count.

    Args:
        result: what a network returned, with its graph; any shape.

    Returns:
        The name of the autograd node without "Backward", such as "Sigmoid" or "Addmm"; empty without a graph.

    Example:
        >>> import torch
        >>> ends_in(torch.sigmoid(torch.zeros(2, 1, requires_grad=True)).squeeze(1))
        'Sigmoid'
    """
    node = result.grad_fn
    while node is not None and _name(node.name()) in SHAPE_CHANGES:
        node = node.next_functions[0][0]
    return "" if node is None else _name(node.name())


def is_spectral(network: nn.Module) -> bool:
    """Tell whether any layer is normalised by its spectral norm, by either of torch's two ways.

    Args:
        network: any module.

    Example:
        >>> is_spectral(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)))
        True
    """
    return any(
        isinstance(module, parametrizations._SpectralNorm)
        or any(isinstance(hook, OldSpectralNorm) for hook in module._forward_pre_hooks.values())
        for module in network.modules()
    )


def bounded_by_its_layers(network: nn.Module) -> bool:
    """Tell whether a network has layers that bound its slope: spectral norm, by torch or ours, or orthogonal.

    Args:
        network: any module.

    Example:
        >>> bounded_by_its_layers(nn.Linear(2, 2)), bounded_by_its_layers(SpectralNorm(nn.Linear(2, 2)))
        (False, True)
    """
    kinds = (SpectralNorm, OrthogonalLinear, OrthogonalConv2d)
    return is_spectral(network) or any(isinstance(layer, kinds) for layer in network.modules())


def _name(node: str) -> str:
    """Name of an autograd node without the suffix and its number."""
    return re.sub(r"Backward\d*$", "", node)
