"""The held-out split: fixed by the data's content, not by its path, its age or a run's seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput

MIN_ROWS = 20
"""Below this neither part of the split says anything."""


class Split(NamedTuple):
    """Which rows are held out, and which rows training must therefore never see."""

    digest: str
    """Fingerprint of the content, hexadecimal."""
    held_out: NDArray[np.int64]
    """Positions of the held-out rows, in random order."""
    apart: NDArray[np.int64]
    """Positions training leaves out, sorted: the held-out rows and, among images, exact copies of them."""


def split(digest: str, n: int, name: str = "the data") -> NDArray[np.int64]:
    """Draw the held-out rows: a tenth, at least 50 (or half of few rows), at most 500.

    The draw is made of hashes, so it is the same on every machine and under every version of NumPy.

    Args:
        digest: fingerprint of the content.
        n: rows in all.
        name: what a complaint calls the data.

    Returns:
        Distinct positions in [0, n), in random order.

    Raises:
        BadInput: fewer than 20 rows.

    Example:
        >>> len(split("5eed", 20)), len(split("5eed", 400)), len(split("5eed", 10**9))
        (10, 50, 500)
    """
    if n < MIN_ROWS:
        raise BadInput(
            f"{name} holds {n} row{'' if n == 1 else 's'}, but at least {MIN_ROWS} are needed, since some "
            "are held out: add more."
        )
    wanted = min(500, max(n // 10, min(50, n // 2)))
    drawn: dict[int, None] = {}
    counter = 0
    while len(drawn) < wanted:
        word = hashlib.blake2b(f"{digest}/{counter}".encode(), digest_size=8).digest()
        drawn[int.from_bytes(word, "big") % n] = None
        counter += 1
    return np.array(list(drawn), dtype=np.int64)


def split_rows(blocks: Iterable[NDArray[Any]], name: str, words: bytes = b"") -> Split:
    """Split rows in their order. Equal rows are separate draws and may fall on both sides.

    Args:
        blocks: the rows `[B, *shape]`, one block after the other.
        name: what a complaint calls the data.
        words: what numbers in the rows stand for.

    Returns:
        The split.

    Raises:
        BadInput: fewer than 20 rows.
    """
    digest, n = fingerprint(blocks, words)
    held_out = split(digest, n, name)
    return Split(digest, held_out, np.sort(held_out))


def fingerprint(blocks: Iterable[NDArray[Any]], words: bytes = b"") -> tuple[str, int]:
    """Hash rows in their order, and count them: one changed value, or two swapped rows, change the hash.

    The words that numbers in the rows stand for are hashed with them.

    Example:
        >>> fingerprint([np.zeros((2, 3)), np.ones((1, 3))]) == fingerprint([np.eye(3)])
        False
    """
    content, n = hashlib.blake2b(digest_size=16), 0
    for block in blocks:
        if n == 0:
            content.update(str(block.shape[1:]).encode())
        content.update(np.ascontiguousarray(block).data)
        n += len(block)
    content.update(words)
    return content.hexdigest(), n


def split_images(blocks: Iterable[NDArray[Any]], name: str) -> Split:
    """Split images by content alone: renamed or reordered files change nothing.

    An exact copy of a held-out image is kept from training as well.

    Args:
        blocks: the images `[B, *shape]`, one block after the other.
        name: what a complaint calls the data.

    Returns:
        The split.

    Raises:
        BadInput: fewer than 20 images, or nothing but copies of the held-out ones.
    """
    marks = (
        int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest(), "big")
        for block in blocks
        for image in block
    )
    each = np.fromiter(marks, dtype=np.uint64)
    order = np.argsort(each, kind="stable")
    digest = hashlib.blake2b(each[order].tobytes(), digest_size=16).hexdigest()
    held_out = order[split(digest, len(each), name)]
    apart = np.flatnonzero(np.isin(each, each[held_out]))
    if len(apart) == len(each):
        raise BadInput(
            f"{name} holds {len(each)} images, but only {len(np.unique(each))} different ones: add more."
        )
    return Split(digest, held_out, apart)
