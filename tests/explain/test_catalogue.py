"""What `--full` reaches: the questions that have a longer way, and no others."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ganscope.cli import app
from ganscope.explain import QUESTIONS, answered

SOURCES = Path(__file__).parents[2] / "src" / "ganscope" / "explain" / "questions"


def module_of(number: int) -> ModuleType:
    return importlib.import_module(f"ganscope.explain.questions.{QUESTIONS[number].subject}")


@pytest.mark.parametrize("number", QUESTIONS)
def test_only_questions_with_a_longer_way_are_told_of_full(number: int) -> None:
    expected = ["seeds", "full", "progress"] if QUESTIONS[number].longer else ["progress"]
    assert list(inspect.signature(module_of(number).measure).parameters) == expected


def test_no_question_ignores_what_it_is_told() -> None:
    assert not [path.name for path in SOURCES.glob("*.py") if "ARG001" in path.read_text()]


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_measured_is_what_is_answered(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Any, ...]] = []

    def measure(*arguments: Any) -> str:
        given.append(arguments)
        return "measured"

    monkeypatch.setattr(module_of(number), "measure", measure)
    monkeypatch.setattr(module_of(number), "answer", lambda m: f"answer to {m}")

    def progress(done: int, total: int) -> None: ...

    told: object = answered(number, [0, 1], True, progress)
    assert told == "answer to measured"
    assert given == [([0, 1], True, progress) if QUESTIONS[number].longer else (progress,)]


def test_the_list_says_what_full_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["explain", "--list", "--json"]) == 0
    listed = capsys.readouterr().out
    for question in QUESTIONS.values():
        assert question.longer in listed
    assert app.main(["explain", "--list"]) == 0
    assert capsys.readouterr().out.count("[--full:") == len(QUESTIONS)
