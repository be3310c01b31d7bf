"""The names of a run's files stand in one place: no other source file writes one out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ganscope
from ganscope.folder import layout

SOURCES = Path(ganscope.__file__).parent
FILES = (
    layout.CONFIG, layout.HISTORY, layout.TIMING, layout.METRICS, layout.DIAGNOSIS, layout.VERDICTS,
    layout.HEALINGS, layout.GENERATOR, layout.REAL, layout.EXEMPLARS, layout.REPORT, layout.COMPARISON,
)  # fmt: skip
"""Wherever one of these stands in a text, it is the name of a file."""
FOLDERS = (layout.SAMPLES, layout.CHECKPOINTS, layout.ABANDONED, layout.LOCK, layout.WRITABLE)
"""These are words too: they name a folder or file where they follow a slash or stand alone in a path."""
BEGINNINGS = ("seed-", "step-")


def written_out(source: str) -> list[str]:
    """Names of files and folders of a run in the strings of a source file, documentation left out."""
    tree = ast.parse(source)
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    joined = {id(node.right) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
    names = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
            continue
        text = node.value
        names += [name for name in FILES if name in text]
        names += [name for name in FOLDERS if f"/{name}" in text or (text == name and id(node) in joined)]
        names += [name for name in BEGINNINGS if text.startswith(name) or f"/{name}" in text]
    return names


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCES)))
def test_no_other_source_file_writes_a_name_out(path: Path) -> None:
    allowed = path == SOURCES / "folder" / "layout.py"
    assert allowed or written_out(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        'rows = read(folder / "history.jsonl")',
        'raise ValueError(f"{folder} holds no config.json")',
        '(folder / "samples").mkdir()',
        'name = f"step-{step:08d}.npy"',
        'place = f"../seed-{seed}"',
        'found = folder.glob("*/seed-*")',
    ],
)
def test_a_planted_name_is_seen(source: str) -> None:
    assert len(written_out(source)) == 1


def test_words_and_documentation_are_left_alone() -> None:
    assert written_out('"""Writes `config.json`."""\nbudget = "samples"\nx = {"checkpoints": 3}') == []


def test_steps_are_read_back_from_names(tmp_path: Path) -> None:
    for step in (40, 5, 123_456_789):
        for path in (layout.samples_file(tmp_path, step), layout.checkpoint_file(tmp_path, step)):
            path.parent.mkdir(exist_ok=True)
            path.touch()
    (tmp_path / "samples" / "step-x.npy").touch()
    (tmp_path / "checkpoints" / "step-7.safetensors").touch()
    assert list(layout.samples_files(tmp_path)) == [5, 40, 123_456_789]
    assert layout.checkpoint_files(tmp_path) == {
        step: layout.checkpoint_file(tmp_path, step) for step in (5, 40, 123_456_789)
    }
    assert layout.samples_files(tmp_path / "nowhere") == {}
