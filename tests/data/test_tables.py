"""Tables from files: what is read, how it comes back in its units."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data import in_units, lazy_rows, load
from ganscope.data.lazy_rows import ArrayRows
from tests.data.tables import (
    NAMES,
    back,
    every_row,
    in_order,
    people,
    write_csv,
    write_npy,
    write_parquet,
)

TABLES: dict[str, Callable[[Path, NDArray[np.float64]], Path]] = {
    "comma": lambda folder, x: write_csv(folder / "people.csv", x),
    "semicolon": lambda folder, x: write_csv(folder / "people.csv", x, delimiter=";"),
    "tab": lambda folder, x: write_csv(folder / "people.tsv", x, delimiter="\t"),
    "quoted": lambda folder, x: write_csv(folder / "people.CSV", x, quoting=csv.QUOTE_ALL),
    "byte order mark": lambda folder, x: write_csv(folder / "people.csv", x, encoding="utf-8-sig"),
    "utf-16": lambda folder, x: write_csv(folder / "people.csv", x, delimiter="\t", encoding="utf-16"),
    "parquet": lambda folder, x: write_parquet(folder / "people.parquet", x),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_comes_back_in_its_units_with_its_columns(kind: str, tmp_path: Path) -> None:
    values = people()
    dataset = load(TABLES[kind](tmp_path, values))
    assert dataset.columns == ("height", "age", "weight")
    assert dataset.shape == (3,)
    assert dataset.value_range is None
    assert (len(dataset.train), len(dataset.held_out)) == (150, 50)
    assert dataset.units is not None
    names, _ = in_units(dataset.held_out, dataset.units)
    assert names == NAMES
    returned, original = back(dataset), in_order(values)
    # float32 keeps 6e-8 of a standardised value.
    np.testing.assert_allclose(returned, original, rtol=0, atol=1e-6 * original.std(axis=0).max())
    np.testing.assert_allclose(returned[:, 0], original[:, 0], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(returned[:, 1:3], original[:, 1:3])
    assert any("'answer' (42.5)" in note for note in dataset.notes)
    assert any("'age'" in note and "rounded" in note for note in dataset.notes)
    assert not any("'height'" in note for note in dataset.notes)


def test_the_same_table_in_another_format_has_the_same_split(tmp_path: Path) -> None:
    values = people()
    first, *others = (load(write(tmp_path, values)) for write in TABLES.values())
    array = load(write_npy(tmp_path / "people.npy", values))
    for other in (*others, array):
        assert other.digest == first.digest
        assert torch.equal(other.held_out, first.held_out)
        assert torch.equal(every_row(other), every_row(first))


def test_training_rows_have_mean_zero_and_std_one(tmp_path: Path) -> None:
    values = people(700)
    dataset = load(write_csv(tmp_path / "people.csv", values))
    assert isinstance(dataset.train, Tensor)
    assert dataset.units is not None
    torch.testing.assert_close(dataset.train.mean(dim=0), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(dataset.train.std(dim=0, correction=0), torch.ones(3), atol=1e-6, rtol=0)
    # Second source: scikit-learn's scaler, fitted to the training rows as they come back.
    _, train = in_units(dataset.train, dataset.units)
    scaler = StandardScaler().fit(train[:, [0, 1, 3]])
    np.testing.assert_allclose(learnt(dataset, "mean"), scaler.mean_, rtol=1e-7)
    np.testing.assert_allclose(learnt(dataset, "std"), scaler.scale_, rtol=1e-6)
    # Not those of all rows: the held-out ones have no say.
    assert abs(learnt(dataset, "mean")[0] - values[:, 0].mean()) > 1e-6


def test_moments_agree_when_rows_come_in_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = people(999)
    path = write_npy(tmp_path / "people.npy", values)
    whole = load(path)
    monkeypatch.setattr(lazy_rows, "BLOCK", 100)
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", 0)
    parts = load(path)
    assert isinstance(parts.train, ArrayRows)
    assert parts.digest == whole.digest
    np.testing.assert_allclose(learnt(parts, "mean"), learnt(whole, "mean"), rtol=1e-13)
    np.testing.assert_allclose(learnt(parts, "std"), learnt(whole, "std"), rtol=1e-13)
    torch.testing.assert_close(every_row(parts), every_row(whole), atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_columns_of_any_magnitude_are_standardised(scale: float, tmp_path: Path) -> None:
    values = scale * np.random.default_rng(0).normal(3.0, 2.0, (100, 2))
    dataset = load(write_npy(tmp_path / "x.npy", values))
    assert isinstance(dataset.train, Tensor)
    torch.testing.assert_close(dataset.train.std(dim=0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    np.testing.assert_allclose(back(dataset), in_order(values), rtol=1e-5, atol=1e-6 * scale)


def test_a_column_that_varies_only_among_held_out_rows_is_constant(tmp_path: Path) -> None:
    values = np.stack([np.arange(100.0), np.full(100, 0.1)], axis=1)
    for at in range(99):  # find two held-out rows by trying
        values[:, 1] = 0.1
        values[at : at + 2, 1] = -3.0, 5.0
        dataset = load(write_npy(tmp_path / "x.npy", values))
        if dataset.columns == ("x0",):
            break
    assert dataset.units is not None
    assert dataset.units["columns"][1]["code"] == {"as": "constant", "value": 0.1}
    assert in_units(torch.zeros(1, 1), dataset.units)[1][0, 1] == 0.1


def test_integer_columns_are_rounded_in_samples() -> None:
    units = {"columns": ["n"], "mean": [0.2], "std": [1.0], "integer": [True], "constants": {}}
    _, values = in_units(torch.tensor([[-0.6], [0.0], [0.4], [2.2]]), units)
    assert values.dtype == np.float64
    assert values.flatten().tolist() == [0.0, 0.0, 1.0, 2.0]
    assert not np.signbit(values).any()
    with pytest.raises(BadInput, match=r"\[4, 2\] do not fit the 1 trained"):
        in_units(torch.zeros(4, 2), units)


def learnt(dataset: Dataset, part: str) -> list[float]:
    assert dataset.units is not None
    return [column["code"][part] for column in dataset.units["columns"] if part in column["code"]]


def numbered(first: str, cells: str = "{},{}", n: int = 30) -> str:
    return first + "".join(cells.format(i, i / 4) + "\n" for i in range(n))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (numbered(""), ("x0", "x1")),
        (numbered("a,b\n"), ("a", "b")),
        (numbered("# a, b\n"), ("a", "b")),
        (numbered(",b\n"), ("b",)),
        (numbered(",b\n", "{0}.5,{1}"), ("column 1", "b")),
        (numbered("2020,b\n"), ("2020", "b")),
        (numbered('"a, or so","b ""quoted"""\n'), ("a, or so", 'b "quoted"')),
        (numbered('"a\nb",c\n'), ("a\nb", "c")),
        (numbered("a;b,c\n", "{};{}"), ("a", "b,c")),
        (numbered("\n\na,b\n\n"), ("a", "b")),
        (numbered("a\n", "{}"), ("a",)),
        (numbered("", "{}"), ("x0",)),
        (numbered("a , b\r\n", "{} ,\t{}\r"), ("a", "b")),
        (numbered("NAN?,b\n", "-{}e-3, +{}"), ("NAN?", "b")),
    ],
)
def test_headers_and_delimiters_are_found(text: str, columns: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    dataset = load(path)
    assert dataset.columns == columns
    assert len(dataset.train) + len(dataset.held_out) == 30
    assert any("has no header" in note for note in dataset.notes) == (columns[0] == "x0")


def test_windows_text_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(numbered("Größe,Länge\n").encode("cp1252"))
    dataset = load(path)
    assert dataset.columns == ("Größe", "Länge")
    assert "Windows-1252" in dataset.notes[0]


def test_reading_leaves_the_global_generators_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state(), np.random.get_state(legacy=False)  # noqa: NPY002
    load(write_csv(tmp_path / "x.csv", people()))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
