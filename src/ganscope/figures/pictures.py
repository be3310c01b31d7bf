"""Samples as pictures inside the page: image grids as PNG, points and one-dimensional samples as SVG."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganscope.figures.palette import GREY, INK, RULE
from ganscope.folder import layout
from ganscope.folder.records import RunRecord, number

Samples = NDArray[np.float32]

GRID_PIXELS = 640
"""An image grid is enlarged to about this width, or holds fewer images where they are large."""
SIDE, EDGE = 300.0, 40.0
"""Side of an SVG picture and its margin for tick labels, in its own units."""


class Window(NamedTuple):
    """What a picture of points shows: the square that holds the real ones."""

    low: tuple[float, float]
    side: float


def load_samples(path: Path) -> Samples | None:
    """Read samples [N, *shape]; None when the file is missing or damaged."""
    try:
        samples = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError):
        return None
    if samples.ndim < 2 or not len(samples) or not np.issubdtype(samples.dtype, np.number):
        return None
    return np.asarray(samples, dtype=np.float32)


def readable(path: Path) -> bool:
    """Tell whether samples can be read, without reading them."""
    try:
        samples = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError):
        return False
    return samples.ndim >= 2 and bool(len(samples)) and np.issubdtype(samples.dtype, np.number)


def sample_files(run: RunRecord) -> dict[int, Path]:
    """Return step -> file of the samples on the fixed latent, in order of steps."""
    return layout.samples_files(run.folder)


def picture(
    samples: Samples | None, real: Samples | None, colour: str, label: str, data: Mapping[str, Any]
) -> str | None:
    """Draw samples in the way their shape asks for.

    Args:
        samples: [N, *shape]; the real rows themselves for the picture of the real data.
        real: held-out rows [M, *shape], drawn behind points; None when they were not kept.
        colour: of the recipe, CSS.
        label: what a screen reader says.
        data: the run's `data` entry, for the value range and the mode centres.

    Returns:
        An `<img>` or `<svg>` element; None where there is nothing to draw (tables, damaged files).
    """
    if samples is None:
        return None
    if samples.ndim == 4 and samples.shape[1] in (1, 3):
        return _image_grid(samples, _value_range(data, real), label)
    if samples.ndim != 2 or samples.shape[1] > 2:
        return None
    behind = samples if real is None or real.shape[1:] != samples.shape[1:] else real
    behind = behind[np.isfinite(behind).all(1)]
    if not len(behind):
        return None
    if samples.shape[1] == 1:
        return _histogram(samples[:, 0], behind[:, 0], colour, label)
    return _scatter(samples, behind, colour, label, data.get("centres"))


def _value_range(data: Mapping[str, Any], real: Samples | None) -> tuple[float, float]:
    given = data.get("value_range")
    if isinstance(given, list) and len(given) == 2:
        low, high = number(given[0]), number(given[1])
        if low is not None and high is not None and low < high:
            return low, high
    if real is not None and float(real.min()) < float(real.max()):
        return float(real.min()), float(real.max())
    return -1.0, 1.0


def _image_grid(images: Samples, values: tuple[float, float], label: str) -> str:
    """Lay out images [N, C, H, W] on a grid, each pixel enlarged to a square; NaN is drawn mid-grey."""
    from PIL import Image

    _, channels, height, width = images.shape
    gap = max(1, width // 16)
    columns = min(8, max(2, GRID_PIXELS // (width + gap)), math.ceil(math.sqrt(len(images))))
    rows = min(columns, math.ceil(len(images) / columns))
    low, high = values
    unit = np.clip((images[: rows * columns] - low) / (high - low), 0, 1)
    grey = np.rint(255 * np.nan_to_num(unit, nan=0.5)).astype(np.uint8)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8)
    for index, image in enumerate(grey):
        top, left = (gap + (index // columns) * (height + gap), gap + (index % columns) * (width + gap))
        sheet[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    enlarged = max(1, round(GRID_PIXELS / sheet.shape[1]))
    sheet = sheet.repeat(enlarged, 0).repeat(enlarged, 1)
    file = io.BytesIO()
    Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet).save(file, "PNG")
    code = base64.b64encode(file.getvalue()).decode()
    size = f'width="{sheet.shape[1]}" height="{sheet.shape[0]}"'
    return f'<img {size} alt="{escape(label)}" src="data:image/png;base64,{code}">'


def _scatter(points: Samples, real: Samples, colour: str, label: str, centres: object) -> str:
    """Draw points [N, 2] over real ones, both axes in one scale; what lies outside is counted, not drawn."""
    low, high = real.min(0), real.max(0)
    side = 1.45 * float(max(high - low)) or 1.0
    window = Window((float((low + high)[0] - side) / 2, float((low + high)[1] - side) / 2), side)
    drawn = _inside(points, window)
    parts = [_dots(real, window, GREY, 4.0)]
    if points is not real:
        parts.append(_dots(points, window, colour, 4.0, opacity=0.7))
    if isinstance(centres, list):
        known = [c for c in centres if isinstance(c, list) and len(c) == 2 and None not in map(number, c)]
        parts.append(_crosses(np.asarray(known, np.float32).reshape(-1, 2), window))
    outside = len(points) - len(drawn)
    if outside:
        count = f"{outside} of {len(points)} outside"
        halo = 'stroke="#fff" stroke-width="8" paint-order="stroke"'
        parts.append(f'<text x="{SIDE - 8}" y="20" text-anchor="end" fill="{INK}" {halo}>{count}</text>')
    ticks = (_ticks(window.low[0], side), _ticks(window.low[1], side))
    return _svg(label, "".join(parts), window, ticks)


def _histogram(values: Samples, real: Samples, colour: str, label: str) -> str:
    """Draw two densities over the range of the real values: real filled, generated as a line."""
    low, high = float(real.min()), float(real.max())
    side = 1.2 * (high - low) or 1.0
    start = (low + high - side) / 2
    edges = np.linspace(start, start + side, 41)
    # Shares of all samples, so that mass outside the picture is missing from it.
    real_share = np.histogram(real, edges)[0] / max(1, len(real))
    share = np.histogram(values, edges)[0] / max(1, len(values))
    top = 1.1 * float(max(real_share.max(), share.max())) or 1.0
    x = EDGE + (np.repeat(edges, 2)[1:-1] - start) / side * (SIDE - EDGE)
    y_real = (SIDE - EDGE) * (1 - np.repeat(real_share, 2) / top)
    y = (SIDE - EDGE) * (1 - np.repeat(share, 2) / top)
    base = SIDE - EDGE
    outline = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y_real, strict=True))
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    shapes = (
        f'<polygon points="{EDGE},{base} {outline} {SIDE},{base}" fill="{GREY}" fill-opacity="0.6"/>'
        f'<polyline points="{line}" fill="none" stroke="{escape(colour)}" stroke-width="3"/>'
    )
    return _svg(label, shapes, Window((start, 0.0), side), (_ticks(start, side), []))


def _inside(points: Samples, window: Window) -> Samples:
    offset = points - np.asarray(window.low, np.float32)
    return points[((offset >= 0) & (offset <= window.side)).all(1)]


def _place(points: Samples, window: Window) -> NDArray[np.float32]:
    """Map points to picture coordinates, y upwards."""
    unit = (points - np.asarray(window.low, np.float32)) / window.side
    return np.stack([EDGE + unit[:, 0] * (SIDE - EDGE), (1 - unit[:, 1]) * (SIDE - EDGE)], 1)


def _dots(points: Samples, window: Window, colour: str, size: float, opacity: float = 0.6) -> str:
    """Draw all points as one path of strokes without length: dots at a tenth of the weight of circles."""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in _place(_inside(points, window), window))
    return (
        f'<path d="{path}" stroke="{escape(colour)}" stroke-width="{size}" stroke-linecap="round" '
        f'stroke-opacity="{opacity}" fill="none"/>'
    )


def _crosses(points: Samples, window: Window) -> str:
    path = "".join(f"M{x - 5:.1f} {y:.1f}h10M{x:.1f} {y - 5:.1f}v10" for x, y in _place(points, window))
    return f'<path d="{path}" stroke="{INK}" stroke-width="1.2" fill="none"/>'


def _ticks(low: float, side: float) -> list[float]:
    """Return two to five round numbers in [low, low + side]."""
    power = 10.0 ** math.floor(math.log10(side / 2))
    step = power * max((m for m in (1, 2, 5) if m * power <= side / 2), default=1)
    return [step * k for k in range(math.ceil(low / step), math.floor((low + side) / step) + 1)]


def _svg(label: str, shapes: str, window: Window, ticks: tuple[Sequence[float], Sequence[float]]) -> str:
    base = SIDE - EDGE
    marks = []
    for value in ticks[0]:
        x = EDGE + (value - window.low[0]) / window.side * base
        marks.append(f'<path d="M{x:.1f} {base}v5" stroke="{INK}"/>')
        marks.append(f'<text x="{x:.1f}" y="{base + 21}" text-anchor="middle" fill="{INK}">{value:g}</text>')
    for value in ticks[1]:
        y = base * (1 - (value - window.low[1]) / window.side)
        marks.append(f'<path d="M{EDGE} {y:.1f}h-5" stroke="{INK}"/>')
        marks.append(f'<text x="{EDGE - 8}" y="{y + 5:.1f}" text-anchor="end" fill="{INK}">{value:g}</text>')
    frame = (
        f'<rect x="{EDGE}" y="0.5" width="{base - 0.5}" height="{base - 0.5}" fill="none" stroke="{RULE}"/>'
    )
    return (
        f'<svg viewBox="0 0 {SIDE:g} {SIDE - 12:g}" role="img" aria-label="{escape(label)}" font-size="15">'
        f"{shapes}{frame}{''.join(marks)}</svg>"
    )
