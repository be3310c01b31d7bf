"""The layers of a critic that are linear maps: finding them, their input shapes, and replacing them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganscope.contracts import BadInput

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LinearLayer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d


def linear_layers(critic: nn.Module, what: str) -> dict[str, LinearLayer]:
    """Find the linear layers and convolutions of a critic.

    Args:
        critic: any module.
        what: what is to be done with them, for the error.

    Returns:
        The layers by qualified name; "" where the critic is one itself.

    Raises:
        BadInput: there are none, or one of them cannot be replaced.

    Example:
        >>> list(linear_layers(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), "it"))
        ['0', '2']
    """
    layers: dict[str, LinearLayer] = {}
    for name, layer in critic.named_modules():
        if isinstance(layer, TRANSPOSED):
            raise BadInput(
                f"{what} knows linear layers and convolutions, but layer {name!r} is a "
                f"{type(layer).__name__}: use a penalty on the slope instead."
            )
        if not isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            continue
        if "weight" not in layer._parameters or parametrize.is_parametrized(layer):
            raise BadInput(
                f"the weight of layer {name!r} is computed from another parameter (spectral norm, weight "
                f"norm) already: leave that out, or {what}."
            )
        layers[name] = layer
    if not layers:
        raise BadInput(
            f"{type(critic).__name__} has no linear or convolution layer for {what}: use a gradient penalty."
        )
    return layers


def input_shapes(critic: nn.Module, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Run one sample through a critic and note the shape that reaches each submodule.

    Args:
        critic: any module; it keeps its modes and buffers.
        shape: shape of one sample.

    Returns:
        Shape of one sample at the entrance of each submodule, by qualified name.

    Example:
        >>> input_shapes(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), (1, 6, 6))["1"]
        (4, 4, 4)
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        return lambda module, inputs: shapes.update({name: tuple(inputs[0].shape[1:])})

    hooks = [module.register_forward_pre_hook(note(name)) for name, module in critic.named_modules()]
    modes = [(module, module.training) for module in critic.modules()]
    critic.eval()
    try:
        with torch.no_grad():
            critic(torch.zeros(1, *shape).to(next(critic.parameters())))
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes:
            module.training = mode
    return shapes


def replace_layers(critic: nn.Module, make: Callable[[str, LinearLayer], nn.Module], what: str) -> nn.Module:
    """Put another module in the place of each linear layer and convolution, in place.

    Args:
        critic: any module.
        make: `(qualified name, layer) -> module`.
        what: what is done, for the error.

    Returns:
        The critic, or what was made of it where it is itself such a layer.

    Raises:
        BadInput: nothing to replace, or a layer that cannot be replaced.
    """
    for name, layer in linear_layers(critic, what).items():
        if not name:
            return make(name, layer)
        parent, _, leaf = name.rpartition(".")
        setattr(critic.get_submodule(parent), leaf, make(name, layer))
    return critic
