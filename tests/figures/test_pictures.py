"""Samples as pictures: every pixel, every point, and files that are not samples."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.figures.pictures import load_samples, picture
from tests.report.run_folders import line_rows, ring_rows


def test_image_grid_shows_every_pixel() -> None:
    from PIL import Image

    images = np.random.default_rng(0).uniform(-1, 1, (64, 1, 8, 8)).astype(np.float32)
    images[0, 0, 0, 0], images[0, 0, 0, 1], images[0, 0, 0, 2] = -1, 1, np.nan
    drawn = picture(images, None, "#000000", "samples", {"value_range": [-1, 1]})
    assert drawn is not None
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.split("base64,")[1].rstrip('">')))))
    assert sheet.shape == (73 * 9, 73 * 9)  # 8 images of 8 pixels, gaps of 1, enlarged 9 times
    small = sheet[4::9, 4::9]
    assert np.array_equal(small.repeat(9, 0).repeat(9, 1), sheet)  # nearest neighbour, nothing blurred
    assert small[1, 1:4].tolist() == [0, 255, 128]
    for k in (0, 9, 63):
        top, left = 1 + 9 * (k // 8), 1 + 9 * (k % 8)
        expected = np.rint(255 * (np.nan_to_num(images[k, 0], nan=0.0) + 1) / 2)
        np.testing.assert_allclose(small[top : top + 8, left : left + 8], expected, atol=0.5)
    assert (small[0] == 255).all()


def test_colour_images_and_large_ones_fit() -> None:
    drawn = picture(np.zeros((64, 3, 128, 128), np.float32), None, "#000000", "x", {})
    assert drawn is not None
    assert re.findall(r'width="(\d+)"', drawn) == [str(4 * 136 + 8)]


def test_points_are_drawn_inside_and_counted_outside() -> None:
    real = ring_rows(500, 0)
    fake = np.concatenate(
        [ring_rows(90, 1), np.full((8, 2), 50, np.float32), np.full((2, 2), np.nan, np.float32)]
    )
    drawn = picture(fake, real, "#D55E00", "points", {"centres": [[1.0, 0.0], [0.0, 1.0]]})
    assert drawn is not None
    grey, own, crosses = re.findall(r'<path d="((?:M[^"]*){2,})"', drawn)
    assert (grey.count("h0"), own.count("h0"), crosses.count("v10")) == (500, 90, 2)
    assert "10 of 100 outside" in drawn
    assert "#D55E00" in drawn


def test_points_keep_their_place_with_y_upwards() -> None:
    # two real points, so that the picture spans [-0.225, 1.225] in both directions, and one sample at (0, 1)
    drawn = picture(
        np.array([[0, 1]], np.float32), np.array([[0, 0], [1, 1]], np.float32), "#D55E00", "points", {}
    )
    assert drawn is not None
    (own,) = re.findall(r'<path d="M([0-9. ]+)h0" stroke="#D55E00"', drawn)
    place = np.array(own.split(), float)
    np.testing.assert_allclose(place, [40 + 260 * 0.225 / 1.45, 260 * 0.225 / 1.45], atol=0.051)


def test_one_dimensional_samples_are_histograms() -> None:
    real, fake = line_rows(4000, 0), line_rows(500, 1, centre=1.0)
    drawn = picture(fake, real, "#D55E00", "line", {})
    assert drawn is not None
    (line,) = re.findall(r'<polyline points="([^"]*)"', drawn)
    points = np.array([pair.split(",") for pair in line.split()], float)
    assert len(points) == 80
    x, height = points[:, 0], 260 - points[:, 1]
    middle = (x * height).sum() / height.sum()
    span = 1.2 * (real.max() - real.min())
    value = (real.max() + real.min() - span) / 2 + (middle - 40) / 260 * span
    assert value == pytest.approx(fake.mean(), abs=0.05)


def test_tables_and_damaged_samples_have_no_picture(tmp_path: Path) -> None:
    assert picture(np.zeros((10, 5), np.float32), None, "#000000", "table", {}) is None
    assert picture(None, None, "#000000", "none", {}) is None
    assert picture(np.full((9, 2), np.nan, np.float32), None, "#000000", "nan", {}) is None
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY\x01")
    for name in ("torn", "absent"):
        assert load_samples(tmp_path / f"{name}.npy") is None


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.path,)


def test_samples_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "trap.npy", np.array([[Trap(tmp_path / "sprung")]], dtype=object), allow_pickle=True)
    assert load_samples(tmp_path / "trap.npy") is None
    assert not (tmp_path / "sprung").exists()
