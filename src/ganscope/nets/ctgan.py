"""The networks of CTGAN, for tables: both are told one category of each row.

The generator's layers hand on what they were given beside what they made of it; the discriminator is a
perceptron with dropout, which draws from the run's stream of its modules. Not theirs: Gumbel noise in the
generator's choices, see `ganscope.nets.ends`.

Xu, Skoularidou, Cuesta-Infante, Veeramachaneni, Modeling Tabular Data using Conditional GAN, NeurIPS 2019.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from ganscope.contracts import BadInput, NetworkFamily, Told

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from ganscope.contracts import Block


class Options(BaseModel, frozen=True, extra="forbid"):
    """What the pair can be told."""

    g_width: int = Field(256, ge=1, le=2**16, description="Generator: units per layer.")
    g_depth: int = Field(2, ge=1, le=100, description="Generator: hidden layers.")
    d_width: int = Field(256, ge=1, le=2**16, description="Discriminator: units per layer.")
    d_depth: int = Field(2, ge=1, le=100, description="Discriminator: hidden layers.")
    d_dropout: float = Field(
        0.5, ge=0, lt=1, description="Discriminator: share of units that each pass leaves out."
    )


def generator(
    shape: tuple[int, ...], latent_dim: int, classes: int, options: Options, end: nn.Module | None = None
) -> nn.Module:
    """Build layers that widen what they are given: `h <- (h, ReLU(BatchNorm(W h)))`, then a linear one.

    Args:
        shape: `(D,)`.
        latent_dim: dimension of the latent.
        classes: width of the condition, a vector; 0 without one.
        options: width and depth.
        end: the last activation.

    Returns:
        A module `(latent [B, Z], condition [B, classes] | None) -> [B, D]`; without a condition it is told
        nothing: zeros.

    Raises:
        BadInput: rows that are no vectors.

    Example:
        >>> import torch
        >>> network = generator((5,), 4, 3, Options(g_width=8))
        >>> network(torch.randn(2, 4), torch.eye(3)[:2]).shape
        torch.Size([2, 5])
    """
    from ganscope.nets.conditional import WideningGenerator

    refuse(shape)
    hidden = [options.g_width] * options.g_depth
    return WideningGenerator(latent_dim, classes, hidden, math.prod(shape), end)


def discriminator(shape: tuple[int, ...], classes: int, options: Options) -> nn.Module:
    """Build hidden layers with leaky ReLU and dropout from a row, or a pack of them, to a raw logit.

    Args:
        shape: `(D,)`, of a pack.
        classes: width of its condition, a vector; 0 without one.
        options: width, depth and dropout.

    Returns:
        A module `(rows [B, D], condition [B, classes] | None) -> [B, 1]`.

    Raises:
        BadInput: rows that are no vectors.

    Example:
        >>> import torch
        >>> discriminator((5,), 0, Options(d_width=8))(torch.randn(2, 5)).shape
        torch.Size([2, 1])
    """
    from ganscope.nets.conditional import DroppingDiscriminator

    refuse(shape)
    hidden = [options.d_width] * options.d_depth
    return DroppingDiscriminator(math.prod(shape), classes, hidden, options.d_dropout)


def why_not(shape: tuple[int, ...]) -> str | None:
    """Say why rows of a shape cannot be drawn.

    Example:
        >>> why_not((5,)) is None, why_not((1, 8, 8))
        (True, 'it is made for rows of tables, and this data has samples of shape [1, 8, 8]')
    """
    if len(shape) != 1:
        return f"it is made for rows of tables, and this data has samples of shape {list(shape)}"
    return None


def refuse(shape: tuple[int, ...]) -> None:
    """Refuse rows that are no vectors."""
    why = why_not(shape)
    if why is not None:
        raise BadInput(f"network ctgan cannot be used: {why}. Use --network mlp.")


def width(blocks: Sequence[Block]) -> int:
    """Count the values of the condition."""
    from ganscope.nets import told

    return told.width(blocks)


def cost(module: Any, latent: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
    """Draw rows of conditions, and say what missing them costs; see `WideningGenerator.with_cost`."""
    rows, missed = module.with_cost(latent, condition)
    return rows, missed


def learn(module: Any, shares: Tensor) -> None:
    """Keep the shares of all values of all categories in the generator."""
    module.shares.copy_(shares)


def draw(module: Any, count: int, rng: Generator) -> Tensor:
    """Draw conditions by the shares that the generator keeps."""
    conditions: Tensor = module.conditions(count, rng)
    return conditions


CTGAN = NetworkFamily(
    options=Options,
    generator=generator,
    discriminator=discriminator,
    why_not=why_not,
    mixes_rows=lambda options: False,
    keeps_state=lambda options: True,
    cost=lambda options: (max(options.g_width, options.d_width) / 128) ** 2,
    told=Told(width, learn, draw, cost),
)
