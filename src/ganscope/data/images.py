"""Folders and zip archives of pictures: which files are read, and which are passed over."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ganscope.contracts import BadInput, Dataset
from ganscope.data.picture_files import pictures
from ganscope.words.lists import some

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = (
    "AVIF",
    "BMP",
    "GIF",
    "ICO",
    "JPEG",
    "JPEG2000",
    "MPO",
    "PCX",
    "PNG",
    "PPM",
    "QOI",
    "TGA",
    "TIFF",
    "WEBP",
)
"""What is decoded; formats that start other programs, such as EPS, are not."""
ENDINGS = frozenset((
    ".avif", ".bmp", ".dib", ".gif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo",
    ".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga", ".tif", ".tiff", ".webp",
))  # fmt: skip
TABLES = frozenset((".csv", ".npy", ".npz", ".parquet", ".tsv"))
"""What may be packed in place of images, and is to be given by itself."""
LARGEST_FILE = 2**28
"""Bytes; a larger file is taken for corrupt, so that a few kilobytes of zip cannot fill the memory."""


def folder(
    path: Path, size: int | None = None, scales: Mapping[str, Sequence[float]] | None = None
) -> Dataset:
    """Read all images below a folder. Files that are no images, and hidden ones, are passed over.

    Args:
        path: the folder; its subfolders are searched too, and those that links lead to.
        size: side of the images, 8 to 64; None is 32.
        scales: see `pictures`.

    Returns:
        The data set: `[C, size, size]` in [-1, 1], one channel where every image is grey.

    Raises:
        BadInput: no images, or more than a fifth of them unreadable.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as name:
        ...     for i in range(20):
        ...         Image.new("L", (10 + i, 20), 10 * i).save(Path(name) / f"{i}.png")
        ...     folder(Path(name), size=16).shape
        (1, 16, 16)
    """
    files = {file.relative_to(path).as_posix(): file for file in _walked(path)}
    names, notes = _images_among(path, list(files))
    special = [name for name in names if _is_special(files[name])]
    if special:
        names = sorted(set(names) - set(special))
        notes.append(f"pipes, sockets and devices were not opened: {some(special)}.")
    if not names:
        raise BadInput(f"{path} holds pipes, sockets or devices ({some(special)}) and no images: give files.")

    def read(name: str) -> Image:
        if files[name].stat().st_size > LARGEST_FILE:
            raise ValueError("too large")
        return _open(files[name])

    return pictures(path.resolve().name or str(path), names, read, size, notes, scales)


def archive(
    path: Path, size: int | None = None, scales: Mapping[str, Sequence[float]] | None = None
) -> Dataset:
    """Read all images of a `.zip` archive, as `folder` does.

    Args:
        path: the archive; it is read in place, so that names that lead out of it lead nowhere.
        size: side of the images, 8 to 64; None is 32.
        scales: see `pictures`.

    Returns:
        The data set; the same images in a folder give the same.

    Raises:
        BadInput: no archive, an encrypted one, no images, or more than a fifth of them unreadable.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(f"{name}/a.zip", "w") as file:
        ...     for i in range(20):
        ...         with file.open(f"{i}.png", "w") as image:
        ...             Image.new("RGB", (9, 9), (i, 0, 0)).save(image, "PNG")
        ...     file.close()
        ...     archive(Path(name) / "a.zip").shape
        (3, 32, 32)
    """
    try:
        opened = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{path} is no readable zip archive ({error}): make it again.") from None
    with opened as file:
        members = {info.filename: info for info in file.infolist() if not info.is_dir()}
        names, notes = _images_among(path, list(members))
        if any(members[name].flag_bits & 1 for name in names):
            raise BadInput(f"{path} is encrypted: unpack it with its password and give the folder.")

        def read(name: str) -> Image:
            with file.open(members[name]) as member:
                content = member.read(LARGEST_FILE + 1)
            if len(content) > LARGEST_FILE:
                raise ValueError("too large")
            return _open(io.BytesIO(content))

        return pictures(path.name, names, read, size, notes, scales)


def _walked(path: Path) -> Iterator[Path]:
    """Every file below a folder; links are followed, and each folder is gone through once."""
    seen = {path.resolve()}
    for base, folders, names in os.walk(path, onerror=_refuse, followlinks=True):
        # A folder itself before links to it, whatever the order of the file system.
        links = [name for name in folders if Path(base, name).is_symlink()]
        folders[:] = [*sorted(set(folders) - set(links)), *sorted(links)]
        for name in list(folders):
            place = Path(base, name).resolve()
            if place in seen:
                folders.remove(name)
            seen.add(place)
        yield from (Path(base) / name for name in names)


def _is_special(file: Path) -> bool:
    """Whether reading a file could wait for ever; a missing one is told with those that cannot be read."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode)


def _open(file: Path | io.BytesIO) -> Image:
    from PIL import Image

    Image.init()
    return Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])


def _images_among(path: Path, files: list[str]) -> tuple[list[str], list[str]]:
    """Keep files that are images by their ending, sorted, and note the others; hidden ones do not count."""
    visible = [file for file in files if not _hidden(PurePosixPath(file))]
    names = sorted(file for file in visible if PurePosixPath(file).suffix.lower() in ENDINGS)
    if not names:
        held = f"{len(visible)} files ({some(sorted(visible))})" if visible else "no files"
        tables = sorted(file for file in visible if PurePosixPath(file).suffix.lower() in TABLES)
        if tables and path.is_file():
            raise BadInput(f"{path} holds {held} and no images: unpack {tables[0]} and give that file.")
        raise BadInput(f"{path} holds {held} and no images: give a folder or zip of .png, .jpg or the like.")
    others = sorted(set(visible) - set(names))
    return names, [f"files that are no images were passed over: {some(others)}."] if others else []


def _hidden(file: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in file.parts)


def _refuse(error: OSError) -> None:
    raise error
