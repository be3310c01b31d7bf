"""Rows that stay on disk: any index, flat memory, a full disk."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor

from ganscope.contracts import BadInput
from ganscope.data import lazy_rows, load
from tests.data.tables import assert_one_sentence, people, write_npy


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
    from ganscope.data import lazy_rows, load

    def status(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith(key + ":")]
        return int(line.split()[1]) / 1024

    lazy_rows.IN_MEMORY = 2**25
    load(sys.argv[2])  # what libraries take, once they are at work, does not grow with the file
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
    small = tmp_path / f"small{Path(name).suffix}"
    write(small, (2**15, shape[1]), dtype)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FLAT), str(tmp_path / name), str(small)],
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / name).unlink()
    kind, length, grown = done.stdout.split()
    assert kind == "ArrayRows"
    assert int(length) == shape[0] - 500
    assert 0 < float(grown) < 70.0  # MB


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with lazy_rows.Scratch((1,), np.float64) as scratch, monkeypatch.context() as full:
        full.setattr(scratch, "_file", SimpleNamespace(write=write))
        with pytest.raises(BadInput, match=r"the disk is full.*set TMPDIR") as caught:
            scratch.append(np.zeros((10, 1)))
    assert_one_sentence(str(caught.value))
