"""Weight clipping: the box that the first Wasserstein GAN put its critic's weights in after every step."""

from __future__ import annotations

import math

import torch
from torch import nn

from ganscope.contracts import BadInput
from ganscope.lipschitz.spectral_norm import SpectralNorm

LINEAR_LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def clippable(module: nn.Module) -> list[str]:
    """Name the parameters that weight clipping clamps: weights and biases of linear and convolution layers.

    Norm layers' gains, embeddings and free parameters are left out: a BatchNorm gain clamped from 1 to 0.01
    would change the critic beyond recognition.

    Args:
        module: The critic.

    Returns:
        Qualified names, a subset of those of `module.named_parameters()`, in its order.

    Raises:
        BadInput: A layer's weight is computed from another parameter (spectral norm, weight norm), so that
            clamping would not bound it.

    Example:
        >>> clippable(nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1, bias=False)))
        ['0.weight', '0.bias', '2.weight']

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, algorithm 1.
    """
    chosen: set[int] = set()
    for name, layer in module.named_modules():
        if not isinstance(layer, (*LINEAR_LAYERS, SpectralNorm)):
            continue
        held = dict(layer.named_parameters(recurse=False))
        if "weight" not in held:
            raise BadInput(
                f"the weight of layer {name!r} is computed from another parameter (spectral norm, weight "
                "norm), so clipping cannot bound it: use either clipping or the reparametrisation."
            )
        chosen |= {id(held[key]) for key in ("weight", "bias") if key in held}
    return [name for name, parameter in module.named_parameters() if id(parameter) in chosen]


def clip_weights_(module: nn.Module, c: float) -> None:
    """Clamp weights and biases of all linear and convolution layers to `[-c, c]`, in place.

    `w <- max(-c, min(c, w))`, to be called after each critic step: the generator must meet a clipped critic.

    Args:
        module: The critic; norm layers' gains are left alone.
        c: Half width of the box, above 0 (the paper: 0.01).

    Raises:
        BadInput: c is not a positive number, or there is nothing to clip.

    Example:
        >>> critic = nn.Linear(2, 1)
        >>> clip_weights_(critic, 0.01)
        >>> bool(critic.weight.abs().max() <= 0.01)
        True

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, algorithm 1.
    """
    if not (math.isfinite(c) and c > 0):
        raise BadInput(f"weights cannot be clipped to +-{c}: give a positive number such as 0.01.")
    names = set(clippable(module))
    if not names:
        raise BadInput(
            f"{type(module).__name__} has no linear or convolution layer to clip: use a gradient penalty."
        )
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in names:
                parameter.clamp_(-c, c)
