"""Pictures of any size and mode that Pillow reads, brought to one size, one mode and one scale."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput, Dataset
from ganscope.data.deep_pixels import Kind, deep_pixels, kind_of
from ganscope.data.jpeg_end import with_end
from ganscope.data.lazy_rows import Scratch
from ganscope.data.pixel_scale import BYTE, DARK, Extent, Scale, extent, joined, note_on, scale_of
from ganscope.data.pixels import check_size, image_dataset, pixels_in_range
from ganscope.words.lists import some

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = 32
"""Side of the images where none is asked for."""
MOST_CORRUPT = 0.2
"""Share of unreadable images above which the data is refused."""
AT_ONCE = 256
"""Images decoded before they are written away."""
LARGE = 2**24
"""Pixels from which on a picture is decoded alone: many at a time could fill the memory."""
_ALONE = threading.Lock()
Opener = Callable[[str], "Image"]


class Header(NamedTuple):
    """What a picture says of itself before it is decoded."""

    grey: bool
    kind: Kind


def pictures(
    name: str,
    names: Sequence[str],
    open_image: Opener,
    size: int | None = None,
    notes: Sequence[str] = (),
    scales: Mapping[str, Sequence[float]] | None = None,
) -> Dataset:
    """Decode pictures once, into a temporary file, and make a data set of them.

    The decoding decides how an image looks: turned upright as its EXIF data say, transparency laid on white,
    one channel where all images are grey and three otherwise, the shorter side resized with Lanczos and the
    centre cut out. Pixels of more than 8 bits have one black and one white in all pictures.

    Args:
        name: name of the data, for messages.
        names: names of the pictures, in order.
        open_image: opens one by name; an exception marks it as corrupt.
        size: side of the images, 8 to 64; None is 32.
        notes: what was decided before.
        scales: black and white of pixels of more than 8 bits, by their kind, where they are decided already.

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
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        headers = dict(zip(names, pool.map(lambda name: _header(name, open_image), names), strict=True))
        channels = 1 if all(header.grey for header in headers.values()) else 3
        of_kind, told_of_scale = _scales(pool, headers, open_image, scales)
        deepest = np.uint16 if of_kind else np.uint8

        def decode(name: str) -> tuple[tuple[int, int], bool, NDArray[Any]] | None:
            try:
                return _picture(lambda: open_image(name), channels, side, of_kind)
            except Exception:  # broken files make decoders raise anything
                return None

        corrupt: list[str] = []
        several: list[str] = []
        sizes: set[tuple[int, int]] = set()
        with Scratch((channels, side, side), deepest) as scratch:
            for start in range(0, len(names), AT_ONCE):
                part = names[start : start + AT_ONCE]
                results = dict(zip(part, pool.map(decode, part), strict=True))
                good = {name: result for name, result in results.items() if result is not None}
                corrupt += [name for name in part if name not in good]
                several += [name for name, (_, more, _) in good.items() if more]
                sizes |= {size for size, _, _ in good.values()}
                if good:
                    scratch.append(np.stack([pixels for _, _, pixels in good.values()]))
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
    told += told_of_scale or _dark(stored)
    if several:
        told.append(f"of files with several pictures the first was read: {some(several)}.")
    if corrupt:
        told.append(
            f"{len(corrupt)} of {len(names):,} images could not be read and "
            f"{'was' if len(corrupt) == 1 else 'were'} left out: {some(corrupt)}."
        )
    convert = pixels_in_range(0, float(np.iinfo(deepest).max))
    made = image_dataset(name, stored, convert, [*told, *notes])
    return made._replace(scales={kind: tuple(scale) for kind, scale in of_kind.items()})


def decoded(image: Image, channels: int, side: int) -> NDArray[np.uint8]:
    """Bring one picture of 8 bits to `[channels, side, side]`, bytes.

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
    image = _loaded(image)
    with contextlib.suppress(Exception):  # broken EXIF data leave a good picture as it is
        image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = ImageOps.fit(
        image.convert("L" if channels == 1 else "RGB"), (side, side), Image.Resampling.LANCZOS
    )
    pixels = np.asarray(image).reshape(side, side, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def scaled(pixels: NDArray[Any], scale: Scale, channels: int, side: int) -> NDArray[np.uint16]:
    """Bring one picture of more than 8 bits to `[channels, side, side]`, 16 bits.

    Args:
        pixels: `[H, W, C]`, with one channel or three, or four where there is transparency of 16 bits.
        scale: what is black and white.
        channels: 1 or 3.
        side: in pixels.

    Returns:
        Its pixels, 0 to 65535.

    Example:
        >>> scaled(np.full((9, 9, 1), 2.5), Scale(0, 5), 1, 8).max()
        np.uint16(32768)
    """
    from PIL import Image, ImageOps

    light = (pixels[..., :3].astype(np.float64) - scale.black) / (scale.white - scale.black)
    light = light.clip(0, 1)
    if pixels.shape[2] == 4:
        opaque = pixels[..., 3:].astype(np.float64) / 65535
        light = light * opaque + (1 - opaque)
    planes = [
        ImageOps.fit(Image.fromarray(plane.astype(np.float32)), (side, side), Image.Resampling.LANCZOS)
        for plane in np.moveaxis(light, 2, 0)
    ]
    whole = np.rint(np.stack([np.asarray(plane) for plane in planes]).clip(0, 1) * 65535)
    sixteen_bits: NDArray[np.uint16] = whole.astype(np.uint16).repeat(channels // len(whole), axis=0)
    return sixteen_bits


def _picture(
    open_image: Callable[[], Image], channels: int, side: int, scales: Mapping[Kind, Scale]
) -> tuple[tuple[int, int], bool, NDArray[Any]]:
    """Return the size of a picture, whether its file holds more of them, and its pixels."""
    with open_image() as image, _ALONE if math.prod(image.size) > LARGE else contextlib.nullcontext():
        kind, size = kind_of(image), image.size
        pixels: NDArray[Any] = decoded(image, channels, side) if kind == "bytes" else np.empty(0)
        several = _holds_several(image)
    if kind != "bytes":
        return size, several, scaled(deep_pixels(open_image), scales[kind], channels, side)
    return size, several, pixels.astype(np.uint16) * 257 if scales else pixels


def _scales(
    pool: ThreadPoolExecutor,
    headers: Mapping[str, Header],
    open_image: Opener,
    given: Mapping[str, Sequence[float]] | None,
) -> tuple[dict[Kind, Scale], list[str]]:
    """Decide the scale of each kind of deep pixels in all pictures, and say it."""
    scales: dict[Kind, Scale] = {}
    notes = []
    kinds: tuple[Kind, ...] = ("whole", "float")
    for kind in kinds:
        names = [name for name, header in headers.items() if header.kind == kind]

        def look(name: str, count: int = len(names)) -> Extent | None:
            try:
                return extent(deep_pixels(lambda: open_image(name))[..., :3], count)
            except Exception:  # told with the others that cannot be read
                return None

        extents = [seen for seen in pool.map(look, names) if seen is not None]
        if not extents:
            continue
        pixels = joined(extents)
        scales[kind] = Scale(*given[kind]) if given and kind in given else scale_of(pixels, kind == "whole")
        of = "" if len(names) == len(headers) else f" (of {len(names)} files, {SAID[kind]})"
        notes.append(note_on(pixels, scales[kind]).replace("pixels", f"pixels{of}", 1))
    return scales, notes


SAID: dict[Kind, str] = {"whole": "more than 8 bits", "float": "floats"}


def _header(name: str, open_image: Opener) -> Header:
    """Whether a picture has no colour, by its mode or palette, and how it stores pixels.

    Unreadable ones do not object to anything.
    """
    try:
        with open_image(name) as image:
            kind = kind_of(image)
            if image.mode in ("P", "PA"):
                palette = image.getpalette("RGB") or []
                return Header(palette[0::3] == palette[1::3] == palette[2::3], kind)
            grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
            return Header(grey, kind)
    except Exception:  # as above
        return Header(grey=True, kind="bytes")


def _loaded(image: Image) -> Image:
    """Decode a picture; a JPEG that lacks next to nothing is taken as every viewer shows it."""
    file = getattr(image, "fp", None)
    try:
        image.load()
    except OSError:
        if image.format not in ("JPEG", "MPO") or file is None:
            raise
        file.seek(0)
        whole = with_end(file.read())
        if whole is None:
            raise
        return whole
    return image


def _holds_several(image: Image) -> bool:
    with contextlib.suppress(Exception):  # a later picture may be broken
        return bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    return False


def _dark(stored: NDArray[np.uint8]) -> list[str]:
    """Say so where pictures of 8 bits use few of them, as label maps do."""
    brightest = int(stored.max()) if len(stored) else 0
    if not 0 < brightest < DARK:
        return []
    return [
        f"no pixel is brighter than {brightest} of {BYTE:g}. If {brightest} is meant as white, rescale them."
    ]


def _span(sizes: set[tuple[int, int]]) -> str:
    small, large = min(sizes, key=lambda s: s[0] * s[1]), max(sizes, key=lambda s: s[0] * s[1])
    if small == large:
        return f"{small[0]} x {small[1]}"
    return f"{small[0]} x {small[1]} to {large[0]} x {large[1]}"
