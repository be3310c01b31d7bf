"""Parquet: every type that can be learnt, and the same type again in what is decoded."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ganscope.data import decoded, load
from ganscope.data.cells import arrow
from tests.data.tables import every_row

N = 60
DAY = datetime.date(2024, 1, 1)


def columns() -> dict[str, pa.Array]:
    rng = np.random.default_rng(0)
    days = [DAY + datetime.timedelta(days=int(d)) for d in rng.integers(0, 90, N)]
    moments = [
        datetime.datetime(2024, 1, 1, int(hour), int(minute), tzinfo=datetime.UTC)
        for hour, minute in rng.integers(0, 24, (N, 2))
    ]
    return {
        "tiny": pa.array(rng.permutation(N), pa.int8()),
        "half": pa.array(rng.permutation(N).astype(np.float16)),
        "money": pa.array([decimal.Decimal(int(i)) / 100 for i in rng.permutation(N)], pa.decimal128(10, 2)),
        "flag": pa.array((rng.random(N) < 0.4).tolist()),
        "city": pa.array(rng.choice(["Bern", "Oslo"], N).tolist()),
        "coded": pa.array(rng.choice(["u", "v", "w"], N).tolist()).dictionary_encode(),
        "day": pa.array(days),
        "moment": pa.array(moments, pa.timestamp("ms", tz="UTC")),
        "gaps": pa.array([None if i % 5 == 0 else int(i) for i in rng.permutation(N)]),
        "unsure": pa.array([None if i % 7 == 0 else bool(i % 2) for i in range(N)]),
        "void": pa.nulls(N),
        "__index_level_0__": pa.array([f"row {i}" for i in range(N)]),
    }


def test_every_type_is_learnt_and_comes_back(tmp_path: Path) -> None:
    given = columns()
    pq.write_table(pa.table(given), tmp_path / "x.parquet")
    dataset = load(tmp_path / "x.parquet")
    assert dataset.units is not None
    assert any("__index_level_0__ was left out" in note for note in dataset.notes)
    del given["__index_level_0__"]
    kinds = {column["name"]: column["kind"] for column in dataset.units["columns"]}
    assert kinds == {
        "tiny": "integer", "half": "integer", "money": "continuous", "flag": "boolean", "city": "category",
        "coded": "category", "day": "datetime", "moment": "datetime", "gaps": "integer", "unsure": "boolean",
        "void": "constant",
    }  # fmt: skip
    table = decoded(every_row(dataset), dataset.units)
    assert list(table) == list(given)
    for column, (name, cells) in zip(dataset.units["columns"], given.items(), strict=True):
        again = arrow.array(table[name], arrow.unpacked(column["cells"]["arrow"]))
        assert again.type == cells.type
        assert sorted(map(str, again.to_pylist())) == sorted(map(str, cells.to_pylist()))
