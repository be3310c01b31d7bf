"""The Python of the README and of the guides runs as it stands there, and what they link to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "docs/training.md", "docs/diagnosing.md")}
BLOCKS = [
    pytest.param(code, id=f"{name} {number}")
    for name, page in PAGES.items()
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
]


@pytest.mark.parametrize("code", BLOCKS)
def test_python_blocks_run(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "page", "exec"), {})  # noqa: S102 - our own text


def test_commands_exist() -> None:
    from ganscope.cli.app import app

    commands = {
        c for page in PAGES.values() for c in re.findall(r"^    ganscope ([a-z]+)", page, re.MULTILINE)
    }
    assert commands >= {"compare", "train", "resume", "sample", "list"}
    assert commands <= {name for command in app for name in [command]}


def test_recipe_tables_are_recipes(tmp_path: Path) -> None:
    from ganscope.build.settings import load_recipe

    (block,) = re.findall(r"```toml\n(.*?)```", PAGES["docs/training.md"], re.DOTALL)
    (tmp_path / "mine.toml").write_text(block)
    recipe = load_recipe(str(tmp_path / "mine.toml"))
    assert (recipe["objective"], recipe["penalty"], recipe["g_width"]) == ("non-saturating", "r1", 256)


@pytest.mark.parametrize("name", PAGES)
def test_linked_files_exist(name: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGES[name]):
        assert ((ROOT / name).parent / target).exists(), target
