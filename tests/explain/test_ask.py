"""`ganscope explain`: the command, its folder, its page. What the questions measure is tested by subject."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ganscope as gs
from ganscope.cli import app
from ganscope.explain import QUESTIONS, Answer, Figure, Published, Table, ask, find
from ganscope.explain.answer import from_json, to_json
from ganscope.explain.page import render
from ganscope.explain.store import as_csv
from ganscope.folder import files
from ganscope.folder.lock import locked

QUICK = "chain-rule"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "explain"
    ask([QUICK], seeds=1, out=folder)
    return folder


def refusal(capsys: pytest.CaptureFixture[str], line: str) -> str:
    """What a line is refused with: one sentence on stderr, exit code 2, nothing on stdout."""
    assert app.main(["explain", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ganscope: ")
    return err


def test_an_answer_survives_json() -> None:
    answer = Answer(
        3, "Why?", "So. Thus.", ("x_{1}",), "how", (Figure({"data": []}, "see"),),
        (Table("t", ("a", "b"), (("1", "2"),)),), ("no",), (Published("A", "b", "c", "d", True),),
        ({"x": 1.0, "y": "z"},), (0, 1), True, 2.5,
    )  # fmt: skip
    assert from_json(json.loads(json.dumps(to_json(answer)))) == answer


def test_questions_are_found_by_number_and_by_subject() -> None:
    assert find([]) == sorted(QUESTIONS)
    assert find(["1", QUICK, "1"]) == [1]
    assert list(QUESTIONS) == sorted(QUESTIONS)


def test_an_unknown_question_shows_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("99", "0", "1.5", "why"):
        text = refusal(capsys, word)
        assert repr(word) in text
        for question in QUESTIONS.values():
            assert question.asked in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1 --seeds 0", "--seeds 0 cannot be used: give a number of seeds from 1"),
        ("1 --seeds -3", "--seeds -3 cannot be used"),
        ("1 --seeds many", "--seeds 'many' cannot be used: give a whole number"),
        ("1 --sedes 2", "--sedes"),
    ],
)
def test_bad_numbers_of_seeds(capsys: pytest.CaptureFixture[str], line: str, told: str) -> None:
    assert told in refusal(capsys, line)


def test_folders_that_are_something_else_are_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    assert "holds other files (thesis.tex)" in refusal(capsys, f"1 --out {tmp_path}")
    assert "holds other files" in refusal(capsys, f"1 --overwrite --out {tmp_path}")
    assert "is a file" in refusal(capsys, f"1 --out {tmp_path / 'thesis.tex'}")
    assert "cannot be written" in refusal(capsys, f"1 --out {tmp_path / 'thesis.tex' / 'under'}")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_in_use_is_refused(capsys: pytest.CaptureFixture[str], asked: Path) -> None:
    with locked([asked]):
        assert f"is in use by process {os.getpid()}" in refusal(capsys, f"1 --seeds 1 --out {asked}")


def test_answers_of_other_settings_are_kept_unless_told(
    capsys: pytest.CaptureFixture[str], asked: Path
) -> None:
    text = refusal(capsys, f"1 --seeds 2 --out {asked}")
    assert "holds answers with seeds [0]" in text
    assert "--overwrite" in text


def test_finished_answers_are_kept(asked: Path) -> None:
    answer = next((asked / "answers").iterdir())
    before = answer.stat().st_mtime_ns
    explained = ask([QUICK], seeds=1, out=asked)
    assert explained.kept == (1,)
    assert explained.failures == {}
    assert answer.stat().st_mtime_ns == before


def test_a_damaged_answer_is_named(asked: Path) -> None:
    path = next((asked / "answers").iterdir())
    sound = path.read_text()
    try:
        path.write_text(sound.replace("-100", "-101"))
        with pytest.raises(gs.BadInput, match=f"{path.name} was changed"):
            ask([QUICK], seeds=1, out=asked)
    finally:
        path.write_text(sound)


def test_data_are_csv(asked: Path) -> None:
    with (asked / "data" / f"01-{QUICK}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["part"] for row in rows} >= {"factors", "chain"}
    at = {(row["loss"], row["logit"]): float(row["dL/dz"]) for row in rows if row["part"] == "factors"}
    assert at["minimax", "0.0"] == at["non-saturating", "0.0"] == -0.5
    assert as_csv([]) == "\n"


def test_the_page_stands_alone_and_says_all(asked: Path) -> None:
    page = (asked / "index.html").read_text()
    stored = from_json(files.read_json(next((asked / "answers").iterdir())))
    words = page[: page.index("<script>")].replace("−", "-").replace("&#x27;", "'")
    for text in (stored.question, stored.answer, *stored.mistakes, stored.protocol):
        assert text in words
    assert "http" not in page[: page.index("<script>")].replace("http-equiv", "")
    assert f'href="data/01-{QUICK}.csv"' in words
    assert "ganscope explain 1 --seeds 1" in words


def test_text_cannot_break_the_page() -> None:
    evil = "</script><b>"
    answer = Answer(
        1, evil, evil, (evil,), evil, (Figure({"data": [], "layout": {"height": 99}}, evil),),
        (Table(evil, (evil,), ((evil,),)),), (evil,), (Published(evil, evil, evil, evil, False),), (), (),
    )  # fmt: skip
    page = render([answer])
    assert evil not in page
    assert '<span class="missed">not reached</span>' in page


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "explain"
    command = [sys.executable, "-m", "ganscope", "explain", "1", "--seeds", "900", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()  # the first sign of the worker's progress
    assert line.startswith(QUICK)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "everything is saved. Go on with: ganscope explain 1 --seeds 900" in said
    assert not list((out / "answers").iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
def test_workers_leave_with_a_killed_parent(tmp_path: Path) -> None:
    out = tmp_path / "explain"
    command = [sys.executable, "-m", "ganscope", "explain", "1", "--seeds", "900", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(QUICK)
    (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}/cmdline").exists() and time.monotonic() < deadline:
        if not Path(f"/proc/{worker}/cmdline").read_text():  # a zombie, left for init to bury
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{worker}").exists()
    with locked([out]):
        pass
