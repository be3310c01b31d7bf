"""Which modes of a known mixture a sample set holds, how good its samples are, and in which proportions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from ganscope.contracts import BadInput, Metric, ModeReport
from ganscope.metrics.matrix import as_rows, same_width
from ganscope.words.complaints import refuse_fraction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

RADIUS = 3.0
"""A sample belongs to a mode within this many standard deviations of its centre."""
FAIR_SHARE_DIVISOR = 5
"""A captured mode holds one fifth, 20 %, of its fair share of all samples."""
BLOCK = 1024
"""Rows whose distances are held in memory at once."""


def mode_report(samples: Tensor | ArrayLike, centres: Tensor | ArrayLike, std: float) -> ModeReport:
    r"""Count the modes of a known mixture that a sample set holds.

    A sample is of high quality within 3 std (Euclidean, inclusive) of its nearest centre. With `n_k` such
    samples at centre k, of N samples in all,

    .. math:: \text{captured}_k: \; n_k \ge 0.2 \, N / K, \qquad
              \text{reverse KL} = \sum_k p_k \ln(K p_k), \quad p_k = n_k / \textstyle\sum_j n_j

    The share is of *all* samples: by the older "one good sample will do", a uniform blob over a grid of 25
    holds every mode. For K equal modes the reverse KL of a perfect sampler is (K - 1) / 2N, not 0.

    Args:
        samples: Generated samples `[N, ...]`; a row with NaN or infinity is near no mode.
        centres: Mode centres `[K, D]`, finite, of equal weight.
        std: Standard deviation of every mode along every axis, > 0, in the data's unit.

    Returns:
        A `ModeReport`; `reverse_kl` in nats, in [0, ln K], inf when no sample is of high quality.

    Raises:
        BadInput: No samples, samples and centres of differing dimension, or a std that is not positive.

    Example:
        >>> report = mode_report([[0.0], [0.1], [-0.1], [7.0]], centres=[[0.0], [10.0]], std=1.0)
        >>> report.captured, report.missing, report.high_quality
        (2, (), 1.0)
        >>> round(report.reverse_kl, 4), round(math.log(2) - 0.5623, 4)
        (0.1308, 0.1308)

    Reference:
        Srivastava et al., "VEEGAN", 2017 (the 3 std); Lin et al., "PacGAN", 2018 (the reverse KL). The 20 %
        are this library's own.
    """
    rows, centre_rows = as_rows(samples, "samples", finite=False), as_rows(centres, "centres")
    same_width(rows, centre_rows, "a mode centre")
    if not (std > 0.0 and math.isfinite(std)):
        raise BadInput(f"std is {std}; give the modes' common standard deviation, a positive number.")
    distance, mode = nearest(rows, centre_rows)
    good = distance <= RADIUS * std
    counts = np.bincount(mode[good], minlength=len(centre_rows))
    return report_of(counts, len(rows), np.ones(len(centre_rows), dtype=np.int64))


def reverse_kl_floor(shares: Sequence[float] | Tensor | ArrayLike, samples: int) -> float:
    r"""Return the reverse KL that a perfect sampler of n samples is expected to measure over K modes.

    .. math:: \mathbb E \sum_k \frac{n_k}{n} \ln \frac{n_k}{n \pi_k}
              = \sum_k \sum_{j=1}^n \binom nj \pi_k^j (1 - \pi_k)^{n-j} \frac jn \ln \frac{j}{n \pi_k}
              \approx \frac{K - 1}{2n}

    computed exactly: the counts are multinomial, so each is binomial. The approximation is an eighth too
    low for as many samples as equal modes, a thousand each, and good to 1 % from n = 20 K on.

    Args:
        shares: The modes' probabilities `[K]`, positive; scaled to sum 1.
        samples: High-quality samples n that are counted, at least 1.

    Returns:
        Nats, from 0 (one mode) up.

    Raises:
        BadInput: No share, a share that is not positive, or no sample.

    Example:
        >>> round(reverse_kl_floor([1] * 10, 1000), 5), (10 - 1) / 2000
        (0.00451, 0.0045)

    Reference:
        Miller, "Note on the bias of information estimates", 1955 (the approximation).
    """
    given = as_rows(shares, "shares")[:, 0]
    refuse_fraction("samples", samples)
    if samples < 1 or (given <= 0).any():
        raise BadInput(
            f"{samples} samples of {len(given)} modes with a smallest share of {given.min():g}; give at "
            "least one sample and positive shares."
        )
    seen = np.arange(1, samples + 1) / samples
    # modes of one share have one expectation: a thousand equal ones cost one sum
    different, alike = np.unique(given / given.sum(), return_counts=True)
    each = [float(_binomial(samples, share)[1:] @ (seen * np.log(seen / share))) for share in different]
    return max(float(np.dot(each, alike)), 0.0)


def _binomial(samples: int, share: float) -> NDArray[np.float64]:
    """Probability of 0 ... n hits in n trials, as `scipy.stats` has it, which takes a second to load."""
    from scipy.special import gammaln, xlog1py, xlogy

    hits = np.arange(samples + 1)
    ways = gammaln(samples + 1) - gammaln(hits + 1) - gammaln(samples - hits + 1)
    return np.asarray(np.exp(ways + xlogy(hits, share) + xlog1py(samples - hits, -share)))


def report_of(counts: NDArray[np.int64], total: int, fair: NDArray[np.int64]) -> ModeReport:
    """Report on the high-quality samples of each mode.

    Args:
        counts: high-quality samples of each mode `[K]`.
        total: all samples, of whatever quality.
        fair: fair share of each mode, as counts too, `[K]`.
    """
    # Whole numbers on both sides: exactly 20 % is captured, whatever the rounding of a fifth.
    captured = FAIR_SHARE_DIVISOR * counts * fair.sum() >= total * fair
    missing = tuple(int(mode) for mode in np.flatnonzero(~captured))
    good = int(counts.sum())
    if good == 0:
        return ModeReport(0, 0.0, math.inf, missing)
    held = counts > 0
    share, fair_share = counts[held] / good, fair[held] / fair.sum()
    reverse_kl = float((share * np.log(share / fair_share)).sum())
    return ModeReport(len(counts) - len(missing), good / total, max(reverse_kl, 0.0), missing)


def nearest(
    rows: NDArray[np.float64], others: NDArray[np.float64], same: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each row's distance to the nearest of the others, and its index.

    With `same`, a row is not its own neighbour. A row that is not finite is at distance NaN or infinity,
    which is within no radius.
    """
    from scipy.spatial.distance import cdist

    distance, index = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        block = cdist(rows[start : start + BLOCK], others)
        if same:
            np.fill_diagonal(block[:, start:], np.inf)
        distance[start : start + BLOCK] = block.min(axis=1)
        index[start : start + BLOCK] = block.argmin(axis=1)
    return distance, index


CAPTURED = Metric(
    label="modes",
    needs="modes",
    better="higher",
    measure=attrgetter("captured"),
    about=(
        "Modes that hold at least a fifth of their fair share of all samples, counting high-quality samples "
        "only. A mode is a kind of real row: a class of digits, a cluster of points."
    ),
    floor=None,
    form="count",
)
HIGH_QUALITY = Metric(
    label="high quality",
    needs="modes",
    better="higher",
    measure=attrgetter("high_quality"),
    about=(
        "Share of samples near the data. Near is within 3 standard deviations of a mode's centre; for "
        "classes of images, nearer to a training row than 95 % of training rows are to their nearest other."
    ),
    floor=None,
    form="share",
    terminal="at the end",
)
REVERSE_KL = Metric(
    label="reverse KL",
    needs="modes",
    better="lower",
    measure=attrgetter("reverse_kl"),
    about=(
        "KL(generated || real) over the modes, in nats. It is 0 when the modes are served in the right "
        "proportions, which a finite sample never achieves: the floor is what samples of a perfect generator "
        "are expected to score, about (K - 1) / 2n for n samples of K modes."
    ),
    floor=reverse_kl_floor,
    terminal="never",
)
