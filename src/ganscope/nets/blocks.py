"""Layers that several architectures share."""

from __future__ import annotations

from torch import Tensor, nn


class Reshape(nn.Module):
    """Give each sample of a batch a fixed shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, ...]` to `[B, *shape]`."""
        return x.reshape(x.shape[0], *self.shape)
