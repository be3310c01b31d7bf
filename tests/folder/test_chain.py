"""Rows that carry a check: whatever happens to one of them is seen, and what stands before it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ganscope.contracts import BadInput
from ganscope.folder import chain, files

ROWS = [{"step": step, "v": step / 3, "name": "ü\u2028"} for step in range(0, 60, 10)]
Lines = list[bytes]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "h.jsonl"
    for row in ROWS:
        files.append_rows(place, [row])
    return place


def test_the_check_is_the_keyed_hash_of_all_before(path: Path) -> None:
    before = ""
    for line in path.read_text().split("\n")[:-1]:
        said = json.loads(line)["check"]
        text = line.replace(f', "check": "{said}"', "")
        before = hashlib.blake2b(text.encode(), digest_size=8, key=before.encode()).hexdigest()
        assert said == before
    assert files.last_check(path) == before


def test_rows_are_read_without_their_checks(path: Path) -> None:
    assert files.read_rows(path) == ROWS


DAMAGES: dict[str, tuple[Callable[[Lines], Lines], int, str]] = {
    "digit": (lambda rows: [*rows[:2], rows[2].replace(b"20", b"30", 1), *rows[3:]], 3, "step 30"),
    "removed": (lambda rows: rows[:2] + rows[3:], 3, "step 30"),
    "removed first": (lambda rows: rows[1:], 1, "step 10"),
    "doubled": (lambda rows: rows[:3] + rows[2:], 4, "step 20"),
    "swapped": (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], 2, "step 20"),
    "check": (lambda rows: [*rows[:4], rows[4][:-4] + b'0"}', *rows[5:]], 5, "step 40"),
    "no check": (lambda rows: [*rows[:4], chain.stated(rows[4])[0], *rows[5:]], 5, "step 40"),
    "no object": (lambda rows: [*rows[:3], rows[3][1:], *rows[4:]], 4, "after step 20"),
    "blank": (lambda rows: [*rows[:3], b"", *rows[3:]], 4, "after step 20"),
    "blank at the start": (lambda rows: [b"", *rows], 1, "line 1:"),
    "another run's": (lambda rows: [*rows[:2], chain.sealed("0" * 16, '{"step": 20}')[1][:-1]], 3, "step 20"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_row_is_named_and_those_before_it_are_read(case: str, path: Path) -> None:
    damage, line, said = DAMAGES[case]
    path.write_bytes(b"\n".join(damage(path.read_bytes().split(b"\n")[:-1])) + b"\n")
    with pytest.raises(BadInput, match=rf"h\.jsonl is damaged in line {line}\b.*restore it") as refused:
        files.read_rows(path)
    assert said.strip(":") in str(refused.value)
    assert files.whole_rows(path).rows == ROWS[: line - 1]
    files.keep_rows(path, 10**6)  # a run that goes on cuts it off
    assert files.read_rows(path) == ROWS[: line - 1]


def test_what_a_kill_tears_off_is_written_again(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    read = files.whole_rows(path)
    assert (read.rows, read.damage and read.damage.torn) == (ROWS[:-1], True)
    assert files.read_rows(path) == ROWS[:-1]
    files.append_rows(path, [ROWS[-1]])
    assert path.read_bytes() == content


def test_only_the_end_of_a_line_may_lack(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert files.read_rows(path) == ROWS
    files.keep_rows(path, 10**6)
    assert path.read_bytes() == content


def test_an_editor_that_ends_lines_its_own_way_does_no_harm(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert files.read_rows(path) == ROWS
    path.write_bytes(path.read_bytes().replace(b'"step": 40', b'"step": 41'))
    with pytest.raises(BadInput, match=r"line 5 \(step 41\)"):
        files.read_rows(path)


def test_long_rows_are_continued(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    for step in range(3):
        files.append_rows(path, [{"step": step, "v": [step] * 3 * files.TAIL}])
        files.append_rows(path, [{"step": step}, {"step": step, "w": 1}])
    assert len(files.read_rows(path)) == 9


def test_a_file_of_an_early_version_is_read_and_continued_under_a_check(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert files.read_rows(path) == ROWS
    end = files.last_check(path)
    files.append_rows(path, [{"step": 60}])
    assert end == files.whole_rows(path).checks[-2]
    assert files.read_rows(path) == [*ROWS, {"step": 60}]
    path.write_bytes(path.read_bytes().replace(b'"step": 10', b'"step": 11'))
    with pytest.raises(BadInput, match=r"line 7 \(step 60\).*or in one before it"):
        files.read_rows(path)


def test_rows_cut_back_and_written_again_are_the_same_bytes(path: Path) -> None:
    content = path.read_bytes()
    files.keep_rows(path, 25)
    assert len(path.read_bytes().splitlines()) == 3
    files.append_rows(path, ROWS[3:])
    assert path.read_bytes() == content
