"""Tables and arrays from files: what is read, how it comes back, what is held out, what is refused."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from ganscope.contracts import BadInput, Dataset
from ganscope.data import in_units, lazy_rows, load, parquet
from ganscope.data.lazy_rows import ArrayRows, Remaining
from ganscope.data.pixels import resized
from ganscope.data.split import split

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
    np.testing.assert_allclose(dataset.units["mean"], scaler.mean_, rtol=1e-7)
    np.testing.assert_allclose(dataset.units["std"], scaler.scale_, rtol=1e-6)
    # Not those of all rows: the held-out ones have no say.
    assert abs(dataset.units["mean"][0] - values[:, 0].mean()) > 1e-6


def test_moments_agree_when_rows_come_in_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = people(999)
    path = write_npy(tmp_path / "people.npy", values)
    whole = load(path)
    monkeypatch.setattr(lazy_rows, "BLOCK", 100)
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", 0)
    parts = load(path)
    assert isinstance(parts.train, ArrayRows)
    assert parts.digest == whole.digest
    assert whole.units is not None
    assert parts.units is not None
    np.testing.assert_allclose(parts.units["mean"], whole.units["mean"], rtol=1e-13)
    np.testing.assert_allclose(parts.units["std"], whole.units["std"], rtol=1e-13)
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
    assert dataset.units["constants"] == {"x1": 0.1}
    assert in_units(torch.zeros(1, 1), dataset.units)[1][0, 1] == 0.1


def test_integer_columns_are_rounded_in_samples() -> None:
    units = {"columns": ["n"], "mean": [0.2], "std": [1.0], "integer": [True], "constants": {}}
    _, values = in_units(torch.tensor([[-0.6], [0.0], [0.4], [2.2]]), units)
    assert values.dtype == np.float64
    assert values.flatten().tolist() == [0.0, 0.0, 1.0, 2.0]
    assert not np.signbit(values).any()
    with pytest.raises(BadInput, match=r"\[4, 2\] do not fit the 1 trained"):
        in_units(torch.zeros(4, 2), units)


def numbered(first: str, cells: str = "{},{}", n: int = 30) -> str:
    return first + "".join(cells.format(i, i / 4) + "\n" for i in range(n))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (numbered(""), ("x0", "x1")),
        (numbered("a,b\n"), ("a", "b")),
        (numbered("# a, b\n"), ("a", "b")),
        (numbered(",b\n"), ("column 1", "b")),
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


def test_parquet_takes_all_kinds_of_numbers_and_leaves_the_index_out(tmp_path: Path) -> None:
    import decimal

    n = 40
    columns = {
        "tiny": pa.array(range(n), pa.int8()),
        "flag": pa.array([i % 2 == 0 for i in range(n)]),
        "half": pa.array(np.arange(n, dtype=np.float16)),
        "money": pa.array([decimal.Decimal(i) / 100 for i in range(n)], pa.decimal128(10, 2)),
        "__index_level_0__": pa.array([f"row {i}" for i in range(n)]),
    }
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table(columns), path)
    dataset = load(path)
    assert dataset.columns == ("tiny", "flag", "half", "money")
    assert any("__index_level_0__ was left out" in note for note in dataset.notes)
    expected = np.array([[i, i % 2 == 0, i, i / 100] for i in range(n)], dtype=float)
    np.testing.assert_allclose(back(dataset), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f4", "f8", "i1", ">i4", "u8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_any_number_type_and_order_is_a_table(dtype: str, order: Any, tmp_path: Path) -> None:
    values = np.array(np.random.default_rng(0).integers(0, 2, (60, 3)) + np.eye(60, 3), dtype, order=order)
    dataset = load(write_npy(tmp_path / "x.npy", values))
    assert dataset.columns == ("x0", "x1", "x2")
    expected = values.astype(np.float64)
    returned = back(dataset)
    assert sorted(map(tuple, returned.round(3))) == sorted(map(tuple, expected))
    assert dataset.held_out.dtype == torch.float32


def test_one_axis_is_a_table_of_one_column(tmp_path: Path) -> None:
    dataset = load(write_npy(tmp_path / "x.npy", np.linspace(0.0, 1.0, 90)))
    assert dataset.shape == (1,)
    assert dataset.columns == ("x0",)


@pytest.mark.parametrize(
    ("arrays", "name"),
    [
        ({"whatever": people()}, "x.npz"),
        ({"y": np.zeros(3), "x": people()}, "x.npz[x]"),
        ({"x": np.zeros(3), "data": people()}, "x.npz[data]"),
    ],
)
def test_npz_takes_its_only_array_or_one_with_a_usual_name(
    arrays: dict[str, Any], name: str, tmp_path: Path
) -> None:
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    dataset = load(tmp_path / "x.npz")
    assert dataset.name == name
    np.testing.assert_allclose(back(dataset), in_order(people()), rtol=1e-6)


def digit_images() -> NDArray[np.float64]:
    """The first 120 digits, 0 to 1, the brightest pixel 1."""
    return np.asarray(load_digits().images[:120]) / 16.0


IMAGE_ARRAYS: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], tuple[int, ...], str]] = {
    "[N, H, W], bytes": (lambda x: (x * 255).round().astype(np.uint8), (1, 8, 8), "0 (black) to 255"),
    "[N, C, H, W]": (lambda x: x[:, None].repeat(3, 1), (3, 8, 8), "0 (black) to 1"),
    "[N, H, W, C]": (lambda x: x[..., None].repeat(3, 3), (3, 8, 8), "0 (black) to 1"),
    "[N, H, W, C], one": (lambda x: x[..., None], (1, 8, 8), "0 (black) to 1"),
    "-1 to 1": (lambda x: x * 2 - 1, (1, 8, 8), "-1 (black) to 1"),
    "0 to 255, floats": (lambda x: (x * 255).astype(np.float32), (1, 8, 8), "0 (black) to 255"),
    "0 to 16, floats": (lambda x: x * 16, (1, 8, 8), "0 (black) to 16"),
    "16 bits": (lambda x: (x * 65535).round().astype(np.uint16), (1, 8, 8), "0 (black) to 65535"),
    "[N, C, H, W], alpha": (
        lambda x: np.concatenate([x[:, None].repeat(3, 1), np.ones((120, 1, 8, 8))], axis=1),
        (3, 8, 8),
        "alpha",
    ),
    "[N, H, W, C], alpha": (
        lambda x: np.concatenate([x[..., None].repeat(3, 3), np.ones((120, 8, 8, 1))], axis=3),
        (3, 8, 8),
        "alpha",
    ),
}


@pytest.mark.parametrize("kind", IMAGE_ARRAYS)
@pytest.mark.parametrize("in_memory", [0, 2**28])
def test_image_arrays_are_scaled_and_said_how(
    kind: str, in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", in_memory)
    make, shape, note = IMAGE_ARRAYS[kind]
    images = digit_images()
    dataset = load(write_npy(tmp_path / "x.npy", make(images)))
    assert dataset.shape == shape
    assert dataset.value_range == (-1.0, 1.0)
    assert dataset.units is None
    assert not kind.startswith("[") or kind[: kind.index("]")] in dataset.notes[0]
    assert note in " ".join(dataset.notes)
    assert isinstance(dataset.train, Tensor) == (in_memory > 0)
    expected = np.repeat(images[:, None] * 2 - 1, shape[0], axis=1)
    ours = every_row(dataset).flatten(1).double()
    theirs = torch.from_numpy(expected).flatten(1)
    # Digits differ by more than rounding: every row has its counterpart.
    nearest = torch.cdist(ours, theirs).argmin(dim=1)
    assert sorted(nearest.tolist()) == list(range(120))
    torch.testing.assert_close(ours, theirs[nearest], atol=0.004, rtol=0)


def test_black_and_white_are_exact(tmp_path: Path) -> None:
    images = np.zeros((40, 8, 8), np.uint8)
    images[:, 0, 0], images[:, 1, 1] = 255, np.arange(40)
    dataset = load(write_npy(tmp_path / "x.npy", images))
    assert set(every_row(dataset)[:, 0, 0, 0].tolist()) == {1.0}
    assert set(every_row(dataset)[:, 0, 7, 7].tolist()) == {-1.0}


def test_dark_bytes_are_pointed_out(tmp_path: Path) -> None:
    images = (digit_images() * 16).astype(np.uint8)
    (note,) = [note for note in load(write_npy(tmp_path / "x.npy", images)).notes if "white" in note]
    assert "If 16 is meant as white, rescale" in note


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (9, 100), (10, 10), (64, 64)])
@pytest.mark.parametrize("size", [8, 17])
def test_resized_agrees_with_pillow(shape: tuple[int, int], size: int) -> None:
    # Second source: Pillow's bicubic, which is antialiased too, on floats, then a crop by hand.
    image = np.random.default_rng(0).uniform(-0.6, 0.6, shape).astype(np.float32)
    sides = [round(side * size / min(shape)) for side in shape]
    theirs = np.asarray(Image.fromarray(image).resize((sides[1], sides[0]), Image.Resampling.BICUBIC))
    top, left = ((side - size) // 2 for side in sides)
    theirs = theirs[top : top + size, left : left + size].clip(-1, 1)
    ours = resized(torch.from_numpy(image)[None, None], size)[0, 0].numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_image_arrays_are_resized_and_cropped_on_demand(tmp_path: Path) -> None:
    wide = np.zeros((50, 20, 60), np.uint8)
    wide[:, :, :20], wide[:, :, 40:], wide[:, 0, 30] = 255, 255, np.arange(50)
    dataset = load(write_npy(tmp_path / "x.npy", wide), size=10)
    assert dataset.shape == (1, 10, 10)
    assert any("cropped to 10 x 10" in note for note in dataset.notes)
    # The white thirds left and right are cut off.
    assert every_row(dataset)[:, :, 2:, 1:-1].max() < -0.99


def test_split_sizes_and_stability() -> None:
    for n, held in ((20, 10), (99, 49), (100, 50), (501, 50), (1_000, 100), (5_000, 500), (10**12, 500)):
        drawn = split("digest", n)
        assert len(drawn) == len(set(drawn.tolist())) == held
        assert drawn.min() >= 0
        assert drawn.max() < n
    assert split("digest", 20).tolist() == split("digest", 20).tolist()
    # Pinned, and recomputed with hashlib alone: no new version may move the split of a user's data.
    assert split("digest", 10**6)[:3].tolist() == [947_814, 405_786, 832_408]


def test_split_is_uniform() -> None:
    counts = np.bincount(np.concatenate([split(str(seed), 100) for seed in range(2_000)]), minlength=100)
    # Each of 100 rows is held out with probability a half: binomial, std 22.4.
    assert abs(counts - 1_000).max() < 4.5 * 22.4


def test_remaining_rows_are_all_the_others() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 50):
        for apart in (0, n // 2, n - 1):
            out = np.sort(rng.choice(n, apart, replace=False))
            remaining = Remaining(n, out)
            expected = np.setdiff1d(np.arange(n), out)
            assert remaining.positions(torch.arange(len(remaining))).tolist() == expected.tolist()
            with pytest.raises(IndexError):
                remaining.positions(torch.tensor([len(remaining)]))
            with pytest.raises(IndexError):
                remaining.positions(torch.tensor([-1]))


def test_the_split_is_fixed_by_content_and_by_nothing_else(tmp_path: Path) -> None:
    values = people()
    first = load(write_csv(tmp_path / "people.csv", values))
    (tmp_path / "elsewhere").mkdir()
    torch.manual_seed(7)
    renamed = load(write_csv(tmp_path / "elsewhere" / "folk.csv", values, header=["a", "b", "c", "d"]))
    assert renamed.digest == first.digest
    assert torch.equal(renamed.held_out, first.held_out)
    for row, column in ((0, 0), (199, 3), (77, 2)):
        changed = values.copy()
        changed[row, column] = np.nextafter(changed[row, column], np.inf)
        assert load(write_csv(tmp_path / "changed.csv", changed)).digest != first.digest
    swapped = values.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert load(write_csv(tmp_path / "swapped.csv", swapped)).digest != first.digest


@pytest.mark.parametrize("in_memory", [0, 2**28])
def test_training_never_sees_a_held_out_row(
    in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", in_memory)
    dataset = load(write_npy(tmp_path / "x.npy", np.random.default_rng(1).normal(size=(3_000, 2))))
    train = {row.tobytes() for row in dataset.train[torch.arange(len(dataset.train))].numpy()}
    held = {row.tobytes() for row in dataset.held_out.numpy()}
    assert (len(train), len(held)) == (2_700, 300)
    assert not train & held


def test_a_copy_of_a_held_out_image_is_kept_from_training(tmp_path: Path) -> None:
    images = np.concatenate([digit_images(), digit_images()[::-1], digit_images()[:5]])
    dataset = load(write_npy(tmp_path / "x.npy", images))
    train = {row.tobytes() for row in dataset.train[torch.arange(len(dataset.train))].numpy()}
    held = {row.tobytes() for row in dataset.held_out.numpy()}
    assert len(dataset.held_out) == 50
    assert not train & held
    assert len(train) + len(held) == 120
    assert any("exact copies of held-out images" in note for note in dataset.notes)


def test_batches_take_any_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npy(tmp_path / "x.npy", people(100))
    whole = load(path).train
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", 0)
    lazy = load(path).train
    assert isinstance(whole, Tensor)
    assert not isinstance(lazy, Tensor)
    index = torch.tensor([3, 3, 49, 0])
    assert torch.equal(lazy[index], whole[index])
    assert lazy[torch.tensor([], dtype=torch.int64)].shape == (0, 3)


FLAT = """
    import sys, torch
    from pathlib import Path
    from ganscope.data import load, rows

    def status(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith(key + ":")]
        return int(line.split()[1]) / 1024

    lazy_rows.IN_MEMORY = 2**25
    if sys.argv[1].endswith(".parquet"):
        import pyarrow.parquet
    before = status("VmRSS")
    data = load(sys.argv[1])
    for start in range(0, len(data.train) - 1024, 1024):
        batch = data.train[torch.arange(start, start + 1024)]
    print(type(data.train).__name__, len(data.train), status("VmHWM") - before)
"""


def large_npy(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """An array of random rows and then zeros, which are a hole in the file."""
    some = np.random.default_rng(0).integers(0, 256, (4_000, *shape[1:])).astype(dtype)
    with path.open("wb") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        file.write(some.tobytes())
        file.truncate(start + some.itemsize * int(np.prod(shape)))


def large_parquet(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    n = 2**15
    some = np.random.default_rng(0).normal(size=(n, shape[1])).astype(dtype)
    part = pa.table({f"x{at}": some[:, at] for at in range(shape[1])})
    with pq.ParquetWriter(path, part.schema, compression="NONE") as writer:
        for _ in range(shape[0] // n):
            writer.write_table(part)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.parametrize(
    ("name", "write", "shape", "dtype"),
    [
        ("table.npy", large_npy, (300_000, 128), "<f8"),  # 307 MB
        ("table.parquet", large_parquet, (2**15 * 8, 80), "<f8"),  # 168 MB, and as much in a temporary file
    ],
)
def test_files_above_the_budget_are_iterated_with_flat_memory(
    name: str,
    write: Callable[[Path, tuple[int, ...], str], None],
    shape: tuple[int, ...],
    dtype: str,
    tmp_path: Path,
) -> None:
    write(tmp_path / name, shape, dtype)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FLAT), str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / name).unlink()
    kind, length, grown = done.stdout.split()
    assert kind == "ArrayRows"
    assert int(length) == shape[0] - 500
    assert 0 < float(grown) < 100.0  # MB


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


GOOD = "".join(f"{i},{i / 4}\n" for i in range(30))
PIXELS = np.random.default_rng(0).random((30, 8, 8))
BAD: dict[str, tuple[Callable[[Path], Path], int | None, tuple[str, ...]]] = {
    "no such file": (missing, None, ("peple.csv", "nearest", "people.csv", "give the path")),
    "unknown ending": (text("x.xlsx", "hm"), None, ("x.xlsx", ".csv", ".parquet", "give the path")),
    "empty csv": (text("x.csv", ""), None, ("x.csv", "0 bytes", "write the data again")),
    "empty npy": (text("x.npy", ""), None, ("x.npy", "0 bytes", "write the data again")),
    "blank csv": (text("x.csv", "\n\n"), None, ("x.csv", "blank lines", "give a table")),
    "header only": (text("x.csv", "a,b\n"), None, ("x.csv", "0 rows", "20", "add more")),
    "one row": (text("x.csv", "a,b\n1,2\n"), None, ("x.csv", "1 row,", "20", "add more")),
    "few rows": (text("x.csv", "1,2\n" * 19), None, ("x.csv", "19 rows", "20", "add more")),
    "binary csv": (text("x.csv", "a,b\0\n"), None, ("x.csv", "binary", "save the table as CSV")),
    "text column": (
        text("x.csv", "a,species,b\n" + "1,setosa,2\n" * 30),
        None,
        ("'setosa'", "'species'", "row 1 (line 2)", "remove the column or encode it"),
    ),
    "text columns": (
        text("x.csv", "a,b,c\n" + "1,2,3\n" * 5 + "\n" + "u,4,w\n" * 30),
        None,
        ("'u'", "'a', 'c'", "row 6 (line 8)", "remove the columns or encode them"),
    ),
    "text without header": (text("x.csv", "1,red\n2,blue\n"), None, ("'red'", "'x1'", "row 1 (line 1)")),
    "long text": (text("x.csv", "a,b\n" + f"1,{'very ' * 30}\n" * 30), None, ("'very very", "…'", "'b'")),
    "empty cell": (
        text("x.csv", "a,b\n1,2\n3,\n"),
        None,
        ("empty cell", "'b'", "row 2 (line 3)", "fill it in or remove the row"),
    ),
    "NA": (text("x.csv", "a,b\n1,2\nNA,3\n"), None, ("'NA'", "'a'", "row 2 (line 3)", "fill it in")),
    "NA first": (text("x.csv", "1,NA,3\n1,2,3\n"), None, ("'NA'", "'x1'", "row 1 (line 1)", "fill it in")),
    "nan in csv": (
        text("x.csv", "a,b\n\n" + GOOD + "1,nan\n"),
        None,
        ("holds nan", "'b'", "row 31 (line 33)", "repair the value or remove the row"),
    ),
    "inf in csv": (text("x.csv", "a,b\n-inf,1\n" + GOOD), None, ("holds -inf", "'a'", "row 1 (line 2)")),
    "line of a quoted break": (
        text("x.csv", '"a\nb",c\n1,2\n3,nan\n' + GOOD),
        None,
        ("holds nan", "'c'", "row 2 (line 4)"),
    ),
    "ragged": (
        text("x.csv", "a,b\n" + GOOD + "1,2,3\n"),
        None,
        ("3 cells", "row 31 (line 32)", "2 cells", "one cell per column"),
    ),
    "decimal comma": (
        text("x.csv", "a;b\n" + "1,5;2,5\n" * 30),
        None,
        ("'1,5'", "decimal comma", "'a', 'b'", "decimal points"),
    ),
    "decimal comma without header": (
        text("x.csv", "1,5;2,5\n" * 30),
        None,
        ("'1,5'", "decimal comma", "'x0', 'x1'", "decimal points"),
    ),
    "repeated column": (text("x.csv", "a,a\n" + GOOD), None, ("column 'a'", "a name of its own")),
    "all constant": (
        text("x.csv", "a,b\n" + "1,2\n" * 30),
        None,
        ("constant", "a, b", "add one that varies"),
    ),
    "size of a table": (text("x.csv", GOOD), 16, ("--size 16", "x.csv", "leave it out")),
    "size of an array table": (array(people()), 16, ("--size 16", "x.npy", "leave it out")),
    "size too small": (array(PIXELS), 7, ("--size 7", "8 to 64")),
    "size too large": (array(PIXELS), 65, ("--size 65", "8 to 64")),
    "no parquet": (
        text("x.parquet", "nothing of the kind"),
        None,
        ("x.parquet", "Parquet", "write it again"),
    ),
    "truncated parquet": (cut(column("a", *range(30)), 300), None, ("x.parquet", "write it again")),
    "parquet text": (
        column("who", *["ann"] * 30),
        None,
        ("x.parquet", "string", "'who'", "'ann'", "remove the column or encode it"),
    ),
    "parquet lists": (column("who", *[[1, 2]] * 30), None, ("list", "'who'", "remove the column")),
    "parquet null": (
        column("who", *[1] * 7, None, *[2] * 30),
        None,
        ("empty cell", "'who'", "row 8", "fill it in"),
    ),
    "parquet nan": (column("who", *[1.0] * 7, np.nan), None, ("holds nan", "'who'", "row 8")),
    "parquet inf": (column("who", *[1.0] * 30, np.inf), None, ("holds inf", "'who'", "row 31", "repair")),
    "parquet without columns": (
        lambda folder: pq.write_table(pa.table({}), folder / "x.parquet") or folder / "x.parquet",
        None,
        ("x.parquet", "no columns", "give a table"),
    ),
    "no npy": (
        text("x.npy", "nothing of the kind"),
        None,
        ("x.npy", "no file of a NumPy array", "numpy.save"),
    ),
    "truncated npy": (cut(array(people()), 300), None, ("x.npy", "save it again with numpy.save")),
    "truncated header": (cut(array(people()), 30), None, ("x.npy", "save it again with numpy.save")),
    "no npz": (text("x.npz", "nothing of the kind"), None, ("x.npz", "save")),
    "truncated npz": (cut(arrays(x=people()), 900), None, ("x.npz", "save it again")),
    "npz without arrays": (arrays(), None, ("x.npz", "no array", "data, x, X, images or samples")),
    "npz of strange names": (arrays(u=np.eye(2), v=np.eye(2)), None, ("x.npz", "u, v", "give one of them")),
    "objects": (array(np.array([{}, 1], dtype=object)), None, ("x.npy", "Python objects", "numpy.save")),
    "objects in npz": (arrays(x=np.array([{}, 1])), None, ("x.npz", "Python objects", "numpy.save")),
    "strings": (array(np.array(["a"] * 30)), None, ("x.npy", "<U1", "convert the array")),
    "complex": (array(np.ones((30, 2), complex)), None, ("complex128", "convert the array")),
    "records": (array(np.zeros(30, [("a", "f8")])), None, ("x.npy", "'a'", "convert the array")),
    "no axes": (array(np.array(1.0)), None, ("shape []", "reshape")),
    "five axes": (array(np.zeros((30, 1, 1, 8, 8))), None, ("[30, 1, 1, 8, 8]", "reshape")),
    "nothing in it": (array(np.zeros((0, 3))), None, ("x.npy", "[0, 3]", "reshape")),
    "no columns": (arrays(x=np.zeros((30, 0))), None, ("x.npz", "[30, 0]", "reshape")),
    "nan in npy": (
        array(with_bad(people(), (4, 1), np.nan)),
        None,
        ("x.npy", "holds nan", "'x1'", "row 5", "remove the row"),
    ),
    "too wide": (
        array(with_bad(with_bad(people(), (4, 0), 1.7e308), (5, 0), -1.7e308)),
        None,
        ("'x0'", "-1.7e+308 to 1.7e+308", "rescale the column"),
    ),
    "few images": (array(PIXELS[:19]), None, ("19", "20", "add more")),
    "image copies": (array(PIXELS[:2].repeat(20, 0)), None, ("40 images", "2 different", "add more")),
    "nan image": (array(with_bad(PIXELS.copy(), (6, 2, 2), np.nan)), None, ("image 7", "NaN", "repair")),
    "pixels out of range": (array(PIXELS * 300), None, ("0.", "299", "0 to 255", "rescale")),
    "negative pixels": (array(PIXELS * 3 - 1.5), None, ("-1.", "-1 to 1", "rescale")),
    "channels": (array(np.zeros((30, 2, 8, 8))), None, ("[30, 2, 8, 8]", "channels", "select")),
    "not square": (array(np.zeros((30, 8, 9))), None, ("8 x 9", "square", "--size 32")),
    "large": (array(np.zeros((30, 65, 65))), None, ("65 x 65", "8 to 64", "--size 32")),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_sentence_with_the_thing_the_value_and_the_remedy(kind: str, tmp_path: Path) -> None:
    make, size, fragments = BAD[kind]
    path = make(tmp_path)
    with pytest.raises(BadInput) as caught:
        load(path, size)
    sentence = str(caught.value).replace(str(tmp_path), "")
    for fragment in fragments:
        assert fragment in sentence
    assert_one_sentence(sentence)


def assert_one_sentence(sentence: str) -> None:
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not re.search(r"[.!?] [A-Z]", sentence)
    assert len(sentence) < 260


def test_pickled_objects_are_never_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.array([Trap()], dtype=object))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(BadInput):
            load(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_parquet(tmp_path / "x.parquet", people())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match=r"x\.parquet .* pip install 'ganscope\[parquet\]'") as caught:
        load(path)
    assert_one_sentence(str(caught.value))


def test_rows_of_parquet_are_counted_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = people(100)
    whole = load(write_parquet(tmp_path / "whole.parquet", values))
    path = column("who", *range(77), None, *range(20))(tmp_path)
    monkeypatch.setattr(parquet, "BATCH", 12)
    assert load(tmp_path / "whole.parquet").digest == whole.digest
    with pytest.raises(BadInput, match=r"column 'who', row 78:"):
        load(path)


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "x.csv", people())

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadInput, match=r"x\.csv cannot be read \(Permission denied\): check"):
        load(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load("x" * 5_000)


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with lazy_rows.Scratch((1,), np.float64) as scratch, monkeypatch.context() as full:
        full.setattr(scratch, "_file", SimpleNamespace(write=write))
        with pytest.raises(BadInput, match=r"No space left.*set TMPDIR") as caught:
            scratch.append(np.zeros((10, 1)))
    assert_one_sentence(str(caught.value))


def test_reading_leaves_the_global_generators_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state(), np.random.get_state(legacy=False)  # noqa: NPY002
    load(write_csv(tmp_path / "x.csv", people()))
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_equal(np.random.get_state(legacy=False), before[1])  # noqa: NPY002
