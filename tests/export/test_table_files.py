"""A table written and read again has the same columns, of the same kinds and types."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from ganscope.contracts import BadInput, Dataset
from ganscope.data import decoded, load
from ganscope.export import write_table
from tests.data.tables import every_row

N = 120


def people(path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = [",age,height,city,member,born,gain,zip,grade"]
    for at in range(N):
        age = rng.integers(18, 90) if rng.random() > 0.2 else "NA"
        gain = 0 if rng.random() < 0.8 else round(rng.gamma(2, 900), 2)
        born = np.datetime64("1950-01-01") + int(rng.integers(0, 15_000))
        day = f"{str(born)[8:]}.{str(born)[5:7]}.{str(born)[:4]}"
        city = rng.choice(["Bern", '"Oslo, East"', "=1+1", ""])
        yes, zip_ = rng.choice(["yes", "no"]), rng.choice(["00501", "02108", "10001"])
        rows.append(
            f"{at},{age},{rng.normal(1.7, 0.1):.3f},{city},{yes},{day},{gain},{zip_},{rng.integers(1, 6)}"
        )
    path.write_text("\n".join(rows) + "\n")
    return path


def kinds(dataset: Dataset) -> list[tuple[Any, ...]]:
    assert dataset.units is not None
    return [(c["name"], c["kind"], c["cells"]["as"], c["code"]["as"]) for c in dataset.units["columns"]]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_what_is_written_is_read_again_as_the_same_kinds(ending: str, tmp_path: Path) -> None:
    dataset = load(people(tmp_path / "people.csv"))
    assert dataset.units is not None
    path = tmp_path / f"new.{ending}"
    assert write_table(path, every_row(dataset), dataset.units) == ""
    again = load(path)
    assert again.units is not None
    if ending != "parquet":
        assert kinds(again) == kinds(dataset)
    else:
        assert [kind[1] for kind in kinds(again)][1:] == [kind[1] for kind in kinds(dataset)][1:]
        types = pq.read_table(path).schema.types
        expected = [
            "int64",
            "int64",
            "double",
            "string",
            "string",
            "date32[day]",
            "double",
            "string",
            "int64",
        ]
        assert list(map(str, types)) == expected
    first, second = (decoded(every_row(data), data.units or {}) for data in (dataset, again))
    for name in ("age", "height", "city", "born", "zip", "grade"):
        assert sorted(map(str, first[name])) == sorted(map(str, second[name]))


def test_a_csv_has_the_formats_of_its_file(tmp_path: Path) -> None:
    dataset = load(people(tmp_path / "people.csv"))
    assert dataset.units is not None
    write_table(tmp_path / "new.csv", every_row(dataset), dataset.units)
    header, first, *_ = (tmp_path / "new.csv").read_text().splitlines()
    assert header == ",age,height,city,member,born,gain,zip,grade"
    assert first.split(",")[0] == str(N)
    original, written = (
        [line.split(",", 1)[1].replace("NA", "") for line in (tmp_path / name).read_text().splitlines()[1:]]
        for name in ("people.csv", "new.csv")
    )
    gain = re.compile(r"(\d)\.0(?=,)")  # numbers of mixed decimals are written as Python does
    assert {gain.sub(r"\1", line) for line in written} == {gain.sub(r"\1", line) for line in original}


def test_words_that_a_spreadsheet_would_run_are_quoted_on_request(tmp_path: Path) -> None:
    dataset = load(people(tmp_path / "people.csv"))
    assert dataset.units is not None
    note = write_table(tmp_path / "new.csv", every_row(dataset), dataset.units, safe=True)
    assert "spreadsheet" in note
    text = (tmp_path / "new.csv").read_text()
    assert ",'=1+1," in text
    assert ",=1+1," not in text


def test_words_are_in_no_array(tmp_path: Path) -> None:
    dataset = load(people(tmp_path / "people.csv"))
    assert dataset.units is not None
    with pytest.raises(BadInput, match=r"holds no words or dates: end the name in \.csv"):
        write_table(tmp_path / "new.npy", torch.zeros(2, *dataset.shape), dataset.units)
