"""A small mixed table, already encoded: one linear value, one bounded, a choice of three and one of five."""

from __future__ import annotations

import functools

import torch
from torch.nn.functional import one_hot

from ganscope.contracts import Block, Dataset
from ganscope.evaluation import Evaluation

BLOCKS = (Block("linear"), Block("choice", 3), Block("bounded"), Block("choice", 5))
SHARES = torch.tensor([0.9, 0.08, 0.02])


def rows(count: int, seed: int = 0) -> torch.Tensor:
    """Rows in which the second choice follows from the first, and the numbers from both."""
    rng = torch.Generator().manual_seed(seed)
    first = torch.multinomial(SHARES, count, replacement=True, generator=rng)
    second = (first + torch.randint(3, (count,), generator=rng)) % 5
    height = first[:, None] - 0.5 * second[:, None] + 0.3 * torch.randn(count, 1, generator=rng)
    share = torch.tanh(height - 0.2 * torch.rand(count, 1, generator=rng))
    return torch.cat([height, one_hot(first, 3), share, one_hot(second, 5)], dim=1).float()


@functools.cache
def mixed() -> Dataset:
    """400 training rows and 100 held out."""
    made = rows(500)
    return Dataset("mixed", made[:400], made[400:], blocks=BLOCKS)


@functools.cache
def mixed_evaluation() -> Evaluation:
    """The table with its metrics."""
    return Evaluation(mixed())
