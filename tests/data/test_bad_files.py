"""Files that are refused: one sentence with the thing, the value and the remedy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.contracts import BadInput
from ganscope.data import load, parquet
from tests.data.bad_files import BAD
from tests.data.tables import assert_one_sentence, column, people, write_csv, write_parquet


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
    path = column("who", *np.arange(77.0), np.inf, *np.arange(20.0))(tmp_path)
    monkeypatch.setattr(parquet, "BATCH", 12)
    assert load(tmp_path / "whole.parquet").digest == whole.digest
    with pytest.raises(BadInput, match=r"column 'who', row 78:"):
        load(path)


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "x.csv", people())

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadInput, match=r"x\.csv cannot be read \(permission denied\): change its"):
        load(path)
    with pytest.raises(BadInput, match="cannot be read"):
        load("x" * 5_000)
