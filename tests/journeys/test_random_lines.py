"""A hundred command lines put together at random, each with something wrong: exit code 2 and one sentence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ganscope.cli import app
from ganscope.cli.commands import COMMANDS
from tests.journeys.place import tree
from tests.journeys.sentences import assert_a_clear_sentence

OBJECTS = [
    "run",
    "both",
    "cut",
    "nowhere",
    "notes.txt",
    "nothing",
    "images",
    "ring",
    "rows.csv",
    "r1",
    "",
    ".",
    "/",
    "-",
]
WRONG = [
    word.split(" ", 1)
    for word in (
        "--nope", "--nope 3", "--seed x", "--seed 1.5", "--seed", "--steps -1", "--steps 0",
        "--steps 1e400", "--steps " + "9" * 400, "--g-lr nan", "--g-lr \u0663x", "--out \0",
        "--json=maybe", "--penalty r1+", "--network _", "--device cuda:x", "--=3", "---", "-n two", "-o",
        "--seeds 0", "--vary =",
        "--stack -2", "--budget time", "--fail-on all", "--engine \U0001f642", "--track a:b:c",
        "--batch-size 1_0x", "--out ",
    )
]  # fmt: skip


def line(seed: int) -> list[str]:
    rng = random.Random(seed)  # noqa: S311 - lines, no secret
    words = [*rng.choice(list(map(list, zip(COMMANDS)))), *rng.sample(OBJECTS, rng.randint(0, 2))]
    for wrong in rng.sample(WRONG, rng.randint(1, 3)):
        at = rng.randint(1, len(words))
        words[at:at] = wrong
    if rng.random() < 0.1:
        words[0] = words[0][1:]
    return words


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("seed", range(100))
def test_one_sentence_and_nothing_left(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    words = line(seed)
    before = tree(Path())
    code = app.main(words)
    out, err = capsys.readouterr()
    assert code == 2, (words, out, err)
    assert out == ""
    assert err.startswith("ganscope: ")
    assert_a_clear_sentence(err, [])
    assert tree(Path()) == before
