"""The Fréchet distance between two sample sets seen as Gaussians: the formula behind the FID."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganscope.contracts import Metric
from ganscope.metrics.matrix import two_sets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor


def frechet_distance(real: Tensor | ArrayLike, fake: Tensor | ArrayLike) -> float:
    r"""Return the squared Fréchet distance (squared W2) between the Gaussians fitted to two sample sets.

    .. math::
        \|\mu_1 - \mu_2\|^2 + \operatorname{tr} \Sigma_1 + \operatorname{tr} \Sigma_2
        - 2 \operatorname{tr} (\Sigma_1 \Sigma_2)^{1/2}

    with covariances divided by n - 1. No matrix root is taken: with centred rows A and B the last trace is
    the sum of the singular values of A B^T, over sqrt((n-1)(m-1)). So it stays real and exact for singular
    covariances too, as when there are fewer rows than dimensions. It is biased upward by the finite sample:
    compare at equal sizes.

    Args:
        real: Features of real rows `[N, ...]`, N >= 2, finite.
        fake: Features of generated rows `[M, ...]`, M >= 2, of the same size.

    Returns:
        The squared distance, in the squared unit of the features, never negative. The FID when the features
        are those of Inception v3.

    Raises:
        BadInput: Fewer than two rows, non-finite rows, or rows of differing size.

    Example:
        >>> frechet_distance([[0.0], [2.0]], [[3.0], [5.0]])
        9.0

    Reference:
        Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017; Dowson and Landau, 1982.
    """
    x, y = two_sets(real, fake, least=2)
    shift = x.mean(axis=0) - y.mean(axis=0)
    a, b = _root_rows(x), _root_rows(y)
    overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    squared = shift @ shift + (a * a).sum() + (b * b).sum() - 2.0 * overlap
    return max(float(squared), 0.0)


def _root_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return R with R^T R the covariance of the rows, and no more rows than columns."""
    centred = (rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1)
    return np.linalg.qr(centred).R if len(rows) > rows.shape[1] else centred


FRECHET_DISTANCE = Metric(
    label="Fréchet distance",
    needs="features",
    better="lower",
    measure=frechet_distance,
    about=(
        "The squared Wasserstein-2 distance between Gaussians fitted to the features of real and generated "
        "rows: the FID, when the features are those of Inception v3."
    ),
    while_training=False,
)
