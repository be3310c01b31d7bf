"""The generator's moving average: smoother samples than the raw weights, which hide its oscillation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def start(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Begin an average at the current weights."""
    return {name: p.detach().clone() for name, p in parameters.items()}


def update_(average: Mapping[str, Tensor], parameters: Mapping[str, Tensor], decay: float) -> None:
    """Move an average towards the weights in place: `a <- decay * a + (1 - decay) * p`.

    Example:
        >>> average = {"w": torch.zeros(2)}
        >>> update_(average, {"w": torch.ones(2)}, decay=0.75)
        >>> average["w"]
        tensor([0.2500, 0.2500])

    Reference:
        Yazici et al., The Unusual Effectiveness of Averaging in GAN Training, 2019.
    """
    with torch.no_grad():
        torch._foreach_lerp_(list(average.values()), [p.detach() for p in parameters.values()], 1 - decay)
