"""Packs: the discriminator judges several rows together, so that a lack of diversity shows in one pack."""

from __future__ import annotations

from torch import Tensor


def packed(rows: Tensor, pack: int, batch_dims: int = 1) -> Tensor:
    """Join every `pack` consecutive rows to one, along their first dimension: features or channels.

    Row j of the result is `concatenate(x[j m], ..., x[j m + m - 1])`. The rows of a batch are drawn
    independently, so any of them may share a pack. No data moves: it is a view where the rows lie together.

    Args:
        rows: `[B, D]`, `[B, C, H, W]`, or `[B]` (class indices), or `[K, B, ...]` of a stack with
            `batch_dims=2`; B divisible by m.
        pack: m, at least 1.
        batch_dims: how many leading dimensions are not a row's own.

    Returns:
        `[B / m, m D]`, `[B / m, m C, H, W]`, or `[B / m, m]`.

    Example:
        >>> import torch
        >>> packed(torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8]]), 2)
        tensor([[1, 2, 3, 4],
                [5, 6, 7, 8]])

    Lin, Khetan, Fanti, Oh, PacGAN, NeurIPS 2018, section 2.
    """
    *runs, batch = rows.shape[:batch_dims]
    return rows.reshape(*runs, batch // pack, *packed_shape(rows.shape[batch_dims:], pack))


def packed_shape(shape: tuple[int, ...], pack: int) -> tuple[int, ...]:
    """Shape of a pack of rows of a shape; single values make a vector.

    Example:
        >>> packed_shape((1, 8, 8), 3), packed_shape((), 3)
        ((3, 8, 8), (3,))
    """
    return (pack * shape[0], *shape[1:]) if shape else (pack,)
