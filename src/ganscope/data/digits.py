"""Real images that need no download: scikit-learn's 1,797 handwritten digits of 8 by 8 pixels."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN_ROWS = 1_400
SPLIT_SEED = 0


def digits() -> Dataset:
    """Return the handwritten digits as images (1, 8, 8) in [-1, 1]: 1,400 rows to train on, 397 held out.

    The split is fixed, the same for every run.

    Example:
        >>> data = digits()
        >>> data.shape, len(data.train), len(data.held_out), data.mode_names[:3]
        ((1, 8, 8), 1400, 397, ('0', '1', '2'))

    Reference:
        Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998 (the test
        part).
    """
    train, labels, held_out, held_out_labels = split_digits()
    return Dataset(
        "digits",
        train=train,
        held_out=held_out,
        labels=labels,
        held_out_labels=held_out_labels,
        mode_names=tuple(str(digit) for digit in range(10)),
        value_range=(-1.0, 1.0),
    )


def split_digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images, their labels, held-out images and theirs.

    Example:
        >>> [tuple(part.shape) for part in split_digits()]
        [(1400, 1, 8, 8), (1400,), (397, 1, 8, 8), (397,)]
    """
    pixels, classes = _pixels()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(pixels))
    # Pixels are whole numbers 0 .. 16.
    images = torch.tensor(pixels[order] / 8.0 - 1.0, dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(classes[order], dtype=torch.int64)
    return images[:TRAIN_ROWS], labels[:TRAIN_ROWS], images[TRAIN_ROWS:], labels[TRAIN_ROWS:]


def _pixels() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return all images as rows of 64 whole numbers, and their classes, from scikit-learn's file.

    The file is read without scikit-learn, whose import takes longer than everything else that a command does
    before it trains.
    """
    package = find_spec("sklearn")
    assert package is not None  # noqa: S101 - a dependency
    assert package.submodule_search_locations is not None  # noqa: S101 - a package
    file = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    if not file.exists():  # scikit-learn may keep it elsewhere one day
        from sklearn.datasets import load_digits

        pixels, classes = load_digits(return_X_y=True)
        return pixels, classes
    table = np.loadtxt(file, delimiter=",")
    return table[:, :-1], table[:, -1].astype(np.int64)
