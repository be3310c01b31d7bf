"""Published figures, measured again: the criteria, on the committed results of `make explain`."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from ganscope.explain import QUESTIONS
from ganscope.explain.answer import Answer, from_json
from ganscope.folder import files

STORED = Path(__file__).parents[3] / "docs" / "explain"

pytestmark = pytest.mark.skipif(not (STORED / "explain.json").exists(), reason="make explain was not run yet")


def stored(number: int) -> tuple[Answer, list[dict[str, str]]]:
    """The committed answer and its CSV."""
    name = f"{number:02d}-{QUESTIONS[number].name}"
    with (STORED / "data" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return from_json(files.read_json(STORED / "answers" / f"{name}.json")), rows


@pytest.mark.parametrize("number", [3, 4, 5, 10])
def test_published_figures_are_reached(number: int) -> None:
    answer, _ = stored(number)
    assert answer.published
    for entry in answer.published:
        assert entry.reached, f"{entry.source}: {entry.measured}"


def test_wgan_figure_2_from_the_stored_numbers() -> None:
    _, rows = stored(3)
    for seed in {row["seed"] for row in rows}:
        of = [r for r in rows if r["part"] == "line" and r["kind"] == "cross-entropy" and r["seed"] == seed]
        assert float(of[0]["minimax"]) / float(of[-1]["minimax"]) >= 1e5
        assert float(of[-1]["slope"]) > float(of[0]["slope"])
    for row in rows:
        if row["part"] == "between" and row["kind"] == "WGAN-GP":
            assert float(row["mean"]) == pytest.approx(1.2, rel=0.05)
            assert float(row["cv"]) < 0.05


def test_arjovsky_and_bottou_figure_2_from_the_stored_numbers() -> None:
    _, rows = stored(3)
    fallen: dict[str, list[float]] = {"minimax": [], "non-saturating": []}
    for loss, decades in fallen.items():
        of = [
            row for row in rows if row["part"] == "digits" and row["loss"] == loss and row["stage"] == "early"
        ]
        for seed in sorted({row["seed"] for row in of}):
            norms = [float(row["norm"]) for row in of if row["seed"] == seed]
            decades.append(math.log10(norms[0] / norms[-1]))
    assert max(fallen["minimax"]) >= 5
    assert min(fallen["minimax"]) >= 3
    assert max(fallen["non-saturating"]) < 1


def test_certified_bounds_from_the_stored_numbers() -> None:
    _, rows = stored(5)
    critic = [row for row in rows if row["part"] == "critic"]
    assert len(critic) >= 6
    for row in critic:
        assert float(row["certified_lower"]) <= float(row["exact"]) * (1 + 1e-12)


def test_stored_answers_are_the_code_s_questions() -> None:
    for number, question in QUESTIONS.items():
        answer, rows = stored(number)
        assert answer.question == question.asked
        assert len(rows) == len(answer.rows)


def test_every_question_has_its_place_on_the_committed_page() -> None:
    page, text = ((STORED / name).read_text() for name in ("index.html", "answers.md"))
    for number in QUESTIONS:
        assert f'id="q{number}"' in page
        assert f"## {number}. " in text
