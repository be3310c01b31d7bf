"""Pictures that cannot be read: named, counted and skipped, or refused as a whole."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.data import images, load
from ganscope.data.picture_files import decoded
from tests.data.digit_files import digit, write_digits, zipped


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


CORRUPT: dict[str, Callable[[Path], object]] = {
    "truncated": cut_short,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no picture"),
    "postscript": lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EOF\n"),
    "flipped bits": lambda path: path.write_bytes(path.read_bytes().replace(b"IDAT", b"IDAX")),
}


@pytest.mark.parametrize("kind", CORRUPT)
@pytest.mark.parametrize("as_zip", [False, True])
def test_corrupt_pictures_are_named_counted_and_skipped(kind: str, as_zip: bool, tmp_path: Path) -> None:
    write_digits(tmp_path / "x", 40)
    for at in (0, 3, 7, 9, 39):
        CORRUPT[kind](tmp_path / "x" / f"{at:04d}.png")
    dataset = load(zipped(tmp_path / "x", tmp_path / "x.zip") if as_zip else tmp_path / "x", 8)
    assert len(dataset.train) + len(dataset.held_out) == 35
    assert dataset.shape == (1, 8, 8)
    (note,) = [note for note in dataset.notes if "could not be read" in note]
    first = "top/0000.png, top/0003.png, top/0007.png" if as_zip else "0000.png, 0003.png, 0007.png"
    assert note == f"5 of 40 images could not be read and were left out: {first} and 2 more."


def test_a_zip_with_a_damaged_member_skips_it(tmp_path: Path) -> None:
    write_digits(tmp_path / "x", 40)
    path = zipped(tmp_path / "x", tmp_path / "x.zip")
    with zipfile.ZipFile(path) as file:
        at = file.getinfo("top/0005.png").header_offset + 80
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)
    assert "1 of 40 images could not be read and was left out: top/0005.png." in load(path, 8).notes


def test_decompression_bombs_count_as_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "x"
    write_digits(folder, 39, side=8)
    for side in (16, 64):  # a warning, and an error of Pillow's
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
        Image.new("L", (side, side)).save(folder / "bomb.png")
        assert "1 of 40 images could not be read and was left out: bomb.png." in load(folder, 8).notes


def test_files_too_large_for_a_picture_count_as_corrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "x"
    write_digits(folder, 39, side=8)
    monkeypatch.setattr(images, "LARGEST_FILE", 1_000)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(folder / "large.png")
    for path in (folder, zipped(folder, tmp_path / "x.zip")):
        (note,) = [note for note in load(path, 8).notes if "left out" in note]
        assert "1 of 40" in note
        assert "large.png" in note


def test_a_broken_orientation_leaves_a_good_picture(tmp_path: Path) -> None:
    image = Image.fromarray(digit(3, 16))
    image.save(tmp_path / "x.png", exif=b"Exif\0\0MM\0*garbage")
    with Image.open(tmp_path / "x.png") as broken:
        assert decoded(broken, 1, 16)[0].tolist() == digit(3, 16).tolist()


def folder_of(**files: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "x").mkdir()
        for name, content in files.items():
            (folder / "x" / name.replace("__", ".")).write_bytes(content)
        return folder / "x"

    return write


def mostly_corrupt(folder: Path) -> Path:
    write_digits(folder, 40)
    for at in range(9):
        (folder / f"{at:04d}.png").write_bytes(b"broken")
    return folder


def encrypted(folder: Path) -> Path:
    write_digits(folder / "x", 20)
    path = zipped(folder / "x", folder / "x.zip")
    content = path.read_bytes()
    # Set the first flag bit of every entry of the central directory.
    path.write_bytes(re.sub(rb"(PK\x01\x02.{4})\x00", rb"\1" + b"\x01", content, flags=re.DOTALL))
    return path


def file_of(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def few(folder: Path) -> Path:
    write_digits(folder, 12)
    return folder


def alike(folder: Path) -> Path:
    for at in range(30):
        Image.new("L", (8, 8), at % 2).save(folder / f"{at}.png")
    return folder


EMPTY_ZIP = b"PK\5\6" + bytes(18)
BAD: dict[str, tuple[Callable[[Path], Path], int | None, tuple[str, ...]]] = {
    "empty folder": (folder_of(), None, ("no files", "no images", "give a folder or zip")),
    "folder of other files": (
        folder_of(a__csv=b"1"),
        None,
        ("1 files (a.csv)", "no images", "give a folder"),
    ),
    "mostly corrupt": (
        mostly_corrupt,
        None,
        ("40 images", "9 cannot be read", "0000.png", "repair or remove"),
    ),
    "all corrupt": (folder_of(a__png=b"x"), None, ("1 images", "a.png", "repair or remove")),
    "few": (few, None, ("12 rows", "20", "add more")),
    "copies": (alike, 8, ("30 images", "2 different", "add more")),
    "one picture": (file_of("x.png", b"x"), None, ("x.png", "folder of images", "give the path")),
    "no zip": (file_of("x.zip", b"nothing of the kind"), None, ("x.zip", "zip archive", "make it again")),
    "empty zip": (file_of("x.zip", EMPTY_ZIP), None, ("x.zip", "no files", "give a folder or zip")),
    "encrypted": (encrypted, None, ("x.zip", "encrypted", "unpack it")),
    "size": (few, 128, ("--size 128", "8 to 64", "give a side")),
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
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not re.search(r"[.!?] [A-Z]", sentence)


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(BadInput, match=r"cannot be read \(permission denied\)"):
        load(tmp_path)
