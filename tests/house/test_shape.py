"""Tests lie as the source does, in files one can read at a sitting, and take nothing from each other."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACROSS = {"fixtures", "house", "journeys", "study"}
"""Folders that go through all of the source instead of one part."""
FILES = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = [*FILES, *sorted((ROOT / "validation").rglob("*.py")), *sorted((ROOT / "benchmarks").glob("*.py"))]
LONGEST = 400


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parts_without_source(folders: set[Path]) -> set[str]:
    """Folders of tests, relative to `tests`, that no folder of the source bears the name of."""
    source = ROOT / "src" / "ganscope"
    return {str(at) for at in folders if at.parts[0] not in ACROSS and not (source / at).is_dir()}


def changes_the_path(source: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"
        for node in ast.walk(ast.parse(source))
    )


def imported_tests(source: str) -> set[str]:
    """Test modules that a file imports from."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom | ast.Import)]
    modules = {
        word
        for node in imports
        for alias in node.names
        for word in [*(getattr(node, "module", None) or "").split("."), *alias.name.split(".")]
    }
    return {word for word in modules if word.startswith("test_")}


TWICE = {"mode_collapse", "oscillation", "swing"}
"""Names of the literature: of verdicts, and of the questions that explain them."""
MATHEMATICS = {"objectives", "lipschitz", "divergences", "metrics"}
"""Parts whose modules are called as the literature calls them, whatever others are called."""


def test_no_two_modules_bear_one_name() -> None:
    package = ROOT / "src" / "ganscope"
    counts = Counter(
        path.stem
        for path in package.rglob("*.py")
        if path.stem[:2] != "__" and path.relative_to(package).parts[0] not in MATHEMATICS
    )
    assert {stem for stem, count in counts.items() if count > 1} <= TWICE


def test_every_folder_of_tests_is_a_part_of_the_source() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in FILES} - {Path()}
    assert parts_without_source(folders) == set()
    assert parts_without_source({Path("training/moves"), Path("engines"), Path("study")}) == {"engines"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_file_is_long_and_none_takes_from_a_test(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST
    assert imported_tests(source) == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_nothing_changes_where_modules_are_found(path: Path) -> None:
    assert not changes_the_path(path.read_text(encoding="utf-8"))


def test_a_violation_is_seen() -> None:
    assert changes_the_path("import sys\nsys.path.append('x')")
    assert imported_tests("from tests.journeys.test_resume import contents") == {"test_resume"}
    assert imported_tests("from tests.journeys import test_resume as resume") == {"test_resume"}
    assert imported_tests("from torch.testing import assert_close") == set()
