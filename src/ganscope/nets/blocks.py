"""What the architectures share: the pair's signature and the last activation."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor, nn


class BuildGenerator(Protocol):
    """Signature of every generator builder."""

    def __call__(
        self, shape: tuple[int, ...], latent_dim: int, width: int, depth: int, norm: str, bounded: bool
    ) -> nn.Module:
        """Return a module `[B, latent_dim] -> [B, *shape]`; values in [-1, 1] when `bounded`."""
        ...


class BuildDiscriminator(Protocol):
    """Signature of every discriminator builder."""

    def __call__(self, shape: tuple[int, ...], width: int, depth: int, norm: str) -> nn.Module:
        """Return a module `[B, *shape] -> [B, 1]` of raw logits."""
        ...


class NetworkPair(NamedTuple):
    """One architecture: how to build its generator and its discriminator."""

    generator: BuildGenerator
    discriminator: BuildDiscriminator


class Reshape(nn.Module):
    """Give each sample of a batch a fixed shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, ...]` to `[B, *shape]`."""
        return x.reshape(x.shape[0], *self.shape)
