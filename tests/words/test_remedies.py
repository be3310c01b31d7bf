"""Each refusal of the system has a sentence and a remedy of its own."""

from __future__ import annotations

import errno
import os

import pytest

from ganscope.cli.endings import ending
from ganscope.words.remedies import TROUBLES, refusal, trouble


@pytest.mark.parametrize("number", TROUBLES)
def test_a_refusal_is_one_sentence_with_a_remedy(number: int) -> None:
    error = OSError(number, os.strerror(number), "runs/x")
    said = refusal("runs/x cannot be written", error)
    assert said.startswith("runs/x cannot be written (")
    assert said.endswith(".")
    assert said.count(": ") == 1
    sentence, code = ending(error)
    assert "runs/x cannot be used" in sentence
    assert code == (2 if TROUBLES[number].given else 1)


def test_only_a_full_disk_asks_for_room() -> None:
    asks = {number for number in TROUBLES if "room" in trouble(OSError(number, "")).remedy}
    assert asks == {errno.ENOSPC, errno.EDQUOT}


def test_an_unknown_refusal_is_told_in_the_words_of_the_system() -> None:
    assert "Exec format error" in refusal("x cannot be read", OSError(errno.ENOEXEC, "Exec format error"))
    assert ending(OSError("odd"))[0] == "a file cannot be used (odd): check the path."
