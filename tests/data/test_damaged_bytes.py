"""Whatever the bytes of a file are: data, or one sentence; no other exception escapes a reader."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganscope.build.settings import load_recipe
from ganscope.contracts import BadInput
from ganscope.data import load
from tests.damage import DAMAGES, damaged
from tests.data.tables import assert_one_sentence, people, write_csv, write_npy, write_parquet

PIXELS = np.random.default_rng(0).random((30, 8, 8)).astype("float32")


def write_npz(path: Path) -> Path:
    np.savez_compressed(path, images=PIXELS)
    return path


def write_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for number in range(20):
            picture = io.BytesIO()
            Image.new("L", (9, 9), number).save(picture, "PNG")
            file.writestr(f"{number}.png", picture.getvalue())
    return path


def write_recipe(path: Path) -> Path:
    path.write_text('about = "mine"\nobjective = "hinge"\nd_lr = 1e-4\n[on.ring.optimisation]\nsteps = 100\n')
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "x.csv": lambda path: write_csv(path, people(30)),
    "utf-16.csv": lambda path: write_csv(path, people(30), encoding="utf-16"),
    "x.tsv": lambda path: write_csv(path, people(30), delimiter="\t"),
    "x.npy": lambda path: write_npy(path, PIXELS),
    "x.npz": write_npz,
    "x.zip": write_zip,
    "x.parquet": lambda path: write_parquet(path, people(30)),
    "x.toml": write_recipe,
}


@pytest.mark.parametrize("name", FORMATS)
def test_no_damage_escapes(name: str, tmp_path: Path) -> None:
    path = FORMATS[name](tmp_path / name)
    content = path.read_bytes()
    read: Callable[[Path], object] = (lambda at: load_recipe(str(at))) if path.suffix == ".toml" else load
    for seed in range(DAMAGES):
        path.write_bytes(damaged(content, seed))
        with suppress(BadInput):
            read(path)


def npy(header: str) -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


def zipped(version: int, name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(name, bytes(50))
    text = bytearray(content.getvalue())
    at = text.index(b"PK\x01\x02")
    text[at + 6] = version
    return bytes(text)


def repeated_columns() -> bytes:
    content = io.BytesIO()
    column = pa.array(np.arange(30.0))
    pq.write_table(pa.Table.from_arrays([column, column], names=["a", "a"]), content)
    return content.getvalue()


def members(**contents: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, inside in contents.items():
            file.writestr(name, inside)
    return content.getvalue()


KNOWN = {
    "undefined in Windows-1252": ("x.csv", b"\x81\x8d,b\n" + b"1,2\n" * 30),
    "UTF-16 cut in a character": ("x.csv", ("a,b\n" + "1,2\n" * 30).encode("utf-16")[:-1]),
    "open brackets": ("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ((((")),
    "shape beyond 2**63": (
        "x.npy",
        npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**63},), }}"),
    ),
    "negative shape": ("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 2), }")),
    "member that is no array": ("x.npz", members(x=b"hello")),
    "npz of another zip version": ("x.npz", zipped(99, "x.npy")),
    "zip of another version": ("x.zip", zipped(99, "x.png")),
    "repeated column": ("x.parquet", repeated_columns()),
    "nested TOML": ("x.toml", b"a = " + b"[" * 5000 + b"]" * 5000),
    "long integer": ("x.toml", b"steps = " + b"9" * 5000),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_what_once_escaped_is_one_sentence(kind: str, tmp_path: Path) -> None:
    name, content = KNOWN[kind]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load_recipe(str(path)) if path.suffix == ".toml" else load(path)
    sentence = str(caught.value)
    assert name in sentence
    assert_one_sentence(sentence.replace(str(tmp_path), ""))


def test_a_pipe_among_pictures_is_not_waited_for(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("L", (9, 9), number).save(tmp_path / f"{number}.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert any("pipe.png" in note for note in load(tmp_path).notes)
