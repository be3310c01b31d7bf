"""The kernel distance by loops, unbiased, and in blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganscope.metrics import kid
from ganscope.metrics import kid as kid_function
from tests.metrics.sample_sets import Array, normal


def kid_by_loops(real: Array, fake: Array) -> float:
    def kernel(x: Array, y: Array) -> float:
        return float(sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1.0) ** 3

    def within(rows: Array) -> float:
        pairs = [kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
        return math.fsum(pairs) / (len(rows) * (len(rows) - 1))

    between = math.fsum(kernel(x, y) for x in real for y in fake) / (len(real) * len(fake))
    return within(real) + within(fake) - 2.0 * between


@pytest.mark.parametrize(("n", "m", "dimension"), [(2, 2, 1), (20, 31, 4), (25, 10, 64)])
def test_kid_agrees_with_loops(n: int, m: int, dimension: int) -> None:
    real, fake = normal(n, dimension, seed=25).numpy(), normal(m, dimension, seed=26).numpy() + 0.4
    assert kid(real, fake) == pytest.approx(kid_by_loops(real, fake), rel=1e-10)
    assert kid(real, fake) == pytest.approx(kid(fake, real), rel=1e-12)


@pytest.mark.parametrize("dimension", [1, 3, 100])
@pytest.mark.parametrize("at", [0.5, 1.0, 4.0])
def test_kid_of_two_points_is_its_closed_form(dimension: int, at: float) -> None:
    # All real rows at 0, all fake ones at `at` in every coordinate: k = 1, (at^2 + 1)^3 and 1.
    answer = kid(torch.zeros(4, dimension), torch.full((6, dimension), at))
    assert answer == pytest.approx((at**2 + 1.0) ** 3 - 1.0, rel=1e-12)


def test_kid_is_unbiased() -> None:
    # The mean over many pairs of small samples of one distribution is 0; the biased estimate's is about +1.
    answers = [kid(normal(8, 2, seed=1000 + i), normal(8, 2, seed=5000 + i)) for i in range(400)]
    assert abs(float(np.mean(answers))) < 4.0 * float(np.std(answers)) / math.sqrt(400)
    assert min(answers) < 0.0


def test_kid_in_blocks_is_the_same_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    real, fake = normal(50, 3, seed=27), normal(41, 3, seed=28)
    whole = kid(real, fake)
    monkeypatch.setattr(sys.modules[kid_function.__module__], "BLOCK", 7)
    assert kid(real, fake) == pytest.approx(whole, rel=1e-12)
