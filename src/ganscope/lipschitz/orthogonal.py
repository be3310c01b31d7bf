"""Critics that are 1-Lipschitz by construction: orthogonal linear layers and convolutions, and MaxMin.

An orthogonal layer keeps lengths (or, with fewer outputs than inputs, never increases them), and MaxMin keeps
them too, so a critic of such layers can have slope 1 nearly everywhere and has nowhere more, at every step of
training: its gap bounds the Wasserstein-1 distance from below without a penalty and without a certificate.

A convolution whose reshaped kernel is orthogonal is no such layer: for a 3x3 kernel its operator norm reaches
3. Ours are orthogonal as operators, on the torus, where the Fourier transform makes a convolution one small
matrix per frequency.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ganscope.contracts import BadInput
from ganscope.lipschitz.layers import input_shapes, linear_layers

REPLACED_BY_MAXMIN = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Tanh, nn.Softplus)


def cayley(raw: Tensor) -> Tensor:
    """Turn any matrix into one with orthonormal columns (rows, where it is wide), by the Cayley transform.

    `Q = [I - A; -2V] (I + A)^-1`, with raw = [U; V] and A = U - U* + V* V: no eigenvalue of A has a negative
    real part, so I + A is invertible whatever the numbers.

    Args:
        raw: `[..., p, q]`, real or complex.

    Returns:
        `[..., p, q]`, all singular values 1 up to rounding.

    Example:
        >>> q = cayley(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=torch.float64))
        >>> torch.allclose(q.mT @ q, torch.eye(2, dtype=torch.float64))
        True

    Trockman and Kolter, Orthogonalizing Convolutional Layers with the Cayley Transform, ICLR 2021.
    """
    if raw.shape[-2] < raw.shape[-1]:
        return cayley(raw.mT).mT
    side = raw.shape[-1]
    u, v = raw[..., :side, :], raw[..., side:, :]
    a = u - u.mH + v.mH @ v
    identity = torch.eye(side, dtype=raw.dtype, device=raw.device)
    above = torch.cat([(identity - a).expand_as(u), -2 * v], dim=-2)
    # X (I + A) = above, as (I + A)^T X^T = above^T; unchecked, so that one run of NaN does not stop a stack
    solved: Tensor = torch.linalg.solve_ex((identity + a).mT, above.mT, check_errors=False).result
    return solved.mT


class OrthogonalLinear(nn.Module):
    """A linear layer whose matrix has orthonormal rows or columns, whichever are fewer.

    Args:
        inputs: dimension of a sample.
        outputs: units.

    Example:
        >>> layer = OrthogonalLinear(2, 5)
        >>> x = torch.tensor([[3.0, 4.0]])
        >>> round((layer(x) - layer(0 * x)).norm().item(), 4)
        5.0

    Anil, Lucas, Grosse, Sorting Out Lipschitz Function Approximation, ICML 2019 (by Björck's iteration);
    Trockman and Kolter, ICLR 2021 (the Cayley transform).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(max(inputs, outputs)))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., inputs]` to `[..., outputs]`."""
        return linear(x, self.weight(), self.bias)

    def weight(self) -> Tensor:
        """Return the orthogonal matrix `[outputs, inputs]`."""
        return cayley(self.raw)


class OrthogonalConv2d(nn.Module):
    """A convolution on the torus that keeps lengths, or never increases them where it has fewer channels.

    A stride s comes first, as the s x s pixels of a cell become channels (which keeps lengths), so that
    `[B, C, H, W] -> [B, outputs, H / s, W / s]`. Then each frequency's matrix of channels is made orthogonal.
    The kernel that comes of it is as large as the picture, with most of its weight near the `size` that is
    trained.

    Args:
        channels: of the input.
        outputs: channels of the output.
        side: height and width of the input, each a multiple of `stride`.
        size: height and width of the trained kernel, on the grid of the output.
        stride: at least 1.

    Example:
        >>> layer = OrthogonalConv2d(3, 16, (8, 8), size=3, stride=2)
        >>> x = torch.randn(1, 3, 8, 8)
        >>> torch.allclose((layer(x) - layer(0 * x)).norm(), x.norm())
        True

    Trockman and Kolter, Orthogonalizing Convolutional Layers with the Cayley Transform, ICLR 2021.
    """

    def __init__(
        self, channels: int, outputs: int, side: tuple[int, int], size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.stride = stride
        self.grid = (side[0] // stride, side[1] // stride)
        inputs = channels * stride**2
        scale = size * math.sqrt(max(inputs, outputs))
        self.raw = nn.Parameter(torch.randn(outputs, inputs, size, size) / scale)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, channels, H, W]` to `[B, outputs, H / stride, W / stride]`."""
        s, (height, width) = self.stride, self.grid
        cells = x.reshape(len(x), -1, height, s, width, s).permute(0, 1, 3, 5, 2, 4)
        waves = torch.fft.rfft2(cells.reshape(len(x), -1, height, width))
        turned = torch.einsum("yxoc,bcyx->boyx", self.transfer(), waves)
        y: Tensor = torch.fft.irfft2(turned, s=self.grid) + self.bias[:, None, None]
        return y

    def transfer(self) -> Tensor:
        """Return each frequency's matrix of channels, complex `[H / s, W / s / 2 + 1, outputs, inputs]`."""
        (height, width), size = self.grid, self.raw.shape[-1]
        torus = pad(self.raw, (0, width - size, 0, height - size))
        centred = torus.roll((-(size // 2), -(size // 2)), dims=(-2, -1))
        return cayley(torch.fft.rfft2(centred).permute(2, 3, 0, 1))


class MaxMin(nn.Module):
    """GroupSort with groups of two: the larger and the smaller of each pair of channels, which keeps lengths.

    Channel i of the first half is paired with channel i of the second.

    Example:
        >>> MaxMin()(torch.tensor([[1.0, 5.0, 3.0, 2.0]]))
        tensor([[3., 5., 1., 2.]])

    Anil, Lucas, Grosse, Sorting Out Lipschitz Function Approximation, ICML 2019.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, 2C, ...]` to the same shape."""
        a, b = x.chunk(2, dim=1)
        return torch.cat([torch.maximum(a, b), torch.minimum(a, b)], dim=1)


def orthogonal(critic: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Build the 1-Lipschitz counterpart of a critic: its layers orthogonal, its activations MaxMin.

    Args:
        critic: `nn.Sequential` of linear layers, convolutions of images, flattening and activations. It is
            the plan only: its weights are not used.
        shape: Shape of one sample.

    Returns:
        A new critic of the same widths; a padded convolution of stride s becomes one on the torus.

    Raises:
        BadInput: A layer without such a counterpart, or an odd number of units before an activation.

    Example:
        >>> critic = orthogonal(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)), (2,))
        >>> x, y = torch.randn(50, 2), torch.randn(50, 2)
        >>> bool(((critic(x) - critic(y)).abs()[:, 0] <= 1.0001 * (x - y).norm(dim=1)).all())
        True

    Anil, Lucas, Grosse, ICML 2019; Trockman and Kolter, ICLR 2021.
    """
    linear_layers(critic, "orthogonal layers")
    if type(critic) is not nn.Sequential:
        raise BadInput(
            f"orthogonal layers can be built for an nn.Sequential, not for a {type(critic).__name__}: use "
            "spectral normalisation."
        )
    shapes = input_shapes(critic, shape)
    return nn.Sequential(*(_counterpart(layer, shapes[name]) for name, layer in critic.named_children()))


def _counterpart(layer: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    if type(layer) is nn.Linear:
        return OrthogonalLinear(layer.in_features, layer.out_features)
    if type(layer) is nn.Conv2d:
        return _on_the_torus(layer, shape)
    if isinstance(layer, nn.Flatten | nn.Identity):
        return layer
    if isinstance(layer, REPLACED_BY_MAXMIN):
        if shape[0] % 2:
            raise BadInput(
                f"orthogonal layers sort their units in pairs, and {shape[0]} units are odd: use an even "
                "width (--d-width)."
            )
        return MaxMin()
    raise BadInput(
        f"a {type(layer).__name__} has no orthogonal counterpart: use linear layers, convolutions of images, "
        "flattening and activations, or spectral normalisation."
    )


def _on_the_torus(layer: nn.Conv2d, shape: tuple[int, ...]) -> OrthogonalConv2d:
    """Find the size of kernel that, on the grid of the output, reaches what the layer's own reaches."""
    (stride, *_), (size, *_), padding = layer.stride, layer.kernel_size, layer.padding
    margin = padding[0] if isinstance(padding, tuple) else -1
    square = {*layer.stride} == {stride} and {*layer.kernel_size} == {size} and {*padding} == {margin}
    usual = square and layer.dilation == (1, 1) and layer.groups == 1
    if not usual or any((n + 2 * margin - size) // stride + 1 != n / stride for n in shape[1:]):
        raise BadInput(
            f"{layer} has no orthogonal counterpart on inputs {list(shape)}: use a square kernel and a "
            "padding with which the output's side is the input's, divided by the stride."
        )
    first, last = -margin // stride, (size - 1 - margin) // stride
    reach = min(last - first + 1, shape[1] // stride, shape[2] // stride)
    return OrthogonalConv2d(layer.in_channels, layer.out_channels, (shape[1], shape[2]), reach, stride)
