"""A metric is one new file, its import and its entry in METRICS; everything else follows from these."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ganscope
from ganscope.folder import checkpoint

OF_ROWS = '''
"""Largest value."""
from ganscope.contracts import Metric

TALLEST = Metric(
    label="tallest sample", needs="rows", better="higher",
    about="The largest value of a sample. Nothing else.", floor=max,
    measure=lambda real, fake: float(fake.max()),
)
'''
OF_FEATURES = '''
"""Distance of mean features."""
from ganscope.contracts import Metric

SHIFT = Metric(
    label="feature shift", needs="features", better="lower",
    about="How far mean features are apart. Nothing else.",
    measure=lambda real, fake: float((real.mean(0) - fake.mean(0)).norm()), terminal="at the end",
)
'''
SMALL = (
    "--steps 40 --evaluate-every 20 --checkpoint-every 20 --keep-checkpoints 1 --g-width 8 --d-width 8 "
    "--latent-dim 2 --batch-size 16 --no-diagnose --seed 3"
)


class Copy:
    """A copy of the package with two more metrics, and what its commands print."""

    def __init__(self, place: Path) -> None:
        package = place / "src" / "ganscope"
        shutil.copytree(Path(ganscope.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        (package / "metrics" / "tallest.py").write_text(OF_ROWS)
        (package / "metrics" / "shift.py").write_text(OF_FEATURES)
        names = package / "metrics" / "__init__.py"
        text = names.read_text()
        imports = "from ganscope.metrics.shift import SHIFT\nfrom ganscope.metrics.tallest import TALLEST\n"
        entries = '    "shift": SHIFT,\n    "tallest": TALLEST,\n'
        marks = ("from ganscope.metrics.emd", '    "captured": CAPTURED,\n')
        assert all(text.count(mark) == 1 for mark in marks)
        names.write_text(text.replace(marks[0], imports + marks[0]).replace(marks[1], marks[1] + entries))
        self.place = place

    def __call__(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ganscope", *command.split(), *more],
            env={**os.environ, "PYTHONPATH": str(self.place / "src"), "COLUMNS": "200"},
            cwd=self.place, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def trained(copy: Copy) -> tuple[Path, str]:
    done = copy(f"train ring r1 {SMALL} --keep-best --best-by tallest --out run")
    return copy.place / "run", done.stdout + done.stderr


def rows(path: Path) -> list[dict[str, Any]]:
    return [row for line in path.read_text().splitlines() if "emd" in (row := json.loads(line))]


def test_it_is_listed(copy: Copy) -> None:
    assert "shift, tallest" in copy("list").stdout


def test_it_is_in_the_history_the_final_metrics_and_the_terminal(trained: tuple[Path, str]) -> None:
    run, printed = trained
    history = rows(run / "history.jsonl")
    assert [row["step"] for row in history] == [0, 20, 40]
    final = json.loads((run / "metrics.json").read_text())
    described = json.loads((run / "config.json").read_text())["data"]
    for name in ("tallest", "shift"):
        assert all(isinstance(row[name], float) for row in history)
        assert final[name] == history[-1][name]
        assert final[f"{name}_floor"] == described[f"{name}_floor"] > 0
    assert "tallest sample" in printed
    assert "feature shift" in printed


def test_the_best_checkpoint_is_kept_by_it(trained: tuple[Path, str]) -> None:
    run, _ = trained
    best = max(rows(run / "history.jsonl")[1:], key=lambda row: float(row["tallest"]))["step"]
    assert set(checkpoint.steps(run)) == {best, 40}


@pytest.mark.usefixtures("trained")
def test_it_is_evaluated_beside_real_rows(copy: Copy) -> None:
    found = json.loads(copy("evaluate run -n 100 --json").stdout)
    assert found["features"] == "the rows themselves, flattened"
    for name in ("tallest", "shift"):
        assert {name, f"{name}_floor"} <= set(found)
    printed = copy("evaluate run -n 100").stdout
    line = next(line for line in printed.splitlines() if line.startswith("feature shift"))
    assert line.split()[2:] == [f"{found['shift']:.3g}", f"{found['shift_floor']:.3g}"]


def test_the_report_has_a_column_a_curve_with_its_floor_and_a_definition(trained: tuple[Path, str]) -> None:
    page = (trained[0] / "report.html").read_text()
    final = json.loads((trained[0] / "metrics.json").read_text())
    assert "feature shift (floor&nbsp;" in page
    for name in ("tallest", "shift"):
        figure = page.partition(f'data-figure="{name}">')[2].partition("</script>")[0]
        (floor,) = json.loads(figure)["layout"]["shapes"]
        assert floor["y0"] == pytest.approx(final[f"{name}_floor"], rel=1e-3)
    assert "<dt>tallest sample</dt><dd>The largest value of a sample. Nothing else.</dd>" in page
    assert "The largest value of a sample. Higher is better." in page
    assert "r1 did best: its tallest sample" not in page  # a single run is compared with nothing
    assert "r1 reached a tallest sample of" in page


def test_a_sweep_in_worker_processes_is_judged_by_it(copy: Copy) -> None:
    command = f"sweep ring r1 {SMALL.replace(' --seed 3', '')} --seeds 1 --best-by tallest --stack 1"
    done = copy(f"{command} --vary g_lr=1e-2,1e-5 --budget steps --out sweep")
    values = {
        folder.name: json.loads((folder / "seed-0" / "metrics.json").read_text())["tallest"]
        for folder in (copy.place / "sweep").glob("g_lr=*")
    }
    best = max(values, key=lambda name: float(values[name])).removeprefix("g_lr=")
    assert f"Best of 2 points: g_lr {best}. Its tallest sample is" in " ".join(done.stdout.split())
    assert "tallest sample" in done.stdout.splitlines()[0]
    page = (copy.place / "sweep" / "report.html").read_text()
    assert "Best first, by mean tallest sample" in page


def test_a_metric_without_values_while_training_cannot_decide(copy: Copy) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ganscope", "train", "ring", "r1", "--best-by", "kid", "--out", "refused"],
        env={**os.environ, "PYTHONPATH": str(copy.place / "src")},
        cwd=copy.place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--best-by kid is measured by ganscope evaluate, not while a run trains" in done.stderr
    assert not (copy.place / "refused").exists()
