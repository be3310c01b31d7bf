"""Named random streams: every draw of a run comes from one of them, so a run can be stopped and continued."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Generator, Tensor

NAMES = ("noise", "penalty", "augment")
"""Streams that move on with training. "init" and "data" are derived afresh wherever they are needed."""


def derive(seed: int, name: str, index: int = 0) -> int:
    """Derive the seed of one stream from the run's seed.

    Example:
        >>> derive(0, "noise") != derive(0, "penalty") != derive(1, "noise")
        True
    """
    digest = hashlib.blake2b(f"{seed}/{name}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(seed: int, name: str, index: int = 0) -> Generator:
    """Start a stream. It lives on the CPU, so that a seed means the same numbers on every device."""
    return Generator().manual_seed(derive(seed, name, index))


@contextmanager
def global_stream(seed: int, name: str) -> Iterator[None]:
    """Run a block in which torch's global generator starts from a stream, then restore the caller's state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, name))
        yield


class Batches:
    """Which rows each batch takes: every epoch a fresh permutation, a function of seed and position alone.

    Nothing has to be remembered but how many batches were taken, which is what a checkpoint stores.

    Args:
        rows: rows in the training data, at least `batch_size`.
        batch_size: rows per batch; what is left at the end of an epoch is dropped.
        seed: the run's seed.
    """

    def __init__(self, rows: int, batch_size: int, seed: int) -> None:
        self._rows, self._batch_size, self._seed = rows, batch_size, seed
        self._per_epoch = rows // batch_size
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def __call__(self, position: int) -> Tensor:
        """Return the row indices `[batch_size]` of the batch at a position, counted from 0."""
        epoch, batch = divmod(position, self._per_epoch)
        if epoch != self._epoch:
            self._order = torch.randperm(self._rows, generator=generator(self._seed, "data", epoch))
            self._epoch = epoch
        return self._order[batch * self._batch_size : (batch + 1) * self._batch_size]


def normal(
    generators: Sequence[Generator], shape: tuple[int, ...], stacked: bool, dtype: torch.dtype
) -> Tensor:
    """Draw N(0, 1): one draw per run, `[*shape]` for a plain run, `[K, *shape]` for a stack."""
    drawn = [torch.randn(shape, generator=g, dtype=dtype) for g in generators]
    return torch.stack(drawn) if stacked else drawn[0]


def uniform(
    generators: Sequence[Generator], shape: tuple[int, ...], stacked: bool, dtype: torch.dtype
) -> Tensor:
    """Draw uniformly from [0, 1), one draw per run."""
    drawn = [torch.rand(shape, generator=g, dtype=dtype) for g in generators]
    return torch.stack(drawn) if stacked else drawn[0]
