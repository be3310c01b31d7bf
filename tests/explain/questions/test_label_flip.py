"""Question 4: what Adam hides, theorem 2.5 of Arjovsky and Bottou, and the missing mode."""

from __future__ import annotations

import pytest

from ganscope.explain.experiments.adam_updates import adam_updates
from ganscope.explain.questions import label_flip


def test_adam_hides_the_size_until_its_epsilon() -> None:
    updates = adam_updates(1.0, seed=0)
    assert updates.size[3] == pytest.approx(updates.size[0], rel=1e-2)
    assert updates.size[12] < 1e-3 * updates.size[0]
    assert updates.along[0] > 0.9
    assert adam_updates(0.01, seed=0).along[0] < 0.3


def test_theorem_2_5() -> None:
    slopes = label_flip.theorem([0.5, 2.0, 6.0])
    names = ("minimax", "non-saturating", "KL(fake || real)")
    for minimax, flipped, reverse in zip(*(slopes[name] for name in names), strict=True):
        assert flipped == pytest.approx(reverse - minimax, abs=1e-8)


def test_a_perfect_fit_of_one_mode_feels_nothing_but_the_earth_mover() -> None:
    slopes = label_flip.on_one_mode()
    assert abs(slopes["minimax"]) < 1e-6
    assert abs(slopes["non-saturating"]) < 1e-6
    assert slopes["wasserstein"] == pytest.approx(1)
