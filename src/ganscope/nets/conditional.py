"""The modules of CTGAN: layers that widen, dropout, and a condition beside what a network is given."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from ganscope.contracts import Block
from ganscope.nets import told
from ganscope.nets.ends import Ends


class Widening(nn.Module):
    """`h -> (ReLU(BatchNorm(W h)), h)`: a layer that hands on what it was given."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(inputs, width), nn.BatchNorm1d(width)

    def forward(self, h: Tensor) -> Tensor:
        """Map `[B, inputs]` to `[B, width + inputs]`."""
        return torch.cat([self.norm(self.linear(h)).relu(), h], dim=1)


class WideningGenerator(nn.Module):
    """Latent and condition through widening layers to the scores of a row, and its end.

    It keeps the shares that each value of each category has among the training rows, so that conditions can
    be drawn wherever its weights are.

    Args:
        latent_dim: dimension of the latent.
        condition: width of the condition; 0 without one.
        hidden: units of the layers.
        values: of a row.
        end: the last activation.
    """

    shares: Tensor

    def __init__(
        self, latent_dim: int, condition: int, hidden: Sequence[int], values: int, end: nn.Module | None
    ) -> None:
        super().__init__()
        self.condition, inputs = condition, latent_dim + condition
        layers: list[nn.Module] = []
        for width in hidden:
            layers.append(Widening(inputs, width))
            inputs += width
        self.layers, self.end = nn.Sequential(*layers, nn.Linear(inputs, values)), end
        self.register_buffer("shares", torch.zeros(condition))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Into which blocks its rows fall."""
        return self.end.blocks if isinstance(self.end, Ends) else ()

    def forward(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """Draw rows `[B, values]`."""
        scores = self._scores(latent, condition)
        return scores if self.end is None else self.end(scores)

    def with_cost(self, latent: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        r"""Draw rows, and measure by cross-entropy how they miss their conditions.

        .. math:: c_i = -\log \operatorname{softmax}(s_{ij})_v

        with the scores `s_ij` of row i for the category j that it was told, and the value v of it.

        Args:
            latent: `[B, latent_dim]`.
            condition: `[B, width]`; of zeros, it costs nothing.

        Returns:
            Rows `[B, values]` and costs `[B]`.
        """
        scores, cost, start = self._scores(latent, condition), torch.zeros_like(latent[:, 0]), 0
        for places in told.categories(self.blocks):
            wanted = condition[:, start : start + len(places)]
            cost = cost - (wanted * scores[:, places.start : places.stop].log_softmax(1)).sum(1)
            start += len(places)
        return scores if self.end is None else self.end(scores), cost

    def conditions(self, count: int, rng: Generator) -> Tensor:
        """Draw conditions as they are among the training rows, `[count, width]`."""
        return told.drawn(self.shares, self.blocks, count, rng)

    def _scores(self, latent: Tensor, condition: Tensor | None) -> Tensor:
        scores: Tensor = self.layers(beside(latent, condition, self.condition))
        return scores


class DroppingDiscriminator(nn.Module):
    """A row, or a pack, and its condition through layers with dropout to a raw logit.

    Args:
        values: of a pack.
        condition: width of a pack's conditions; 0 without.
        hidden: units of the layers.
        dropout: share of units that each pass leaves out.
    """

    def __init__(self, values: int, condition: int, hidden: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.condition, inputs = condition, values + condition
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, 1))

    def forward(self, rows: Tensor, condition: Tensor | None = None) -> Tensor:
        """Score rows: `[B, 1]`."""
        logits: Tensor = self.layers(beside(rows, condition, self.condition))
        return logits


def beside(x: Tensor, condition: Tensor | None, width: int) -> Tensor:
    """Put a condition beside what a network is given; zeros where it is told nothing."""
    if not width:
        return x
    if condition is None:
        condition = x.new_zeros(*x.shape[:-1], width)
    return torch.cat([x, condition.to(x.dtype)], dim=-1)
