"""The earth mover distance of samples: translations, and the closed form of Gaussians."""

from __future__ import annotations

import math

import pytest
import torch

from ganscope.metrics import emd
from ganscope.transport import exact_w1
from tests.metrics.sample_sets import normal


def test_emd_flattens_samples_and_is_the_exact_distance() -> None:
    x, y = normal(20, 1, 3, 3, seed=9), normal(15, 1, 3, 3, seed=10)
    a = torch.arange(20.0)
    assert emd(x, y) == exact_w1(x.reshape(20, 9).numpy(), y.reshape(15, 9).numpy())
    assert emd(x, y, x_weights=a) == exact_w1(x.reshape(20, 9).numpy(), y.reshape(15, 9).numpy(), a.numpy())
    assert emd(x, y, y_weights=a[:15]) == exact_w1(x.reshape(20, 9), y.reshape(15, 9), None, a[:15].numpy())


def test_emd_of_a_translation_is_its_length() -> None:
    x = normal(200, 2, seed=11)
    assert emd(x, x + torch.tensor([3.0, -4.0])) == pytest.approx(5.0, rel=1e-12)
    assert emd(x, x[torch.randperm(200, generator=torch.Generator().manual_seed(0))]) == 0.0


def test_emd_of_large_gaussian_samples_nears_the_closed_form() -> None:
    # W1 between N(0, 1) and N(0, 4) on the line is (2 - 1) E|Z| = sqrt(2 / pi).
    x, y = normal(100_000, seed=12), 2.0 * normal(100_000, seed=13)
    assert emd(x, y) == pytest.approx(math.sqrt(2 / math.pi), abs=0.03)
