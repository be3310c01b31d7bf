"""A thousand known modes without a download: three handwritten digits as the colour channels of one image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import Dataset
from ganscope.data.digits import split_digits

TRAIN_ROWS, HELD_OUT_ROWS = 20_000, 1_000
SEED = 1000


def stacked_digits() -> Dataset:
    """Return images (3, 8, 8) in [-1, 1] of three random digits a, b, c, with the label 100a + 10b + c.

    20,000 fixed rows to train on, made of the 1,400 training digits; 1,000 held-out rows, made of the other
    397. A mode has about 20 training rows; by chance not every mode is among the held-out rows.

    Example:
        >>> data = stacked_digits()
        >>> data.shape, len(data.train), data.mode_names[7]
        ((3, 8, 8), 20000, '007')

    Reference:
        The stacked MNIST of Metz et al., "Unrolled GANs", 2017, with the small digits; its numbers do not
        compare.
    """
    images, classes, held_out_images, held_out_classes = split_digits()
    rng = np.random.default_rng(SEED)
    train, labels = _stack(images, classes, TRAIN_ROWS, rng)
    held_out, held_out_labels = _stack(held_out_images, held_out_classes, HELD_OUT_ROWS, rng)
    return Dataset(
        "stacked-digits",
        train=train,
        held_out=held_out,
        labels=labels,
        held_out_labels=held_out_labels,
        mode_names=tuple(f"{mode:03d}" for mode in range(1000)),
        value_range=(-1.0, 1.0),
    )


def _stack(images: Tensor, classes: Tensor, rows: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    chosen = torch.from_numpy(rng.integers(len(images), size=(rows, 3)))
    labels = (classes[chosen] * torch.tensor([100, 10, 1])).sum(dim=1)
    return images[chosen].squeeze(2), labels
