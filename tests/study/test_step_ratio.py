"""The ratio of a step's times in two checkouts: how it is summed up, and that this checkout's side steps."""

from __future__ import annotations

import sys

import pytest

from benchmarks import sides, step_ratio
from benchmarks.peers.turns import Worker

ROW = step_ratio.ROWS[0]


def test_ratio_is_old_over_new_by_pairs_of_processes() -> None:
    told = step_ratio.summary(ROW, [(0.2, 0.4, 0.1, 0.2), (0.6, 0.6, 0.4, 0.3)])
    assert (told["before_ms"], told["now_ms"]) == pytest.approx((500, 250))
    assert told["ratio"] == pytest.approx((2, 1.65, 2))
    assert told["control"].median == pytest.approx(1)
    assert told["control"].low == pytest.approx(0.65)


def test_table_counts_what_is_below_the_aim() -> None:
    rows = [
        step_ratio.summary(row, [(0.001, 0.001, now, now)] * 3)
        for row, now in zip(step_ratio.ROWS[:2], [0.001, 0.00125], strict=True)
    ]
    text = step_ratio.report({"rows": rows})
    assert "| non-saturating | 64    | 1    | 1.00       | 1.25    | 0.80 (0.80-0.80) |" not in text
    assert (
        "| non-saturating | 128   | 1    | 1.00       | 1.25    | 0.80 (0.80-0.80) | 1.00 (1.00-1.00) |"
        in text
    )
    assert text.endswith("Geometric mean of the ratios 0.89; 1 of 2 below 0.98.")


def test_side_of_this_checkout_takes_turns() -> None:
    case = step_ratio.case_of(step_ratio.Row("r1", 4, 2))
    with Worker(sys.executable, "benchmarks.peers.step_now", 1, sides.PATH) as side:
        side.prepare(case)
        assert side.run(2).cpu > 0
