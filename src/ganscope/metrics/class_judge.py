"""A judge of labelled data, whose modes are its classes: a classifier trained on the real rows names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganscope.contracts import BadInput, ModeReport
from ganscope.metrics.matrix import as_rows, same_width
from ganscope.metrics.modes import nearest, report_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

REAL_QUANTILE = 0.95
"""A sample is of high quality below this quantile of the real rows' distances to their nearest other."""


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
    radius = float(np.quantile(nearest(real, real, same=True)[0], REAL_QUANTILE))
    real_counts = np.bincount(classes)

    def report(samples: Tensor) -> ModeReport:
        rows = as_rows(samples, "samples", finite=False)
        same_width(rows, real, "a training row")
        good = rows[nearest(rows, real)[0] < radius]
        return report_of(np.bincount(predict(good), minlength=len(real_counts)), len(rows), real_counts)

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
    to_others = nearest(images, images, same=True)[0][place.reshape(-1, 3)]
    radius = float(np.quantile(np.sqrt((to_others**2).sum(axis=1)), REAL_QUANTILE))

    def channels(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows.reshape(len(rows) * 3, real.shape[1] // 3)

    def modes_of(rows: NDArray[np.float64]) -> NDArray[np.int64]:
        digits = predict(channels(rows)).reshape(-1, 3)
        return 100 * digits[:, 0] + 10 * digits[:, 1] + digits[:, 2]

    def report(samples: Tensor) -> ModeReport:
        rows = as_rows(samples, "samples", finite=False)
        same_width(rows, real, "a training row")
        distance = nearest(channels(rows), images)[0].reshape(-1, 3)
        good = rows[np.sqrt((distance**2).sum(axis=1)) < radius]
        return report_of(np.bincount(modes_of(good), minlength=1000), len(rows), real_counts)

    accuracy = float(np.mean(modes_of(held_out) == held_out_modes))
    return ClassJudge(report, accuracy, radius, _shares(real_counts))


def _shares(counts: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((counts / counts.sum()).tolist())


def _classifier(
    rows: NDArray[np.float64], classes: NDArray[np.int64]
) -> Callable[[NDArray[np.float64]], NDArray[np.int64]]:
    from sklearn.svm import SVC

    # Without a seed it would draw one from NumPy's global generator.
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
    same_width(held_out, real, "a training row", name="held_out_rows")
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
