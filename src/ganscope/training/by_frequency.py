"""Training by sampling: rare values of a table's categories are met more often than they are.

Xu et al., Modeling Tabular Data using Conditional GAN, NeurIPS 2019, section 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganscope.contracts import Block, Rows
from ganscope.nets import told
from ganscope.training import streams

CHUNK = 2**16
"""Rows that are looked at together."""


class ByFrequency:
    r"""Which rows each batch takes, and what of them is told.

    For each row a category is drawn, all alike, then one of its values v by the logarithm of how many rows
    have it, then one of those rows:

    .. math:: P(v) \propto \log (1 + n_v)

    It is a function of seed and position alone, so that a checkpoint stores how many batches were taken.

    Args:
        rows: training rows `[N, D]`.
        blocks: of a row; at least one category.
        batch_size: rows per batch.
        seed: the run's seed.

    Example:
        >>> rows = torch.eye(2)[[0] * 9 + [1]]
        >>> index, condition = ByFrequency(rows, [Block("choice", 2)], 400, 0)(0)
        >>> bool((rows[index] == condition).all()), round(float(condition[:, 1].mean()), 1)
        (True, 0.2)
    """

    def __init__(self, rows: Rows, blocks: Sequence[Block], batch_size: int, seed: int) -> None:
        self._blocks, self._batch_size, self._seed = tuple(blocks), batch_size, seed
        spans = [torch.arange(at, min(at + CHUNK, len(rows))) for at in range(0, len(rows), CHUNK)]
        values = torch.cat([told.chosen(rows[span], blocks) for span in spans])
        sizes = [len(places) for places in told.categories(blocks)]
        self._counts = [
            torch.bincount(values[:, number], minlength=size) for number, size in enumerate(sizes)
        ]
        self._rows = [values[:, number].argsort(stable=True) for number in range(len(sizes))]

    @property
    def shares(self) -> Tensor:
        """Share of each value of each category among the rows, `[width]`."""
        return torch.cat([counts / counts.sum() for counts in self._counts]).float()

    def __call__(self, position: int) -> tuple[Tensor, Tensor]:
        """Return row indices `[B]` of the batch at a position, and what is told of them, `[B, width]`."""
        rng, count = streams.generator(self._seed, "data", position), self._batch_size
        category = torch.randint(len(self._counts), (count,), generator=rng)
        index, value = torch.zeros(2, count, dtype=torch.int64)
        uniform = torch.rand(count, generator=rng, dtype=torch.float64)
        for number, counts in enumerate(self._counts):
            here = (category == number).nonzero().flatten()
            if len(here) == 0:
                continue
            drawn = torch.multinomial(counts.double().log1p(), len(here), replacement=True, generator=rng)
            starts = counts.cumsum(0) - counts
            index[here] = self._rows[number][starts[drawn] + (uniform[here] * counts[drawn]).long()]
            value[here] = drawn
        return index, told.told(value, category, self._blocks)
