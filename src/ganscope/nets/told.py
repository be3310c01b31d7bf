"""One choice of each row that both networks are told: the conditional vector of CTGAN.

A row falls into blocks, some of which are categories of its table. Both networks are told one of them: zeros
for all categories but one, and for that one its one-hot vector.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from ganscope.contracts import Block


def categories(blocks: Sequence[Block]) -> list[range]:
    """Find the categories: choices that are all there is of their column.

    A choice between modes or masses of a number is none, for it stands beside the number.

    Args:
        blocks: of a row, in order.

    Returns:
        The places of each category's values in a row.

    Example:
        >>> categories([Block("linear", 1, "age"), Block("choice", 2, "age"), Block("choice", 3, "city")])
        [range(3, 6)]
    """
    numbers = {block.column for block in blocks if block.kind != "choice" and block.column}
    places, start = [], 0
    for block in blocks:
        if block.kind == "choice" and block.column not in numbers:
            places.append(range(start, start + block.width))
        start += block.width
    return places


def width(blocks: Sequence[Block]) -> int:
    """Count the values of what a network is told; 0 where there is no category."""
    return sum(map(len, categories(blocks)))


def chosen(rows: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Say which value each category has in each row.

    Args:
        rows: `[N, D]`.
        blocks: of a row.

    Returns:
        int64 `[N, categories]`.
    """
    parts = [rows[:, places.start : places.stop].argmax(1) for places in categories(blocks)]
    return torch.stack(parts, dim=1)


def told(values: Tensor, category: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Write what is told of rows: one of their categories each.

    Args:
        values: which value that category has, int64 `[N]`.
        category: its number, int64 `[N]`.
        blocks: of a row.

    Returns:
        float32 `[N, width]`, one 1 in each row.

    Example:
        >>> told(torch.tensor([1, 0]), torch.tensor([0, 1]), [Block("choice", 2), Block("choice", 3)])
        tensor([[0., 1., 0., 0., 0.],
                [0., 0., 1., 0., 0.]])
    """
    widths = torch.tensor([len(places) for places in categories(blocks)])
    starts = widths.cumsum(0) - widths
    condition = torch.zeros(len(values), int(widths.sum()))
    condition[torch.arange(len(values)), starts[category] + values] = 1.0
    return condition


def told_of(rows: Tensor, blocks: Sequence[Block], rng: Generator) -> Tensor:
    """Tell one category of each row, whichever is drawn, with the value that it has there.

    Args:
        rows: `[N, D]`.
        blocks: of a row.
        rng: the stream that draws.

    Returns:
        `[N, width]`.
    """
    values = chosen(rows, blocks)
    category = torch.randint(values.shape[1], (len(values),), generator=rng)
    return told(values[torch.arange(len(values)), category], category, blocks)


def drawn(shares: Tensor, blocks: Sequence[Block], count: int, rng: Generator) -> Tensor:
    """Draw conditions as they are among the rows: a category by chance, and a value of it by its share.

    Args:
        shares: of all values of all categories `[width]`; those of each category sum to 1.
        blocks: of a row.
        count: how many.
        rng: the stream that draws.

    Returns:
        `[count, width]`.
    """
    sizes = [len(places) for places in categories(blocks)]
    category = torch.randint(len(sizes), (count,), generator=rng)
    uniform = torch.rand(count, generator=rng)
    values = torch.zeros(count, dtype=torch.int64)
    for number, share in enumerate(torch.split(shares.cpu().float(), sizes)):
        at = torch.bucketize(uniform, share.cumsum(0), right=True).clamp(max=len(share) - 1)
        values = torch.where(category == number, at, values)
    return told(values, category, blocks)
