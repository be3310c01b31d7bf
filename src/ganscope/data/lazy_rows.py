"""Rows that stay in their file and are read, and converted, only when a batch asks for them."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganscope.contracts import BadInput, Rows
from ganscope.words.remedies import trouble

IN_MEMORY = 256 * 2**20
"""Bytes of float32 up to which training rows become one tensor, the fastest form."""
BLOCK = 2**20
"""Bytes read at a time."""
TOUCHED = 16
"""Rows read at random before their memory is given back: a system may map megabytes around each."""


class ArrayRows:
    """Training rows of an array, in memory or mapped from a file, without those kept apart.

    Args:
        values: all rows `[N, ...]`, of any type.
        convert: turns rows as they are stored, `[B, ...]`, into float32 `[B, *shape]`.
        apart: positions that training never sees, sorted.

    Example:
        >>> rows = ArrayRows(np.arange(5), lambda x: torch.from_numpy(x).float()[:, None], np.array([0, 3]))
        >>> len(rows), rows[torch.tensor([0, 2, 2])].flatten().tolist()
        (3, [1.0, 4.0, 4.0])
    """

    def __init__(
        self, values: NDArray[Any], convert: Callable[[NDArray[Any]], Tensor], apart: NDArray[np.int64]
    ) -> None:
        self._values = values
        self._convert = convert
        self._apart = apart
        self._remaining = Remaining(len(values), apart)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._remaining)

    def in_order(self) -> Iterator[Tensor]:
        """Walk through all rows in blocks, with flat memory."""
        apart = self._apart
        for start, block in blocks(self._values):
            inside = apart[np.searchsorted(apart, start) : np.searchsorted(apart, start + len(block))]
            rows = np.delete(block, inside - start, axis=0)
            if len(rows):
                yield self._convert(rows)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        """Return the rows at an index tensor `[B]` as float32 `[B, *shape]`."""
        return self._convert(take(self._values, self._remaining.positions(index)))


class Remaining:
    """Numbers the rows that are left when some are kept apart, in memory proportional to the latter.

    Example:
        >>> Remaining(6, np.array([1, 2])).positions(torch.arange(4)).tolist()
        [0, 3, 4, 5]
    """

    def __init__(self, n: int, apart: NDArray[np.int64]) -> None:
        self._count = n - len(apart)
        # Remaining row i lies behind every kept-apart row that has at most i remaining rows before it.
        self._before = apart - np.arange(len(apart))

    def __len__(self) -> int:
        """Count the remaining rows."""
        return self._count

    def positions(self, index: Tensor) -> NDArray[np.int64]:
        """Return where remaining rows stand among all rows."""
        at: NDArray[np.int64] = index.cpu().numpy().astype(np.int64)
        if len(at) and not (at.min() >= 0 and at.max() < self._count):
            raise IndexError(f"rows {at.min()} to {at.max()} asked of {self._count}")
        return at + np.searchsorted(self._before, at, side="right")


class Scratch:
    """Rows written one block after another, then read at random, from a temporary file without a name.

    The file takes no memory but what the system can spare, and vanishes with the process, however that ends.

    Example:
        >>> with Scratch((2,), np.uint8) as scratch:
        ...     scratch.append(np.array([[1, 2], [3, 4]]))
        ...     rows = scratch.rows()
        >>> rows.tolist()
        [[1, 2], [3, 4]]
    """

    def __init__(self, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        self._count = 0

    def __enter__(self) -> Scratch:
        """Begin to write."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file; rows that were asked for before keep its content alive."""
        self._file.close()

    def append(self, rows: NDArray[Any]) -> None:
        """Write rows `[B, *shape]` behind those already there."""
        try:
            self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
            self._file.flush()
        except OSError as error:
            known = trouble(error)
            raise BadInput(
                f"the temporary folder {tempfile.gettempdir()} cannot take the data ({known.what}): "
                f"{known.later or known.remedy}, or set TMPDIR to a folder on a larger disk."
            ) from None
        self._count += len(rows)

    def rows(self) -> NDArray[Any]:
        """Return everything written, read-only."""
        if self._count == 0:
            return np.empty((0, *self._shape), self._dtype)
        memory = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.ndarray((self._count, *self._shape), self._dtype, buffer=memory)


def blocks(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Walk through rows in blocks of about a megabyte, with flat memory.

    Yields:
        Position of a block's first row, and the block.

    Example:
        >>> [(start, len(block)) for start, block in blocks(np.zeros((3, 1)))]
        [(0, 3)]
    """
    step = max(1, BLOCK // max(1, values[:1].nbytes))
    for start in range(0, len(values), step):
        yield start, np.asarray(values[start : start + step])
        forget(values)


def take(values: NDArray[Any], positions: NDArray[np.int64]) -> NDArray[Any]:
    """Read rows at random, with flat memory.

    Example:
        >>> take(np.array([[1], [2], [3]]), np.array([2, 0])).tolist()
        [[3], [1]]
    """
    values = np.asarray(values)  # a memmap's own indexing is slow
    if _mapping(values) is None:
        return np.asarray(values[positions])
    rows = np.empty((len(positions), *values.shape[1:]), values.dtype)
    for start in range(0, len(positions), TOUCHED):
        part = slice(start, start + TOUCHED)
        rows[part] = values[positions[part]]
        forget(values)
    return rows


def forget(values: NDArray[Any]) -> None:
    """Give back the memory through which a mapped file was read; the file itself stays mapped."""
    memory = _mapping(values)
    if memory is not None and hasattr(memory, "madvise"):
        memory.madvise(mmap.MADV_DONTNEED)


def _mapping(values: NDArray[Any]) -> mmap.mmap | None:
    base: object = values
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None


def settled(rows: ArrayRows, shape: tuple[int, ...]) -> Rows:
    """Turn rows that fit in memory into one tensor; leave the others where they are."""
    if 4 * len(rows) * int(np.prod(shape)) > IN_MEMORY:
        return rows
    whole = torch.empty(len(rows), *shape)
    end = 0
    for part in rows.in_order():
        whole[end : end + len(part)] = part
        end += len(part)
    return whole
