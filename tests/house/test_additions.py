"""What CONTRIBUTING promises: an addition is one new file and one entry in a dict, and is seen everywhere.

The package is copied, a throw-away part of each kind is added to the copy, and real commands are run on it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.house.additions import ADDITIONS, Addition

SOURCE = Path(__file__).parents[2] / "src" / "ganscope"
TINY = ["--steps", "6", "--diagnose-every", "2", "--batch-size", "16"]
NEW = ["--network", "maxout", "--objective", "steep", "--penalty", "fourth-power", "--penalty-weight", "0.1"]


def add(package: Path, addition: Addition) -> None:
    (package / addition.file).write_text(f'"""A throw-away part."""\n{addition.source}')
    home = package / addition.home
    text = home.read_text()
    assert text.count(addition.opening + "\n") == 1, addition.home
    text = text.replace(addition.opening + "\n", f"{addition.opening}\n{addition.entry}\n")
    if addition.imported:
        first = next(line for line in text.splitlines() if line.startswith("from ganscope"))
        text = text.replace(first, f"{addition.imported}\n{first}", 1)
    home.write_text(text)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("additions")
    shutil.copytree(SOURCE, folder / "src" / "ganscope", ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS.values():
        add(folder / "src" / "ganscope", addition)
    np.savetxt(folder / "points.blanks", np.random.default_rng(0).normal(size=(300, 2)))
    typed(folder, "train", "points.blanks", "r1", *NEW, *TINY, "--track", "steps-seen+csv", "--out", "run")
    return folder


def typed(place: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(place / "src"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "ganscope", *words],
        check=False, cwd=place, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_list_and_help_name_the_additions(place: Path) -> None:
    listed = json.loads(typed(place, "list", "--json"))
    for kind, name in (
        ("objective", "steep"), ("penalties", "fourth-power"), ("network", "maxout"), ("metrics", "mean_gap"),
        ("metrics", "feature_gap"), ("files", ".blanks"), ("verdicts", "watched"), ("trackers", "steps-seen"),
    ):  # fmt: skip
        assert name in listed[kind]
    helped = typed(place, "train", "--help")
    for name in ("steep", "fourth-power", "maxout", "--g-pieces", "linear pieces", "mean_gap", "steps-seen"):
        assert name in helped
    assert "greet" in typed(place, "--help")
    assert typed(place, "greet", "--name", "you") == "hello you\n"


def test_a_run_uses_them_and_records_them(place: Path) -> None:
    run = place / "run"
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["objective"]["name"] == "steep"
    assert config["constraint"]["penalty"] == "fourth-power"
    assert config["network"]["g_pieces"] == 2
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    evaluated = [row for row in rows if "mean_gap" in row]
    assert evaluated
    assert all(row["feature_gap"] is not None for row in evaluated)
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"mean_gap", "mean_gap_floor", "feature_gap"} <= set(metrics)
    verdicts = json.loads((run / "verdicts.json").read_text())
    assert "watched" in verdicts["status"]
    assert "watched" in [verdict["name"] for verdict in verdicts["verdicts"]]
    assert (run / "steps-seen.txt").read_text().split()[-1] == "6"
    assert len((run / "values.csv").read_text().splitlines()) == len(rows) + 1


def test_the_report_and_the_diagnosis_show_them(place: Path) -> None:
    page = (place / "run" / "report.html").read_text()
    for words in ("mean gap", "feature gap", "watched", "Somebody looked at this run."):
        assert words in page
    assert "Look away." in typed(place, "diagnose", "run")
    assert "mean gap" in typed(place, "evaluate", "run", "-n", "40")


def test_a_sweep_over_worker_processes_knows_them(place: Path) -> None:
    typed(
        place, "sweep", "points.blanks", "r1", *NEW, *TINY, "--vary", "g_pieces=1,3", "--seeds", "1",
        "--track", "steps-seen", "--out", "sweep",
    )  # fmt: skip
    page = (place / "sweep" / "report.html").read_text()
    assert "mean gap" in page
    assert "g_pieces" in page
    assert len(list((place / "sweep").glob("*/seed-0/steps-seen.txt"))) == 2


def test_a_name_that_is_misspelt_is_refused_with_the_new_names(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ganscope", "train", "ring", "r1", "--objective", "stepe"],
        check=False, cwd=place, env={**os.environ, "PYTHONPATH": str(place / "src")}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "did you mean 'steep'?" in done.stderr
