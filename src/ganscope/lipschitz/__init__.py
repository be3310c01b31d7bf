"""The critic's input slope: penalties on it, boxes for the weights, and its measurement."""

from ganscope.lipschitz.estimate import SlopeEstimate, WassersteinBounds, estimate, wasserstein_bounds
from ganscope.lipschitz.gradient_penalty import (
    PENALTIES,
    input_gradient,
    penalty,
    squared_slope,
    with_target,
)
from ganscope.lipschitz.weight_clipping import clip_weights_, clippable

__all__ = [
    "PENALTIES",
    "SlopeEstimate",
    "WassersteinBounds",
    "clip_weights_",
    "clippable",
    "estimate",
    "input_gradient",
    "penalty",
    "squared_slope",
    "wasserstein_bounds",
    "with_target",
]
