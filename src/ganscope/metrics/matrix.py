"""A sample set as a float64 matrix, one row per sample: what every metric computes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ganscope.contracts import BadInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor


def as_rows(
    samples: Tensor | ArrayLike, name: str, least: int = 1, finite: bool = True
) -> NDArray[np.float64]:
    """Return a sample set as a matrix, each sample flattened.

    Args:
        samples: Tensor on any device or array `[N, ...]`; `[N]` is N one-dimensional samples.
        name: What to call it in an error.
        least: How many rows the caller needs.
        finite: Refuse NaN and infinity.

    Returns:
        float64 `[N, D]`, detached, on the CPU.

    Raises:
        BadInput: Too few rows, rows of no numbers, or NaN or infinity where `finite`.

    Example:
        >>> as_rows(torch.zeros(5, 3, 8, 8), "samples").shape
        (5, 192)
    """
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().to(device="cpu", dtype=torch.float64).numpy()
    array = np.asarray(samples, dtype=np.float64)
    if array.ndim == 0 or len(array) < least or array.size == 0:
        raise BadInput(
            f"{name} has shape {array.shape}; give at least {least} row(s) of at least one number."
        )
    if finite and not np.isfinite(array).all():
        raise BadInput(
            f"{name} holds NaN or infinity; leave those rows out, or look at why the run diverged."
        )
    return array.reshape(len(array), -1)


def two_sets(
    real: Tensor | ArrayLike, fake: Tensor | ArrayLike, least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return real and fake samples as two matrices of the same width.

    Args:
        real: Real samples `[N, ...]`.
        fake: Generated samples `[M, ...]` of the same shape.
        least: How many rows of each the caller needs.

    Returns:
        float64 `[N, D]` and `[M, D]`.

    Raises:
        BadInput: As `as_rows`, or samples of differing size.

    Example:
        >>> [rows.shape for rows in two_sets(torch.zeros(5, 2), torch.zeros(4, 2))]
        [(5, 2), (4, 2)]
    """
    real_rows, fake_rows = as_rows(real, "real", least), as_rows(fake, "fake", least)
    if real_rows.shape[1] != fake_rows.shape[1]:
        raise BadInput(
            f"a real sample has {real_rows.shape[1]} numbers and a fake one {fake_rows.shape[1]}; "
            "give both in the same space."
        )
    return real_rows, fake_rows


def same_width(
    rows: NDArray[np.float64], others: NDArray[np.float64], what: str, name: str = "samples"
) -> None:
    """Refuse two matrices whose rows differ in size.

    Args:
        rows: `[N, D]`.
        others: `[M, D]`.
        what: what a row of `others` is called.
        name: what `rows` are called.

    Raises:
        BadInput: it names both sizes.
    """
    if rows.shape[1] != others.shape[1]:
        raise BadInput(
            f"{name} hold {rows.shape[1]} numbers per row and {what} {others.shape[1]}; "
            "give both in the same space."
        )
