"""Which modes a sample set holds: known centres, or classes named by a judge trained on the real rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganscope.contracts import BadInput, ModeReport
from ganscope.metrics.matrix import as_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

RADIUS = 3.0
"""A sample belongs to a mode within this many standard deviations of its centre."""
FAIR_SHARE_DIVISOR = 5
"""A captured mode holds one fifth, 20 %, of its fair share of all samples."""
REAL_QUANTILE = 0.95
"""Labelled rows: a sample is of high quality below this quantile of the real rows' nearest distances."""
BLOCK = 1024
"""Rows whose distances are held in memory at once."""


class ClassJudge(NamedTuple):
    """Names the class of a sample and says whether the sample is good enough to count."""

    report: Callable[[Tensor], ModeReport]
    """Samples `[N, ...]`, shaped like the training rows, to their mode report."""
    accuracy: float
    """Share of held-out rows whose class is named right, in [0, 1]."""
    high_quality_radius: float
    """Distance to the nearest training row below which a sample counts, in the data's own unit."""
    shares: tuple[float, ...]
    """Fair share of each mode, that of the training rows; their sum is 1."""


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
    _same_width(rows, centre_rows, "a mode centre")
    if not (std > 0.0 and math.isfinite(std)):
        raise BadInput(f"std is {std}; give the modes' common standard deviation, a positive number.")
    distance, mode = _nearest(rows, centre_rows)
    good = distance <= RADIUS * std
    counts = np.bincount(mode[good], minlength=len(centre_rows))
    return _report(counts, len(rows), np.ones(len(centre_rows), dtype=np.int64))


def class_judge(
    train_rows: Tensor | ArrayLike,
    labels: Tensor | ArrayLike,
    held_out_rows: Tensor | ArrayLike,
    held_out_labels: Tensor | ArrayLike,
) -> ClassJudge:
    r"""Build the judge of labelled data, whose modes are its classes.

    A support vector classifier learns the classes from the training rows alone. A sample counts for its class
    when its distance to the nearest training row is below the 95 % quantile of the training rows' distances
    to their nearest *other* row. A class is captured when it holds 20 % of its fair share, its share of the
    training rows, of *all* samples. Built once; a report on 1,000 small images takes some hundredths of a
    second.

    Args:
        train_rows: Real rows `[N, ...]`, N >= 2, finite.
        labels: Class of each, whole numbers 0 .. K-1, each occurring, K >= 2.
        held_out_rows: Real rows `[M, ...]` that the classifier does not learn from.
        held_out_labels: Class of each, in 0 .. K-1.

    Returns:
        A `ClassJudge`.

    Raises:
        BadInput: Differing lengths or sizes, non-finite rows, or classes without a training row.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> rows, labels = load_digits(return_X_y=True)
        >>> judge = class_judge(rows[:1400], labels[:1400], rows[1400:], labels[1400:])
        >>> judge.accuracy > 0.9, judge.report(rows[1400:]).captured, judge.report(0 * rows).captured
        (True, 10, 0)

    Reference:
        Metz et al., "Unrolled GANs", 2017 (a classifier names the modes); the distance gate is this library's
        own.
    """
    real, classes, held_out, held_out_classes = _labelled(train_rows, labels, held_out_rows, held_out_labels)
    predict = _classifier(real, classes)
    radius = float(np.quantile(_nearest(real, real, same=True)[0], REAL_QUANTILE))
    real_counts = np.bincount(classes)

    def report(samples: Tensor) -> ModeReport:
        rows = as_rows(samples, "samples", finite=False)
        _same_width(rows, real, "a training row")
        good = rows[_nearest(rows, real)[0] < radius]
        return _report(np.bincount(predict(good), minlength=len(real_counts)), len(rows), real_counts)

    accuracy = float(np.mean(predict(held_out) == held_out_classes))
    return ClassJudge(report, accuracy, radius, _shares(real_counts))


def stacked_judge(
    train_rows: Tensor | ArrayLike,
    labels: Tensor | ArrayLike,
    held_out_rows: Tensor | ArrayLike,
    held_out_labels: Tensor | ArrayLike,
) -> ClassJudge:
    r"""Build the judge of stacked digits, whose 1,000 modes are the triples of digits in the three channels.

    One classifier of single digits reads each channel; the mode is 100a + 10b + c. Every triple of training
    digits is a real row, so the distance to the nearest real row is

    .. math:: d^2 = d_1^2 + d_2^2 + d_3^2,

    with `d_c` that of channel c to its nearest training digit. A mode is captured as in `class_judge`. With N
    samples over 1,000 modes a perfect sampler misses a share exp(-N / 1000) of them by chance: take N >=
    10,000.

    Args:
        train_rows: Real rows `[N, 3, H, W]`, finite.
        labels: Modes 100a + 10b + c of each, in 0 .. 999; every mode and every digit occurs.
        held_out_rows: Real rows `[M, 3, H, W]` built from other digits.
        held_out_labels: Mode of each.

    Returns:
        A `ClassJudge`; `accuracy` counts a row as right when all three digits are.

    Raises:
        BadInput: Rows without three channels, differing lengths, non-finite rows, or modes without a training
        row.

    Example:
        >>> rows = np.stack([[[[a]], [[b]], [[c]]] for a in range(10) for b in range(10) for c in range(10)])
        >>> judge = stacked_judge(rows, np.arange(1000), rows, np.arange(1000))
        >>> judge.accuracy
        1.0

    Reference:
        Metz et al., "Unrolled GANs", 2017; Srivastava et al., "VEEGAN", 2017 (stacked MNIST).
    """
    real, modes, held_out, held_out_modes = _labelled(train_rows, labels, held_out_rows, held_out_labels)
    real_counts = np.bincount(modes)
    if real.shape[1] % 3 != 0 or len(real_counts) != 1000:
        raise BadInput(
            f"rows of {real.shape[1]} numbers with labels up to {modes.max()}; stacked digits are rows "
            "[N, 3, H, W] with labels 100a + 10b + c up to 999."
        )
    # The rows hold each digit many times; the classifier and the distances need it once.
    images, first, place = np.unique(
        real.reshape(len(real) * 3, -1), axis=0, return_index=True, return_inverse=True
    )
    digits = np.stack([modes // 100, modes // 10 % 10, modes % 10], axis=1).reshape(-1)[first]
    predict = _classifier(images, digits)
    own_distance = _nearest(images, images, same=True)[0][place.reshape(-1, 3)]
    radius = float(np.quantile(np.sqrt((own_distance**2).sum(axis=1)), REAL_QUANTILE))

    def channels(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows.reshape(len(rows) * 3, real.shape[1] // 3)

    def modes_of(rows: NDArray[np.float64]) -> NDArray[np.int64]:
        digits = predict(channels(rows)).reshape(-1, 3)
        return 100 * digits[:, 0] + 10 * digits[:, 1] + digits[:, 2]

    def report(samples: Tensor) -> ModeReport:
        rows = as_rows(samples, "samples", finite=False)
        _same_width(rows, real, "a training row")
        distance = _nearest(channels(rows), images)[0].reshape(-1, 3)
        good = rows[np.sqrt((distance**2).sum(axis=1)) < radius]
        return _report(np.bincount(modes_of(good), minlength=1000), len(rows), real_counts)

    accuracy = float(np.mean(modes_of(held_out) == held_out_modes))
    return ClassJudge(report, accuracy, radius, _shares(real_counts))


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


def _shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((counts / counts.sum()).tolist())


def _report(counts: NDArray[np.int64], total: int, fair: NDArray[np.int64]) -> ModeReport:
    """Judge the high-quality samples per mode beside the modes' fair shares, given as counts too."""
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


def _nearest(
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


def _classifier(
    rows: NDArray[np.float64], classes: NDArray[np.int64]
) -> Callable[[NDArray[np.float64]], NDArray[np.int64]]:
    from sklearn.svm import SVC

    # Without a seed of its own it would draw one from NumPy's global generator.
    model: Any = SVC(C=10.0, gamma="scale", random_state=0).fit(rows, classes)

    def predict(samples: NDArray[np.float64]) -> NDArray[np.int64]:
        # scikit-learn refuses an empty set.
        named: NDArray[np.int64] = model.predict(samples) if len(samples) else np.zeros(0, dtype=np.int64)
        return named

    return predict


def _labelled(
    train_rows: Tensor | ArrayLike,
    labels: Tensor | ArrayLike,
    held_out_rows: Tensor | ArrayLike,
    held_out_labels: Tensor | ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    real, held_out = as_rows(train_rows, "train_rows", least=2), as_rows(held_out_rows, "held_out_rows")
    _same_width(held_out, real, "a training row", name="held_out_rows")
    classes = _classes(labels, len(real), "labels")
    held_out_classes = _classes(held_out_labels, len(held_out), "held_out_labels")
    counts = np.bincount(classes)
    if len(counts) < 2 or (counts == 0).any() or held_out_classes.max() >= len(counts):
        raise BadInput(
            f"the training labels hold {np.count_nonzero(counts)} classes and run up to {classes.max()}, the "
            f"held-out ones up to {held_out_classes.max()}; give two or more classes "
            "0 .. K-1, each with a training row."
        )
    return real, classes, held_out, held_out_classes


def _classes(labels: Tensor | ArrayLike, count: int, name: str) -> NDArray[np.int64]:
    values = as_rows(labels, name)
    classes = values.astype(np.int64)
    if values.shape != (count, 1) or (classes != values).any() or (classes < 0).any():
        raise BadInput(f"{name} must be {count} whole numbers from 0 on, one for each row.")
    return classes[:, 0]


def _same_width(
    rows: NDArray[np.float64], others: NDArray[np.float64], what: str, name: str = "samples"
) -> None:
    if rows.shape[1] != others.shape[1]:
        raise BadInput(
            f"{name} hold {rows.shape[1]} numbers per row and {what} {others.shape[1]}; "
            "give both in the same space."
        )
