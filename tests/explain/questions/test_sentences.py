"""Every sentence of an answer follows its measurement: altered numbers alter it, opposite ones reverse it."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from ganscope.explain import QUESTIONS, Answer
from ganscope.explain.page import render
from tests.explain.questions import invented

MEASURED = sorted(set(invented.QUESTIONS))
SETTINGS: dict[int, set[str]] = {
    1: {"-100", "0.01", "0.0099", "-0.99", "-0.01", "-1.01", "1", "-1"},
    2: {"10", "2"},
    3: {"1.2"},
    4: {"1", "2", "10", "600", "6"},
    5: {"12", "1"},
    6: set(),
    7: {"12", "0.1", "0.01", "0.001"},
    8: {"10", "1", "2", "10.0", "6.00"},
    9: {"8", "16", "32", "128"},
    10: {"1", "2", "0.01", "8", "4"},
    11: {"0.03", "0.1", "10"},
    12: set(),
}
"""Numbers that an answer may hold whatever is measured: settings, closed forms, counts of what is fixed."""
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*\.?\d*(?:e-?\d+)?")
WORDS = re.compile(r"hundred(?!th)|thousand(?! times)|decades? for|fivefold|tenfold|a dozen", re.IGNORECASE)


def answered(number: int, bend: invented.Bend, **changes: Any) -> Answer:
    module, invent = invented.QUESTIONS[number]
    told = module.answer(invent(bend, **changes))
    assert isinstance(told, Answer)
    return told


def same(value: float) -> float:
    return value


def other(value: float) -> float:
    """Change a number, ratios of numbers too, without turning any comparison round."""
    return math.copysign(1.37 * abs(value) ** 1.13, value)


def numbers(text: str) -> set[str]:
    """All numbers of a text but zeros, which a spread of equal seeds has."""
    written = {match.group().rstrip(",.") for match in NUMBER.finditer(text)}
    return {number for number in written if float(number.replace(",", ""))}


def test_every_question_has_an_invented_measurement() -> None:
    assert set(MEASURED) == set(QUESTIONS)


@pytest.mark.parametrize("number", MEASURED)
def test_no_measured_number_is_typed_into_the_answer(number: int) -> None:
    one, changed = (answered(number, bend).answer for bend in (same, other))
    assert one != changed
    assert numbers(one) & numbers(changed) <= SETTINGS[number], one
    assert not WORDS.search(one), one


@pytest.mark.parametrize("number", MEASURED)
def test_figures_tables_and_rows_follow_too(number: int) -> None:
    one, changed = (answered(number, bend) for bend in (same, other))
    assert one.tables != changed.tables
    assert one.rows != changed.rows
    assert [figure.plot for figure in one.figures] != [figure.plot for figure in changed.figures]
    assert f"ganscope explain {number}" in render([one])


OPPOSITES: list[tuple[int, dict[str, Any], str, str]] = [
    (3, {"minimax": 3.0}, "almost nothing", "no less than before"),
    (
        3,
        {"slope": 0.01},
        "what vanishes is the sigmoid's slope",
        "the sigmoid is not the only factor to blame",
    ),
    (4, {"flipped": 1e-6}, "so the signal survives", "so the signal does not survive"),
    (5, {"gap": 0.5}, "read too high", "read too low"),
    (5, {"gap": 1.0}, "read too high", "read about right"),
    (5, {"certified": 1.3}, "below the truth, as it must be", "exceeds the truth: a fault"),
    (6, {"samples": 9.0}, "the danger does not show here", "did become steeper in between"),
    (7, {"penalised": 3.0}, "The penalty. At depth", "Neither is without fault. At depth"),
    (
        7,
        {"certified": 0.2},
        "the penalised critic is the better ruler",
        "the clipped critic is the better ruler",
    ),
    (8, {"missing": 0}, "here it is caught in the act", "but here it did not happen"),
    (9, {"first": 0.5}, "Depth matters through the gradient", "Depth did not cost much of the gradient here"),
    (10, {"r1": 2.0}, "R1 calms small networks as well", "On small networks R1 does not help"),
    (10, {"radius": 0.5}, "exactly these arrive", "those that arrive are none"),
    (11, {"sign": -1.0}, "in every seed", "in no seed"),
    (12, {"slow": 2.0}, "the generator learns only what", "did not always leave the generator farther"),
    (12, {"fresh": 0.5}, "What gives it away is", "does not give it away here"),
]


@pytest.mark.parametrize(("number", "changes", "told", "reversed_"), OPPOSITES)
def test_a_measurement_that_says_the_opposite_reverses_the_sentence(
    number: int, changes: dict[str, Any], told: str, reversed_: str
) -> None:
    expected, opposite = answered(number, same).answer, answered(number, same, **changes).answer
    assert told in expected
    assert reversed_ not in expected
    assert reversed_ in opposite
    assert told not in opposite


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (3, {"minimax": 0.1}),
        (4, {"flipped": 0.5}),
        (5, {"certified": 1.3}),
        (7, {"penalised": 3.0}),
        (10, {"radius": 0.5}),
    ],
)
def test_published_figures_are_missed_where_the_measurement_misses_them(
    number: int, changes: dict[str, Any]
) -> None:
    assert all(entry.reached for entry in answered(number, same).published)
    missed = answered(number, same, **changes).published
    assert not all(entry.reached for entry in missed)


@pytest.mark.parametrize("number", MEASURED)
def test_captions_and_mistakes_hold_no_number_words_for_results(number: int) -> None:
    told = answered(number, same)
    for text in (*(figure.caption for figure in told.figures), *told.mistakes):
        assert not WORDS.search(text), text
