"""Random Fourier features: waves of a point beside it, so that a perceptron sees fine detail at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

WAVES = 16
SEED = 16


class FourierFeatures(nn.Module):
    r"""Widen each sample from x to itself and waves of it; nothing is learnt.

    .. math:: x \mapsto (x, \sin B x, \cos B x), \quad B_{ij} \sim N(0, \text{spread}^2)

    A perceptron of x alone learns coarse shapes long before narrow modes. The waves' inner product is a
    Gaussian kernel of width 1 / spread in expectation; x itself stays, for waves are periodic and pull
    nothing back from afar. The frequencies are the same for every run and seed.

    Args:
        shape: shape of one sample; the result is flat.
        spread: standard deviation of the frequencies, above 0, in radians per unit of the data.
        waves: how many frequencies.

    Example:
        >>> FourierFeatures((2,), 1.0)(torch.zeros(5, 2)).shape
        torch.Size([5, 34])

    Reference:
        Rahimi and Recht, "Random Features for Large-Scale Kernel Machines", 2007; Tancik et al., "Fourier
        Features Let Networks Learn High Frequency Functions in Low Dimensional Domains", 2020.
    """

    frequencies: Tensor

    def __init__(self, shape: tuple[int, ...], spread: float, waves: int = WAVES) -> None:
        super().__init__()
        self.dimensions = len(shape)
        self.outputs = math.prod(shape) + 2 * waves
        drawn = torch.randn(math.prod(shape), waves, generator=torch.Generator().manual_seed(SEED))
        self.register_buffer("frequencies", spread * drawn, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., *shape]` to `[..., outputs]`, whatever the leading dimensions."""
        rows = x.flatten(-self.dimensions)
        phase = rows @ self.frequencies
        return torch.cat([rows, phase.sin(), phase.cos()], dim=-1)
