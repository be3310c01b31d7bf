"""Tables to learnt rows and back: what is decoded from what was encoded is the same table."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from ganscope.contracts import BadInput
from ganscope.data import as_written, decoded, encoded, in_units
from ganscope.data.column import Column, constant

CITY = {"as": "words", "words": ["Bern", "Oslo", "Rome"]}
COLUMNS = [
    Column("age", "integer", {"as": "number"}, {"as": "number", "mean": 40.0, "std": 9.0, "decimals": 0}),
    Column("city", "category", CITY, {"as": "choice", "values": [0.0, 1.0, 2.0], "missing": True}),
    constant("year", {"as": "number"}, 2024.0),
    Column(
        "gain",
        "continuous",
        {"as": "number"},
        {
            "as": "number",
            "mean": 500.0,
            "std": 90.0,
            "low": 120.0,
            "high": 900.0,
            "masses": [0.0],
            "missing": True,
        },
    ),
    Column("day", "datetime", {"as": "date", "format": "%Y-%m-%d", "unit": "D"},
           {"as": "number", "mean": 19000.0, "std": 30.0, "decimals": 0}),
    Column("no", "identifier", {"as": "number", "whole": True}, {"as": "index", "next": 60, "step": 1}),
]  # fmt: skip
UNITS = json.loads(json.dumps({"columns": [column._asdict() for column in COLUMNS]}))
WIDTH = 1 + 4 + 0 + (1 + 3) + 1


def noise(n: int = 500) -> torch.Tensor:
    return torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(0))


def test_a_table_comes_back_in_its_types_order_and_names() -> None:
    table = decoded(noise(), UNITS)
    assert list(table) == ["age", "city", "year", "gain", "day", "no"]
    assert [str(values.dtype) for values in table.values()] == [
        "int64",
        "object",
        "float64",
        "float64",
        "datetime64[us]",
        "int64",
    ]
    assert set(table["city"]) == {"Bern", "Oslo", "Rome", None}
    assert table["no"].tolist() == list(range(60, 560))
    gain = table["gain"]
    assert np.isnan(gain).any()
    assert (gain == 0).any()
    assert gain[gain > 0].min() >= 120.0
    assert np.nanmax(gain) <= 900.0


def test_what_is_encoded_is_decoded_to_the_same() -> None:
    table = decoded(noise(), UNITS)
    again = decoded(encoded(table, UNITS), UNITS)
    for name, values in table.items():
        if name == "gain":
            np.testing.assert_allclose(again[name], values, rtol=1e-6)
        else:
            np.testing.assert_array_equal(again[name], values)


def test_as_written_changes_rows_once() -> None:
    written = as_written(noise(), UNITS)
    assert written.shape == (500, WIDTH)
    assert torch.equal(written, encoded(decoded(noise(), UNITS), UNITS))
    torch.testing.assert_close(as_written(written, UNITS), written, rtol=1e-6, atol=1e-6)
    city = written[:, 1:5]
    assert torch.equal(city.sum(dim=1), torch.ones(500))
    assert set(city.flatten().tolist()) == {0.0, 1.0}
    broken = torch.full((2, WIDTH), torch.nan)
    broken[0] = 0.0
    assert as_written(broken, UNITS)[1].isnan().all()


def test_a_mixed_table_is_one_array_of_objects() -> None:
    names, values = in_units(noise(20), UNITS)
    assert names == ["age", "city", "year", "gain", "day", "no"]
    assert values.dtype == object
    assert {type(value) for value in values[:, 1]} <= {str, type(None)}
    assert not any(value != value for value in values[:, 3])  # noqa: PLR0124 - None in place of NaN


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(BadInput, match=r"\[2, 3\] do not fit the 10 trained"):
        decoded(torch.zeros(2, 3), UNITS)
    table = decoded(noise(5), UNITS)
    with pytest.raises(BadInput, match="has no 'Ulm': its words are Bern, Oslo, Rome"):
        encoded({**table, "city": np.array(["Ulm"] * 5, dtype=object)}, UNITS)
    del table["gain"]
    with pytest.raises(BadInput, match="no column 'gain'"):
        encoded(table, UNITS)
