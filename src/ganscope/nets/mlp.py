"""Multilayer perceptrons for points, tables and small images."""

from __future__ import annotations

import math

from torch import nn

from ganscope.nets.blocks import Reshape

NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def generator(
    shape: tuple[int, ...], latent_dim: int, width: int, depth: int, norm: str = "none", bounded: bool = False
) -> nn.Module:
    """Build `depth` hidden ReLU layers of `width` units from the latent to one sample.

    Args:
        shape: shape of one sample; the last layer has as many units as it has values.
        latent_dim: dimension of the latent, at least 1.
        width: units per hidden layer, at least 1.
        depth: hidden layers, at least 1.
        norm: "none", "batch" or "layer", before each activation.
        bounded: end in tanh, for data in [-1, 1].

    Returns:
        A module `[B, latent_dim] -> [B, *shape]`.

    Example:
        >>> import torch
        >>> generator((1, 8, 8), 32, 64, 2, bounded=True)(torch.randn(5, 32)).shape
        torch.Size([5, 1, 8, 8])
    """
    layers: list[nn.Module] = []
    for inputs in [latent_dim, *[width] * (depth - 1)]:
        layers += [nn.Linear(inputs, width), *_norm(norm, width), nn.ReLU()]
    layers.append(nn.Linear(width, math.prod(shape)))
    if bounded:
        layers.append(nn.Tanh())
    if len(shape) > 1:
        layers.append(Reshape(shape))
    return _initialised(nn.Sequential(*layers))


def discriminator(shape: tuple[int, ...], width: int, depth: int, norm: str = "none") -> nn.Module:
    """Build `depth` hidden leaky-ReLU layers of `width` units from one sample to a raw logit.

    Args:
        shape: shape of one sample.
        width: units per hidden layer, at least 1.
        depth: hidden layers, at least 1.
        norm: "none", "batch" or "layer", before each activation.

    Returns:
        A module `[B, *shape] -> [B, 1]`.

    Example:
        >>> import torch
        >>> discriminator((1, 8, 8), 64, 2)(torch.randn(5, 1, 8, 8)).shape
        torch.Size([5, 1])
    """
    layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 else []
    for inputs in [math.prod(shape), *[width] * (depth - 1)]:
        layers += [nn.Linear(inputs, width), *_norm(norm, width), nn.LeakyReLU(0.2)]
    return _initialised(nn.Sequential(*layers, nn.Linear(width, 1)))


def _norm(name: str, width: int) -> list[nn.Module]:
    return [] if name == "none" else [NORMS[name](width)]


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """He initialisation: torch's default shrinks what the latent says by 0.4 a layer, a collapsed start."""
    linear = [module for module in network if isinstance(module, nn.Linear)]
    for module in linear[:-1]:
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
    return network
