"""The user's own data from a path: the ending says how it is read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ganscope.contracts import BadInput, Dataset
from ganscope.data.arrays import array_file
from ganscope.data.csv_file import csv_file
from ganscope.data.images import archive, folder
from ganscope.data.parquet import parquet
from ganscope.data.pixels import check_size
from ganscope.data.tables import NOTHING
from ganscope.words.reading import reading
from ganscope.words.remedies import refusal

TABLES: dict[str, Callable[[Path, Mapping[str, str]], Dataset]] = {
    ".csv": csv_file,
    ".tsv": csv_file,
    ".parquet": parquet,
}
Scales = Mapping[str, Sequence[float]]
IMAGES: dict[str, Callable[[Path, int | None, Scales | None], Dataset]] = {
    ".npy": array_file,
    ".npz": array_file,
    ".zip": archive,
}


def load(
    path: str | Path,
    size: int | None = None,
    scales: Scales | None = None,
    columns: Mapping[str, str] = NOTHING,
) -> Dataset:
    """Read a table, an array, or images, and hold a part of it out that its content decides.

    Args:
        path: a `.csv`, `.tsv`, `.parquet`, `.npy`, `.npz` or `.zip` file, or a folder of images.
        size: side to which images are resized and cropped, 8 to 64 pixels; None is 32 for image files and
            keeps the size of arrays.
        scales: black and white of pixels of more than 8 bits, as `Dataset.scales` of other data; by default
            decided by the type and range of all pictures.
        columns: column of a table -> its kind, where it is to be another than the one recognised.

    Returns:
        The data set: tables standardised, with `units` for `in_units`; images in [-1, 1]. `notes` say what
        was decided on the way.

    Raises:
        BadInput: whatever is wrong with the path or its content, in one sentence.

    Example:
        >>> load("heigths.xls")
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: there is no file or folder heigths.xls: give the path of a .csv, .tsv,
        .parquet, .npy, .npz or .zip file, or of a folder of images.
    """
    check_size(size)
    try:
        with reading(path, "write it again, text as UTF-8, or give another file"):
            return _read(path, Path(path), size, scales, columns)
    except OSError as error:
        raise BadInput(refusal(f"{path} cannot be read", error)) from None


def _read(
    path: str | Path, place: Path, size: int | None, scales: Scales | None, columns: Mapping[str, str]
) -> Dataset:
    """Read what lies at a place by the reader of its kind; complaints write the path as it was given."""
    if columns and (place.is_dir() or place.suffix.lower() not in TABLES):
        raise BadInput(
            f"--column has no effect on {path}: it is for tables in {', '.join(TABLES)}, so leave it out."
        )
    if place.is_dir():
        return folder(place, size, scales)
    if not place.exists():
        raise BadInput(f"there is no file or folder {path}{_nearest(place)}: give {_wanted()}.")
    ending = place.suffix.lower()
    if not place.is_file() or ending not in {**TABLES, **IMAGES}:
        raise BadInput(f"{path} is no data that can be read: give {_wanted()}.")
    if place.stat().st_size == 0:
        raise BadInput(f"{path} is empty (0 bytes): write the data again.")
    if ending in IMAGES:
        return IMAGES[ending](place, size, scales)
    if size is not None:
        raise BadInput(f"--size {size} has no effect on the table {path}: leave it out.")
    return TABLES[ending](place, columns)


def _wanted() -> str:
    *endings, last = {**TABLES, **IMAGES}
    return f"the path of a {', '.join(endings)} or {last} file, or of a folder of images"


def _nearest(path: Path) -> str:
    """Suggest the neighbour whose name is most like the missing one."""
    folder = path.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" (nearest: {folder / near[0]})" if near else ""
