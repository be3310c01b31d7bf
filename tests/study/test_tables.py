"""The study of mixed tables: its tables are what they are said to be, and its measures know good from bad."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from validation.tables import measures, page
from validation.tables.data import TABLES, TARGETS, Table, read, write


def text(table: Table) -> dict[str, list[str]]:
    return {name: [str(cell) for cell in column.tolist()] for name, column in table.items()}


def test_the_tables_are_what_they_are_said_to_be() -> None:
    made = {name: make(4_000, 0) for name, make in TABLES.items()}
    assert set(made) == set(TARGETS)
    assert 0.87 < float(np.mean(made["adult"]["capital_gain"] == 0)) < 0.95
    assert 0.4 < float(np.mean(made["adult"]["hours"] == 40)) < 0.55
    assert 0.005 < float(np.mean(made["imbalanced"]["fraud"] == "yes")) < 0.016
    assert 0.87 < float(np.mean(made["inflated"]["claim"] == 0)) < 0.93
    assert made["inflated"]["claim"].max() <= 10_000
    days = made["dates"]["ordered"].astype("datetime64[D]")
    assert not np.any((days.astype(int) + 3) % 7 == 6)  # no Sunday; 1970 began on a Thursday
    assert bool(np.all(made["dates"]["sent"].astype("datetime64[D]") >= days))
    assert all(
        np.array_equal(TABLES["adult"](50, 3)[name], TABLES["adult"](50, 3)[name]) for name in made["adult"]
    )


def test_distances_of_columns_and_pairs_are_those_of_the_definition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    real = {"x": rng.normal(size=80), "c": rng.choice(["a", "b", "c"], 80)}
    fake = {"x": rng.normal(0.5, 1, 60), "c": rng.choice(["a", "b"], 60)}
    write(tmp_path / "fake.csv", fake)
    back = read(tmp_path / "fake.csv")
    assert back == text(fake)
    found = measures.column_distances(text(real), back)
    at = np.concatenate([real["x"], fake["x"]])
    ks = max(abs(np.mean(real["x"] <= t) - np.mean(fake["x"] <= t)) for t in at)
    tv = 0.5 * sum(abs(np.mean(real["c"] == w) - np.mean(fake["c"] == w)) for w in "abc")
    assert found == {"x": pytest.approx(ks), "c": pytest.approx(tv)}
    edges = np.quantile(real["x"], [0.2, 0.4, 0.6, 0.8])
    pairs = [
        {(int(bin_), str(word)): 0.0 for bin_, word in itertools.product(range(5), "abc")} for _ in range(2)
    ]
    for shares, table in zip(pairs, (real, fake), strict=True):
        for x, word in zip(table["x"], table["c"], strict=True):
            shares[int(np.searchsorted(edges, x)), str(word)] += 1 / len(table["x"])
    apart = 0.5 * sum(abs(pairs[0][cell] - pairs[1][cell]) for cell in pairs[0])
    assert measures.pair_distances(text(real), back)["x", "c"] == pytest.approx(apart)


def test_bad_samples_score_worse_than_real_rows() -> None:
    train, test, other = (text(TABLES["adult"](600, seed)) for seed in range(3))
    rng = np.random.default_rng(0)
    shuffled = {name: [column[k] for k in rng.permutation(600)] for name, column in other.items()}
    copied = {name: column[:300] * 2 for name, column in train.items()}
    real, apart, copies = (measures.all_of(train, test, fake, "income") for fake in (other, shuffled, copied))
    assert apart["columns"] == pytest.approx(real["columns"])  # each column alone is as it was
    assert apart["pairs"] > real["pairs"]
    assert apart["classifier"] < real["classifier"]
    assert real["copies"] < 0.05
    assert copies["copies"] == 1
    assert copies["closest"] == 0
    assert 0.8 < real["closest"] < 1.2


def test_dates_are_days_and_missing_ones_count() -> None:
    days = measures.numbers(["1970-01-02", "", "1970-01-04"])
    assert days is not None
    np.testing.assert_array_equal(days, [1.0, np.nan, 3.0])
    real = {"d": [f"2020-01-{day:02d}" for day in range(1, 29)]}
    assert measures.column_distances(real, {"d": ["", *real["d"][1:]]})["d"] >= 1 / 28
    assert measures.column_distances(real, {"d": ["none"] * 28})["d"] == 1.0


def test_the_page_holds_what_was_measured() -> None:
    import json

    from validation.tables.__main__ import RESULTS

    results = json.loads(RESULTS.read_text())
    assert page.table(results) in page.PAGE.read_text()
