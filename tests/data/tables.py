"""Tables and arrays written for the tests, good and bad, and how rows are compared."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor

from ganscope.contracts import Dataset
from ganscope.data import in_units

NAMES = ["height", "age", "answer", "weight"]


def people(n: int = 200) -> NDArray[np.float64]:
    """Real, whole, constant, and of another magnitude."""
    rng = np.random.default_rng(n)
    return np.stack(
        [
            rng.normal(1.7, 0.1, n),
            rng.integers(18, 90, n).astype(float),
            np.full(n, 42.5),
            rng.normal(-7e8, 1e7, n),
        ],
        axis=1,
    )


def write_csv(
    path: Path,
    values: NDArray[Any],
    header: Sequence[str] | None = NAMES,
    delimiter: str = ",",
    encoding: str = "utf-8",
    quoting: Any = csv.QUOTE_MINIMAL,
) -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
        if header is not None:
            writer.writerow(header)
        writer.writerows([[repr(float(cell)) for cell in row] for row in values])
    return path


def write_parquet(path: Path, values: NDArray[Any], names: Sequence[str] = NAMES) -> Path:
    pq.write_table(pa.table({name: values[:, at] for at, name in enumerate(names)}), path, row_group_size=64)
    return path


def write_npy(path: Path, values: NDArray[Any]) -> Path:
    np.save(path, values)
    return path


def every_row(dataset: Dataset) -> Tensor:
    return torch.cat([dataset.train[torch.arange(len(dataset.train))], dataset.held_out])


def back(dataset: Dataset) -> NDArray[np.float64]:
    """All rows in their own units, in the order of their first column."""
    assert dataset.units is not None
    _, values = in_units(every_row(dataset), json.loads(json.dumps(dataset.units)))
    return values[np.argsort(values[:, 0])]


def in_order(values: NDArray[Any]) -> NDArray[Any]:
    ordered: NDArray[Any] = values[np.argsort(values[:, 0])]
    return ordered


def digit_images() -> NDArray[np.float64]:
    """The first 120 digits, 0 to 1, the brightest pixel 1."""
    return np.asarray(load_digits().images[:120]) / 16.0


def text(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content.encode())
        return folder / name

    return write


def array(values: NDArray[Any], name: str = "x.npy") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.save(folder / name, values, allow_pickle=True)
        return folder / name

    return write


def arrays(**values: NDArray[Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "x.npz", **values)  # type: ignore[arg-type]
        return folder / "x.npz"

    return write


def column(name: str, *cells: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pq.write_table(pa.table({"fine": range(len(cells)), name: list(cells)}), folder / "x.parquet")
        return folder / "x.parquet"

    return write


def cut(write: Callable[[Path], Path], keep: int) -> Callable[[Path], Path]:
    def write_less(folder: Path) -> Path:
        path = write(folder)
        path.write_bytes(path.read_bytes()[:keep])
        return path

    return write_less


def with_bad(values: NDArray[Any], at: tuple[int, ...], value: float) -> NDArray[Any]:
    values[at] = value
    return values


def missing(folder: Path) -> Path:
    (folder / "people.csv").write_text("1,2")
    return folder / "peple.csv"


def assert_one_sentence(sentence: str) -> None:
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not re.search(r"[.!?] [A-Z]", sentence)
    assert len(sentence) < 260
