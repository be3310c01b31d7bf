"""Files that are small and hold much, or hold it in one line: data, or a sentence, and not all memory."""

from __future__ import annotations

import io
import shutil
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.data import load, npz_member, picture_files
from tests.data.digit_files import every_row
from tests.data.tables import assert_one_sentence, in_order, people

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)


def archive_of(path: Path, header: str, size: int) -> Path:
    """An archive of zeros under the header of an array."""
    text = header.encode().ljust(117) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("x.npy", "w") as member:
        member.write(start)
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return path


def test_a_large_array_of_an_archive_is_unpacked_to_a_file(tmp_path: Path) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**22}, 2), }}"
    path = archive_of(tmp_path / "x.npz", header, 2**26)
    assert path.stat().st_size < 2**19
    tracemalloc.start()
    large = npz_member.large_member(path, "x")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert large is not None
    assert large.shape == (2**22, 2)
    assert not large[:: 2**18].any()
    assert most < 2**24


def test_what_no_disk_holds_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: Any) -> None:
    class Usage(NamedTuple):
        free: int = 2**20

    path = archive_of(
        tmp_path / "x.npz", f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**44},), }}", 2**27
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage())
    with pytest.raises(
        BadInput, match=r"x\.npz holds an array .* of 131,072 GiB unpacked, and there is room"
    ) as caught:
        load(path)
    assert_one_sentence(str(caught.value).replace(str(tmp_path), ""))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["images", "table"])
def test_large_arrays_of_archives_are_the_same_data(
    kind: str, order: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    values = np.array(PIXELS if kind == "images" else in_order(people()), order=order)
    np.savez_compressed(tmp_path / "x.npz", images=values, y=np.zeros(3))
    small = load(tmp_path / "x.npz")
    monkeypatch.setattr(npz_member, "UNPACKED", 0)
    large = load(tmp_path / "x.npz")
    assert (large.digest, large.notes, large.name) == (small.digest, small.notes, small.name)
    assert every_row(large).equal(every_row(small))


def test_a_large_array_that_is_cut_short_is_a_sentence(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(npz_member, "UNPACKED", 0)
    path = archive_of(
        tmp_path / "x.npz", "{'descr': '<f8', 'fortran_order': False, 'shape': (900000,), }", 2**20
    )
    with pytest.raises(BadInput, match=r"x\.npz cannot be read") as caught:
        load(path)
    assert_one_sentence(str(caught.value).replace(str(tmp_path), ""))


def test_an_encrypted_archive_is_said_to_be_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=people())
    content = bytearray((tmp_path / "x.npz").read_bytes())
    for mark, at in (
        (b"PK\1\2", 8),
        (b"PK\3\4", 6),
    ):  # the first flag bit, twice
        content[content.index(mark) + at] |= 1
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(BadInput, match=r"x\.npz is encrypted: save it again without a password"):
        load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("3," + "9" * 4_000_000, id="digits"),
        pytest.param('3,"' + "9\n" * 2_000_000, id="open quote"),
        pytest.param("3," + "," * 4_000_000, id="cells"),
        pytest.param(",".join(f"c{at}" for at in range(500_000)), id="names"),
    ],
)
def test_a_line_of_megabytes_is_a_sentence(line: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n" + line + "\n" + "1,2\n4,3\n" * 30, encoding="utf-8")
    with pytest.raises(BadInput, match=r"x\.csv") as caught:
        load(tmp_path / "x.csv")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("word", ["word " * 800_000, "\u00e9" * 2_000_000])
def test_a_word_of_megabytes_is_a_word(word: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3," + word + "\n" + "1,2\n4,3\n" * 30, encoding="utf-8")
    assert len(load(tmp_path / "x.csv").notes) < 20


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: Any) -> None:
    busy: list[int] = []

    class Alone:
        def __enter__(self) -> None:
            busy.append(1)

        def __exit__(self, *_: object) -> None:
            busy.append(-1)

    monkeypatch.setattr(picture_files, "LARGE", 100)
    monkeypatch.setattr(picture_files, "_ALONE", Alone())
    for at in range(20):
        Image.new("L", (8 if at % 2 else 20, 8), 5 * at).save(tmp_path / f"{at}.png")
    assert load(tmp_path, 8).shape == (1, 8, 8)
    assert len(busy) == 20


def test_a_picture_beyond_all_bounds_is_left_out(tmp_path: Path) -> None:
    for at in range(20):
        Image.new("L", (8, 8), 5 * at).save(tmp_path / f"{at}.png")
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    (tmp_path / "bomb.png").write_bytes(file.getvalue())
    assert "1 of 21 images could not be read and was left out: bomb.png." in load(tmp_path, 8).notes
