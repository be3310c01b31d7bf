"""Imports go down, never sideways: DESIGN's floors, read from the source with `ast`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "ganscope"

FLOORS = [
    {"contracts", "config", "words", "transport"},
    {"objectives", "lipschitz", "divergences"},
    {"folder", "data", "nets", "metrics"},
    {"training", "diagnose"},
    {"evaluation", "figures"},
    {"build", "report"},
    {"running"},
    {"comparison", "explain", "export"},
    {"serve", "lab", "integrations"},
    {"cli", "__main__"},
]
"""Lowest floor first. `build` may not import `report`, nor the reverse: neighbours never meet."""

ALLOWED_NEIGHBOURS = {
    ("config", "contracts"),  # the error every floor raises
    ("config", "words"),
    ("words", "contracts"),
    ("transport", "contracts"),
    ("__main__", "cli"),
}


def floor_of(part: str) -> int:
    (number,) = [number for number, parts in enumerate(FLOORS) if part in parts]
    return number


def imported_parts(source: str) -> set[str]:
    """Every part of ganscope a source file imports, wherever in the file the import stands."""
    parts = set()
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test can read them"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            words = name.split(".")
            if words[0] == "ganscope" and len(words) > 1 and not words[1].startswith("__"):
                parts.add(words[1])
    return parts


def violations(part: str, source: str) -> list[str]:
    return [
        f"{part} (floor {floor_of(part)}) imports {other} (floor {floor_of(other)})"
        for other in sorted(imported_parts(source) - {part})
        if (part, other) not in ALLOWED_NEIGHBOURS and floor_of(other) >= floor_of(part)
    ]


def sources() -> list[tuple[str, Path]]:
    files = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]
    return [(path.relative_to(ROOT).parts[0].removesuffix(".py"), path) for path in files]


@pytest.mark.parametrize(("part", "path"), sources(), ids=lambda value: str(getattr(value, "name", value)))
def test_imports_go_down(part: str, path: Path) -> None:
    assert violations(part, path.read_text()) == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("objectives", "from ganscope.lipschitz import penalty"),
        ("objectives", "def f():\n    from ganscope import metrics"),
        ("training", "import ganscope.build.game"),
        ("report", "from ganscope.build.game import bench"),
        ("contracts", "from ganscope.config import RunConfig"),
        ("data", "if True:\n    import ganscope.metrics.emd as e"),
    ],
)
def test_planted_violations_are_found(part: str, source: str) -> None:
    assert len(violations(part, source)) == 1


def test_allowed_imports_pass() -> None:
    assert violations("training", "from ganscope.lipschitz import penalty\nimport torch") == []


def test_no_loose_ends() -> None:
    names = {path.name for path in ROOT.rglob("*")}
    assert not names & {"utils.py", "utils", "core.py", "core", "helpers.py", "common.py"}
