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
from ganscope.contracts import BadInput, Metric
from ganscope.data.find import load_data
from ganscope.diagnose.measure.probe import W1_ROWS, floor_of
from ganscope.evaluation import Evaluation
from ganscope.evaluation.scores import scores
from ganscope.folder import files
from ganscope.metrics import METRICS
from ganscope.training import streams
from ganscope.training.judging import evaluation_latents

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
    columns = run.description["data"]["units"]["columns"][:2]
    part = {key: np.array([c["code"][key] for c in columns]) for key in ("mean", "std", "low", "high")}
    original = np.clip(fake * part["std"] + part["mean"], part["low"], part["high"])
    judge = gs.data.load(second)
    assert judge.units is not None
    assert judge.columns == ("b", "a")
    mean, std = (np.array([c["code"][key] for c in judge.units["columns"]]) for key in ("mean", "std"))
    expressed = (original[:, ::-1] - mean) / std
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


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_the_floor_of_a_probe_is_that_of_an_evaluation_of_as_many_rows(name: str) -> None:
    """Two functions, since a watched loop has no held-out rows: on one data set they must agree."""
    data = load_data(name)
    rows = min(W1_ROWS, len(data.held_out))
    few = Evaluation(
        data._replace(held_out=data.held_out[:rows], labels=None), metrics={"emd": METRICS["emd"]}
    )
    assert len(few.compared) == rows
    mean, sd = floor_of(torch.as_tensor(data.train[torch.arange(2 * rows)]))
    assert few.about["emd_floor"] == pytest.approx(mean, abs=4 * sd)


def test_floors_that_another_process_measured_are_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Evaluation(load_data("ring"))
    about = json.loads(json.dumps(files.jsonable(dict(first.about))))
    monkeypatch.setattr(Evaluation, "_floors", None)  # measuring them again would fail
    handed = Evaluation(load_data("ring"), about=about)
    assert handed.about["emd_floor"] == first.about["emd_floor"]
    rows = first.data.train[torch.arange(2500)]
    assert handed.measure(rows) == first.measure(rows)


def test_features_are_those_of_the_extractor(folder: Path) -> None:
    run = gs.load(folder / "ring")

    def radius(rows: torch.Tensor) -> torch.Tensor:
        return rows.square().sum(dim=1, keepdim=True).sqrt()

    found = run.evaluate(n=100, features=radius)
    held_out, fake = gs.data.ring().held_out[:100], samples(run, 100)
    assert found["features"] == "radius"
    expected = gs.metrics.frechet_distance(radius(held_out), radius(fake))
    assert found["frechet_distance"] == pytest.approx(expected, rel=1e-9)
    assert found["kid"] == pytest.approx(gs.metrics.kid(radius(held_out), radius(fake)), rel=1e-9)
    with pytest.raises(BadInput, match=r"extractor <lambda> returned \[\] for 500 rows"):
        run.evaluate(n=100, features=lambda rows: rows.sum())


def test_a_metric_of_labels_is_given_those_of_the_real_rows() -> None:
    def of_labels(real: torch.Tensor, labels: torch.Tensor, fake: torch.Tensor) -> float:
        assert len(real) == len(labels) == len(fake)
        return float(fake.mean() - real[labels == 3].mean())

    metric = Metric("gap to threes", "labels", "lower", of_labels, "How far the mean is from that of threes.")
    data = load_data("digits")
    found = Evaluation(data, metrics={"threes": metric}).evaluate(data.train[torch.arange(300)])
    assert data.held_out_labels is not None
    expected = (
        data.train[torch.arange(300)].mean() - data.held_out[:300][data.held_out_labels[:300] == 3].mean()
    )
    assert found["threes"] == pytest.approx(float(expected), rel=1e-5)
    assert isinstance(found["threes_floor"], float)
    unlabelled = Evaluation(load_data("swiss-roll"), metrics={"threes": metric})
    assert "threes" not in unlabelled.evaluate(load_data("swiss-roll").held_out[:100])


def test_what_is_costly_is_done_once_and_only_when_asked_for() -> None:
    calls: list[str] = []

    def noted(what: str, value: Any) -> Any:
        calls.append(what)
        return value

    metric = Metric("a", "rows", "lower", float, "a")
    shared = metric._replace(shared=lambda x, y: noted("shared", x + y))
    other = metric._replace(shared=lambda x, y: noted("other", x - y))
    given = {"rows": lambda: noted("rows", (1, 2)), "features": lambda: noted("features", (0, 0))}
    assert scores({"a": shared, "b": shared, "c": other}, given) == {"a": 3.0, "b": 3.0, "c": -1.0}
    assert calls == ["rows", "shared", "other"]
