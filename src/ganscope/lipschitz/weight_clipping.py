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


RECURRENT_LAYERS = (nn.RNNBase, nn.RNNCellBase)


def clippable(module: nn.Module) -> list[str]:
    """Name the parameters that weight clipping clamps: of linear, convolution and recurrent layers.

    Those are their weights and biases. Norm layers' gains, embeddings and free parameters are left out: a
    BatchNorm gain clamped from 1 to 0.01 would change the critic beyond recognition.

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
        if not isinstance(layer, (*LINEAR_LAYERS, *RECURRENT_LAYERS, SpectralNorm)):
            continue
        held = dict(layer.named_parameters(recurse=False))
        if any(weight not in held for weight in _weights(layer)):
            raise BadInput(
                f"the weight of layer {name!r} is computed from another parameter (spectral norm, weight "
                "norm), so clipping cannot bound it: use a plain layer there, or no clipping (--clip 0)."
            )
        chosen |= {id(parameter) for key, parameter in held.items() if key.startswith(("weight", "bias"))}
    return [name for name, parameter in module.named_parameters() if id(parameter) in chosen]


def clip_weights_(module: nn.Module, c: float) -> tuple[str, ...]:
    """Clamp the weights and biases of all layers that `clippable` knows to `[-c, c]`, in place.

    `w <- max(-c, min(c, w))`, to be called after each critic step: the generator must meet a clipped critic.

    Args:
        module: The critic.
        c: Half width of the box, above 0 (the paper: 0.01).

    Returns:
        Names of the layers left alone: those with parameters that were not clamped, such as norms and
        embeddings; "" is the critic itself.

    Raises:
        BadInput: c is not a positive number, or there is nothing to clip.

    Example:
        >>> critic = nn.Sequential(nn.Linear(2, 1), nn.LayerNorm(1))
        >>> clip_weights_(critic, 0.01)
        ('1',)
        >>> bool(critic[0].weight.abs().max() <= 0.01)
        True

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, algorithm 1.
    """
    if not (math.isfinite(c) and c > 0):
        raise BadInput(f"weights cannot be clipped to +-{c}: give a positive number such as 0.01.")
    names = set(clippable(module))
    if not names:
        raise BadInput(
            f"{type(module).__name__} has no linear or convolution layer to clip, nor a recurrent one: use a "
            "gradient penalty."
        )
    left_alone: dict[str, None] = {}
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in names:
                parameter.clamp_(-c, c)
            else:
                left_alone[name.rpartition(".")[0]] = None
    return tuple(left_alone)


def _weights(layer: nn.Module) -> list[str]:
    """Name the weights that a layer computes with."""
    if isinstance(layer, nn.RNNBase):
        return [name for name in layer._flat_weights_names if name.startswith("weight")]
    return ["weight_ih", "weight_hh"] if isinstance(layer, nn.RNNCellBase) else ["weight"]
