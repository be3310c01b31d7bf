"""Files of a run folder: whole or absent, and readable after a kill."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ganscope.folder import files


def test_json_holds_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"emd": math.nan, "kl": math.inf, "shape": (1, 2), "x": 1.5})
    assert files.read_json(path) == {"format": 1, "emd": None, "kl": None, "shape": [1, 2], "x": 1.5}
    assert "NaN" not in path.read_text()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"x": 1})

    def fail() -> None:
        with files.whole_file(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert files.read_json(path)["x"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_floats_survive_to_the_last_bit(tmp_path: Path) -> None:
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -2.5e-17]
    files.append_rows(tmp_path / "h.jsonl", [{"step": i, "v": v} for i, v in enumerate(values)])
    files.keep_rows(tmp_path / "h.jsonl", 99)
    assert [row["v"] for row in files.read_rows(tmp_path / "h.jsonl")] == values


def test_rows_after_a_step_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    files.append_rows(path, [{"step": step} for step in range(6)])
    text = path.read_text()
    path.write_text(text + '{"step": 6, "tor')
    files.keep_rows(path, 3)
    assert path.read_text() == "".join(text.splitlines(keepends=True)[:4])


def test_damage_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text('{"step": 0}\n{"st\n{"step": 2}\n')
    with pytest.raises(ValueError, match="line 2"):
        files.read_rows(path)
    assert files.read_rows(tmp_path / "absent.jsonl") == []
    (tmp_path / "list.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match="no JSON object"):
        files.read_json(tmp_path / "list.json")
