"""A rigorous upper bound of a network's slope: the product of its layers' operator norms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganscope.lipschitz.layers import CONVOLUTIONS
from ganscope.lipschitz.orthogonal import MaxMin, OrthogonalConv2d, OrthogonalLinear
from ganscope.lipschitz.spectral_norm import SpectralNorm

# Largest linear map, in matrix entries, that is written out; about a second of work.
DENSE_ENTRIES = 2**22
# Most numbers in the frequency matrices of a convolution: half a gigabyte.
TORUS_ENTRIES = 2**25
# Longest side of a matrix whose eigenvalues are computed.
EIGENVALUE_SIDE = 2048

# Lipschitz constants of activations, applied per value. Rounded up where irrational.
ACTIVATIONS: dict[type[nn.Module], Callable[[nn.Module], float]] = {
    nn.Identity: lambda _: 1.0,
    nn.Flatten: lambda layer: 1.0 if getattr(layer, "start_dim", 0) >= 1 else math.inf,
    MaxMin: lambda _: 1.0,
    nn.ReLU: lambda _: 1.0,
    nn.ReLU6: lambda _: 1.0,
    nn.Hardtanh: lambda _: 1.0,
    nn.Tanh: lambda _: 1.0,
    nn.Softplus: lambda _: 1.0,
    nn.Softsign: lambda _: 1.0,
    nn.LogSigmoid: lambda _: 1.0,
    nn.Sigmoid: lambda _: 0.25,
    nn.LeakyReLU: lambda layer: max(1.0, abs(getattr(layer, "negative_slope", math.inf))),
    nn.ELU: lambda layer: max(1.0, abs(getattr(layer, "alpha", math.inf))),
    nn.CELU: lambda _: 1.0,
    nn.SELU: lambda _: 1.7581,
    nn.SiLU: lambda _: 1.0999,
    nn.GELU: lambda _: 1.1291,
    nn.Dropout: lambda layer: math.inf if layer.training else 1.0,
}


def slope_bound(critic: object, shape: tuple[int, ...]) -> float:
    """Bound the slope of a sequential critic everywhere by the product of its layers' operator norms.

    `sqrt(m) prod_l |A_l|_2 Lip(activation_l)`, m the number of outputs per sample: the slope is that of their
    sum. A convolution's norm is that of the linear map with its real padding and stride on its real input
    size, never that of the reshaped kernel, which can be too small by half.

    Args:
        critic: Anything; only `nn.Sequential` (nested or not) of linear layers and convolutions (as
            they are, spectrally normalised or orthogonal), flattening and activations, or one such layer, has
            a bound.
        shape: Shape of one sample.

    Returns:
        A number no slope can exceed (up to rounding), or inf where none is known.

    Example:
        >>> critic = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1))
        >>> with torch.no_grad():
        ...     _ = critic[0].weight.copy_(torch.eye(2) * 3)
        ...     _ = critic[2].weight.copy_(torch.tensor([[3.0, 4.0]]))
        >>> round(slope_bound(critic, (2,)), 4)
        15.0

    Sedghi, Gupta, Long, The Singular Values of Convolutional Layers, ICLR 2019; Miyato et al., Spectral
    Normalization for GANs, ICLR 2018, eq. 7.
    """
    if not isinstance(critic, nn.Module):
        return math.inf
    bound, accuracy = 1.0, torch.finfo(torch.float64).eps
    with torch.no_grad():
        for layer in _layers(critic):
            factor, shape, eps = _layer_bound(layer, shape)
            accuracy = max(accuracy, eps)
            # The slope is measured in the weights' precision; allow it that rounding.
            bound *= factor * (1 + 4 * accuracy)
            if not math.isfinite(bound):
                return math.inf
    return bound * math.sqrt(math.prod(shape))


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for child in module:
            yield from _layers(child)
    else:
        yield module


def _layer_bound(layer: nn.Module, shape: tuple[int, ...]) -> tuple[float, tuple[int, ...], float]:
    """Bound one layer: its factor, the shape it returns, and the rounding unit of its weights."""
    for kind, constant in ACTIVATIONS.items():
        if isinstance(layer, kind) and type(layer).forward is kind.forward:
            return constant(layer), _shape_after(layer, shape), 0.0
    if isinstance(layer, OrthogonalLinear):
        matrix = layer.weight().to("cpu", torch.float64)
        return float(_matrix_norms(matrix)), (*shape[:-1], len(matrix)), torch.finfo(layer.raw.dtype).eps
    if isinstance(layer, OrthogonalConv2d):
        norms = _matrix_norms(layer.transfer().flatten(0, 1).to("cpu", torch.complex128))
        return float(norms.max()), (len(layer.raw), *layer.grid), torch.finfo(layer.raw.dtype).eps
    if isinstance(layer, SpectralNorm):
        weight: Tensor | None = layer.weight().detach()
        layer = layer.layer
    else:
        weight = _weight(layer)
    if weight is None or not bool(weight.isfinite().all()):
        return math.inf, shape, 0.0
    eps = torch.finfo(weight.dtype).eps
    weight = weight.to("cpu", torch.float64)
    if isinstance(layer, nn.Linear):
        return float(_matrix_norms(weight)), (*shape[:-1], layer.out_features), eps
    assert isinstance(layer, CONVOLUTIONS)  # noqa: S101 - _weight returns None otherwise
    norm, shape = _convolution_bound(layer, weight, shape)
    return norm, shape, eps


def _shape_after(layer: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(layer(torch.zeros(1, *shape)).shape[1:]) if isinstance(layer, nn.Flatten) else shape


def _weight(layer: nn.Module) -> Tensor | None:
    """Return the weight that the next forward pass will use, or None where that is not known."""
    for kind in (nn.Linear, *CONVOLUTIONS):
        if isinstance(layer, kind) and type(layer).forward is kind.forward:
            break
    else:
        return None
    # Hook-based reparametrisations leave a stale `weight` behind.
    of_this_layer = dict(layer.named_parameters(recurse=False))
    if "weight" not in of_this_layer and not parametrize.is_parametrized(layer, "weight"):
        return None
    # Reading a spectrally normalised weight in train mode advances its power iteration: undo that.
    kept = [buffer.clone() for buffer in layer.buffers()]
    weight: Tensor = layer.weight.detach().clone()
    for buffer, value in zip(layer.buffers(), kept, strict=True):
        buffer.copy_(value)
    return weight


def _convolution_bound(
    layer: nn.Conv1d | nn.Conv2d | nn.Conv3d, weight: Tensor, shape: tuple[int, ...]
) -> tuple[float, tuple[int, ...]]:
    # The only form of the layer without its bias that knows the padding mode.
    def linear_part(x: Tensor) -> Tensor:
        y: Tensor = layer._conv_forward(x, weight, None)
        return y

    zero = torch.zeros(1, *shape, dtype=torch.float64)
    result = tuple(linear_part(zero).shape[1:])
    inputs, outputs = math.prod(shape), math.prod(result)
    if inputs * outputs <= DENSE_ENTRIES:
        return float(_matrix_norms(_written_out(linear_part, zero, inputs, outputs))), result
    if layer.padding_mode == "zeros":
        return _torus_bound(layer, weight, shape, result), result
    return math.inf, result


def _written_out(linear: Callable[[Tensor], Tensor], zero: Tensor, inputs: int, outputs: int) -> Tensor:
    """Return the matrix of a linear map, by columns or by rows, whichever are fewer."""
    if inputs <= outputs:
        return linear(torch.eye(inputs, dtype=zero.dtype).reshape(inputs, *zero.shape[1:])).flatten(1)
    adjoint = torch.func.vjp(linear, zero)[1]
    rows = torch.eye(outputs, dtype=zero.dtype).reshape(outputs, *linear(zero).shape)
    return torch.cat([adjoint(row)[0] for row in rows]).flatten(1)


def _torus_bound(
    layer: nn.Conv1d | nn.Conv2d | nn.Conv3d, weight: Tensor, shape: tuple[int, ...], result: tuple[int, ...]
) -> float:
    """Bound a zero-padded, strided convolution by the circular one on a torus that holds the padded input.

    The zero-padded map is the circular one between an embedding and a selection of outputs, so its norm is no
    larger. A stride s is a stride-1 convolution of the s^d interleaved sub-grids. The circular norm is the
    largest spectral norm of the channel matrices at the torus's frequencies.
    """
    spatial = len(shape) - 1
    # What the outputs reach: positions stride * i + dilation * k of the padded input.
    reach = [
        (result[1 + j] - 1) * layer.stride[j] + layer.dilation[j] * (layer.kernel_size[j] - 1) + 1
        for j in range(spatial)
    ]
    sides = [math.ceil(reach[j] / layer.stride[j]) for j in range(spatial)]
    torus_shape = [side * layer.stride[j] for j, side in enumerate(sides)]
    largest = 0.0
    for kernel in weight.chunk(layer.groups):  # groups do not mix: the norm is the largest of theirs
        c_out, c_in = kernel.shape[0], kernel.shape[1]
        if c_out * c_in * math.prod(torus_shape) > TORUS_ENTRIES:
            # Coarse: one kernel position at a time is a shift times a channel matrix.
            largest = max(largest, float(_matrix_norms(kernel.flatten(2).permute(2, 0, 1)).sum()))
            continue
        places = tuple(
            slice(0, layer.dilation[j] * (layer.kernel_size[j] - 1) + 1, layer.dilation[j])
            for j in range(spatial)
        )
        torus = torch.zeros(c_out, c_in, *torus_shape, dtype=kernel.dtype)
        torus[(slice(None), slice(None), *places)] = kernel
        # [c_out, c_in, side, stride, side, stride, ...] -> [c_out, c_in * all strides, all sides]
        split = torus.reshape(c_out, c_in, *(n for j in range(spatial) for n in (sides[j], layer.stride[j])))
        grids, phases = range(2, 2 + 2 * spatial, 2), range(3, 3 + 2 * spatial, 2)
        folded = split.permute(0, 1, *phases, *grids).reshape(c_out, -1, *sides)
        transfer = torch.fft.rfftn(folded, dim=tuple(range(2, 2 + spatial)))
        norms = _matrix_norms(transfer.flatten(2).permute(2, 0, 1))
        largest = max(largest, float(norms.max()))
    return largest


def _matrix_norms(matrices: Tensor) -> Tensor:
    """Spectral norms `[...]` of matrices `[..., n, m]`, or upper bounds of them where n and m are large."""
    scale = matrices.abs().amax((-2, -1), keepdim=True)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    a = matrices / scale
    if a.shape[-2] > a.shape[-1]:
        a = a.mH
    if a.shape[-2] <= EIGENVALUE_SIDE:
        norms = torch.linalg.eigvalsh(a @ a.mH)[..., -1].clamp(min=0).sqrt()
    else:
        sizes = a.abs()
        by_sums = (sizes.sum(-1).amax(-1) * sizes.sum(-2).amax(-1)).sqrt()  # sqrt(|A|_1 |A|_inf)
        norms = torch.minimum(by_sums, sizes.square().sum((-2, -1)).sqrt())
    result: Tensor = norms * scale[..., 0, 0]
    return result
