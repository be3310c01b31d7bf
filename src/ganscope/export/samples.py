"""Generated samples as a picture, an array or a table, chosen by the file's ending."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.folder.files import whole_file
from ganscope.words.remedies import refusal

SHOWN_SIDE = 48
"""Pixels a sample is enlarged to, at least, so that one can look at it."""


def write_samples(path: Path, samples: NDArray[np.floating[Any]], columns: Sequence[str] = ()) -> None:
    """Write samples in the format the file name ends in.

    Args:
        path: `.png` (images only: one grid), `.npz` (array "samples"), `.npy` or `.csv` (one row a sample,
            columns of whole numbers without decimals).
        samples: `[N, *shape]`, images `[N, C, H, W]` in [-1, 1].
        columns: column names of a table.

    Raises:
        BadInput: another ending, a picture of samples that are no images, or a folder that is not there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_samples(Path(folder) / "points.csv", np.zeros((2, 3), np.float32))
        ...     (Path(folder) / "points.csv").read_text().splitlines()
        ['x0,x1,x2', '0,0,0', '0,0,0']
    """
    writers: dict[str, Callable[[], bytes]] = {
        ".png": lambda: _png(samples),
        ".npz": lambda: _npz(samples),
        ".npy": lambda: _npy(samples),
        ".csv": lambda: _csv(samples, columns),
    }
    if path.suffix not in writers:
        raise BadInput(f"samples cannot be written to {path}: end the name in {', '.join(writers)}.")
    write_contents(path, writers[path.suffix])


def write_contents(path: Path, writer: Callable[[], bytes]) -> None:
    """Write a file as a whole; nothing is left of one that cannot be written.

    Raises:
        BadInput: a folder that is not there, or a full disk.
    """
    if not path.parent.is_dir():
        raise BadInput(f"samples cannot be written to {path}: there is no folder {path.parent}.")
    contents = writer()
    try:
        with whole_file(path) as file:
            file.write(contents)
    except OSError as error:
        raise BadInput(refusal(f"samples cannot be written to {path}", error)) from None


def _png(samples: NDArray[np.floating[Any]]) -> bytes:
    from PIL import Image

    if samples.ndim != 4 or samples.shape[1] not in (1, 3):
        raise BadInput(
            f"samples of shape {list(samples.shape[1:])} are no pictures: write them to .npz or .csv."
        )
    count, channels, height, width = samples.shape
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    factor = max(1, -(-SHOWN_SIDE // height))
    pad = max(2, factor // 3)
    bytes_ = np.clip((samples + 1) * 127.5, 0, 255).round().astype(np.uint8)
    big = bytes_.repeat(factor, axis=2).repeat(factor, axis=3)
    sheet = np.full(
        (channels, down * (height * factor + pad) + pad, across * (width * factor + pad) + pad), 255, np.uint8
    )
    for index, image in enumerate(big):
        top = pad + (index // across) * (height * factor + pad)
        left = pad + (index % across) * (width * factor + pad)
        sheet[:, top : top + height * factor, left : left + width * factor] = image
    picture = Image.fromarray(sheet[0] if channels == 1 else sheet.transpose(1, 2, 0))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _npz(samples: NDArray[np.floating[Any]]) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, samples=samples)
    return buffer.getvalue()


def _npy(samples: NDArray[np.floating[Any]]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, samples, allow_pickle=False)
    return buffer.getvalue()


def _csv(samples: NDArray[np.floating[Any]], columns: Sequence[str]) -> bytes:
    import csv
    from io import StringIO

    rows = samples.reshape(len(samples), -1)
    whole = (rows == np.rint(rows)).all(axis=0)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns or [f"x{index}" for index in range(rows.shape[1])])
    writer.writerows([[f"{v:.0f}" if w else str(v) for v, w in zip(row, whole, strict=True)] for row in rows])
    return text.getvalue().encode()
