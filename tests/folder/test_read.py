"""The one reader: what it returns is checked and parsed, and what is wrong is said in one wording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.folder import files, layout
from ganscope.folder.read import read, read_comparison, read_config, read_metrics
from ganscope.folder.records import load_comparison, load_record


def write(folder: Path, **changes: Any) -> Path:
    """Write the smallest description that can be read, with changes; None leaves an entry out."""
    described: dict[str, Any] = {
        "config": RunConfig(seed=3).model_dump(),
        "data": {"shape": [2]},
        "execution": {"form": "plain", "stack": [3], "threads": 2},
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / layout.CONFIG, {k: v for k, v in described.items() if v is not None})
    return folder


def test_a_plain_run(tmp_path: Path) -> None:
    described = read(write(tmp_path))
    assert described.config == RunConfig(seed=3)
    assert (described.stack, described.threads, described.healings) == ((tmp_path,), 2, 0)
    assert (described.auto, described.origin) == ((), None)


def test_what_a_run_may_say_besides(tmp_path: Path) -> None:
    chosen = {"field": "g_lr", "value": 0.1, "reason": "few rows"}
    described = read(write(tmp_path, auto=[chosen], **{"from": {"run": "/a", "step": 7}}, healings=2))
    assert [setting.field for setting in described.auto] == ["g_lr"]
    assert (described.origin, described.healings) == ((Path("/a"), 7), 2)


@pytest.mark.parametrize(
    ("execution", "stack"),
    [
        ({"stack": [3, 4], "folders": [".", "../../b/seed-4"]}, ["a/seed-3", "b/seed-4"]),
        ({"stack": [3, 4]}, ["a/seed-3", "a/seed-4"]),  # as stacks were written at first
    ],
)
def test_the_folders_of_a_stack(tmp_path: Path, execution: dict[str, Any], stack: list[str]) -> None:
    folder = write(tmp_path / "a" / "seed-3", execution={"threads": 1, **execution})
    assert read(folder).stack == tuple(tmp_path / place for place in stack)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": None}, "it lacks 'config'"),
        ({"data": {}}, "it lacks 'shape'"),
        ({"execution": {"stack": [0]}}, "it lacks 'threads'"),
        ({"config": {"steps": 0}}, "steps 0: "),
        ({"config": [1]}, "is damaged"),
        ({"data": 7}, "is damaged"),
        ({"auto": [{"field": "g_lr"}]}, "is damaged"),
        ({"healings": "two"}, "is damaged"),
    ],
)
def test_damaged_descriptions(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(
        BadInput, match=r"config\.json is damaged .*restore it, or train the run again"
    ) as bad:
        read(write(tmp_path, **changes))
    assert words in str(bad.value)


@pytest.mark.parametrize("reader", [read, read_config, load_record])
def test_every_reader_refuses_a_later_format_in_the_same_words(
    tmp_path: Path, reader: Callable[[Path], object]
) -> None:
    (write(tmp_path) / layout.CONFIG).write_text(json.dumps({"format": 99}))
    with pytest.raises(BadInput, match="has format 99, and this ganscope reads formats up to 1"):
        reader(tmp_path)


@pytest.mark.parametrize("reader", [read_comparison, load_comparison])
def test_so_does_every_reader_of_comparisons(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    (tmp_path / layout.COMPARISON).write_text(json.dumps({"format": 99}))
    with pytest.raises(BadInput, match="has format 99, and this ganscope reads formats up to 1"):
        reader(tmp_path)


@pytest.mark.parametrize("reader", [read, read_config, load_record])
def test_no_run(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    with pytest.raises(BadInput, match=r"is no run folder: it holds no config\.json"):
        reader(tmp_path)


def test_a_comparison_is_not_taken_for_a_run(tmp_path: Path) -> None:
    files.write_json(tmp_path / layout.COMPARISON, {})
    with pytest.raises(BadInput, match=r"is a comparison: name one of the runs in it\."):
        read(tmp_path)
    inside = write(layout.run_folder(tmp_path, "r1", 0))
    with pytest.raises(BadInput, match=f"such as {inside}"):
        read(tmp_path)


def test_metrics_of_an_unfinished_run_are_empty(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == {}
    files.write_json(tmp_path / layout.METRICS, {"emd": 1.0})
    assert read_metrics(tmp_path)["emd"] == 1.0
