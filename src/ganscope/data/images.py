"""Folders and zip archives of pictures, of any size and mode Pillow reads, brought to one size and mode."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput, Dataset
from ganscope.data.lazy_rows import Scratch
from ganscope.data.pixels import check_size, image_dataset, pixels_in_range
from ganscope.words.lists import some

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = 32
"""Side of the images where none is asked for."""
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
MOST_CORRUPT = 0.2
"""Share of unreadable images above which the data is refused."""
LARGEST_FILE = 2**28
"""Bytes; a larger file is taken for corrupt, so that a few kilobytes of zip cannot fill the memory."""
AT_ONCE = 256
"""Images decoded before they are written away."""


def folder(path: Path, size: int | None = None) -> Dataset:
    """Read all images below a folder. Files that are no images, and hidden ones, are passed over.

    Args:
        path: the folder; its subfolders are searched too.
        size: side of the images, 8 to 64; None is 32.

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
    files = {
        file.relative_to(path).as_posix(): file
        for base, _, names in os.walk(path, onerror=_refuse)
        for file in (Path(base) / name for name in names)
    }
    names, notes = _images_among(path, list(files))

    def read(name: str) -> Image:
        if not files[name].is_file():  # a pipe would be waited for
            raise ValueError("no file")
        if files[name].stat().st_size > LARGEST_FILE:
            raise ValueError("too large")
        return _open(files[name])

    return pictures(path.resolve().name or str(path), names, read, size, notes)


def archive(path: Path, size: int | None = None) -> Dataset:
    """Read all images of a `.zip` archive, as `folder` does.

    Args:
        path: the archive.
        size: side of the images, 8 to 64; None is 32.

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

        return pictures(path.name, names, read, size, notes)


def pictures(
    name: str,
    names: Sequence[str],
    open_image: Callable[[str], Image],
    size: int | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Decode pictures once, to bytes in a temporary file, and make a data set of them.

    The decoding decides how an image looks: turned upright as its EXIF data say, transparency laid on white,
    one channel where all images are grey and three otherwise, the shorter side resized with Lanczos and the
    centre cut out.

    Args:
        name: name of the data, for messages.
        names: names of the pictures, in order.
        open_image: opens one by name; an exception marks it as corrupt.
        size: side of the images, 8 to 64; None is 32.
        notes: what was decided before.

    Returns:
        The data set, with unreadable pictures named in its notes.

    Raises:
        BadInput: more than a fifth unreadable, or fewer than 20 pictures.

    Example:
        >>> from PIL import Image
        >>> names = [str(i) for i in range(20)]
        >>> data = pictures("squares", names, lambda i: Image.new("L", (8, 8), int(i)), size=8)
        >>> data.held_out.shape
        torch.Size([10, 1, 8, 8])
    """
    from PIL import Image

    check_size(size)
    side = SIZE if size is None else size
    corrupt: list[str] = []
    sizes: set[tuple[int, int]] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        channels = 1 if all(_is_grey(name, open_image) for name in names) else 3

        def decode(name: str) -> tuple[tuple[int, int], NDArray[np.uint8]] | None:
            try:
                with open_image(name) as image:
                    return image.size, decoded(image, channels, side)
            except Exception:  # broken files make decoders raise anything
                return None

        with Scratch((channels, side, side), np.uint8) as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(names), AT_ONCE):
                part = names[start : start + AT_ONCE]
                results = list(pool.map(decode, part))
                good = [result for result in results if result is not None]
                corrupt += [name for name, result in zip(part, results, strict=True) if result is None]
                sizes |= {size for size, _ in good}
                if good:
                    scratch.append(np.stack([pixels for _, pixels in good]))
            stored = scratch.rows()
    if len(corrupt) > MOST_CORRUPT * len(names):
        raise BadInput(
            f"{name} holds {len(names)} images, of which {len(corrupt)} cannot be read ({some(corrupt)}), "
            "more than a fifth: repair or remove them."
        )
    mode = "grey" if channels == 1 else "colour"
    told = [f"{len(names) - len(corrupt):,} images read as {mode}, {side} x {side} pixels."]
    if sizes != {(side, side)}:
        told.append(f"resized and cropped from {_span(sizes)} pixels.")
    if corrupt:
        told.append(
            f"{len(corrupt)} of {len(names):,} images could not be read and "
            f"{'was' if len(corrupt) == 1 else 'were'} left out: {some(corrupt)}."
        )
    return image_dataset(name, stored, pixels_in_range(0, 255), [*told, *notes])


def decoded(image: Image, channels: int, side: int) -> NDArray[np.uint8]:
    """Bring one picture to `[channels, side, side]`, bytes.

    Args:
        image: a picture of any size and mode.
        channels: 1 or 3.
        side: in pixels.

    Returns:
        Its pixels, 0 to 255.

    Example:
        >>> from PIL import Image
        >>> decoded(Image.new("LA", (30, 20), (0, 0)), 1, 8).min()  # transparent black on white
        np.uint8(255)
    """
    from PIL import Image, ImageOps

    image.draft(image.mode, (2 * side, 2 * side))  # a JPEG decodes faster to a fraction of its size
    image.load()
    with contextlib.suppress(Exception):  # broken EXIF data leave a good picture as it is
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image), image.mode))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = ImageOps.fit(
        image.convert("L" if channels == 1 else "RGB"), (side, side), Image.Resampling.LANCZOS
    )
    pixels = np.asarray(image).reshape(side, side, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


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
        raise BadInput(f"{path} holds {held} and no images: give a folder or zip of .png, .jpg or the like.")
    others = sorted(set(visible) - set(names))
    return names, [f"files that are no images were passed over: {some(others)}."] if others else []


def _hidden(file: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in file.parts)


def _is_grey(name: str, open_image: Callable[[str], Image]) -> bool:
    """Whether a picture has no colour, by its mode or palette; unreadable ones do not object."""
    try:
        with open_image(name) as image:
            if image.mode in ("P", "PA"):
                palette = image.getpalette("RGB") or []
                return palette[0::3] == palette[1::3] == palette[2::3]
            return image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    except Exception:  # as above
        return True


def _eight_bits(pixels: NDArray[Any], mode: str) -> NDArray[np.uint8]:
    """Bring integer pixels of 16 bits, or floats of range 0 to 1 or 0 to 255, to bytes."""
    if mode == "F":
        scale = 255.0 if pixels.max() <= 1 else 1.0
        if not np.isfinite(pixels).all():
            raise ValueError("not finite")
    else:
        scale = 255.0 / 65535.0
    return np.clip(np.rint(pixels.astype(np.float64) * scale), 0, 255).astype(np.uint8)


def _span(sizes: set[tuple[int, int]]) -> str:
    small, large = min(sizes, key=lambda s: s[0] * s[1]), max(sizes, key=lambda s: s[0] * s[1])
    if small == large:
        return f"{small[0]} x {small[1]}"
    return f"{small[0]} x {small[1]} to {large[0]} x {large[1]}"


def _refuse(error: OSError) -> None:
    raise error
