"""What is judged is what is written: distances of a table's samples are those of the file that holds them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import ot
import pytest
import torch

import ganscope as gs
from ganscope.cli import app
from ganscope.contracts import BadInput, Dataset
from ganscope.data import decoded, encoded, load
from ganscope.data.column import Column, columns_of
from ganscope.data.columns.coding import blocks_of
from ganscope.diagnose.measure.players import Inputs
from ganscope.evaluation import Evaluation, into
from ganscope.training.judging import evaluation_latents
from tests.games import SMALL

AGE = Column(
    "age", "integer", {"as": "number"},
    {"as": "number", "mean": 40.0, "std": 8.0, "decimals": 0, "low": 18.0, "high": 60.0},
)  # fmt: skip
GAIN = Column(
    "gain", "continuous", {"as": "number"},
    {"as": "number", "mean": 900.0, "std": 400.0, "masses": [0.0], "decimals": 1, "low": 0.0, "high": 4e3},
)  # fmt: skip
CITY = Column(
    "city", "category", {"as": "words", "words": ["Bern", "Oslo", "Rome"]},
    {"as": "choice", "values": [0.0, 1.0, 2.0], "missing": False},
)  # fmt: skip
FLAG = Column("flag", "integer", {"as": "number"}, {"as": "choice", "values": [0.0, 1.0], "missing": False})
KINDS = {"whole numbers": [AGE], "zero-inflated": [GAIN, AGE], "mixed": [AGE, GAIN, CITY, FLAG]}


def table(columns: list[Column], count: int = 400) -> Dataset:
    rng = np.random.default_rng(0)
    cells: dict[str, Any] = {
        "age": rng.normal(40, 8, count).round().clip(18, 60),
        "gain": np.where(rng.random(count) < 0.9, 0.0, rng.gamma(4, 225, count).round(1).clip(0, 4000)),
        "city": np.array(["Bern", "Oslo", "Rome"], dtype=object)[rng.integers(0, 3, count)],
        "flag": rng.integers(0, 2, count),
    }
    units = {"columns": [column._asdict() for column in columns]}
    rows = encoded({column.name: cells[column.name] for column in columns}, units)
    names = tuple(column.name for column in columns)
    return Dataset("t", rows[100:], rows[:100], columns=names, blocks=blocks_of(columns), units=units)


def by_hand(text: str) -> np.ndarray:
    """Read a file of samples as anybody would: numbers in standard deviations, words as zeros and a one."""
    rows = []
    for row in csv.DictReader(io.StringIO(text)):
        values: list[float] = []
        for name, cell in row.items():
            if name == "age":
                values.append((float(cell) - 40) / 8)
            elif name == "gain":
                gain = float(cell)
                values += [0, 0, 1] if gain == 0 else [(gain - 900) / 400, 1, 0]
            elif name == "city":
                values += [float(cell == city) for city in ("Bern", "Oslo", "Rome")]
            else:
                values += [float(cell == "0"), float(cell == "1")]
        rows.append(values)
    return np.array(rows)


def written(cells: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(cells)
    writer.writerows(zip(*(column.tolist() for column in cells.values()), strict=True))
    return text.getvalue()


def emd(x: np.ndarray, y: np.ndarray) -> float:
    costs = ot.dist(x, y, metric="euclidean")
    return float(ot.emd2(ot.unif(len(x)), ot.unif(len(y)), costs))


@pytest.mark.parametrize("kind", KINDS)
def test_the_distance_of_samples_is_that_of_their_file(kind: str, tmp_path: Path) -> None:
    data = table(KINDS[kind])
    units = data.units
    assert units is not None
    run = gs.train({**SMALL, "recipe": "r1", "ema": 0.5}, data=data, out=tmp_path / "run")
    with torch.no_grad():
        fake = run.generator()(evaluation_latents(0, 100, run.config.latent_dim, torch.float32))
    real, samples = (by_hand(written(decoded(rows, units))) for rows in (data.held_out, fake))
    of_file = emd(real, samples)
    assert run.evaluate(data, 100)["emd"] == pytest.approx(of_file, rel=1e-5)
    assert run.metrics["emd"] == pytest.approx(of_file, rel=1e-5)
    raw = emd(data.held_out.double().numpy(), fake.double().numpy())
    assert abs(raw - of_file) > 1e-4  # what the generator returns is something else


def test_a_probe_compares_what_is_written(tmp_path: Path) -> None:
    data = table(KINDS["mixed"])
    gs.train({**SMALL, "recipe": "wgan-gp", "ema": 0.5, "diagnose_every": 1}, data=data, out=tmp_path / "run")
    inputs = Inputs((), data.held_out, written=Evaluation(data).written)
    fake = torch.randn(30, 9, dtype=torch.float64)
    assert inputs.as_written(fake).dtype == fake.dtype
    assert set(inputs.as_written(fake)[:, 4:].flatten().tolist()) == {0.0, 1.0}
    assert torch.equal(Inputs((), data.held_out).as_written(fake), fake)


def test_samples_of_one_table_are_judged_in_the_columns_of_another() -> None:
    ours, theirs = table(KINDS["mixed"]), table([CITY, AGE])
    assert ours.units is not None
    assert theirs.units is not None
    wide = AGE._replace(code={**AGE.code, "std": 16.0})
    narrow = theirs._replace(units={"columns": [CITY._asdict(), wide._asdict()]})
    moved = into(narrow, ours.held_out, ours.units)
    torch.testing.assert_close(moved[:, :3], theirs.held_out[:, :3])
    torch.testing.assert_close(moved[:, 3], theirs.held_out[:, 3] / 2)
    assert torch.equal(into(ours, ours.held_out, ours.units), ours.held_out)
    with pytest.raises(BadInput, match="column 'gain'"):
        into(ours, theirs.held_out, theirs.units)


def test_the_commands_agree_about_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`evaluate` draws other latents than `sample`, so a distance far above its floor agrees within 10 %."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    gain = np.where(rng.random(600) < 0.9, 0, rng.integers(100, 5000, 600))
    with Path("t.csv").open("w") as file:
        file.write("age,gain,flag,city\n")
        for age, much in zip(rng.integers(18, 91, 600), gain, strict=True):
            file.write(f"{age},{much},{rng.integers(0, 2)},{rng.choice(['Bern', 'Oslo', 'Rome'])}\n")
    settings = "--steps 30 --g-width 16 --d-width 16 --latent-dim 4 --no-diagnose --out run"
    assert app.main(["train", "t.csv", "r1", *settings.split()]) == 0
    assert app.main(["sample", "run", "-n", "500", "-o", "x.csv"]) == 0
    data = load("t.csv")
    columns = {column.name: column for column in columns_of(data.units or {})}
    cells = list(csv.DictReader(Path("x.csv").read_text().splitlines()))
    assert all(18 <= int(row["age"]) <= 90 and int(row["gain"]) >= 0 and row["flag"] in "01" for row in cells)
    rows = np.hstack([encoded_by_hand([row[name] for row in cells], columns[name]) for name in columns])
    real = data.held_out.double().numpy()
    of_file = emd(real, rows[: len(real)])
    measured = gs.load("run").evaluate()
    assert measured["emd"] > 2 * measured["emd_floor"]
    assert measured["emd"] == pytest.approx(of_file, rel=0.1)


def encoded_by_hand(cells: list[str], column: Column) -> np.ndarray:
    """Encode a column's cells by what the data say of it: a number, its masses, or a choice of words."""
    code = column.code
    if code["as"] == "choice":
        words = column.cells.get("words") or [f"{value:g}" for value in code["values"]]
        return np.array([[float(cell == word) for word in words] for cell in cells])
    values, masses = np.array(cells, dtype=float), code.get("masses", [])
    plain = ~np.isin(values, masses)
    parts = [np.where(plain, (values - code["mean"]) / code["std"], 0.0)]
    if masses:
        parts += [plain, *(values == mass for mass in masses)]
    return np.stack(parts, axis=1)
