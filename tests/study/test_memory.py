"""The script that measures a watched loop's memory runs, and counts what it says it counts."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from validation import memory


def test_ten_looks_at_a_watched_loop(tmp_path: Path) -> None:
    torch.manual_seed(0)
    looks = memory.watched(500, tmp_path)
    assert [look["step"] for look in looks] == list(range(50, 501, 50))
    assert [look["rows"] for look in looks] == [
        1 + look["step"] // 10 + look["step"] // 100 for look in looks
    ]
    assert all(look["resident_mb"] > 50 for look in looks)
    assert (tmp_path / "verdicts.json").exists()


def test_the_record_is_flat() -> None:
    record = json.loads(memory.OUT.read_text())
    sizes = [look["resident_mb"] for look in record["looks"]]
    assert record["looks"][-1]["step"] == record["steps"] == 100_000
    assert max(sizes) - min(sizes) < 0.02 * min(sizes)
