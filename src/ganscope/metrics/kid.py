"""The kernel inception distance's formula: unbiased squared MMD with the cubic polynomial kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganscope.contracts import Metric
from ganscope.metrics.matrix import two_sets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

BLOCK = 4096


def kid(real: Tensor | ArrayLike, fake: Tensor | ArrayLike) -> float:
    r"""Return the unbiased squared maximum mean discrepancy under the kernel (x.y / d + 1)^3.

    .. math::
        \frac{1}{n(n-1)} \sum_{i \ne j} k(x_i, x_j) + \frac{1}{m(m-1)} \sum_{i \ne j} k(y_i, y_j)
        - \frac{2}{nm} \sum_{ij} k(x_i, y_j), \qquad k(x, y) = (x \cdot y / d + 1)^3

    over the whole sets, so there is no random subset and no spread to report. Being unbiased it may be
    negative: for equal distributions its mean is 0. The kernel is not translation invariant.

    Args:
        real: Features of real rows `[N, ...]`, N >= 2, finite.
        fake: Features of generated rows `[M, ...]`, M >= 2, of the same size d.

    Returns:
        The squared discrepancy. Published values are those of Inception features, often times 1000.

    Raises:
        BadInput: Fewer than two rows, non-finite rows, or rows of differing size.

    Example:
        >>> kid([[0.0], [0.0]], [[1.0], [1.0]])
        7.0

    Reference:
        Bińkowski et al., "Demystifying MMD GANs", 2018.
    """
    x, y = two_sets(real, fake, least=2)
    return (
        _kernel_sum(x, x, without_diagonal=True) / (len(x) * (len(x) - 1))
        + _kernel_sum(y, y, without_diagonal=True) / (len(y) * (len(y) - 1))
        - 2.0 * _kernel_sum(x, y) / (len(x) * len(y))
    )


def _kernel_sum(x: NDArray[np.float64], y: NDArray[np.float64], without_diagonal: bool = False) -> float:
    """Add the kernel over all pairs, in blocks of rows: memory stays linear."""
    dimension = x.shape[1]
    total = 0.0
    for start in range(0, len(x), BLOCK):
        total += float(((x[start : start + BLOCK] @ y.T / dimension + 1.0) ** 3).sum())
    if without_diagonal:
        total -= float((((x * y).sum(axis=1) / dimension + 1.0) ** 3).sum())
    return total


KID = Metric(
    label="KID",
    needs="features",
    better="lower",
    measure=kid,
    about=(
        "Kernel Inception Distance: the unbiased squared maximum mean discrepancy between the features of "
        "real and generated rows under a cubic kernel. Equal distributions score 0 on average, so it may be "
        "negative."
    ),
    while_training=False,
)
