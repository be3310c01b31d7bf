"""Pictures of more than 8 bits: one black and one white for all of them, by type and range, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.data import load
from ganscope.data.find import check_unchanged, load_data
from ganscope.data.hub import from_records
from ganscope.data.pixel_scale import Extent, Scale, extent, joined, note_on, scale_of
from tests.data.deep_files import Array, assert_pixels, png_of_16_bits, ramps, write
from tests.data.digit_files import every_row, zipped

RANGES: dict[str, tuple[str, str, float, float, float, float]] = {
    # ending, type, lowest and highest pixel of all files, what they are read as
    "16 bits": ("png", "u2", 0, 65535, 0, 65535),
    "16 bits, not all used": ("png", "u2", 0, 53247, 0, 65535),
    "14 bits": ("png", "u2", 0, 16000, 0, 16383),
    "12 bits in 16": ("png", "u2", 0, 4095, 0, 4095),
    "12 bits, not all used": ("png", "u2", 300, 3327, 0, 4095),
    "8 bits in 16": ("png", "u2", 0, 255, 0, 255),
    "label map in 16": ("png", "u2", 0, 17, 0, 17),
    "mask in 16": ("png", "u2", 0, 1, 0, 1),
    "int32 of 8 bits": ("tif", "i4", 0, 255, 0, 255),
    "int32 of 20 bits": ("tif", "i4", 0, 10**6, 0, 10**6),
    "int16 with negatives": ("tif", "i2", -1000, 2000, -1000, 2000),
    "big-endian": ("tif", ">u2", 0, 4095, 0, 4095),
    "floats to 1": ("tif", "f4", 0, 1, 0, 1),
    "floats from -1 to 1": ("tiff", "f4", -1, 1, -1, 1),
    "floats to 255": ("tif", "f4", 0, 255, 0, 255),
    "wide floats": ("tif", "f4", 0, 5000, 0, 5000),
    "floats of no known range": ("tif", "f4", -2.1, 2.6, -2.1, 2.6),
    "dark floats": ("tif", "f4", 0, 0.02, 0, 0.02),
    "floats a little below 0": ("tif", "f4", -0.02, 1, -0.02, 1),
    "portable float map of 16 bits": ("pgm", "u2", 0, 4095, 0, 4095),
}


@pytest.mark.parametrize("kind", RANGES)
@pytest.mark.parametrize("as_zip", [False, True])
def test_one_scale_for_all_pictures_by_type_and_range(kind: str, as_zip: bool, tmp_path: Path) -> None:
    ending, dtype, low, high, black, white = RANGES[kind]
    pictures = ramps(low, high, dtype)
    if kind.startswith("12 bits, not"):
        pictures = [np.clip(picture, 300, None) for picture in pictures]
    folder = write(tmp_path / "x", pictures, ending)
    data = load(zipped(folder, tmp_path / "x.zip") if as_zip else folder, 8)
    assert_pixels(data, pictures, lambda x: (x - black) / (white - black))
    (note,) = [note for note in data.notes if "(black)" in note]
    assert note.startswith(f"pixels from {low:g} to {high:g} were read as {black:g} (black) to {white:g} (wh")
    assert (data.scales or {})["float" if "f" in dtype else "whole"] == pytest.approx((black, white))


@pytest.mark.parametrize("kind", [kind for kind, (_, dtype, *_) in RANGES.items() if dtype != ">u2"])
def test_arrays_have_the_scale_of_folders(kind: str, tmp_path: Path) -> None:
    _, dtype, low, high, black, white = RANGES[kind]
    pictures = ramps(low, high, dtype)
    np.save(tmp_path / "x.npy", np.stack(pictures))
    np.savez(tmp_path / "x.npz", images=np.stack(pictures))
    for name in ("x.npy", "x.npz"):
        data = load(tmp_path / name)
        assert_pixels(data, pictures, lambda x: (x - black) / (white - black))
        assert (data.scales or {})["float" if "f" in dtype else "whole"] == pytest.approx((black, white))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("bits", [12, 16])
def test_colours_of_16_bits_keep_both_bytes(channels: int, bits: int, tmp_path: Path) -> None:
    most = 2**bits - 1
    pictures = [ramp[..., None] // np.array([1, 2, 3], "u2") for ramp in ramps(0, most, "u2")]
    opaque = np.full((8, 8, 1), 65535, "u2")
    stored = [np.concatenate([p, opaque], 2) if channels == 4 else p for p in pictures]
    data = load(write(tmp_path / "x", stored, "png"), 8)
    assert data.shape == (3, 8, 8)
    assert_pixels(data, [np.moveaxis(p, 2, 0) for p in pictures], lambda x: x / most)


def test_transparent_colours_of_16_bits_are_white(tmp_path: Path) -> None:
    black = np.zeros((8, 8, 4), "u2")
    pictures = [black.copy() for _ in range(20)]
    for at, picture in enumerate(pictures):
        picture[0, 0, :], picture[1, 0, :] = 3000 * at, (40000, 40000, 40000, 65535)
    data = load(write(tmp_path / "x", pictures, "png"), 8)
    assert every_row(data)[:, :, 2:].min() == 1


def test_eight_and_more_bits_in_one_folder_have_each_their_white(tmp_path: Path) -> None:
    deep, plain, floats = ramps(0, 4095, "u2", 20), ramps(0, 255, "u1", 20), ramps(0, 1, "f4", 20)
    plain, floats = [p[::-1] for p in plain], [np.ascontiguousarray(p.T) for p in floats]
    for name, pictures, ending in (("a", deep, "png"), ("b", plain, "png"), ("c", floats, "tif")):
        (tmp_path / "x").mkdir(exist_ok=True)
        write(tmp_path / "x" / name, pictures, ending)
    data = load(tmp_path / "x", 8)
    expected = [p / w for ps, w in ((deep, 4095), (plain, 255), (floats, 1)) for p in ps]
    assert_pixels(data, expected, lambda x: x)
    told = [note for note in data.notes if "(black)" in note]
    assert [note.partition(" from")[0] for note in told] == [
        "pixels (of 20 files, more than 8 bits)",
        "pixels (of 20 files, floats)",
    ]


def test_pictures_are_never_stretched_on_their_own(tmp_path: Path) -> None:
    pictures = [np.full((8, 8), 100 * at, "i4") for at in range(40)]
    assert_pixels(load(write(tmp_path / "x", pictures, "tif"), 8), pictures, lambda x: x / 4095)


@pytest.mark.parametrize("outlier", [-1e6, 1e6])
def test_a_few_outliers_do_not_leave_one_shade(outlier: float, tmp_path: Path) -> None:
    pictures = ramps(-3, 3, "f4", 40)
    pictures[7][3, 3] = outlier
    data = load(write(tmp_path / "x", pictures, "tif"), 8)
    assert every_row(data).std() > 0.3
    assert any("and the few beyond as these" in note for note in data.notes)
    values = np.concatenate(pictures).ravel()
    black, white = (data.scales or {})["float"]
    assert ((values < black) | (values > white)).mean() < 0.005


def test_dark_pictures_are_said(tmp_path: Path) -> None:
    pictures = ramps(0, 400, "u2")
    pictures[3][0, 0] = 65535
    (note,) = [n for n in load(write(tmp_path / "a", pictures, "png"), 8).notes if "(black)" in n]
    assert "Nearly all of them are dark" in note
    plain = load(write(tmp_path / "b", ramps(0, 16, "u1"), "png"), 8)
    assert "no pixel is brighter than 16 of 255. If 16 is meant as white, rescale them." in plain.notes


def test_pictures_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    pictures = ramps(0, 1, "f4")
    pictures[4][2, 2] = np.nan
    data = load(write(tmp_path / "x", pictures, "tif"), 8)
    assert "1 of 24 images could not be read and was left out: 004.tif." in data.notes
    assert_pixels(data, pictures[:4] + pictures[5:], lambda x: x)


@pytest.mark.parametrize("value", [0.0, -7.0, 3.0])
def test_constant_pictures_are_refused_as_copies(value: float, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="30 images, but only 1 different"):
        load(write(tmp_path / "x", [np.full((8, 8), value, "f4")] * 30, "tif"), 8)


def test_records_have_the_scale_of_folders() -> None:
    pictures: list[Array] = ramps(0, 4095, "u2")
    data = from_records("r", [{"image": Image.fromarray(picture)} for picture in pictures], 8)
    assert_pixels(data, pictures, lambda x: x / 4095)


def test_other_pictures_are_read_on_the_scale_of_a_run(tmp_path: Path) -> None:
    first = load(write(tmp_path / "x", ramps(0, 60000, "u2"), "png"), 8)
    others = ramps(0, 900, "u2")
    judged = load_data(write(tmp_path / "y", others, "png"), 8, before={"scales": first.scales})
    assert_pixels(judged, others, lambda x: x / 65535)


def test_a_run_whose_scale_would_be_another_now_is_not_resumed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.stack(ramps(0, 4095, "u2")))
    data = load(tmp_path / "x.npy")
    check_unchanged(data, {"name": "x.npy", "notes": list(data.notes)}, "old")
    note = "pixels from 0 to 4095 were read as 0 (black) to 65535 (white)."
    with pytest.raises(BadInput, match="another scale when old was trained on it"):
        check_unchanged(data, {"name": "x.npy", "notes": [note]}, "old")


def test_the_sample_of_many_pictures_sees_what_all_pixels_say() -> None:
    # Second source: percentiles of all pixels.
    pictures = np.random.default_rng(0).normal(size=(50, 64, 64)) ** 3
    whole = joined([extent(picture, 10_000) for picture in pictures])
    assert len(whole.sample) < pictures.size / 10
    exact = np.percentile(pictures, [0.1, 99.9])
    np.testing.assert_allclose(whole.without_tails(), exact, rtol=0.5)
    assert whole[:2] == (pictures.min(), pictures.max())


def test_the_scale_never_depends_on_a_shade_being_there() -> None:
    for low, high in ((0, 0), (5, 5), (-5, -5), (-1, -1), (0, 1e-30), (-1e30, 1e30)):
        pixels = Extent(low, high, np.array([low, high]))
        scale = scale_of(pixels, whole=False)
        assert scale.white > scale.black
        assert note_on(pixels, scale)
    assert scale_of(Extent(0, 1, np.array([0, 1])), whole=True) == Scale(0, 1)


def test_grey_of_16_bits_with_transparency_is_read(tmp_path: Path) -> None:
    opaque = np.full((8, 8, 1), 65535, "u2")
    (tmp_path / "x").mkdir()
    for at, picture in enumerate(ramps(0, 65535, "u2")):
        pixels = np.concatenate([picture[..., None], opaque], 2)
        (tmp_path / "x" / f"{at}.png").write_bytes(png_of_16_bits(pixels))
    assert every_row(load(tmp_path / "x", 8)).max() == 1
