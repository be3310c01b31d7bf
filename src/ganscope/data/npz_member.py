"""Large arrays of `.npz` archives: unpacked to a temporary file, whatever they are packed in."""

from __future__ import annotations

import math
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.contracts import BadInput
from ganscope.data.lazy_rows import Scratch

UNPACKED = 2**26
"""Bytes up to which an array of an archive is unpacked to memory."""
HEADERS: dict[tuple[int, int], Callable[[Any], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
"""By version of the format; version 3 is for names of fields, which plain numbers have not."""


def large_member(path: Path, name: str) -> NDArray[Any] | None:
    """Unpack a large array to a temporary file, whatever its size in the archive; None for one that is not.

    Zeros shrink a thousandfold: what fills the memory is seen in the header, before anything is unpacked.
    """
    with zipfile.ZipFile(path) as archive:
        info = next((i for i in archive.infolist() if i.filename in (name, f"{name}.npy")), None)
        if info is not None and info.flag_bits & 1:
            raise BadInput(f"{path} is encrypted: save it again without a password.")
        if info is None or info.file_size <= UNPACKED:
            return None
        with archive.open(info) as member:
            read_header = HEADERS.get(np.lib.format.read_magic(member))
            if read_header is None:
                return None
            shape, by_columns, dtype = read_header(member)
            if dtype.hasobject:
                return None
            count = math.prod(shape) * dtype.itemsize
            free = shutil.disk_usage(tempfile.gettempdir()).free
            if count > free:
                sizes = f"{count / 2**30:,.0f} GiB unpacked, and there is room for {free / 2**30:,.0f}"
                raise BadInput(
                    f"{path} holds an array {list(shape)} of {sizes} in {tempfile.gettempdir()}: save it "
                    "with numpy.save, as a .npy that is read in place, or set TMPDIR to a folder on a larger "
                    "disk."
                )
            with Scratch((), np.uint8) as scratch:
                left = count
                while left and (part := member.read(min(left, 2**20))):
                    scratch.append(np.frombuffer(part, np.uint8))
                    left -= len(part)
                if left:
                    raise EOFError(f"{left} of {count} bytes are missing")
                return scratch.rows().view(dtype).reshape(shape, order="F" if by_columns else "C")
