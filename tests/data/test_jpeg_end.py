"""JPEGs that stop early: as every viewer shows them where next to nothing is missing, else named."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.contracts import BadInput
from ganscope.data import load
from ganscope.data.hub import from_records
from ganscope.data.jpeg_end import MOST_MISSING, with_end
from tests.data.digit_files import every_row, zipped


def photograph(at: int, mode: str = "RGB", progressive: bool = False) -> bytes:
    """A JPEG of 96 by 96 pixels with some noise, as cameras make it."""
    rng = np.random.default_rng(at)
    x, y = np.meshgrid(np.linspace(0, 3 + at / 5, 96), np.linspace(0, 4, 96))
    waves = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], -1) * 80 + 128 + rng.normal(0, 9, (96, 96, 3))
    file = io.BytesIO()
    image = Image.fromarray(waves.clip(0, 255).astype(np.uint8)).convert(mode)
    image.save(file, "JPEG", quality=85, progressive=progressive)
    return file.getvalue()


def truly_different(shown: Image.Image, content: bytes) -> float:
    """Share of pixels that are not those of the whole file."""
    whole = np.asarray(Image.open(io.BytesIO(content))).astype(int)
    differs = np.abs(np.asarray(shown) - whole) > 3
    return float((differs if differs.ndim == 2 else differs.any(2)).mean())


@pytest.mark.parametrize(
    ("mode", "progressive"), [("L", False), ("L", True), ("RGB", False), ("RGB", True), ("CMYK", False)]
)
@pytest.mark.parametrize("bytes_missing", [1, 2, 3, 20, 60])
def test_next_to_nothing_missing_is_read(mode: str, progressive: bool, bytes_missing: int) -> None:
    content = photograph(0, mode, progressive)
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(content[:-bytes_missing])).load()
    shown = with_end(content[:-bytes_missing])
    assert shown is not None
    assert truly_different(shown, content) < (0.05 if bytes_missing > 3 else 0.01)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_much_missing_is_not_read(mode: str, progressive: bool) -> None:
    content = photograph(1, mode, progressive)
    for share in (0.1, 0.3, 0.5, 0.7, 0.8):
        assert with_end(content[: int(share * len(content))]) is None


def test_the_share_that_is_missing_is_about_the_true_one() -> None:
    # Second source: the whole file, decoded.
    content = photograph(2)
    for bytes_missing in range(2, len(content) // 2, 97):
        shown = with_end(content[:-bytes_missing])
        if shown is not None:
            assert truly_different(shown, content) < MOST_MISSING + 0.03


@pytest.mark.parametrize("as_zip", [False, True])
def test_folders_and_archives_take_them_and_name_truncated_ones(as_zip: bool, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    for at in range(24):
        content = photograph(at)
        cut = len(content) // 2 if at in (3, 8) else 20
        (tmp_path / "x" / f"{at:02d}.jpg").write_bytes(content[:-cut])
    data = load(zipped(tmp_path / "x", tmp_path / "x.zip") if as_zip else tmp_path / "x")
    (note,) = [note for note in data.notes if "could not be read" in note]
    assert note.startswith("2 of 24 images could not be read and were left out:")
    assert "03.jpg" in note
    assert "08.jpg" in note
    for at in range(24):
        (tmp_path / "x" / f"{at:02d}.jpg").write_bytes(photograph(at))
    whole = load(tmp_path / "x")
    ours, theirs = every_row(data).flatten(1), every_row(whole).flatten(1)
    assert (ours[:, None] - theirs).abs().mean(2).min(1).values.max() < 0.03


def test_truncated_pictures_alone_are_refused(tmp_path: Path) -> None:
    for at in range(24):
        (tmp_path / f"{at}.jpg").write_bytes(photograph(at)[:2000])
    with pytest.raises(BadInput, match="24 cannot be read"):
        load(tmp_path)


def test_records_take_them_too() -> None:
    pictures = [photograph(at)[:-2] for at in range(20)]

    class Records:
        def __len__(self) -> int:
            return 20

        def __getitem__(self, at: int) -> dict[str, Image.Image]:
            return {"image": Image.open(io.BytesIO(pictures[at]))}

    assert every_row(from_records("r", Records())).shape == (20, 3, 32, 32)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\x00\x00", b"no picture"])
def test_what_is_no_jpeg_is_none(content: bytes) -> None:
    assert with_end(content) is None
