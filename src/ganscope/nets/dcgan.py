"""Strided convolutions for images of 8 to 64 pixels, any number of channels.

Radford, Metz, Chintala, Unsupervised Representation Learning with Deep Convolutional GANs, 2016. The paper's
discriminator has batch normalisation; ours has none by default, because a per-sample penalty on the input
slope is meaningless when the samples of a batch influence one another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from ganscope.contracts import BadInput, NetworkFamily

if TYPE_CHECKING:
    from torch import nn


class Options(BaseModel, frozen=True, extra="forbid"):
    """What a convolutional pair can be told; its depth follows from the size of the picture."""

    g_width: int = Field(128, ge=1, le=2**16, description="Generator: channels before its last layer.")
    g_norm: Literal["none", "batch", "layer"] = Field("none", description="Generator: normalisation.")
    d_width: int = Field(128, ge=1, le=2**16, description="Discriminator: channels after its first layer.")
    d_norm: Literal["none", "batch", "layer"] = Field("none", description="Discriminator: normalisation.")


def generator(
    shape: tuple[int, ...], latent_dim: int, classes: int, options: Options, end: nn.Module | None = None
) -> nn.Module:
    """Build a stack of stride-2 transposed convolutions that doubles the picture until its size is reached.

    Args:
        shape: `(C, S, S)`, S from 8 to 64 and 4, 5, 6 or 7 times a power of two.
        latent_dim: dimension of the latent, at least 1.
        classes: 0; these convolutions take no condition yet.
        options: channels before the last layer (each stage further from the picture has twice as many), and
            normalisation before each ReLU; "layer" is one group over all channels.
        end: the last activation, where the data have one: tanh for images in [-1, 1].

    Returns:
        A module `[B, latent_dim] -> [B, C, S, S]`.

    Raises:
        BadInput: `shape` is no square image of a possible size.

    Example:
        >>> import torch
        >>> generator((3, 32, 32), 16, 0, Options(g_width=8, g_norm="batch"))(torch.randn(5, 16)).shape
        torch.Size([5, 3, 32, 32])
    """
    from torch import nn

    from ganscope.nets.blocks import Reshape

    _unconditional(classes)
    width, norm = options.g_width, options.g_norm
    channels, base, stages = _plan(shape)
    top = width * 2 ** (stages - 1)
    layers: list[nn.Module] = [
        nn.Linear(latent_dim, top * base * base, bias=norm == "none"),
        Reshape((top, base, base)),
        *_norm(norm, top),
        nn.ReLU(),
    ]
    for stage in range(stages, 1, -1):
        wide, narrow = width * 2 ** (stage - 1), width * 2 ** (stage - 2)
        layers += [
            nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=norm == "none"),
            *_norm(norm, narrow),
            nn.ReLU(),
        ]
    layers.append(nn.ConvTranspose2d(width, channels, 4, 2, 1))
    if end is not None:
        layers.append(end)
    return _initialised(nn.Sequential(*layers))


def discriminator(shape: tuple[int, ...], classes: int, options: Options) -> nn.Module:
    """Build a stack of stride-2 convolutions with leaky ReLU that halves the picture, then one raw logit.

    Args:
        shape: `(C, S, S)`, S from 8 to 64 and 4, 5, 6 or 7 times a power of two.
        classes: 0; these convolutions take no condition yet.
        options: channels after the first layer (each further stage has twice as many), and normalisation,
            not after the first convolution; "layer" is one group over all channels.

    Returns:
        A module `[B, C, S, S] -> [B, 1]`.

    Raises:
        BadInput: `shape` is no square image of a possible size.

    Example:
        >>> import torch
        >>> discriminator((3, 32, 32), 0, Options(d_width=8))(torch.randn(5, 3, 32, 32)).shape
        torch.Size([5, 1])
    """
    from torch import nn

    _unconditional(classes)
    width, norm = options.d_width, options.d_norm
    channels, base, stages = _plan(shape)
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for stage in range(1, stages):
        narrow, wide = width * 2 ** (stage - 1), width * 2**stage
        layers += [
            nn.Conv2d(narrow, wide, 4, 2, 1, bias=norm == "none"),
            *_norm(norm, wide),
            nn.LeakyReLU(0.2),
        ]
    top = width * 2 ** (stages - 1)
    return _initialised(nn.Sequential(*layers, nn.Flatten(), nn.Linear(top * base * base, 1)))


def why_not(shape: tuple[int, ...]) -> str | None:
    """Say why rows of a shape cannot be drawn by doubling a small picture.

    Example:
        >>> why_not((1, 8, 8)) is None, why_not((2,))
        (True, 'it needs square images [C, S, S], and this data has samples of shape [2]')
    """
    if len(shape) != 3 or shape[1] != shape[2]:
        return f"it needs square images [C, S, S], and this data has samples of shape {list(shape)}"
    base, _ = _halved(shape[1])
    if not 8 <= shape[1] <= 64 or not 4 <= base <= 7:
        return (
            f"it cannot draw images of {shape[1]} pixels: it needs 8 to 64, and 4, 5, 6 or 7 times a power "
            "of two (8, 16, 28, 32, 64, ...)"
        )
    return None


def _plan(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, side of the smallest feature map (4 to 7) and number of doublings up to the picture."""
    why = why_not(shape)
    if why is not None:
        raise BadInput(f"network dcgan cannot be used: {why}. Use --network mlp.")
    return (shape[0], *_halved(shape[1]))


def _halved(side: int) -> tuple[int, int]:
    """Halve a side while it is even and above 7; return what is left and how often it was halved."""
    stages = 0
    while side > 7 and side % 2 == 0:
        side, stages = side // 2, stages + 1
    return side, stages


def _unconditional(classes: int) -> None:
    if classes:
        raise NotImplementedError("these convolutions take no condition yet")


def _norm(name: str, channels: int) -> list[nn.Module]:
    from torch import nn

    if name == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.GroupNorm(1, channels)] if name == "layer" else []


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """Weights from N(0, 0.02^2) as in the paper, normalisation gains from N(1, 0.02^2), biases 0."""
    from torch import nn

    for module in network:
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


DCGAN = NetworkFamily(
    options=Options,
    generator=generator,
    discriminator=discriminator,
    why_not=why_not,
    mixes_rows=lambda options: options.d_norm == "batch",
    keeps_state=lambda options: "batch" in (options.g_norm, options.d_norm),
    cost=lambda options: math.inf,
)
