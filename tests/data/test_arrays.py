"""Arrays from files: number types, axes, images and their range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganscope.data import lazy_rows, load
from ganscope.data.pixels import resized
from tests.data.tables import back, digit_images, every_row, in_order, people, write_npy


@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f4", "f8", "i1", ">i4", "u8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_any_number_type_and_order_is_a_table(dtype: str, order: Any, tmp_path: Path) -> None:
    values = np.array(np.random.default_rng(0).integers(0, 2, (60, 3)) + np.eye(60, 3), dtype, order=order)
    dataset = load(write_npy(tmp_path / "x.npy", values))
    assert dataset.units is not None
    assert [column["name"] for column in dataset.units["columns"]] == ["x0", "x1", "x2"]
    expected = values.astype(np.float64)
    returned = back(dataset)
    assert sorted(map(tuple, returned.round(3))) == sorted(map(tuple, expected))
    assert dataset.held_out.dtype == torch.float32


def test_one_axis_is_a_table_of_one_column(tmp_path: Path) -> None:
    dataset = load(write_npy(tmp_path / "x.npy", np.linspace(0.0, 1.0, 90)))
    assert dataset.shape == (1,)
    assert dataset.columns == ("x0",)


@pytest.mark.parametrize(
    ("arrays", "name"),
    [
        ({"whatever": people()}, "x.npz"),
        ({"y": np.zeros(3), "x": people()}, "x.npz[x]"),
        ({"x": np.zeros(3), "data": people()}, "x.npz[data]"),
    ],
)
def test_npz_takes_its_only_array_or_one_with_a_usual_name(
    arrays: dict[str, Any], name: str, tmp_path: Path
) -> None:
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    dataset = load(tmp_path / "x.npz")
    assert dataset.name == name
    np.testing.assert_allclose(back(dataset), in_order(people()), rtol=1e-6)


IMAGE_ARRAYS: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], tuple[int, ...], str]] = {
    "[N, H, W], bytes": (lambda x: (x * 255).round().astype(np.uint8), (1, 8, 8), "0 (black) to 255"),
    "[N, C, H, W]": (lambda x: x[:, None].repeat(3, 1), (3, 8, 8), "0 (black) to 1"),
    "[N, H, W, C]": (lambda x: x[..., None].repeat(3, 3), (3, 8, 8), "0 (black) to 1"),
    "[N, H, W, C], one": (lambda x: x[..., None], (1, 8, 8), "0 (black) to 1"),
    "-1 to 1": (lambda x: x * 2 - 1, (1, 8, 8), "-1 (black) to 1"),
    "0 to 255, floats": (lambda x: (x * 255).astype(np.float32), (1, 8, 8), "0 (black) to 255"),
    "0 to 16, floats": (lambda x: x * 16, (1, 8, 8), "0 (black) to 16"),
    "16 bits": (lambda x: (x * 65535).round().astype(np.uint16), (1, 8, 8), "0 (black) to 65535"),
    "[N, C, H, W], alpha": (
        lambda x: np.concatenate([x[:, None].repeat(3, 1), np.ones((120, 1, 8, 8))], axis=1),
        (3, 8, 8),
        "alpha",
    ),
    "[N, H, W, C], alpha": (
        lambda x: np.concatenate([x[..., None].repeat(3, 3), np.ones((120, 8, 8, 1))], axis=3),
        (3, 8, 8),
        "alpha",
    ),
}


@pytest.mark.parametrize("kind", IMAGE_ARRAYS)
@pytest.mark.parametrize("in_memory", [0, 2**28])
def test_image_arrays_are_scaled_and_said_how(
    kind: str, in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_rows, "IN_MEMORY", in_memory)
    make, shape, note = IMAGE_ARRAYS[kind]
    images = digit_images()
    dataset = load(write_npy(tmp_path / "x.npy", make(images)))
    assert dataset.shape == shape
    assert dataset.value_range == (-1.0, 1.0)
    assert dataset.units is None
    assert not kind.startswith("[") or kind[: kind.index("]")] in dataset.notes[0]
    assert note in " ".join(dataset.notes)
    assert isinstance(dataset.train, Tensor) == (in_memory > 0)
    expected = np.repeat(images[:, None] * 2 - 1, shape[0], axis=1)
    ours = every_row(dataset).flatten(1).double()
    theirs = torch.from_numpy(expected).flatten(1)
    # Digits differ by more than rounding: every row has its counterpart.
    nearest = torch.cdist(ours, theirs).argmin(dim=1)
    assert sorted(nearest.tolist()) == list(range(120))
    torch.testing.assert_close(ours, theirs[nearest], atol=0.004, rtol=0)


def test_black_and_white_are_exact(tmp_path: Path) -> None:
    images = np.zeros((40, 8, 8), np.uint8)
    images[:, 0, 0], images[:, 1, 1] = 255, np.arange(40)
    dataset = load(write_npy(tmp_path / "x.npy", images))
    assert set(every_row(dataset)[:, 0, 0, 0].tolist()) == {1.0}
    assert set(every_row(dataset)[:, 0, 7, 7].tolist()) == {-1.0}


def test_dark_bytes_are_pointed_out(tmp_path: Path) -> None:
    images = (digit_images() * 16).astype(np.uint8)
    (note,) = [note for note in load(write_npy(tmp_path / "x.npy", images)).notes if "white" in note]
    assert "If 16 is meant as white, rescale" in note


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (9, 100), (10, 10), (64, 64)])
@pytest.mark.parametrize("size", [8, 17])
def test_resized_agrees_with_pillow(shape: tuple[int, int], size: int) -> None:
    # Second source: Pillow's bicubic, which is antialiased too, on floats, then a crop by hand.
    image = np.random.default_rng(0).uniform(-0.6, 0.6, shape).astype(np.float32)
    sides = [round(side * size / min(shape)) for side in shape]
    theirs = np.asarray(Image.fromarray(image).resize((sides[1], sides[0]), Image.Resampling.BICUBIC))
    top, left = ((side - size) // 2 for side in sides)
    theirs = theirs[top : top + size, left : left + size].clip(-1, 1)
    ours = resized(torch.from_numpy(image)[None, None], size)[0, 0].numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_image_arrays_are_resized_and_cropped_on_demand(tmp_path: Path) -> None:
    wide = np.zeros((50, 20, 60), np.uint8)
    wide[:, :, :20], wide[:, :, 40:], wide[:, 0, 30] = 255, 255, np.arange(50)
    dataset = load(write_npy(tmp_path / "x.npy", wide), size=10)
    assert dataset.shape == (1, 10, 10)
    assert any("cropped to 10 x 10" in note for note in dataset.notes)
    # The white thirds left and right are cut off.
    assert every_row(dataset)[:, :, 2:, 1:-1].max() < -0.99
