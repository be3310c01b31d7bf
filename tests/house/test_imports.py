"""Heavy libraries are loaded when they are needed and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_import_ganscope_is_light() -> None:
    assert not loaded_after("import ganscope") & {"torch", "plotly", "sklearn", "ot", "scipy", "rich"}


@pytest.mark.parametrize("part", ["objectives", "lipschitz", "metrics", "data", "train"])
def test_parts_do_not_load_what_they_might_need_later(part: str) -> None:
    loaded = loaded_after(f"import ganscope\nganscope.{part}")
    assert "torch" in loaded
    assert not loaded & {"plotly", "sklearn", "ot", "scipy"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["compare", "--help"], ["--version"], ["list"], ["explain", "--list"]]
)
def test_help_needs_no_torch(arguments: list[str]) -> None:
    code = f"from ganscope.cli.app import main\ntry:\n    main({arguments})\nexcept SystemExit:\n    pass"
    assert not loaded_after(code) & {"torch", "plotly", "sklearn", "ot", "scipy", "numpy"}


def test_public_names_resolve() -> None:
    import ganscope

    for name in ganscope.__all__:
        assert getattr(ganscope, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = ganscope.trian


def test_a_plan_on_digits_is_made_without_scikit_learn() -> None:
    assert "sklearn" not in loaded_after("from ganscope.comparison import plan\nplan()")
