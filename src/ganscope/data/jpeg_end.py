"""JPEGs without their last bytes: what every viewer shows of them, as long as next to nothing is missing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

END = b"\xff\xd9"
MOST_MISSING = 0.1
"""Share of the pixels that may have been made up by the decoder."""
OTHER_BITS = bytes(np.random.default_rng(0).integers(0, 255, 2**12, np.uint8))
"""No byte of them is a marker."""


def with_end(content: bytes) -> Image | None:
    """Decode a JPEG that stops early as if its end marker followed, if at most a tenth of it is missing.

    What is missing is seen by decoding once more with other bits in its place: only pixels that they belong
    to differ. In a progressive file the last scan must have begun.

    Args:
        content: the file.

    Returns:
        The decoded picture; None where too much is missing, or it is no JPEG that stops early.

    Example:
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.linear_gradient("L").save(file, "JPEG")
        >>> with_end(file.getvalue()[:-2]).size, with_end(file.getvalue()[:-900])
        ((256, 256), None)
    """
    kept = content.rstrip(b"\xff")
    if not content.startswith(b"\xff\xd8") or not _last_scan_has_begun(kept):
        return None
    shown, otherwise = (_decoded(kept + tail + END) for tail in (b"", OTHER_BITS))
    differs = np.asarray(shown) != np.asarray(otherwise)
    return shown if (differs if differs.ndim == 2 else differs.any(2)).mean() <= MOST_MISSING else None


def _decoded(content: bytes) -> Image:
    from PIL import Image

    image = Image.open(io.BytesIO(content), formats=["JPEG", "MPO"])
    image.load()
    return image


def _last_scan_has_begun(content: bytes) -> bool:
    """Whether every coefficient of every component has come, or is coming, with its last bit."""
    components = b""
    missing: set[tuple[int, int]] = set()
    at = 2
    while (at := content.find(b"\xff", at)) >= 0 and at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in (0x00, 0xFF, 0xD8) or 0xD0 <= marker <= 0xD7:  # inside the data of a scan
            at += 1
            continue
        body = content[at + 4 : at + 2 + length]
        if marker in (0xC0, 0xC1, 0xC2):
            components = body[6::3]
            missing = {(component, k) for component in components for k in range(64)}
        elif marker == 0xDA and len(body) >= 4:
            first, last, bits = body[-3:]
            scanned = body[1:-3:2]
            if bits & 15 == 0:
                missing -= {(component, k) for component in scanned for k in range(first, last + 1)}
        at += 2 + length
    return bool(components) and not missing
