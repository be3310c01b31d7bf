"""Sliced W1: projections of a shift, the line, POT."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganscope.contracts import BadInput
from ganscope.metrics import emd, sliced_w1
from tests.metrics.sample_sets import normal


def test_sliced_w1_of_a_shift_is_its_mean_projection() -> None:
    # closed form: every slice moves by |theta . t|, in the mean |t| Gamma(D/2) / (sqrt(pi) Gamma(D/2 + 1/2))
    real = normal(60, 5, seed=0)
    shift = torch.arange(5, dtype=torch.float64)
    found = sliced_w1(real, real + shift, projections=4000)
    mean = math.gamma(2.5) / (math.sqrt(math.pi) * math.gamma(3)) * float(shift.norm())
    deviation = float(shift.norm()) * math.sqrt(1 / 5 - (mean / float(shift.norm())) ** 2) / math.sqrt(4000)
    assert found == pytest.approx(mean, abs=4 * deviation)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (40, 25)])
def test_sliced_w1_on_the_line_is_w1(n: int, m: int) -> None:
    real, fake = normal(n, 1, seed=0), 2 * normal(m, 1, seed=1) + 1
    assert sliced_w1(real, fake, projections=3) == pytest.approx(emd(real, fake), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "dimension"), [(30, 30, 2), (30, 45, 7)])
def test_sliced_w1_agrees_with_pot(n: int, m: int, dimension: int) -> None:
    """POT's, at the same directions."""
    import ot

    real, fake = normal(n, dimension, seed=0), 1.5 * normal(m, dimension, seed=1) + 0.3
    directions = np.random.default_rng(3).standard_normal((50, dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    theirs = ot.sliced_wasserstein_distance(real.numpy(), fake.numpy(), projections=directions.T, p=1)
    assert sliced_w1(real, fake, projections=50, seed=3) == pytest.approx(theirs, rel=1e-10)


def test_sliced_w1_never_exceeds_w1_and_repeats_itself() -> None:
    real, fake = normal(50, 6, seed=0), normal(50, 6, seed=1) + 0.5
    assert 0 < sliced_w1(real, fake) < emd(real, fake)
    assert sliced_w1(real, fake) == sliced_w1(real, fake)
    assert sliced_w1(real, fake, seed=1) != sliced_w1(real, fake)
    assert sliced_w1(real, real.flip(0)) == 0.0
    assert sliced_w1(7 * real, 7 * fake) == pytest.approx(7 * sliced_w1(real, fake), rel=1e-12)
    for wrong in ({"projections": 0}, {"seed": -1}):
        with pytest.raises(BadInput, match="give at least 1"):
            sliced_w1(real, fake, **wrong)
