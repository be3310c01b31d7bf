"""K multilayer perceptrons as one: a batched matrix product per layer instead of `vmap` over the module."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from ganscope.nets.blocks import Reshape
from ganscope.nets.ends import Ends
from ganscope.nets.fourier import FourierFeatures

Function = Callable[[dict[str, Tensor], Tensor], Tensor]
"""`(parameters [K, ...] by the module's own names, x [K, B, ...]) -> [K, B, ...]`."""
ELEMENTWISE = frozenset(
    {nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus, nn.Identity}
)
"""Activations without parameters or state, to which all dimensions are alike."""


def batched(module: nn.Module) -> Function | None:
    """Write a perceptron as a function of K stacked parameter sets and K batches.

    `x_k <- x_k W_k^T + b_k` for all runs k at once. Each run's numbers are those of its module alone up to
    rounding, as with `vmap`, in about two thirds of its time at a hundred units a layer.

    Args:
        module: an `nn.Sequential` of `Linear`, `LayerNorm` over the last dimension, `Flatten`, `Reshape`,
            `FourierFeatures`, `Ends` and activations, each exactly of that class: a subclass may differ.

    Returns:
        The function, or None for any other module.

    Example:
        >>> module = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU())
        >>> stacked = {name: torch.stack([p, 2 * p]) for name, p in module.named_parameters()}
        >>> function = batched(module)
        >>> x = torch.ones(2, 5, 2)
        >>> torch.allclose(function(stacked, x)[1], 2 * module(x[1]))
        True
        >>> batched(nn.Sequential(nn.BatchNorm1d(2))) is None
        True
    """
    if type(module) is not nn.Sequential:
        return None
    named = list(module.named_children())
    layers = [layer for layer in (_layer(name, child) for name, child in named) if layer is not None]
    if len(layers) < len(named):
        return None

    def call(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(parameters, x)
        return x

    return call


def _layer(name: str, module: nn.Module) -> Function | None:
    """What one module does to K batches; None where that is not known."""
    kind = type(module)
    if kind in ELEMENTWISE or kind in (FourierFeatures, Ends):  # the runs share frequencies and blocks
        return lambda parameters, x: module(x)
    if isinstance(module, nn.Linear) and kind is nn.Linear and "weight" in module._parameters:
        return _linear(f"{name}.weight", None if module.bias is None else f"{name}.bias")
    if isinstance(module, nn.LayerNorm) and kind is nn.LayerNorm:
        return _layer_norm(name, module)
    if (
        isinstance(module, nn.Flatten)
        and kind is nn.Flatten
        and (module.start_dim, module.end_dim) == (1, -1)
    ):
        return lambda parameters, x: x.flatten(2)
    if isinstance(module, Reshape) and kind is Reshape:
        shape = module.shape
        return lambda parameters, x: x.reshape(*x.shape[:2], *shape)
    return None


def _linear(weight: str, bias: str | None) -> Function:
    def call(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        if x.ndim > 3:  # the product below knows rows only
            rows = call(parameters, x.flatten(1, -2))
            return rows.reshape(*x.shape[:-1], rows.shape[-1])
        transposed = parameters[weight].mT
        if bias is None:
            return torch.bmm(x, transposed)
        return torch.baddbmm(parameters[bias].unsqueeze(1), x, transposed)

    return call


def _layer_norm(name: str, module: nn.LayerNorm) -> Function | None:
    shape, eps = module.normalized_shape, module.eps
    if len(shape) != 1 or module.weight is None or module.bias is None:
        return None

    def call(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        of_rows = (-1, *[1] * (x.ndim - 2), *shape)
        gain, shift = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        return torch.addcmul(shift.reshape(of_rows), layer_norm(x, shape, eps=eps), gain.reshape(of_rows))

    return call
