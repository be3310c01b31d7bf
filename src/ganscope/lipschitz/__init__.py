"""The critic's input slope: penalties on it, layers that bound it, weight clipping, its measurement."""

from collections.abc import Callable

from torch import nn

from ganscope.lipschitz.estimate import (
    SlopeEstimate,
    WassersteinBounds,
    certified_lower,
    estimate,
    wasserstein_bounds,
)
from ganscope.lipschitz.gradient_penalty import (
    PENALTIES,
    expected_slope,
    input_gradient,
    penalty,
    squared_slope,
    with_target,
)
from ganscope.lipschitz.orthogonal import MaxMin, OrthogonalConv2d, OrthogonalLinear, orthogonal
from ganscope.lipschitz.row_mixing import mixes_rows
from ganscope.lipschitz.spectral_norm import SpectralNorm, advance_, spectral_norm, spectral_operator_norm
from ganscope.lipschitz.weight_clipping import clip_weights_, clippable

CONSTRUCTIONS: dict[str, Callable[[nn.Module, tuple[int, ...]], nn.Module]] = {
    "spectral": lambda critic, shape: spectral_norm(critic),
    "spectral-operator": spectral_operator_norm,
    "orthogonal": orthogonal,
}
"""What is done to a critic when it is built: `(critic, shape of one sample) -> critic`."""

__all__ = [
    "CONSTRUCTIONS",
    "PENALTIES",
    "MaxMin",
    "OrthogonalConv2d",
    "OrthogonalLinear",
    "SlopeEstimate",
    "SpectralNorm",
    "WassersteinBounds",
    "advance_",
    "certified_lower",
    "clip_weights_",
    "clippable",
    "estimate",
    "expected_slope",
    "input_gradient",
    "mixes_rows",
    "orthogonal",
    "penalty",
    "spectral_norm",
    "spectral_operator_norm",
    "squared_slope",
    "wasserstein_bounds",
    "with_target",
]
