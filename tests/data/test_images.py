"""Pictures from folders and zip archives: every mode and size, one split."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganscope.data import lazy_rows, load, picture_files
from ganscope.data.deep_pixels import deep_pixels
from ganscope.data.picture_files import decoded, scaled
from ganscope.data.pixel_scale import Scale
from tests.data.digit_files import assert_the_digits, digit, write_digits, zipped


@pytest.mark.parametrize(
    ("ending", "mode", "channels", "tolerance"),
    [
        ("png", "L", 1, 0.005),
        ("png", "RGB", 3, 0.005),
        ("png", "RGBA", 3, 0.005),
        ("png", "LA", 1, 0.005),
        ("png", "P", 1, 0.02),
        ("bmp", "L", 1, 0.005),
        ("bmp", "RGB", 3, 0.005),
        ("gif", "L", 1, 0.005),
        ("tif", "CMYK", 3, 0.02),
        ("tiff", "F", 1, 0.005),
        ("tif", "I", 1, 0.005),
        ("jpg", "L", 1, 0.2),
        ("JPEG", "RGB", 3, 0.2),
        ("jpg", "CMYK", 3, 0.2),
        ("webp", "RGB", 3, 0.5),
        ("pgm", "L", 1, 0.005),
        ("png", "1", 1, None),
    ],
)
def test_every_format_and_mode_is_read(
    ending: str, mode: str, channels: int, tolerance: float | None, tmp_path: Path
) -> None:
    write_digits(tmp_path / "digits", mode=mode, ending=ending, side=8)
    dataset = load(tmp_path / "digits", size=8)
    assert dataset.name == "digits"
    assert dataset.shape == (channels, 8, 8)
    assert dataset.value_range == (-1.0, 1.0)
    assert len(dataset.train) + len(dataset.held_out) == 40
    kind = "grey" if channels == 1 else "colour"
    assert dataset.notes[0] == f"40 images read as {kind}, 8 x 8 pixels."
    assert len(dataset.notes) == (2 if mode in ("F", "I") else 1)
    if tolerance is not None:
        assert_the_digits(dataset, 40, tolerance)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_keep_their_range(order: str, tmp_path: Path) -> None:
    for at in range(30):
        Image.fromarray((digit(at, 8).astype(np.uint16) * 257).astype("<u2")).save(tmp_path / f"{at}.png")
        deep = Image.fromarray((digit(at, 8).astype(np.uint16) * 257).astype(order))
        found = scaled(deep_pixels(deep.copy), Scale(0, 65535), 1, 8)
        assert (found[0] // 257).tolist() == digit(at, 8).tolist()
    dataset = load(tmp_path, size=8)
    assert dataset.shape == (1, 8, 8)
    assert_the_digits(dataset, 30, 0.005)


def test_the_default_side_is_32_and_sizes_are_said(tmp_path: Path) -> None:
    write_digits(tmp_path, 19, side=24)
    Image.new("L", (100, 300)).save(tmp_path / "tall.png")
    Image.new("L", (9, 5), 255).save(tmp_path / "tiny.png")
    dataset = load(tmp_path)
    assert dataset.shape == (1, 32, 32)
    assert "resized and cropped from 9 x 5 to 100 x 300 pixels." in dataset.notes


def test_one_colour_picture_makes_three_channels(tmp_path: Path) -> None:
    write_digits(tmp_path)
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "zz.png")
    assert load(tmp_path, 8).shape == (3, 8, 8)
    grey_palette = Image.fromarray(digit(0)).convert("P")
    colour_palette = Image.new("RGB", (8, 8), (255, 0, 0)).convert("P", palette=Image.Palette.ADAPTIVE)
    for palette, channels in ((grey_palette, 1), (colour_palette, 3)):
        palette.save(tmp_path / "zz.png")
        assert load(tmp_path, 8).shape == (channels, 8, 8)


@pytest.mark.parametrize(
    ("size", "side"),
    [((60, 40), 20), ((40, 60), 20), ((300, 200), 8), ((64, 32), 16), ((10, 30), 20), ((9, 9), 8)],
)
def test_resizing_and_cropping_agree_with_a_slower_way(size: tuple[int, int], side: int) -> None:
    # Second source: resize the whole picture to a shorter side of `side`, then cut the centre out by hand.
    x, y = np.meshgrid(np.linspace(0, 3, size[0]), np.linspace(0, 3, size[1]))
    image = Image.fromarray((127 + 60 * np.sin(x * 2) + 60 * np.cos(y * 3)).astype(np.uint8))
    width, height = (length * side // min(size) for length in size)
    whole = image.resize((width, height), Image.Resampling.LANCZOS)
    left, top = (width - side) // 2, (height - side) // 2
    expected = np.asarray(whole.crop((left, top, left + side, top + side)), dtype=float)
    np.testing.assert_allclose(decoded(image, 1, side)[0].astype(float), expected, atol=1)


def test_a_large_jpeg_decodes_at_a_fraction_to_the_same_picture() -> None:
    x, y = np.meshgrid(np.linspace(0, 6, 640), np.linspace(0, 6, 480))
    image = Image.fromarray((127 + 60 * np.sin(x) + 60 * np.cos(y)).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    with Image.open(buffer) as drafted:
        found = decoded(drafted, 1, 32)
        assert drafted.size < (640, 480)
    np.testing.assert_allclose(found.astype(float), decoded(image, 1, 32).astype(float), atol=4)


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    upright = Image.fromarray(digit(4, 16))
    # EXIF orientation 6: the stored picture must be turned clockwise by 90 degrees to be seen upright.
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as image:
        assert decoded(image, 1, 16)[0].tolist() == digit(4, 16).tolist()


def transparent() -> dict[str, Image.Image]:
    """Black pictures of which nothing is to be seen."""
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0] * 256)
    palette.info["transparency"] = bytes(256)
    one_colour = Image.new("RGB", (8, 8))
    one_colour.info["transparency"] = (0, 0, 0)
    grey = Image.new("L", (8, 8))
    grey.info["transparency"] = 0
    return {
        "RGBA": Image.new("RGBA", (8, 8)),
        "LA": Image.new("LA", (8, 8)),
        "P": palette,
        "RGB": one_colour,
        "L": grey,
    }


@pytest.mark.parametrize("mode", transparent())
@pytest.mark.parametrize("channels", [1, 3])
def test_transparency_is_white(mode: str, channels: int) -> None:
    assert (decoded(transparent()[mode], channels, 8) == 255).all()


def test_half_transparency_is_mixed_with_white() -> None:
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert decoded(half, 3, 8)[:, 0, 0].tolist() == [255, 127, 127]


def test_zip_and_folder_renamed_and_nested_are_the_same_data(tmp_path: Path) -> None:
    write_digits(tmp_path / "a", 120)
    first = load(tmp_path / "a", 8)
    (tmp_path / "b" / "deep" / "er").mkdir(parents=True)
    for at, path in enumerate(sorted((tmp_path / "a").iterdir())):
        (tmp_path / "b" / ("deep" if at % 2 else "deep/er") / f"{1000 - at}.png").write_bytes(
            path.read_bytes()
        )
    archive = zipped(tmp_path / "a", tmp_path / "c.zip", {"__MACOSX/top/1.png": b"", ".DS_Store": b""})
    held = {row.tobytes() for row in first.held_out.numpy()}
    assert len(first.held_out) == 50
    for other in (load(tmp_path / "b", 8), load(archive, 8)):
        assert other.digest == first.digest
        assert {row.tobytes() for row in other.held_out.numpy()} == held
        assert not any("could not be read" in note for note in other.notes)
        train = {row.tobytes() for row in other.train[torch.arange(len(other.train))].numpy()}
        assert len(train) == 70
        assert not train & held


def test_one_changed_pixel_changes_the_digest(tmp_path: Path) -> None:
    write_digits(tmp_path, side=8)
    before = load(tmp_path, 8).digest
    pixels = digit(7, 8)
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(tmp_path / "0007.png")
    assert load(tmp_path, 8).digest != before


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    write_digits(tmp_path)
    (tmp_path / "labels.csv").write_text("1,2")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.png").write_bytes(b"no picture")
    (tmp_path / ".x.png").write_bytes(b"no picture")
    notes = load(tmp_path).notes
    assert "files that are no images were passed over: labels.csv." in notes
    assert not any("could not be read" in note for note in notes)


def test_large_sets_stay_on_disk_and_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_digits(tmp_path, 60)
    whole = load(tmp_path, 16)
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", 0)
    monkeypatch.setattr(picture_files, "AT_ONCE", 7)
    lazy = load(tmp_path, 16)
    assert isinstance(whole.train, Tensor)
    assert not isinstance(lazy.train, Tensor)
    index = torch.tensor([0, 9, 9, len(whole.train) - 1])
    assert torch.equal(lazy.train[index], whole.train[index])
    assert lazy.train[index].dtype == torch.float32
    assert torch.equal(lazy.held_out, whole.held_out)
    assert whole.train.min() >= -1.0
    assert whole.train.max() <= 1.0


def test_decoding_leaves_the_warning_filters_alone(tmp_path: Path) -> None:
    write_digits(tmp_path, 20)
    before = list(warnings.filters)
    load(tmp_path)
    assert list(warnings.filters) == before
