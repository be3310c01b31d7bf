"""Multilayer perceptrons for points, tables and small images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from ganscope.contracts import NetworkFamily

if TYPE_CHECKING:
    from torch import nn


class Options(BaseModel, frozen=True, extra="forbid"):
    """What a pair of perceptrons can be told."""

    g_width: int = Field(128, ge=1, le=2**16, description="Generator: units per layer.")
    g_depth: int = Field(3, ge=1, le=100, description="Generator: hidden layers.")
    g_norm: Literal["none", "batch", "layer"] = Field("none", description="Generator: normalisation.")
    d_width: int = Field(128, ge=1, le=2**16, description="Discriminator: units per layer.")
    d_depth: int = Field(3, ge=1, le=100, description="Discriminator: hidden layers.")
    d_norm: Literal["none", "batch", "layer"] = Field("none", description="Discriminator: normalisation.")
    d_fourier: float = Field(
        0.0, ge=0, description="Discriminator: spread of random Fourier frequencies it sees too; 0 is off."
    )


def generator(
    shape: tuple[int, ...], latent_dim: int, classes: int, options: Options, end: nn.Module | None = None
) -> nn.Module:
    """Build hidden ReLU layers from the latent to one sample.

    Args:
        shape: shape of one sample; the last layer has as many units as it has values.
        latent_dim: dimension of the latent, at least 1.
        classes: 0; a perceptron takes no condition yet.
        options: width, depth and normalisation before each activation.
        end: the last activation, where the data have one; see `ganscope.nets.ends`.

    Returns:
        A module `[B, latent_dim] -> [B, *shape]`.

    Example:
        >>> import torch
        >>> network = generator((1, 8, 8), 32, 0, Options(g_width=64, g_depth=2), torch.nn.Tanh())
        >>> network(torch.randn(5, 32)).shape
        torch.Size([5, 1, 8, 8])
    """
    from torch import nn

    from ganscope.nets.blocks import Reshape

    _unconditional(classes)
    width = options.g_width
    layers: list[nn.Module] = []
    for inputs in [latent_dim, *[width] * (options.g_depth - 1)]:
        layers += [nn.Linear(inputs, width), *_norm(options.g_norm, width), nn.ReLU()]
    layers.append(nn.Linear(width, math.prod(shape)))
    if end is not None:
        layers.append(end)
    if len(shape) > 1:
        layers.append(Reshape(shape))
    return _initialised(nn.Sequential(*layers))


def discriminator(shape: tuple[int, ...], classes: int, options: Options) -> nn.Module:
    """Build hidden leaky-ReLU layers from one sample, or Fourier features of it, to a raw logit.

    Args:
        shape: shape of one sample.
        classes: 0; a perceptron takes no condition yet.
        options: width, depth, normalisation before each activation, spread of the Fourier features.

    Returns:
        A module `[B, *shape] -> [B, 1]`.

    Example:
        >>> import torch
        >>> discriminator((1, 8, 8), 0, Options(d_width=64, d_depth=2))(torch.randn(5, 1, 8, 8)).shape
        torch.Size([5, 1])
    """
    from torch import nn

    from ganscope.nets.fourier import FourierFeatures

    _unconditional(classes)
    width = options.d_width
    waves = FourierFeatures(shape, options.d_fourier) if options.d_fourier else None
    inputs = waves.outputs if waves is not None else math.prod(shape)
    layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 and waves is None else []
    for units in [inputs, *[width] * (options.d_depth - 1)]:
        layers += [nn.Linear(units, width), *_norm(options.d_norm, width), nn.LeakyReLU(0.2)]
    network = _initialised(nn.Sequential(*layers, nn.Linear(width, 1)))
    return network if waves is None else nn.Sequential(waves, *network.children())


def _unconditional(classes: int) -> None:
    if classes:
        raise NotImplementedError("perceptrons take no condition yet")


def _norm(name: str, width: int) -> list[nn.Module]:
    from torch import nn

    kinds = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    return [] if name == "none" else [kinds[name](width)]


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """He initialisation: torch's default shrinks what the latent says by 0.4 a layer, a collapsed start."""
    from torch import nn

    linear = [module for module in network if isinstance(module, nn.Linear)]
    for module in linear[:-1]:
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
    return network


MLP = NetworkFamily(
    options=Options,
    generator=generator,
    discriminator=discriminator,
    why_not=lambda shape: None,
    mixes_rows=lambda options: options.d_norm == "batch",
    keeps_state=lambda options: "batch" in (options.g_norm, options.d_norm),
    cost=lambda options: (max(options.g_width, options.d_width) / 128) ** 2,
)
