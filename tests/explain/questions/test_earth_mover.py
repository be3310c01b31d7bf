"""Question 5: the exact distance of a moved pile."""

from __future__ import annotations

import pytest

from ganscope.explain.experiments.known_distances import DISTANCES
from ganscope.explain.questions import earth_mover


@pytest.mark.parametrize("share", earth_mover.SHARES)
def test_amount_times_way(share: float) -> None:
    for distance in DISTANCES:
        assert earth_mover.moved(share, distance) == pytest.approx(share * distance, rel=1e-15)
