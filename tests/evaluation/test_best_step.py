"""An earlier step is called the best only where the end is clearly worse than chance explains."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ganscope.evaluation.best_step import best_of_run, best_step


def history(values: list[float | None], by: str = "emd") -> list[dict[str, Any]]:
    return [{"step": 100 * k, by: value, "d_loss": 1.0} for k, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([9.0, 5.0, 3.0, 2.9, 3.1, 3.4, 3.6, 4.2], 300),
        ([9.0, 5.0, 3.0, None, 2.9, 3.1, 3.4, 3.6, 4.2], 400),
        ([9.0, 5.0, 3.0, 2.9, 2.95, 2.92, 2.94, 2.93], None),  # settled
        ([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0], None),  # the last is the best
        ([5.0, 2.0, 6.0, 1.9, 5.5, 2.2, 6.1, 3.4], None),  # swings: any step is chance
        ([9.0, 2.0, 4.0], None),  # too few
        ([1.0] * 8, None),
    ],
)
def test_the_best_step_is_named_where_the_end_is_clearly_worse(
    values: list[float | None], step: int | None
) -> None:
    best = best_step(history(values))
    assert (None if best is None else best.step) == step


def test_higher_is_better_where_the_metric_says_so() -> None:
    rising = best_step(history([1.0, 4.0, 8.0, 8.0, 8.0, 6.0, 4.0], "captured"), "captured")
    assert rising is not None
    assert (rising.step, rising.value, rising.last) == (200, 8.0, 4.0)
    assert best_step(history([3.0] * 9, "nothing"), "nothing") is None


def test_noise_alone_seldom_has_a_best_step() -> None:
    draw = random.Random(0)  # noqa: S311
    named = sum(best_step(history([draw.gauss(3.0, 0.5) for _ in range(11)])) is not None for _ in range(400))
    assert named <= 8


def test_the_sentence_says_how_to_draw_from_it() -> None:
    rows = history([9.0, 5.0, 3.0, 2.9, 3.1, 3.4, 3.6, 4.2])
    assert str(best_of_run(rows, {"best_by": "emd"}, {})) == (
        "Best at step 300 (EMD 2.90); at the end, step 700, it is 4.20: ganscope sample --best draws "
        "from the generator of step 300."
    )
    assert best_of_run(rows, {}, {"diverged_at": 700}) is None
