"""Adversarial objectives: what the discriminator and the generator minimise, on raw logits, per sample."""

from ganscope.contracts import Objective
from ganscope.objectives.f_gan import f_gan
from ganscope.objectives.hinge import HINGE
from ganscope.objectives.label_smoothing import has_target, smoothed
from ganscope.objectives.least_squares import LEAST_SQUARES
from ganscope.objectives.minimax import MINIMAX, NON_SATURATING
from ganscope.objectives.relativistic import RELATIVISTIC, RELATIVISTIC_AVERAGE
from ganscope.objectives.wasserstein import WASSERSTEIN

OBJECTIVES: dict[str, Objective] = {
    "minimax": MINIMAX,
    "non-saturating": NON_SATURATING,
    "wasserstein": WASSERSTEIN,
    "hinge": HINGE,
    "least-squares": LEAST_SQUARES,
    "relativistic": RELATIVISTIC,
    "relativistic-average": RELATIVISTIC_AVERAGE,
    "f-kl": f_gan("kl"),
    "f-reverse-kl": f_gan("reverse-kl"),
    "f-pearson": f_gan("pearson"),
    "f-hellinger": f_gan("hellinger"),
    "f-js": f_gan("js"),
    "f-gan": f_gan("gan"),
}

__all__ = ["OBJECTIVES", "has_target", "smoothed"]
