"""What can be read off networks that others wrote: how they end, whether they mix rows, what bounds them."""

from __future__ import annotations

import re

from torch import Tensor, nn

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


def mixes_rows(network: nn.Module) -> bool:
    """Tell whether a network has batch normalisation, so that the rows of a batch influence one another.

    The gradient of one row's score in that row is then not the slope that a penalty per row asks for.

    Args:
        network: any module.

    Example:
        >>> mixes_rows(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))), mixes_rows(nn.LayerNorm(2))
        (True, False)

    Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, section 4.
    """
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


def is_spectral(network: nn.Module) -> bool:
    """Tell whether any layer is normalised by its spectral norm, by either of torch's two ways.

    Args:
        network: any module.

    Example:
        >>> is_spectral(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)))
        True
    """
    buffers = (name for name, _ in network.named_buffers())
    return any("parametrizations" in name and name.endswith("._u") for name in buffers) or any(
        hasattr(module, "weight_u") for module in network.modules()
    )


def _name(node: str) -> str:
    """Name of an autograd node without the suffix and its number."""
    return re.sub(r"Backward\d*$", "", node)
