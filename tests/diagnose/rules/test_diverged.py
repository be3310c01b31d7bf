"""Samples that run away, and logits beyond all measure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ganscope.diagnose.rules.verdict import judge
from tests.diagnose.rules.recorded import BAD, run


def told(change: Callable[[int], dict[str, Any]], **given: Any) -> list[str]:
    rows = run(lambda number: BAD, auc=1.0, **given)
    probes = [row for row in rows if "point" not in row]
    for number, row in enumerate(probes):
        row.update(change(number))
    return [verdict.label for verdict in judge(rows).verdicts if verdict.name == "diverged"]


@pytest.mark.parametrize(
    ("scale", "label"),
    [
        (lambda number: 12.0, None),  # never far enough to count as gone
        (lambda number: 40.0, "diverged (generator)"),
        (lambda number: 400.0 if number < 30 else 12.0, "diverged (generator)"),  # gone, and not back
        (lambda number: 400.0 if number < 30 else 1.5, None),  # gone, and back
        (lambda number: 400.0 if number in (7, 20) else 12.0, None),  # two odd probes
    ],
)
def test_fakes_that_ran_away_have_to_come_back(scale: Callable[[int], float], label: str | None) -> None:
    assert told(lambda number: {"fake_scale": scale(number)}) == ([label] if label else [])


@pytest.mark.parametrize(
    ("logit", "wasserstein", "label"),
    [(50.0, False, None), (5e3, False, "diverged (discriminator)"), (5e3, True, None)],
)
def test_logits_beyond_all_measure(logit: float, wasserstein: bool, label: str | None) -> None:
    """The scores of a Wasserstein critic have no scale that would be usual."""
    about = {"needs_lipschitz": wasserstein}
    seen = told(lambda number: {"real_score": logit, "fake_score": -logit}, about=about)
    assert seen == ([label] if label else [])
