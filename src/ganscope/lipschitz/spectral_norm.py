"""Spectral normalisation: each layer's weight divided by its largest singular value, which is kept current.

Two norms go under that name. The paper's is that of the kernel reshaped to a matrix `[out, in * k * k]`; the
operator's is that of the map from feature map to feature map, with its real padding and stride. For linear
layers they are one; for a convolution the operator's can be several times larger, so that only the second
makes a layer 1-Lipschitz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import vjp, vmap
from torch.nn.functional import linear

from ganscope.lipschitz.layers import LinearLayer, input_shapes, replace_layers

Map = Callable[[Tensor], Tensor]
FIRST_ITERATIONS = 30
"""Power iterations before the first step; from then on there is one a step, as in the paper."""


class SpectralNorm(nn.Module):
    """A linear layer or convolution that computes with `W / sigma`.

    `sigma = <u, A_W v>`, u and v unit vectors, A_W the layer as a linear map: differentiable in W, with u and
    v constant. A forward pass, in whatever mode, only reads u and v; `power_iteration` is what advances them.

    Args:
        layer: `nn.Linear` or a convolution; its weight is trained, its bias is left as it is.
        input_shape: shape of one sample the layer is given, for the norm of the true operator of a
            convolution; None for the norm of the reshaped kernel.

    Example:
        >>> layer = nn.Linear(2, 2, bias=False)
        >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
        >>> SpectralNorm(layer).weight().detach()
        tensor([[1.0000, 0.0000],
                [0.0000, 0.3333]])

    Miyato, Kataoka, Koyama, Yoshida, Spectral Normalization for GANs, ICLR 2018, algorithm 1.
    """

    u: Tensor
    v: Tensor

    def __init__(self, layer: LinearLayer, input_shape: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.layer = layer
        self.operator = input_shape is not None and not isinstance(layer, nn.Linear)
        weight = layer.weight.detach()
        shape = input_shape if self.operator and input_shape is not None else weight.shape[1:]
        v = torch.randn(shape, dtype=weight.dtype, device=weight.device)
        self.register_buffer("v", v / v.norm())
        u, self.v = self.power_iteration(weight, self.v, FIRST_ITERATIONS)
        self.register_buffer("u", u)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer with its weight divided by sigma."""
        if isinstance(self.layer, nn.Linear):
            return linear(x, self.weight(), self.layer.bias)
        y: Tensor = self.layer._conv_forward(x, self.weight(), self.layer.bias)
        return y

    def weight(self) -> Tensor:
        """Return `W / sigma`; W itself where sigma is 0."""
        weight = self.layer.weight
        sigma = (self.u * self._maps(weight)[0](self.v)).sum()
        return weight / torch.where(sigma == 0, torch.ones_like(sigma), sigma)

    def power_iteration(self, weight: Tensor, v: Tensor, steps: int = 1) -> tuple[Tensor, Tensor]:
        """Bring u and v nearer to the largest singular pair: `u <- A v / |A v|, v <- A* u / |A* u|`.

        Args:
            weight: the layer's weight, not normalised.
            v: a unit vector.
            steps: iterations, at least 1.

        Returns:
            The new u and v.
        """
        linear_map, adjoint = self._maps(weight)
        for _ in range(steps):
            image = linear_map(v)
            u = _unit(image, torch.zeros_like(image))
            v = _unit(adjoint(u), v)
        return u, v

    def _maps(self, weight: Tensor) -> tuple[Map, Map]:
        """The map whose largest singular value is sigma, the reshaped kernel or the operator; its adjoint."""
        layer = self.layer
        if not self.operator or isinstance(layer, nn.Linear):
            matrix = weight.flatten(1)
            return (lambda v: matrix @ v.flatten()), (lambda u: (u @ matrix).reshape(weight.shape[1:]))

        def operator(v: Tensor) -> Tensor:
            image: Tensor = layer._conv_forward(v[None], weight, None)[0]
            return image

        return operator, lambda u: vjp(operator, self.v)[1](u)[0]


def spectral_norm(critic: nn.Module) -> nn.Module:
    """Divide every weight of a critic by the largest singular value of its kernel reshaped to a matrix.

    `W / sigma(W), W as [out, in * k * k]`: the paper's normalisation. Linear layers become 1-Lipschitz. A
    convolution's slope can be up to `sqrt(k * k)` at stride 1; see `spectral_operator_norm`.

    Args:
        critic: Any module; its `Linear` and `Conv` layers are replaced in place.

    Returns:
        The critic. Its u and v rest until `advance_` is called after a change of the weights, as training in
        this library does after every critic step.

    Raises:
        BadInput: Nothing to normalise, or a layer that cannot be normalised.

    Example:
        >>> critic = spectral_norm(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)))
        >>> bool(critic[2].weight().norm() < 1.0001)
        True

    Miyato, Kataoka, Koyama, Yoshida, Spectral Normalization for GANs, ICLR 2018.
    """
    return replace_layers(critic, lambda name, layer: SpectralNorm(layer), "spectral normalisation")


def spectral_operator_norm(critic: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Divide every weight of a critic by its layer's operator norm, with the real padding, stride and size.

    `W / sup_x |A_W x| / |x|`: every layer becomes 1-Lipschitz, up to what the power iteration is behind.

    Args:
        critic: Any module; its `Linear` and `Conv` layers are replaced in place.
        shape: Shape of one sample.

    Returns:
        The critic; see `spectral_norm` for when its u and v move.

    Raises:
        BadInput: Nothing to normalise, or a layer that cannot be normalised.

    Example:
        >>> critic = spectral_operator_norm(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), (1, 6, 6))
        >>> critic[0].v.shape
        torch.Size([1, 6, 6])

    Gouk, Frank, Pfahringer, Cree, Regularisation of neural networks by enforcing Lipschitz continuity,
    Machine Learning 2021 (convolutions by power iteration with their transpose); Miyato et al., ICLR 2018.
    """
    shapes = input_shapes(critic, shape)
    return replace_layers(
        critic, lambda name, layer: SpectralNorm(layer, shapes.get(name)), "spectral normalisation"
    )


def advance_(
    critic: nn.Module, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor], stacked: bool = False
) -> None:
    """Take one power iteration of every spectrally normalised layer, in place of its u and v.

    Args:
        critic: the module whose code is run.
        parameters: its weights by qualified name; `[K, ...]` in a stack.
        buffers: its u and v likewise; changed in place.
        stacked: whether there is a leading dimension K.

    Example:
        >>> critic = spectral_norm(nn.Sequential(nn.Linear(2, 8)))
        >>> before = critic[0].u.clone()
        >>> _ = critic[0].layer.weight.data.normal_()
        >>> advance_(critic, dict(critic.named_parameters()), dict(critic.named_buffers()))
        >>> torch.equal(before, critic[0].u)
        False
    """
    with torch.no_grad():
        for name, layer in critic.named_modules():
            prefix = f"{name}." if name else ""
            if isinstance(layer, SpectralNorm) and f"{prefix}layer.weight" in parameters:
                iterate = vmap(layer.power_iteration) if stacked else layer.power_iteration
                u, v = iterate(parameters[f"{prefix}layer.weight"], buffers[f"{prefix}v"])
                buffers[f"{prefix}u"].copy_(u)
                buffers[f"{prefix}v"].copy_(v)


def _unit(x: Tensor, otherwise: Tensor) -> Tensor:
    """Scale to length 1; a zero vector, as a zero weight makes it, is replaced."""
    length = x.norm()
    return torch.where(length > 0, x / torch.where(length > 0, length, torch.ones_like(length)), otherwise)
