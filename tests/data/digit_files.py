"""The digits of scikit-learn as picture files, and how they are compared."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor

from ganscope.contracts import Dataset

DIGITS = (load_digits().images * 255 / 16).round().astype(np.uint8)


def digit(at: int, side: int = 24) -> NDArray[np.uint8]:
    """A scikit-learn digit, white on black, every pixel `side / 8` wide."""
    enlarged: NDArray[np.uint8] = DIGITS[at].repeat(side // 8, axis=0).repeat(side // 8, axis=1)
    return enlarged


def write_digits(folder: Path, n: int = 40, mode: str = "L", ending: str = "png", side: int = 24) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(n):
        image = Image.fromarray(digit(at, side)).convert(mode)
        if mode == "I":  # integers count as 16 bits
            image = Image.fromarray(digit(at, side).astype(np.int32) * 257)
        image.save(folder / f"{at:04d}.{ending}", quality=95)


def every_row(dataset: Dataset) -> Tensor:
    return torch.cat([dataset.train[torch.arange(len(dataset.train))], dataset.held_out])


def assert_the_digits(dataset: Dataset, n: int, tolerance: float) -> None:
    """Each digit is there once, at 8 by 8 pixels, on every channel."""
    found = every_row(dataset).mean(dim=1).flatten(1).double()
    expected = torch.from_numpy(np.stack([digit(at, 8) for at in range(n)]) / 127.5 - 1.0).flatten(1)
    nearest = torch.cdist(found, expected).argmin(dim=1)
    assert sorted(nearest.tolist()) == list(range(n))
    assert (found - expected[nearest]).abs().max().item() < tolerance


def zipped(folder: Path, path: Path, extra: dict[str, bytes] | None = None) -> Path:
    assert folder not in path.parents  # an archive that took itself in would grow for ever
    with zipfile.ZipFile(path, "w") as file:
        for name in sorted(folder.rglob("*.*")):
            file.write(name, Path("top") / name.relative_to(folder))
        for name_, content in (extra or {}).items():
            file.writestr(name_, content)
    return path
