"""Which files of a folder or an archive are read: links, loops, pipes, frames, names."""

from __future__ import annotations

import os
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.data import images, load
from ganscope.data.load import IMAGES, TABLES
from tests.data.digit_files import digit, every_row, write_digits, zipped


def test_folders_behind_links_are_read_once_and_loops_end(tmp_path: Path) -> None:
    write_digits(tmp_path / "elsewhere" / "zero", 20)
    write_digits(tmp_path / "x" / "two", 20)
    for at, path in enumerate(sorted((tmp_path / "x" / "two").iterdir())):
        Image.fromarray(digit(100 + at, 24)).save(path)
    (tmp_path / "x" / "zero").symlink_to(tmp_path / "elsewhere" / "zero")
    (tmp_path / "x" / "again").symlink_to(tmp_path / "x" / "two")
    (tmp_path / "x" / "two" / "loop").symlink_to(tmp_path / "x")
    (tmp_path / "elsewhere" / "zero" / "up").symlink_to("..")
    data = load(tmp_path / "x", 8)
    assert len(every_row(data)) == 40
    assert data.notes == ("40 images read as grey, 8 x 8 pixels.", "resized and cropped from 24 x 24 pixels.")


def test_files_behind_links_are_read_and_broken_links_named(tmp_path: Path) -> None:
    write_digits(tmp_path / "elsewhere", 20)
    (tmp_path / "x").mkdir()
    for path in (tmp_path / "elsewhere").iterdir():
        (tmp_path / "x" / path.name).symlink_to(path)
    (tmp_path / "x" / "gone.png").symlink_to(tmp_path / "nowhere")
    notes = load(tmp_path / "x", 8).notes
    assert "1 of 21 images could not be read and was left out: gone.png." in notes


def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    write_digits(tmp_path / "x", 20)
    os.mkfifo(tmp_path / "x" / "pipe.png")
    (tmp_path / "x" / "null.png").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tmp_path / "x")  # the name of a socket may have 107 bytes
        try:
            listener.bind("socket.png")
        finally:
            os.chdir(here)
        notes = load(tmp_path / "x", 8).notes
    assert "pipes, sockets and devices were not opened: null.png, pipe.png, socket.png." in notes
    assert not any("could not be read" in note for note in notes)


def test_a_folder_of_pipes_alone_is_refused(tmp_path: Path) -> None:
    for at in range(30):
        os.mkfifo(tmp_path / f"{at}.png")
    with pytest.raises(BadInput, match=r"holds pipes, sockets or devices \(.*\) and no images"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["x.csv", "x.npy", "x.npz", "x.zip", "x.parquet", "x.tsv"])
def test_a_pipe_or_device_as_data_is_refused(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(BadInput, match="is no data that can be read"):
        load(tmp_path / name)
    (tmp_path / f"device-{name}").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="is no data that can be read"):
        load(tmp_path / f"device-{name}")


@pytest.mark.parametrize("ending", ["gif", "webp", "tif", "png", "GIF", "TIFF"])
def test_of_several_pictures_in_a_file_the_first_is_read_and_it_is_said(ending: str, tmp_path: Path) -> None:
    for at in range(24):
        frames = [Image.fromarray(digit(at, 8)), Image.new("L", (8, 8), 10 * at)]
        frames[0].save(tmp_path / f"{at}.{ending}", save_all=True, append_images=frames[1:] * (at > 19))
    data = load(tmp_path, 8)
    (note,) = [note for note in data.notes if "first was read" in note]
    assert note.startswith("of files with several pictures the first was read: ")
    assert note.endswith(f"20.{ending}, 21.{ending}, 22.{ending} and 1 more.")
    found = every_row(data).mean(1).flatten(1).numpy()
    tolerance = 0.5 if ending == "webp" else 0.02  # as lossy as it is saved by default
    for at in range(24):
        assert np.abs(found - (digit(at, 8).ravel() / 127.5 - 1)).max(1).min() < tolerance


def test_names_of_an_archive_that_lead_out_of_it_lead_nowhere(tmp_path: Path) -> None:
    write_digits(tmp_path / "x", 20)
    inside = {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    outside = {"../../evil.png", "/evil.png", "..\\evil.png", "C:\\evil.png", "a/../../evil.png"}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        for name, content in inside.items():
            file.writestr(name, content)
        for at, name in enumerate(sorted(outside)):
            file.writestr(name, inside[f"{at:04d}.png"])
    before = sorted(tmp_path.rglob("*"))
    assert load(tmp_path / "x.zip", 8).shape == (1, 8, 8)
    assert sorted(tmp_path.rglob("*")) == before


def test_bits_and_endings_in_capitals_are_read(tmp_path: Path) -> None:
    for at in range(24):
        shown = np.random.default_rng(at).random((8, 8)) < 0.5
        Image.fromarray(shown).save(tmp_path / f"{at}.{'BMP' if at % 2 else 'Png'}")
    assert set(every_row(load(tmp_path, 8)).flatten().tolist()) == {-1.0, 1.0}


def test_an_archive_is_read_as_its_folder(tmp_path: Path) -> None:
    write_digits(tmp_path / "x", 24, mode="LA")
    assert load(tmp_path / "x", 8).digest == load(zipped(tmp_path / "x", tmp_path / "x.zip"), 8).digest


@pytest.mark.parametrize("name", ["t.csv", "deep/t.parquet", "T.NPY"])
def test_an_archive_of_a_table_is_told_to_be_unpacked(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as file:
        file.writestr(name, "a,b\n1,2\n")
        file.writestr("README", "no table")
    with pytest.raises(BadInput, match=f"no images: unpack {name} and give that file"):
        load(tmp_path / "t.zip")


def test_a_zip_names_every_kind_of_file_that_is_to_be_given_by_itself() -> None:
    assert {*TABLES, *IMAGES} - {".zip"} == images.TABLES
