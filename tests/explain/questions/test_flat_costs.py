"""Question 2: slopes of the costs, against differences of their values."""

from __future__ import annotations

import pytest

import ganscope as gs
from ganscope.explain.questions import flat_costs


@pytest.mark.parametrize("distance", [0.3, 1.0, 2.0, 4.0, 9.0])
def test_slopes_are_those_of_the_values(distance: float) -> None:
    slopes, h = flat_costs.slopes(distance), 1e-4
    landscape = gs.divergences.landscape(flat_costs.REAL, flat_costs.FAKE, [distance - h, distance + h])
    for name, (field, _) in flat_costs.COSTS.items():
        low, high = getattr(landscape, field)
        assert slopes[name] == pytest.approx((high - low) / (2 * h), abs=1e-5), name


def test_which_cost_is_flat_where() -> None:
    near, far = flat_costs.slopes(0.0), flat_costs.slopes(10.0)
    assert near["JS"] == pytest.approx(0, abs=1e-9)
    assert near["TV"] == pytest.approx(0.3989, abs=1e-4)
    assert far["JS"] < 1e-5
    assert far["KL(real || fake)"] == pytest.approx(10)
    assert near["W1"] == far["W1"] == 1
