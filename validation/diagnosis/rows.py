"""The study's data: five sets with known modes, split into rows to train on, to watch with, to check with."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

TUNING = ("ring", "digits")
"""Data sets whose conditions thresholds may be chosen on; the others only report."""
REPORTING = ("grid", "mixture", "images")
CLASSES = {"ring": 8, "grid": 25, "mixture": 10, "digits": 10, "images": 8}
WATCHED = 1000
"""Held-out rows that `watch` gets, where there are as many."""
DRAWS = 3
"""Seeds share this many draws of the rows, so that null bands differ between runs too."""


class Rows(NamedTuple):
    """One draw of a data set; rows are independent of one another across the four parts."""

    name: str
    train: Tensor
    held_out: Tensor
    """What `watch` is given."""
    replayed: Tensor
    """What generators that play back are made of."""
    unseen: Tensor
    """What the loop's own measurements use, and nobody else."""
    train_labels: Tensor
    held_out_labels: Tensor
    replayed_labels: Tensor
    unseen_labels: Tensor
    centres: Tensor
    """Mean of each class `[C, D]`."""
    spread: float
    """Root mean squared distance to the mean."""
    axis: Tensor
    """Unit vector `[D]` along which the rows vary most."""
    axis_sd: float

    @property
    def width(self) -> int:
        """Values of a row."""
        return self.train[0].numel()


def rows_of(name: str, seed: int) -> Rows:
    """Rows for a run: one of a few draws."""
    return _draw(name, seed % DRAWS)


@functools.cache
def _draw(name: str, draw: int) -> Rows:
    rng = np.random.default_rng([draw, CLASSES[name]])
    sizes = [2000, WATCHED, 4000, 1000] if name != "digits" else [400, 500, 550, 347]
    x, y = _SAMPLERS[name](rng, sum(sizes))
    order = rng.permutation(len(x))
    train, held_out, replayed, unseen = torch.split(torch.from_numpy(x[order]).float(), sizes)
    a, b, c, d = torch.split(torch.from_numpy(y[order]), sizes)
    together, of = torch.cat([train, replayed]), torch.cat([a, c])
    centres = torch.stack([together[of == k].mean(0) for k in range(CLASSES[name])])
    centred = together - together.mean(0)
    _, sizes_, axes = torch.linalg.svd(centred, full_matrices=False)
    spread = float(centred.square().sum(1).mean().sqrt())
    sd = float(sizes_[0]) / math.sqrt(len(centred))
    return Rows(name, train, held_out, replayed, unseen, a, b, c, d, centres, spread, axes[0], sd)


def _mixture(
    centres: np.ndarray, std: float, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(n) % len(centres)
    return centres[labels] + std * rng.standard_normal((n, centres.shape[1])), labels


def _ring(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angle = np.arange(8) * math.pi / 4
    return _mixture(2 * np.stack([np.cos(angle), np.sin(angle)], 1), 0.2, rng, n)


def _grid(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return _mixture(np.array([[i, j] for i in range(-2, 3) for j in range(-2, 3)], float), 0.12, rng, n)


def _clusters(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten clusters in 64 dimensions."""
    return _mixture(np.random.default_rng(77).standard_normal((10, 64)), 0.3, rng, n)


def _digits(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:  # noqa: ARG001
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.data[:n] / 8 - 1, found.target[:n]


def _images(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Soft discs and bars of 16 x 16 pixels at eight places, jittered, in [-1, 1]."""
    labels = np.arange(n) % 8
    v, u = np.mgrid[0:16, 0:16]
    place = np.array([4.5, 10.5])
    cx = place[labels % 2] + rng.uniform(-1, 1, n)
    cy = place[labels // 2 % 2] + rng.uniform(-1, 1, n)
    size = rng.uniform(2.0, 3.0, n)
    du, dv = u - cx[:, None, None], v - cy[:, None, None]
    disc = np.sqrt(du**2 + dv**2) - size[:, None, None]
    bar = np.maximum(abs(du) - 1, abs(dv) - 1.5 * size[:, None, None])
    distance = np.where((labels >= 4)[:, None, None], bar, disc)
    return np.tanh(-distance).reshape(n, 256), labels


_SAMPLERS = {"ring": _ring, "grid": _grid, "mixture": _clusters, "digits": _digits, "images": _images}
