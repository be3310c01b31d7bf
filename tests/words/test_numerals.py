"""Numbers as they are written, and their spread over seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganscope.report import (
    Spread,
)
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread


def test_spread_agrees_with_numpy() -> None:
    values = np.random.default_rng(0).normal(3, 2, 7)
    found = spread(values.tolist())
    assert found is not None
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.sd == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert (found.low, found.high, found.seeds) == (values.min(), values.max(), 7)
    assert spread([None, None]) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"), (1.0, "1.00"), (9.999, "10.0"), (0.000999, "9.99e-4"), (-0.0123, "-0.0123"),
        (123_456.0, "123,000"), (1.5e9, "1.50e9"), (math.nan, "–"), (math.inf, "–"), (1e-300, "1.00e-300"),
    ],
)  # fmt: skip
def test_digits(value: float, expected: str) -> None:
    assert digits(value) == expected


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (3.1416, 0.0512, "3.14 ± 0.05"), (3.1416, 0.002, "3.142 ± 0.002"), (3.0, 0.0, "3.00 ± 0.00"),
        (1234.5, 67.8, "1,234 ± 68"), (1e-5, 2e-6, "1.00e-5 ± 2e-6"), (0.0, 0.5, "0.00 ± 0.50"),
    ],
)  # fmt: skip
def test_plus_minus(mean: float, sd: float, expected: str) -> None:
    assert plus_minus(Spread(mean, sd, mean, mean, 3)) == expected
