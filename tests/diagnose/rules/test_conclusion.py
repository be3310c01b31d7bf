"""The four answers for a run, and the eleventh line of its status."""

from __future__ import annotations

import math

import pytest

from ganscope.diagnose.rules import conclusion as answers
from ganscope.diagnose.rules.conclusion import Answer, lacking_words
from ganscope.diagnose.rules.verdict import CHECKS, judge
from tests.diagnose.rules.recorded import BAD, GOOD, run


def test_samples_like_real_rows_are_healthy() -> None:
    said = judge(run(lambda number: GOOD, probes=90))
    assert said.answer.kind == "healthy"
    assert said.answer.sentence.startswith(
        "Healthy: the samples are as close to the data as real rows (W1 0.26"
    )
    assert set(said.status) == set(CHECKS)
    assert said.status["unconverged"] == "fine"


@pytest.mark.parametrize("name", ["recall", "precision", "coverage", "w1"])
def test_one_number_that_is_plainly_bad_suffices(name: str) -> None:
    """A twin of the healthy run in one number: never healthy."""
    said = judge(run(lambda number: {**GOOD, name: BAD[name]}, probes=90))
    assert said.answer.kind in ("not there yet", "faulty")
    assert said.status["unconverged"] == "fault"


def test_a_run_that_comes_nearer_says_pace_and_steps() -> None:
    def nearer(number: int) -> dict[str, float]:
        return {**GOOD, "w1": 0.25 + 2.0 * 0.97**number}

    went = judge(run(nearer, probes=60)).answer
    assert went.kind == "not there yet"
    assert went.progress.stopped is False
    # the excess falls by 3 % in ten steps; it has to come from 8 x 0.97^50, five comparisons back, to 0.45
    expected = math.log((8 * 0.97**50 + 0.04) / 0.45) / -math.log(0.97) * 10
    assert went.progress.more is not None
    assert went.progress.more == pytest.approx(expected, rel=0.05)
    assert "steps more" in went.sentence
    assert went.advice == f"Train on: about {answers.rounded_up(went.progress.more):,} steps more."
    near = judge(run(nearer, probes=60 + went.progress.more // 10)).answer
    assert near.kind == "healthy"


def test_single_looks_scatter_about_a_line_and_the_median_of_three_does_not() -> None:
    """Of samples 1.3 floors away, looks that scatter by a fifth of a floor."""
    around = [1.5, 1.2, 1.3]
    said = judge(run(lambda number: {**GOOD, "w1": 0.25 * around[number // 5 % 3]}, probes=90)).answer
    assert said.kind == "healthy"
    beyond = judge(run(lambda number: {**GOOD, "w1": 0.25 * (around[number // 5 % 3] + 0.3)}, probes=90))
    assert beyond.answer.kind == "not there yet"
    left = {**GOOD, "w1": 1.0}  # near all the time, and then not any more
    gone = judge(run(lambda number: left if number >= 85 else GOOD, probes=90)).answer
    assert gone.kind == "not there yet"


def test_a_run_that_stays_far_has_stopped_and_names_suspects_by_rank() -> None:
    slow = judge(run(lambda number: {**GOOD, **BAD, "starved": 0.0, "imbalance": 0.1}, g_update=1e-6)).answer
    assert slow.kind == "not there yet"
    assert slow.progress.stopped is True
    assert "stopped improving above the floor (W1 1.00, floor 0.250; recall 0.10" in slow.sentence
    assert slow.suspects[0].startswith("the generator's learning rate is too low")
    assert slow.nearest == "g_lr too low"
    assert slow.advice.startswith("Raise the generator's learning rate: a step changes its weights by 1e-06")
    averaged = judge(run(lambda number: BAD, about={"average": 0.9999})).answer
    assert averaged.suspects[0] == (
        "a moving average of decay 0.9999, over 10,000 steps, is longer than a third of the run's 590"
    )


def test_samples_of_the_average_decide_where_there_is_one() -> None:
    sampled = {"w1": 1.5, "energy": 0.5, "recall": 0.1, "precision": 0.1, "coverage": 0.1, "starved": 0.3}
    said = judge(run(lambda number: {**GOOD, "sampled": sampled}, probes=90)).answer
    assert said.kind == "not there yet"
    assert "W1 1.50" in said.sentence


def test_a_young_run_cannot_be_judged_and_says_from_when() -> None:
    said = judge(run(lambda number: GOOD, probes=3)).answer
    assert said.kind == "cannot tell"
    assert said.lacking["unconverged"] == 100
    assert said.lacking["mode-collapse"] == 150
    assert said.lacking["oscillation"] == 25 + 5 * (150 - 6)
    later = judge(run(lambda number: GOOD, probes=17)).answer
    assert later.kind == "healthy"
    assert "mode-collapse" not in later.lacking


def test_a_verdict_makes_a_run_faulty() -> None:
    said = judge([*run(lambda number: GOOD), {"step": 700, "nonfinite": "generator", "module": "0.weight"}])
    assert said.answer.kind == "faulty"
    assert said.answer.sentence.startswith("Faulty: 1 verdict, ")


def test_an_answer_survives_a_file() -> None:
    for rows in (run(lambda number: GOOD), run(lambda number: BAD), run(lambda number: GOOD, probes=2), []):
        told = judge(rows).answer
        back = answers.from_json(told.as_json())
        assert back._replace(progress=told.progress) == told
        assert str(back.progress) == str(told.progress)


@pytest.mark.parametrize(
    ("samples", "label"),
    [
        ({"recall": 0.2, "precision": 0.7}, "mode-collapse (within-mode)"),
        ({"recall": 0.6, "precision": 0.7}, None),
        (
            {"duplicates": 0.9, "distinct": 0.2, "precision": 0.0, "recall": 0.0},
            "mode-collapse (within-mode)",
        ),
        ({"duplicates": 0.3, "distinct": 0.8, "precision": 0.0, "recall": 0.0}, None),
        ({"duplicates": 0.9, "distinct": 0.5, "precision": 0.0, "recall": 0.0}, None),
        ({"pairwise": 0.4, "starved": 0.7, "precision": 0.0, "recall": 0.0}, "mode-collapse (total)"),
        ({"pairwise": 0.7, "starved": 0.7, "precision": 0.0, "recall": 0.0}, "mode-collapse (dropped-modes)"),
        (
            {"pairwise": 0.7, "starved": 0.3, "missing": [1, 2], "precision": 0.0, "recall": 0.1},
            "mode-collapse (dropped-modes)",
        ),
        ({"pairwise": 1.0, "starved": 0.7, "precision": 0.0, "recall": 0.0}, None),
        ({"pairwise": 0.4, "starved": 0.2, "precision": 0.0, "recall": 0.0}, None),
    ],
)
def test_collapse_that_nobody_planted(samples: dict[str, float], label: str | None) -> None:
    """Few distinct rows, a fraction of the recall, a small cloud; each beside a twin that is none."""
    said = judge(run(lambda number: {**GOOD, "w1": 0.6, **samples}, probes=90))
    assert [v.label for v in said.verdicts if v.name == "mode-collapse"] == ([label] if label else [])
    assert said.answer.kind != "healthy"


def test_words_of_what_is_awaited() -> None:
    assert lacking_words({"a": 20, "b": None, "c": 20}) == (
        "Evidence is lacking for a and c (until step 20). Undecided: b."
    )
    assert str(Answer("healthy", "Healthy.")) == "Healthy."
