"""Point clouds in one and two dimensions, as fixed finite samples: the same rows for every seed of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from ganscope.contracts import Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN_ROWS, HELD_OUT_ROWS = 20_000, 500
# Every sample has its own fixed seed, one under which no held-out row repeats a training row in float32.


def ring() -> Dataset:
    """Return eight equal Gaussians on a circle of radius 2, std 0.02.

    Example:
        >>> ring().shape, ring().mode_names[:2]
        ((2,), ('0°', '45°'))

    Reference:
        Metz et al., "Unrolled GANs", 2017. Its notebook's `linspace(0, 2 pi, 8)` made the first and the last
        mode coincide; here they are eight.
    """
    angles = np.arange(8) * math.pi / 4
    centres = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _mixture("ring", centres, 0.02, tuple(f"{45 * k}°" for k in range(8)), seed=8)


def grid() -> Dataset:
    """Return twenty-five equal Gaussians at {-4, -2, 0, 2, 4}², std 0.05.

    Example:
        >>> grid().shape, grid().mode_names[0]
        ((2,), '(-4, -4)')

    Reference:
        Dumoulin et al., "Adversarially Learned Inference", 2017; spacing and std as in Lin et al., "PacGAN",
        2018.
    """
    centres = np.array([[2.0 * i, 2.0 * j] for i in range(-2, 3) for j in range(-2, 3)])
    return _mixture("grid", centres, 0.05, tuple(f"({x:g}, {y:g})" for x, y in centres), seed=25)


def gaussians() -> Dataset:
    """Return two equal Gaussians on the line, at -2 and 2, std 0.5.

    Example:
        >>> gaussians().shape, gaussians().mode_names
        ((1,), ('-2', '2'))

    Reference:
        The line of Arjovsky et al., "Wasserstein GAN", 2017, figure 2, whose means and widths were not
        published.
    """
    return _mixture("gaussians", np.array([[-2.0], [2.0]]), 0.5, ("-2", "2"), seed=5)


def swiss_roll() -> Dataset:
    r"""Return the Swiss roll, a spiral: noise of std 0.25, all divided by 7.5.

    .. math:: (t \cos t, \; t \sin t) + 0.25 \, \epsilon, \quad t \sim U[1.5\pi, 4.5\pi]

    Example:
        >>> swiss_roll().shape
        (2,)

    Reference:
        Gulrajani et al., "Improved Training of Wasserstein GANs", 2017; the roll of Marsland, 2009.
    """
    rng = np.random.default_rng(3)
    rows = TRAIN_ROWS + HELD_OUT_ROWS
    roll = swiss_roll_points(rng.random(rows), rng.standard_normal((rows, 2)))
    return _dataset("swiss-roll", roll)


def swiss_roll_points(position: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map positions along the roll `[N]`, in [0, 1], and standard normal noise `[N, 2]` to points `[N, 2]`.

    Example:
        >>> swiss_roll_points(np.zeros(1), np.zeros((1, 2))).round(4).tolist()
        [[-0.0, -0.6283]]
    """
    t = 1.5 * math.pi * (1.0 + 2.0 * position)
    roll = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    scaled: NDArray[np.float64] = (roll + 0.25 * noise) / 7.5
    return scaled


def segments() -> Dataset:
    """Return the vertical segment {0} x [0, 1], uniform: a distribution without a density in the plane.

    A generator that starts at {θ} x [0, 1] is a parallel segment: JS is ln 2 for every θ but 0, W1 is |θ|.

    Example:
        >>> segments().held_out[:, 0].abs().max().item()
        0.0

    Reference:
        Arjovsky et al., "Wasserstein GAN", 2017, example 1.
    """
    heights = np.random.default_rng(4).random(TRAIN_ROWS + HELD_OUT_ROWS)
    return _dataset("segments", np.stack([np.zeros_like(heights), heights], axis=1))


def _mixture(
    name: str, centres: NDArray[np.float64], std: float, mode_names: tuple[str, ...], seed: int
) -> Dataset:
    """Return a fixed sample of equal Gaussians around the centres."""
    rng = np.random.default_rng(seed)
    rows = TRAIN_ROWS + HELD_OUT_ROWS
    modes = rng.integers(len(centres), size=rows)
    points = centres[modes] + std * rng.standard_normal((rows, centres.shape[1]))
    known = torch.tensor(centres, dtype=torch.float32)
    return _dataset(name, points)._replace(centres=known, std=std, mode_names=mode_names)


def _dataset(name: str, points: NDArray[np.float64]) -> Dataset:
    rows = torch.tensor(points, dtype=torch.float32)
    return Dataset(name, train=rows[:TRAIN_ROWS], held_out=rows[TRAIN_ROWS:])
