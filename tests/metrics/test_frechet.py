"""The Frechet distance: closed forms, the matrix root, singular covariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ganscope.metrics import frechet_distance
from tests.metrics.sample_sets import Array, normal


def with_moments(rows: int, mean: Array, root: Array, seed: int) -> Array:
    """A sample whose mean and covariance (n - 1) are exactly `mean` and `root root^T`."""
    noise = normal(rows, len(mean), seed=seed).numpy()
    noise -= noise.mean(axis=0)
    whitened = np.linalg.qr(noise)[0] * math.sqrt(rows - 1)
    return whitened @ root.T + mean


def test_frechet_of_a_shift_is_its_squared_length() -> None:
    x = normal(100, 2, seed=29)
    assert frechet_distance(x, x + torch.tensor([3.0, 4.0])) == pytest.approx(25.0, rel=1e-12)


def test_frechet_of_scaled_gaussians_is_its_closed_form() -> None:
    # Axes shared: the sum of squared differences of means and of standard deviations, whatever the counts.
    stds, others = np.array([1.0, 2.0, 0.5]), np.array([3.0, 2.0, 0.1])
    x = with_moments(50, np.zeros(3), np.diag(stds), seed=30)
    y = with_moments(80, np.array([1.0, 0.0, -2.0]), np.diag(others), seed=31)
    assert frechet_distance(x, y) == pytest.approx(5.0 + ((stds - others) ** 2).sum(), rel=1e-12)


def test_frechet_convention_covariance_over_n_minus_1() -> None:
    # Variances 2 and 8 by n - 1; 1 and 4 by n would give 1 instead of 2.
    assert frechet_distance([-1.0, 1.0], [-2.0, 2.0]) == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(60, 40, 2), (300, 200, 20)])
def test_frechet_agrees_with_the_matrix_root(n: int, m: int, dimension: int) -> None:
    x = (normal(n, dimension, seed=32) @ normal(dimension, dimension, seed=33)).numpy()
    y = (normal(m, dimension, seed=34) @ normal(dimension, dimension, seed=35)).numpy() + 0.5
    one, two = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = x.mean(axis=0) - y.mean(axis=0)
    slow = shift @ shift + np.trace(one + two - 2.0 * sqrtm(one @ two).real)
    assert frechet_distance(x, y) == pytest.approx(float(slow), rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(10, 12, 50), (10, 200, 50), (2, 2, 3)])
def test_frechet_of_singular_covariances_is_exact(n: int, m: int, dimension: int) -> None:
    # Second source: tr (S1 S2)^1/2 from the eigenvalues of R1 S2 R1, with R1 the root of S1.
    x, y = normal(n, dimension, seed=36).numpy(), 2.0 * normal(m, dimension, seed=37).numpy()
    one, two = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    spectrum, axes = np.linalg.eigh(one)
    root = axes @ np.diag(np.sqrt(spectrum.clip(0.0))) @ axes.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ two @ root).clip(0.0)).sum()
    shift = x.mean(axis=0) - y.mean(axis=0)
    slow = shift @ shift + np.trace(one) + np.trace(two) - 2.0 * overlap
    assert frechet_distance(x, y) == pytest.approx(float(slow), rel=1e-5)
    # Exactly 0 where the matrix root leaves 1e-6: the same singular set twice.
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-11)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_frechet_scales_with_the_square(scale: float) -> None:
    x, y = normal(50, 4, seed=38), 2.0 * normal(50, 4, seed=39) + 1.0
    assert frechet_distance(scale * x, scale * y) == pytest.approx(
        scale**2 * frechet_distance(x, y), rel=1e-12
    )


def test_frechet_of_constant_columns_and_constant_sets() -> None:
    x = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-14)
    assert frechet_distance(torch.zeros(5, 3), torch.ones(4, 3)) == pytest.approx(3.0, rel=1e-14)
