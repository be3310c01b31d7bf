"""Samples in files: what is written is what was drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.export import write_samples

IMAGES = np.linspace(-1, 1, 5 * 3 * 8 * 8, dtype=np.float32).reshape(5, 3, 8, 8)
POINTS = np.array([[0.1, -2.5], [1e-8, 3.25]], dtype=np.float32)


def test_arrays_keep_every_bit(tmp_path: Path) -> None:
    write_samples(tmp_path / "a.npz", IMAGES)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert np.array_equal(stored["samples"], IMAGES)
    write_samples(tmp_path / "a.npy", IMAGES)
    assert np.array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), IMAGES)


def test_tables_keep_names_and_values(tmp_path: Path) -> None:
    write_samples(tmp_path / "a.csv", POINTS, ["height", "weight"])
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["height", "weight"]
    assert np.array_equal(np.array(rows[1:], dtype=np.float32), POINTS)


def test_a_picture_shows_every_sample_enlarged(tmp_path: Path) -> None:
    white, black = np.ones((1, 1, 8, 8), np.float32), -np.ones((1, 1, 8, 8), np.float32)
    write_samples(tmp_path / "a.png", np.concatenate([white, black, black, black]))
    with Image.open(tmp_path / "a.png") as picture:
        sheet = np.asarray(picture)
    side = (sheet.shape[0] - 6) // 2
    assert side >= 48
    assert (sheet[2 : 2 + side, 2 : 2 + side] == 255).all()
    assert (sheet[2 : 2 + side, 4 + side : 4 + 2 * side] == 0).all()
    write_samples(tmp_path / "rgb.png", IMAGES)
    with Image.open(tmp_path / "rgb.png") as picture:
        assert picture.mode == "RGB"


@pytest.mark.parametrize("name", ["a.jpg", "a", "nowhere/a.csv"])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write_samples(tmp_path / name, POINTS)


def test_points_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.csv"):
        write_samples(tmp_path / "a.png", POINTS)
    assert list(tmp_path.iterdir()) == []
