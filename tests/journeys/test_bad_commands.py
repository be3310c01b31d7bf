"""Wrong commands: a sentence of three lines at most, an exit code, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganscope.cli import app
from tests.journeys.bad_commands import COMMANDS
from tests.journeys.place import tree
from tests.journeys.sentences import assert_a_clear_sentence
from tests.processes import cold, finish, ganscope


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(case: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line, words = COMMANDS[case]
    before = tree(place)
    code = app.main(line.split())
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == ""
    assert err.startswith("ganscope: ")
    longest = max(line.split(), key=len)
    assert_a_clear_sentence(err.replace(longest, "...") if len(longest) > 200 else err, words)
    assert tree(place) == before


@pytest.mark.parametrize("case", ["data", "steps 0", "infinity in a table", "run there already", "command"])
def test_real_processes(case: str, place: Path) -> None:
    line, words = COMMANDS[case]
    before = tree(place)
    done = cold(*line.split()) if case == "data" else finish(ganscope(*line.split()))
    assert (done.returncode, done.stdout) == (2, "")
    assert_a_clear_sentence(done.stderr, words)
    assert tree(place) == before
