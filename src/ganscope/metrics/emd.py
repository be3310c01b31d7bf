"""The Earth Mover's Distance between two sample sets: Wasserstein-1, computed exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganscope.contracts import Metric
from ganscope.metrics.matrix import as_rows
from ganscope.transport import exact_w1

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import Tensor


def emd(
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
    x_weights: Tensor | ArrayLike | None = None,
    y_weights: Tensor | ArrayLike | None = None,
) -> float:
    r"""Return the exact Earth Mover's (Wasserstein-1) distance between two sample sets.

    .. math:: W_1 = \min_{\gamma} \sum_{ij} \gamma_{ij} \|x_i - y_j\|_2

    over the couplings of the two sets' masses. Two finite samples of one distribution are a positive distance
    apart, about n^(-1/D) for D > 2: compare with the distance between two real samples of the same size.

    Args:
        x: Samples `[N, ...]`, flattened; finite.
        y: Samples `[M, ...]` of the same size each.
        x_weights: Masses `[N]`, not negative, of positive sum; equal when omitted.
        y_weights: Masses `[M]`, likewise.

    Returns:
        The distance in the data's own unit; symmetric, 0 for equal sets.

    Raises:
        BadInput: Empty or non-finite samples, differing sizes, or masses that are no masses.
        RunFailed: The solver stopped before the optimum.

    Example:
        >>> import torch
        >>> points = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
        >>> round(emd(points, points + torch.tensor([3.0, 4.0])), 5)
        5.0

    Reference:
        Rubner et al., "The Earth Mover's Distance as a Metric for Image Retrieval", IJCV 2000.
    """
    return exact_w1(
        as_rows(x, "x"),
        as_rows(y, "y"),
        None if x_weights is None else as_rows(x_weights, "x_weights")[:, 0],
        None if y_weights is None else as_rows(y_weights, "y_weights")[:, 0],
    )


EMD = Metric(
    label="EMD",
    needs="rows",
    better="lower",
    measure=emd,
    about=(
        "Earth Mover's Distance (W1) from the samples to held-out real rows. It is how far a sample must be "
        "moved on average, by the cheapest plan, to turn one set into the other; solved exactly, without any "
        "critic, and 0 only when both sets are equal."
    ),
)
