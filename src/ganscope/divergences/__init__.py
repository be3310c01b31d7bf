"""What formulas say of two distributions: divergences, the optimal discriminator, its gradient."""

from ganscope.divergences.distributions import (
    Dirac,
    Discrete,
    Distribution,
    Gaussian,
    Mixture,
    Uniform,
    shifted,
)
from ganscope.divergences.information import js, kl, tv
from ganscope.divergences.landscape import Landscape, landscape
from ganscope.divergences.optimal import OPTIMA, generator_gradient, optimal_discriminator
from ganscope.divergences.wasserstein import w1, w2

__all__ = [
    "OPTIMA",
    "Dirac",
    "Discrete",
    "Distribution",
    "Gaussian",
    "Landscape",
    "Mixture",
    "Uniform",
    "generator_gradient",
    "js",
    "kl",
    "landscape",
    "optimal_discriminator",
    "shifted",
    "tv",
    "w1",
    "w2",
]
