"""What a sample set looks like to a feature extractor: where Fréchet distance and KID compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from ganscope.contracts import BadInput


class Features(NamedTuple):
    """A feature extractor, and what to call its features."""

    name: str
    """Printed beside every number that depends on them."""
    extract: Callable[[Tensor], Tensor]
    """Rows `[N, *shape]` to `[N, F]`; the same rows must always give the same features."""


def as_features(extractor: Features | Callable[[Tensor], Tensor]) -> Features:
    """Give an extractor without a name the name of its function or class.

    Example:
        >>> as_features(len).name
        'len'
    """
    if isinstance(extractor, Features):
        return extractor
    return Features(getattr(extractor, "__name__", type(extractor).__name__), extractor)


def features_of(extractor: Features, rows: Tensor) -> Tensor:
    """Return the features of rows as a matrix.

    Args:
        extractor: what sees the rows.
        rows: `[N, *shape]`.

    Returns:
        `[N, F]`, on the CPU.

    Raises:
        BadInput: the extractor returned something else than one row of features for each row.

    Example:
        >>> import torch
        >>> features_of(RAW, torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 64])
    """
    import torch

    with torch.no_grad():
        seen = extractor.extract(rows)
    if not isinstance(seen, Tensor) or seen.ndim < 2 or len(seen) != len(rows):
        shape = list(seen.shape) if isinstance(seen, Tensor) else type(seen).__name__
        raise BadInput(
            f"the feature extractor {extractor.name} returned {shape} for {len(rows)} rows: let it return a "
            f"tensor of shape [{len(rows)}, features]."
        )
    return seen.detach().flatten(1).cpu()


RAW = Features("the rows themselves, flattened", lambda rows: rows.flatten(1))
"""No network at all: distances in the space of the data. Not comparable with published FID or KID."""
