"""Random tables of every kind: recognised, and decoded to what was encoded."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganscope.contracts import Dataset
from ganscope.data import as_written, decoded, encoded
from ganscope.data.tables import table
from tests.data.tables import every_row

WORDS: dict[str, Any] = {"as": "words", "words": ["Bern", "Oslo", "Rome", "Ulm"]}
PLACES = ["north", "south", "east", "west", "here"]
DAYS: dict[str, Any] = {"as": "date", "format": "%Y-%m-%d", "unit": "D"}


def values(rng: np.random.Generator, n: int) -> dict[str, tuple[NDArray[np.float64], dict[str, Any]]]:

    def gaps(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(rng.random(n) < 0.2, np.nan, x)

    return {
        "height": (rng.normal(1.7, 0.1, n), {"as": "number"}),
        "age": (rng.integers(18, 90, n).astype(float), {"as": "number"}),
        "income": (np.round(rng.lognormal(8, 1, n), 2), {"as": "number"}),
        "shock": (rng.standard_cauchy(n), {"as": "number"}),
        "two": (rng.normal(0, 1, n) + 12 * rng.integers(0, 2, n), {"as": "number"}),
        "gain": (np.where(rng.random(n) < 0.9, 0.0, np.round(rng.gamma(2, 900, n), 1)), {"as": "number"}),
        "capped": (np.minimum(np.round(rng.normal(50, 20, n), 1), 60.0), {"as": "number"}),
        "coded": (np.where(rng.random(n) < 0.02, -999.0, rng.normal(5, 2, n)), {"as": "number"}),
        "doors": (rng.choice([2.0, 4.0, 6.0], n), {"as": "number"}),
        "flag": (rng.integers(0, 2, n).astype(float), {"as": "number"}),
        "score": (gaps(rng.normal(0, 1, n)), {"as": "number"}),
        "grade": (gaps(rng.integers(1, 7, n).astype(float)), {"as": "number"}),
        "city": (gaps(rng.integers(0, 4, n).astype(float)), WORDS),
        "place": (rng.integers(0, 5, n).astype(float), {"as": "words", "words": PLACES}),
        "day": (rng.integers(18_000, 20_000, n).astype(float), DAYS),
        "same": (np.full(n, 3.25), {"as": "number"}),
        "void": (np.full(n, np.nan), {"as": "number"}),
        "row_id": (np.arange(1.0, n + 1), {"as": "number"}),
    }


def made(seed: int, n: int = 900) -> Dataset:
    columns = values(np.random.default_rng(seed), n)
    rows = np.stack([x for x, _ in columns.values()], axis=1)
    return table("t", list(columns), rows, cells=[cells for _, cells in columns.values()])


def units_of(dataset: Dataset) -> dict[str, Any]:
    units: dict[str, Any] = json.loads(json.dumps(dataset.units, allow_nan=False))
    return units


EXPECTED = {
    "height": "continuous", "age": "integer", "income": "continuous", "shock": "continuous",
    "two": "continuous", "gain": "continuous", "capped": "continuous", "coded": "continuous",
    "doors": "category", "flag": "boolean", "score": "continuous", "grade": "integer", "city": "category",
    "place": "category", "day": "datetime", "same": "constant", "void": "constant", "row_id": "identifier",
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
def test_kinds_are_recognised_and_rows_come_back(seed: int) -> None:
    dataset = made(seed)
    units = units_of(dataset)
    columns = {c["name"]: c for c in units["columns"]}
    assert {name: column["kind"] for name, column in columns.items()} == EXPECTED
    assert "transform" in columns["income"]["code"]
    assert "quantiles" in columns["shock"]["code"]["transform"]
    assert len(columns["two"]["code"]["modes"]) >= 2
    assert columns["gain"]["code"]["masses"] == [0.0]
    assert columns["capped"]["code"]["masses"] == [60.0]
    assert columns["coded"]["code"]["masses"] == [-999.0]
    assert len(dataset.columns) == dataset.shape[0] == sum(block.width for block in dataset.blocks)
    rows = every_row(dataset)
    given = values(np.random.default_rng(seed), 900)
    back = decoded(rows, units)
    assert back["row_id"].tolist() == list(range(901, 1801))
    for name, (x, cells) in given.items():
        if name in ("row_id", "void"):
            continue
        if cells["as"] == "words":
            words = np.array([*cells["words"], None], dtype=object)
            expected = words[np.where(np.isnan(x), -1, x).astype(int)]
            assert sorted(map(str, back[name])) == sorted(map(str, expected))
            continue
        returned = back[name].astype("datetime64[D]").astype(float) if name == "day" else back[name]
        exact = EXPECTED[name] != "continuous" or name in ("gain", "capped")
        scale = 0.0 if exact else 2e-6 * np.nanmax(np.abs(x))
        np.testing.assert_allclose(np.sort(returned.astype(float)), np.sort(x), rtol=0, atol=scale)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_written_stays_as_it_is(seed: int) -> None:
    dataset = made(seed)
    units = units_of(dataset)
    noise = 2 * torch.randn(400, *dataset.shape, generator=torch.Generator().manual_seed(seed))
    once = as_written(noise, units)
    first, second = decoded(once, units), decoded(as_written(once, units), units)
    for name in first:
        if EXPECTED[name] == "continuous":
            scale = 1e-5 * (np.nanmax(first[name]) - np.nanmin(first[name])) + 1e-6
            np.testing.assert_allclose(second[name], first[name], atol=scale, rtol=0)
        else:
            assert list(map(str, second[name])) == list(map(str, first[name]))
    assert torch.equal(encoded(decoded(once, units), units), as_written(once, units))


def test_samples_stay_in_the_possible() -> None:
    dataset = made(0)
    units = units_of(dataset)
    noise = 3 * torch.randn(2000, *dataset.shape, generator=torch.Generator().manual_seed(0))
    given, drawn = values(np.random.default_rng(0), 900), decoded(noise, units)
    for name in ("height", "age", "income", "gain", "capped", "two", "shock", "score"):
        low, high = np.nanmin(given[name][0]), np.nanmax(given[name][0])
        assert np.nanmin(drawn[name]) >= low - 1e-9 * abs(low)
        assert np.nanmax(drawn[name]) <= high + 1e-9 * abs(high)
    assert drawn["gain"].min() == 0.0


def test_notes_say_what_was_decided() -> None:
    told = " ".join(made(0).notes)
    for part in (
        "'same' (3.25), 'void' (empty)", "continued in samples: 'row_id' (it counts the rows)",
        "'doors' (it holds 3 distinct values, and none between them)", "'flag' (it holds 0 and 1)",
        "'day' (all its cells are dates or times)", "'gain' (0)",
        "missing values are learnt as missing: 'score'",
        "'two' (2 modes", "'income' (skewness", "'shock' (heavy tails", "-999 lies far from the others",
    ):  # fmt: skip
        assert part in told
