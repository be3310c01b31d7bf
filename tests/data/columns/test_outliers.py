"""A number that makes all others of its column one is refused by name and place; heavy tails are not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganscope.contracts import BadInput
from ganscope.data.in_memory import from_rows
from ganscope.data.tables import table


def rows(n: int = 200) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 2))


@pytest.mark.parametrize("value", [3e38, -3e38, 1e39, 1e308, -1e15, 1e14])
@pytest.mark.parametrize(("n", "at"), [(40, 7), (200, 0), (200, 199)])
def test_a_number_beside_which_the_others_vanish_is_named(value: float, n: int, at: int) -> None:
    values = rows(n)
    values[at, 1] = value
    with pytest.raises(BadInput) as refused:
        table("heights", ("a", "b"), values, lines=range(2, n + 2))
    said = str(refused.value)
    assert f"holds {value:g} in column 'b', row {at + 1} (line {at + 2})" in said
    assert "repair it" in said


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: np.exp(5 * rng.normal(size=2000)),
        lambda rng: rng.standard_cauchy(2000),
        lambda rng: 1e30 * rng.normal(size=2000),
        lambda rng: np.where(rng.random(2000) < 0.9, 0.0, rng.pareto(1.0, 2000)),
        lambda rng: np.where(rng.random(2000) < 0.999, 0.0, 1e15),
        lambda rng: 1e-30 * rng.normal(size=2000),
    ],
    ids=["log-normal", "Cauchy", "large", "zero-inflated", "almost constant", "small"],
)
def test_heavy_tails_and_large_units_are_learnt(make: object) -> None:
    assert callable(make)
    values = np.stack([make(np.random.default_rng(1)), rows(2000)[:, 0]], 1)
    assert len(table("heavy", ("a", "b"), values).train)


def test_rows_in_memory_are_not_scaled_and_must_not_overflow() -> None:
    values = torch.from_numpy(rows()).float()
    values[5, 0] = 3e38
    with pytest.raises(BadInput, match=r"holds 3e\+38 in row 5 .*overflow"):
        from_rows(values)
    assert len(from_rows(torch.from_numpy(1e10 * rows())).train)
