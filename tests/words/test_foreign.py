"""Names of others are shown and do nothing."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from ganscope.words.foreign import LONGEST, all_shown, encodable, named, shown
from ganscope.words.lists import listed, some
from ganscope.words.sentences import reason, shortened

HOSTILE = {
    "colour": ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    "title": ("\x1b]0;mine\x07", r"\x1b]0;mine\x07"),
    "bell": ("ding\a", r"ding\x07"),
    "one-byte escape": ("\x9b31m", r"\x9b31m"),
    "back": ("safe\b\b\b\bevil", r"safe\x08\x08\x08\x08evil"),
    "line": ("a\nganscope: all is well.", r"a\nganscope: all is well."),
    "overwritten": ("evil\rgood", r"evil\rgood"),
    "tab": ("a\tb", r"a\tb"),
    "right to left": ("x\u202egpj.exe", r"x\u202egpj.exe"),
    "isolate": ("\u2066x\u2069", r"\u2066x\u2069"),
    "zero width": ("pay\u200bpal", r"pay\u200bpal"),
    "joiner": ("a\u200db", r"a\u200db"),
    "mark": ("\ufeffid", r"\ufeffid"),
    "soft hyphen": ("a\xadb", r"a\xadb"),
    "line separator": ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
    "no UTF-8": ("\udcff.csv", r"\udcff.csv"),
    "delete": ("a\x7fb", r"a\x7fb"),
    "tag": ("a\U000e0041", r"a\U000e0041"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_seen_is_escaped(case: str) -> None:
    name, said = HOSTILE[case]
    assert shown(name) == named(name) == some([name]) == listed([name]) == said
    assert all_shown({"a": [name]}) == {"a": [said]}


def test_every_character_is_shown_or_escaped() -> None:
    # as Python itself judges, but for blanks other than the usual one, private and unassigned characters
    for code in [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFFF0, 0x10010), *range(0xE0000, 0xE0100)]:
        text = shown(chr(code))
        assert text == chr(code) or (text.startswith("\\") and text.isascii()), hex(code)
        if text == chr(code) and not text.isprintable():
            assert unicodedata.category(chr(code)) in {"Zs", "Co", "Cn"}, hex(code)
    assert sys.maxunicode == 0x10FFFF


@pytest.mark.parametrize("name", ["Größe", "年齢", "העברית", "naïve café", "[red]", "a_b-c.1", "🙂", ""])
def test_letters_of_every_script_stay(name: str) -> None:
    assert shown(name) == name


def test_long_names_lose_their_middle() -> None:
    text = "start" + "x" * 500 + "\x1b" * 9 + "end"
    assert len(named(text)) <= LONGEST
    assert named(text).startswith("start")
    assert named(text).endswith(r"\x1bend")
    assert shortened("a \x1b b" + "c" * 50).startswith(r"a \x1b b")
    assert reason(ValueError("bad \x07 name")) == r"bad \x07 name"


def test_json_holds_any_name_and_reads_the_same() -> None:
    value = {"path": "\udcff\ud83d 🙂.csv"}
    text = encodable(json.dumps(value, ensure_ascii=False))
    assert json.loads(text.encode()) == value
