"""`ganscope evaluate` and `Run.evaluate`: the numbers of the public metrics, beside those of real rows."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganscope as gs
from ganscope.cli import app
from ganscope.evaluation import Evaluation
from ganscope.folder import files
from ganscope.training import streams
from ganscope.training.evaluation import evaluation_latents

TINY: dict[str, Any] = {
    "g_width": 16, "d_width": 16, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 16, "steps": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs")
    for data in ("ring", "digits", "swiss-roll"):
        gs.train({**TINY, "recipe": "r1", "data": data, "ema": 0.5}, out=place / data)
    return place


def samples(run: gs.Run, rows: int) -> torch.Tensor:
    with torch.no_grad():
        latents = evaluation_latents(run.config.seed, rows, run.config.latent_dim, torch.float32)
        result: torch.Tensor = run.generator()(latents)
        return result


def floor_rows(data: gs.Dataset, rows: int) -> list[torch.Tensor]:
    """Five fixed draws of training rows, drawn here once more from the seeds alone."""
    draws = [torch.randperm(len(data.train), generator=streams.generator(0, "floor", k)) for k in range(5)]
    return [data.train[order[:rows]] for order in draws]


@pytest.mark.parametrize("data", ["ring", "digits", "swiss-roll"])
def test_it_agrees_with_the_runs_own_last_evaluation(folder: Path, data: str) -> None:
    run = gs.load(folder / data)
    found, metrics = run.evaluate(), run.metrics
    for name in ("emd", "emd_floor"):
        assert found[name] == pytest.approx(metrics[name], rel=1e-9)
    known = data != "swiss-roll"
    assert ("modes" in found) == ("modes" in metrics) == known
    for name in ("modes", "captured", "missing", "high_quality") if known else ():
        assert found[name] == metrics[name]
    assert found["samples"] == {"ring": 2500, "digits": 1000, "swiss-roll": 500}[data]
    assert found["compared_rows"] == {"ring": 500, "digits": 397, "swiss-roll": 500}[data]


@pytest.mark.parametrize("n", [60, 800])
def test_every_number_is_that_of_the_public_metric(folder: Path, n: int) -> None:
    run, data = gs.load(folder / "ring"), gs.data.ring()
    found, fake, rows = run.evaluate(n=n), samples(run, n), min(n, 500)
    held_out, draws = data.held_out[:rows], floor_rows(data, rows)
    assert (found["samples"], found["compared_rows"], found["data"]) == (n, rows, "ring")
    assert found["emd"] == pytest.approx(gs.metrics.emd(held_out, fake[:rows]), rel=1e-12)
    floor = statistics.mean(gs.metrics.emd(held_out, draw) for draw in draws)
    assert found["emd_floor"] == pytest.approx(floor, rel=1e-12)
    assert found["prdc"] == gs.metrics.prdc(held_out, fake[:rows])._asdict()
    # the null: real rows in place of samples, at the same count
    for k, name in enumerate(("precision", "recall", "density", "coverage")):
        null = statistics.mean(gs.metrics.prdc(held_out, draw)[k] for draw in draws)
        assert found["prdc_real"][name] == pytest.approx(null, rel=1e-12)
    assert data.centres is not None
    assert data.std is not None
    report = gs.metrics.mode_report(fake, data.centres, data.std)
    assert (found["captured"], found["high_quality"]) == (report.captured, report.high_quality)
    assert found["missing"] == [data.mode_names[mode] for mode in report.missing]


def test_real_rows_measure_their_own_null() -> None:
    # a perfect generator: fresh training rows in place of samples
    data = gs.data.ring()
    found = Evaluation(data).evaluate(data.train[torch.arange(len(data.train) - 500, len(data.train))])
    assert found["emd"] < 1.6 * found["emd_floor"]
    for name, value in found["prdc"].items():
        assert abs(value - found["prdc_real"][name]) < 0.1
    assert found["captured"] == 8


def test_other_data_of_the_same_shape_judges_too(folder: Path) -> None:
    run = gs.load(folder / "ring")
    found = run.evaluate("grid", 200)
    held_out = gs.data.grid().held_out[:200]
    assert found["emd"] == pytest.approx(gs.metrics.emd(held_out, samples(run, 200)), rel=1e-12)
    assert (found["data"], found["modes"]) == ("grid", 25)


def table(path: Path, names: list[str], columns: list[np.ndarray[Any, Any]]) -> Path:
    rows = np.stack(columns, axis=1)
    path.write_text("\n".join([",".join(names), *(",".join(map(repr, map(float, row))) for row in rows)]))
    return path


def test_a_table_is_judged_in_the_standard_deviations_of_the_table_that_judges(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(5, 2, 300), rng.normal(-1, 10, 300)
    first = table(tmp_path / "first.csv", ["a", "b", "c"], [a, b, np.full(300, 7.0)])
    # other rows, other units of spread, the columns in another order, one of them left out
    second = table(tmp_path / "second.csv", ["b", "a"], [3 * b[:200] + 1, a[:200] / 2])
    run = gs.train({**TINY, "data": str(first)}, out=tmp_path / "run")
    assert run.evaluate(n=40)["emd"] == run.evaluate(first, 40)["emd"]
    names, _ = run.table(1)
    assert names == ["a", "b", "c"]
    fake = samples(run, 40).double().numpy()
    units = run.description["data"]["units"]
    original = fake * np.array(units["std"]) + np.array(units["mean"])
    judge = gs.data.load(second)
    assert judge.units is not None
    assert judge.columns == ("b", "a")
    expressed = (original[:, ::-1] - np.array(judge.units["mean"])) / np.array(judge.units["std"])
    expected = gs.metrics.emd(judge.held_out[:40], expressed)
    assert run.evaluate(second, 40)["emd"] == pytest.approx(expected, rel=1e-6)


def test_own_rows_are_handed_over(tmp_path: Path) -> None:
    rows = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    run = gs.train({**TINY, "steps": 2}, data=rows, out=tmp_path / "run")
    assert run.evaluate(rows)["emd"] == pytest.approx(run.metrics["emd"], rel=1e-9)


def test_the_command_prints_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder / "digits"
    assert app.main(["evaluate", str(run), "-n", "100", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == files.jsonable(gs.load(run).evaluate(n=100))
    assert app.main(["evaluate", str(run), "-n", "100"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{printed['emd']:.3g}" in out
    assert f"{printed['emd_floor']:.3g}" in out
    for word in ("generated", "real rows", "precision", "recall", "density", "coverage", "of 10 modes"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 80
