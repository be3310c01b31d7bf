"""The commands as they are typed: what they print, piped, at 80 columns, without colour, and as JSON."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganscope as gs
from ganscope import cli
from ganscope.build.settings import choices, described, families_with, settings
from ganscope.cli import commands
from ganscope.cli.app import app
from ganscope.words.complaints import flag

SMALL = ["--g-width", "8", "--d-width", "8", "--batch-size", "8"]
COMMANDS = [
    "compare",
    "sweep",
    "train",
    "resume",
    "sample",
    "evaluate",
    "report",
    "explain",
    "diagnose",
    "list",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    small = {"g_width": 8, "d_width": 8, "batch_size": 8, "recipe": "r1"}
    gs.train({**small, "data": "ring", "steps": 4}, out=folder / "run")
    gs.train({**small, "data": "digits", "steps": 2}, out=folder / "digits")
    lines = ["height,age,group"] + [f"{1.5 + i / 50},{20 + i % 40},3" for i in range(60)]
    (folder / "people.csv").write_text("\n".join(lines))
    gs.train({**small, "data": folder / "people.csv", "steps": 3}, out=folder / "table")
    return folder


def run(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> str:
    """Type a line in `place`; returns what it printed, checked for width and colour."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    code = cli.main(line.split())
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "\x1b" not in out + err
    if "--json" not in line:
        assert not [text for text in out.splitlines() if len(text) > 80]
    if "--help" not in line:
        assert not [text for text in out.splitlines() if text != text.rstrip()]
    return out


@pytest.fixture
def typed(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda line: run(place, monkeypatch, capsys, line)


def test_every_command_says_what_it_does(typed: Any) -> None:
    text = re.sub(r"[│\s]+", " ", typed("--help"))
    for command in COMMANDS:
        assert f" {command} " in text
    for command in COMMANDS:
        described = typed(f"{command} --help")
        assert "--json" in described, command
    assert "--install-completion" in text


def test_help_names_every_field_its_default_and_its_choices(typed: Any) -> None:
    text = re.sub(r"[│\s]+", " ", typed("train --help"))
    for name, field in settings().items():
        assert flag(name) in text
        if name not in ("data", "seed"):
            assert described(name) in text
            assert f"Default {field.default}." in text
    for name in ("objective", "network", "optimizer", "g_norm", "d_norm", "precision"):
        assert f"[choices: {', '.join(choices(name))}]" in text
    for penalty in ("gradient-penalty", "dragan", "r1", "wgan-div"):
        assert penalty in text
    assert "--from" in text


@pytest.mark.parametrize(
    "line",
    [
        "list --json",
        "train ring r1 --dry-run --json",
        "train ring auto --dry-run --json",
        "compare ring r1 wgan-gp --dry-run --json",
        "train ring r1 --steps 2 --g-width 8 --d-width 8 --out again --overwrite --json",
        "compare ring r1 --seeds 1 --steps 2 --g-width 8 --d-width 8 --out both --overwrite --json",
        "resume run --json",
        "resume both --json",
        "sample run -n 3 -o a.npy --json",
        "evaluate run -n 30 --json",
        "report run digits --json",
    ],
)
def test_json_is_the_whole_output(typed: Any, line: str) -> None:
    printed = json.loads(typed(line))
    assert isinstance(printed, dict)
    assert printed


def test_what_a_run_prints(typed: Any, place: Path) -> None:
    out = typed("resume run")
    assert "EMD (floor" in out
    assert "Report: run/report.html" in out
    printed = json.loads(typed("resume run --json"))
    assert printed["metrics"]["emd"] == gs.load(place / "run").metrics["emd"]
    assert typed("report run digits").split() == ["run/report.html", "digits/report.html"]


def test_a_long_path_is_never_broken(place: Path) -> None:
    deep = place / "/".join(["a-rather-long-name-of-a-folder"] * 3)
    deep.mkdir(parents=True)
    (deep / "run").symlink_to(place / "run")
    relative = str((deep / "run").relative_to(place))
    assert len(relative) > 80
    done = subprocess.run(
        [sys.executable, "-m", "ganscope", "report", relative],
        check=True, capture_output=True, text=True, cwd=place, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    assert done.stdout == f"{relative}/report.html\n"


def test_dry_run_shows_the_whole_configuration_and_writes_nothing(typed: Any, place: Path) -> None:
    before = set(place.rglob("*"))
    out = " ".join(typed("train ring wgan-gp --g-lr 0.25 --dry-run").split())
    for name in settings():
        if "mlp" in (families_with(name) or ["mlp"]):
            assert f"{name} " in out
    assert "g_lr 0.25" in out
    out = typed("compare ring r1 wgan-gp --steps 500 --dry-run")
    own, _, common = out.partition("The same for all:")
    assert re.search(r"steps +500 +100", own)
    assert "data ring" in common
    assert "steps" not in common.replace("checkpoint", "").split("n_critic")[0].split("data ring")[1][:20]
    assert set(place.rglob("*")) == before


def test_list_names_everything(typed: Any) -> None:
    out = typed("list")
    for name in ("wgan-gp", "auto", "swiss-roll", "relativistic-average", "f-hellinger", "dcgan", "rmsprop"):
        assert name in out
    printed = json.loads(typed("list --json"))
    assert {"minimax", "non-saturating", "r1", "wgan", "wgan-gp", "auto"} <= set(printed["recipes"])


def test_notes_on_the_data_are_said_once_and_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    line = [
        "compare",
        "people.csv",
        "r1",
        "wgan-gp",
        "--seeds",
        "1",
        "--steps",
        "2",
        *SMALL,
        "--out",
        "noted",
    ]
    assert cli.main(line) == 0
    err = capsys.readouterr().err
    stored = gs.load(place / "noted" / "r1" / "seed-0").description["data"]
    assert stored["notes"]
    for note in stored["notes"]:
        assert err.count(f"people.csv: {note}") == 1
    assert [column["name"] for column in stored["units"]["columns"]] == ["height", "age", "group"]
    assert stored["train_rows"] + stored["held_out_rows"] == 60


def test_samples_of_a_table_come_in_its_own_units_and_columns(typed: Any, place: Path) -> None:
    assert typed("sample table -n 40 -o drawn.csv").split() == ["40", "samples:", "drawn.csv"]
    header, *rows = (place / "drawn.csv").read_text().splitlines()
    assert header == "height,age,group"
    cells = [row.split(",") for row in rows]
    assert len(cells) == 40
    # whole numbers stay whole, the constant column is put back
    assert all(re.fullmatch(r"-?\d+", row[1]) and row[2] == "3" for row in cells)
    names, values = gs.load(place / "table").table(40)
    assert names == ["height", "age", "group"]
    np.testing.assert_allclose(np.array(cells, dtype=float), values, rtol=1e-12)
    trained = gs.load(place / "table").sample(40).double().numpy()
    height = gs.load(place / "table").description["data"]["units"]["columns"][0]["code"]
    heights = np.clip(trained[:, 0] * height["std"] + height["mean"], height["low"], height["high"])
    np.testing.assert_allclose(heights, values[:, 0], rtol=1e-12)


def test_samples_go_by_default_where_the_data_suggests(typed: Any, place: Path) -> None:
    typed("sample digits -n 4")
    assert (place / "samples.png").read_bytes().startswith(b"\x89PNG")
    typed("sample run -n 4")
    assert (place / "samples.csv").read_text().startswith("x0,x1\n")


def test_data_by_path_are_found_from_another_folder(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    line = ["train", "people.csv", "r1", "--steps", "4", *SMALL, "--out", str(tmp_path / "run")]
    assert cli.main(line) == 0
    monkeypatch.chdir(tmp_path)
    assert gs.load("run").config.data == str(place / "people.csv")
    assert gs.load("run").evaluate(n=25)["data"] == "people.csv"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ZSH_CUSTOM", raising=False)
    monkeypatch.delenv("ZSH", raising=False)
    assert cli.main(["--install-completion", "--shell", shell, "--output", str(tmp_path / "script")]) == 0
    script = (tmp_path / "script").read_text()
    for word in (*COMMANDS, "objective", "relativistic-average", "swiss-roll", "dry-run"):
        assert word in script
    if shell == "bash":
        subprocess.run(["bash", "-n", str(tmp_path / "script")], check=True)  # noqa: S607


def test_commands_are_as_long_as_a_screen() -> None:
    for name, command in commands.COMMANDS.items():
        assert len(inspect.getsource(command).splitlines()) <= 62, name


def test_the_public_app_has_these_commands() -> None:
    assert {name for name in app if not name.startswith("-")} == set(COMMANDS)
