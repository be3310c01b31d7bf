"""Strided convolutions for images of 8 to 64 pixels, any number of channels.

Radford, Metz, Chintala, Unsupervised Representation Learning with Deep Convolutional GANs, 2016. The paper's
discriminator has batch normalisation; ours has none by default, because a per-sample penalty on the input
slope is meaningless when the samples of a batch influence one another.
"""

from __future__ import annotations

from torch import nn

from ganscope.contracts import BadInput
from ganscope.nets.blocks import Reshape


def generator(
    shape: tuple[int, ...], latent_dim: int, width: int, depth: int, norm: str = "batch", bounded: bool = True
) -> nn.Module:
    """Build a stack of stride-2 transposed convolutions that doubles the picture until its size is reached.

    Args:
        shape: `(C, S, S)`, S from 8 to 64 and 4, 5, 6 or 7 times a power of two.
        latent_dim: dimension of the latent, at least 1.
        width: channels before the last layer; each stage further from the picture has twice as many.
        depth: ignored, the size decides it.
        norm: "none", "batch" or "layer" (one group over all channels), before each ReLU.
        bounded: end in tanh, for data in [-1, 1].

    Returns:
        A module `[B, latent_dim] -> [B, C, S, S]`.

    Raises:
        BadInput: `shape` is no square image of a possible size.

    Example:
        >>> import torch
        >>> generator((3, 32, 32), 16, 8, 0)(torch.randn(5, 16)).shape
        torch.Size([5, 3, 32, 32])
    """
    del depth
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
    if bounded:
        layers.append(nn.Tanh())
    return _initialised(nn.Sequential(*layers))


def discriminator(shape: tuple[int, ...], width: int, depth: int, norm: str = "none") -> nn.Module:
    """Build a stack of stride-2 convolutions with leaky ReLU that halves the picture, then one raw logit.

    Args:
        shape: `(C, S, S)`, S from 8 to 64 and 4, 5, 6 or 7 times a power of two.
        width: channels after the first layer; each further stage has twice as many.
        depth: ignored, the size decides it.
        norm: "none", "batch" or "layer" (one group over all channels), not after the first convolution.

    Returns:
        A module `[B, C, S, S] -> [B, 1]`.

    Raises:
        BadInput: `shape` is no square image of a possible size.

    Example:
        >>> import torch
        >>> discriminator((3, 32, 32), 8, 0)(torch.randn(5, 3, 32, 32)).shape
        torch.Size([5, 1])
    """
    del depth
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


def _plan(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, side of the smallest feature map (4 to 7) and number of doublings up to the picture."""
    if len(shape) != 3 or shape[1] != shape[2]:
        raise BadInput(
            f"network dcgan needs square images [C, S, S], this data has samples of shape {list(shape)}: "
            "use --network mlp."
        )
    channels, side = shape[0], shape[1]
    base, stages = side, 0
    while base > 7 and base % 2 == 0:
        base, stages = base // 2, stages + 1
    if not 8 <= side <= 64 or not 4 <= base <= 7:
        raise BadInput(
            f"network dcgan cannot draw images of {side} pixels: it needs 8 to 64, and 4, 5, 6 or 7 times "
            "a power of two (8, 16, 28, 32, 64, ...)."
        )
    return channels, base, stages


def _norm(name: str, channels: int) -> list[nn.Module]:
    if name == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.GroupNorm(1, channels)] if name == "layer" else []


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """Weights from N(0, 0.02^2) as in the paper, normalisation gains from N(1, 0.02^2), biases 0."""
    for module in network:
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
