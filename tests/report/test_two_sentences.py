"""The two sentences above a report: which recipe is best, why, and what one cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ganscope.report import (
    RecipeSummary,
    Spread,
    in_words,
)
from ganscope.report.two_sentences import sentences, separated
from ganscope.words.spread import spread


def summary_of(recipe: str, emds: Sequence[float], **fields: Any) -> RecipeSummary:
    """A summary with a given EMD per seed; everything else unknown unless given."""
    empty = dict.fromkeys(RecipeSummary._fields)
    names = ("emd", "captured", "high_quality")
    metrics: dict[str, Any] = {name: fields.pop(name) for name in names if name in fields}
    values = {
        "recipe": recipe,
        "objective": "minimax",
        "seeds": tuple(range(len(emds))),
        "together": 1,
        "diverged": 0,
        "healed": 0,
        "metrics": {"emd": spread(emds), **metrics},
        "floors": {"emd": 2.0},
        "missing": {},
        **fields,
    }
    return RecipeSummary(**{**empty, **values})


def test_healed_runs_are_not_credited_to_their_recipe() -> None:
    whole, part, none = (summary_of("a", [3.0, 3.1], healed=count) for count in (2, 1, 0))
    other = summary_of("b", [5.0, 5.2])
    end = "Healed while they trained, so no longer with the recipe's settings: 2 of 2 seeds of a."
    assert in_words([whole, other]).endswith(end)
    assert "recipe's settings: 1 of 2 seeds of a." in in_words([part])
    assert "Healed" not in in_words([none, other])


def test_words_name_best_and_worst_and_why() -> None:
    first, second = sentences(
        [
            summary_of("wgan-gp", [3.0, 3.1, 3.2], captured=Spread(10, 0, 10, 10, 3), modes=10),
            summary_of(
                "minimax",
                [6.0, 6.2, 6.4],
                captured=Spread(4, 1, 3, 5, 3),
                modes=10,
                missing={"1": 3, "8": 1},
                logit_slope_start=0.5,
                logit_slope_end=0.003,
            ),
            summary_of("r1", [4.0, 4.1, 4.2]),
        ]
    )
    assert first == (
        "wgan-gp came closest to the real data: its EMD is 3.10 ± 0.10 over 3 seeds, where real rows "
        "against real rows measure 2.00 (the floor), with 10 of 10 modes captured."
    )
    assert second == (
        "minimax did worst: EMD 6.20 ± 0.20, with 3 to 5 of 10 modes captured; its median |dL/dlogit| "
        "fell from 0.500 to 0.00300, so its loss passed on almost no gradient; missing in every seed: 1."
    )


def test_words_admit_that_seeds_do_not_separate() -> None:
    first, second = sentences([
        summary_of("a", [3.0, 3.2, 3.4]), summary_of("b", [3.1, 3.3, 3.5]), summary_of("c", [6.0, 6.1, 6.2]),
    ])  # fmt: skip
    assert "the seeds do not separate it from b (3.30 ± 0.20)" in first
    assert second.startswith("c did worst")
    assert second.endswith("no other number here says why.")
    _, second = sentences([summary_of("a", [3.0, 3.2, 3.4]), summary_of("b", [3.1, 3.3, 3.5])])
    assert "worst" not in second
    assert "b has the highest EMD (3.30 ± 0.20), but its seeds overlap with those of a" in second


def test_a_gradient_that_never_was_did_not_fall() -> None:
    flat = summary_of("minimax", [6.0, 6.1], logit_slope_start=0.001, logit_slope_end=0.002)
    second = sentences([summary_of("a", [3.0, 3.1]), flat])[1]
    assert "its median |dL/dlogit| was 0.00200 at the end" in second
    assert "fell" not in second


def test_words_let_uncaptured_modes_speak_for_themselves() -> None:
    few = summary_of("b", [6.0, 6.1], captured=Spread(3, 0, 3, 3, 2), modes=8)
    second = sentences([summary_of("a", [3.0, 3.1]), few])[1]
    assert second == "b did worst: EMD 6.05 ± 0.07, with 3 of 8 modes captured."


def test_words_on_a_single_recipe() -> None:
    good = summary_of(
        "r1",
        [3.0, 3.2],
        captured=Spread(10, 0, 10, 10, 2),
        modes=10,
        high_quality=spread([0.8, 0.9]),
        logit_slope_start=0.5,
        logit_slope_end=0.4,
    )
    assert sentences([good]) == (
        "r1 reached an EMD of 3.10 ± 0.14 over 2 seeds, where real rows against real rows measure 2.00 (the "
        "floor), with 10 of 10 modes captured; 85 ± 7 % of its samples are of high quality.",
        "No mode is missing; its median |dL/dlogit| went from 0.500 to 0.400.",
    )
    poor = in_words(
        [good._replace(metrics={**good.metrics, "high_quality": spread([0.1, 0.1])}, missing={"4": 2})]
    )
    assert poor.count("high quality") == 1
    assert "Missing in every seed: 4; only 10 ± 0 % of its samples are of high quality" in poor


def test_words_call_an_order_of_single_seeds_chance() -> None:
    first, _ = sentences([summary_of("a", [3.0]), summary_of("b", [9.0])])
    assert first.endswith("a single seed shows no spread, so the order may be chance.")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 1.2], [2.0, 2.2], True),
        ([1.0, 2.1], [2.0, 2.2], False),  # the ranges touch
        (
            [1.0, 1.0, 1.0, 1.9],
            [2.0, 2.0, 2.0, 2.9],
            False,
        ),  # 1.9 lies above 2.225 - 0.45
        ([1.0], [2.0, 2.1], None),
    ],
)
def test_separated(a: list[float], b: list[float], expected: bool | None) -> None:
    one, other = spread(a), spread(b)
    assert one is not None
    assert other is not None
    assert separated(one, other) is expected
    assert separated(other, one) is expected


def test_words_on_divergence_and_on_nothing_measured() -> None:
    sound = summary_of("wgan-gp", [3.0, 3.1])
    lost = summary_of("minimax", [1.0, 1.0], emd=None, diverged=2, diverged_at=120)
    assert sentences([sound, lost])[1] == "minimax did worst: all 2 seeds diverged, the first at step 120."
    partly = summary_of("minimax", [6.0, 6.1, 1.0], diverged=1, diverged_at=120)
    assert sentences([sound, partly])[1].endswith(
        "diverged and therefore not averaged: 1 of 3 seeds of minimax."
    )
    both = sentences([sound, lost, lost._replace(recipe="wgan")])[1]
    assert both.startswith("minimax did worst: all 2 seeds diverged")
    assert both.endswith("diverged and therefore not averaged: 2 of 2 seeds of wgan.")
    assert sentences([lost])[0] == "All 2 runs diverged, the first at step 120."
    assert "nothing can be compared" in in_words([sound, summary_of("r1", [1.0], emd=None)])


def test_words_on_an_exploding_critic() -> None:
    wild = summary_of("wgan", [5.0, 5.1], objective="wasserstein", generator_gradient_start=20.0,
                      generator_gradient_end=1e3, gap_over_emd=Spread(21.4, 1.0, 20.0, 22.0, 2))  # fmt: skip
    second = sentences([summary_of("wgan-gp", [3.0, 3.1]), wild])[1]
    assert "the norm of its generator's gradient grew from 20.0 to 1,000" in second
    assert "its critic reads 21.4 times the exact EMD, far from 1-Lipschitz" in second


def test_words_are_always_two_sentences() -> None:
    cases = [
        [summary_of("a", [3.0])],
        [summary_of("a", [3.0, 3.1]), summary_of("b", [3.0, 3.2])],
        [summary_of("a", [1.0], emd=None)],
        [summary_of("a", [1.0], emd=None, diverged=1, diverged_at=3), summary_of("b", [2.0, 2.1])],
    ]
    for case in cases:
        assert in_words(case).replace(". ", ".\n").count("\n") == 1
        assert in_words(case).endswith(".")
