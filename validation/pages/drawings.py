"""Pictures of the verdicts' pages as SVG: a signal beside its healthy twin, and samples of both.

Two of them stand side by side on a wide page and one below the other on a narrow one, so each is narrow.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ganscope.figures.palette import PALETTE

WIDTH = 430
HEALTHY, FAILING = PALETTE[0], PALETTE[1]
INK, GREY, FAINT = "#1f2430", "#747a86", "#e6e8ec"
LEFT, RIGHT, TOP, BOTTOM = 54, 22, 70, 34
HEIGHT = 300
PANEL, GAP = 196, 14
"""Side of one of two pictures of samples, and the space around them."""
MOST_DECADES = 24
Point = Sequence[float]


class Axis(NamedTuple):
    """From values to pixels."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def place(self, value: float) -> float:
        """Pixel of a value; what lies outside is drawn at the edge."""
        low, high, value = (_log(v) for v in (self.low, self.high, value)) if self.log else (
            self.low, self.high, value,
        )  # fmt: skip
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.start + share * (self.stop - self.start), 1)

    def ticks(self) -> list[float]:
        """Some round values in range."""
        if self.log:
            first, last = math.ceil(_log(self.low) - 1e-9), math.floor(_log(self.high) + 1e-9)
            every = max(1, math.ceil((last - first) / 5))
            return [10.0**power for power in range(first, last + 1) if (power - first) % every == 0]
        return nice_ticks(self.low, self.high)


def nice_ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, four to eight of them.

    Example:
        >>> nice_ticks(0.0, 1000.0)
        [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]
    """
    size = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = size * max(factor for factor in (1, 2, 5) if factor * size <= (high - low) / 4)
    return [
        round(n * step, 12) for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def signal(
    failing: Sequence[Point],
    twin: Sequence[Point],
    names: tuple[str, str],
    title: str,
    level: tuple[float, str],
    said: tuple[int, int] | None,
    log: bool = False,
) -> str:
    """Draw a telling number over steps.

    Args:
        failing: `(step, value)` of the run that fails.
        twin: of its healthy twin.
        names: of both, for the legend.
        title: of the vertical axis.
        level: a value to compare with, and what it is.
        said: since which step the verdict holds, and at which step it was given.
        log: logarithmic vertical axis; zeros lie on its lower edge.
    """
    values = [value for _, value in (*failing, *twin)] + [level[0]]
    x = Axis(0, max(step for step, _ in (*failing, *twin)), LEFT, WIDTH - RIGHT)
    y = _fitted(values, log)
    parts = [_text(12, 20, names[0], FAILING, bold=True), _text(12, 38, names[1], HEALTHY, bold=True)]
    parts.append(_text(12, 57, title, GREY))
    if said is not None:
        since, _ = said
        parts.append(
            f'<rect x="{x.place(since)}" y="{TOP}" width="{x.place(x.high) - x.place(since):.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}" fill="{FAILING}" opacity="0.08"/>'
        )
    for tick in y.ticks():
        place = y.place(tick)
        parts.append(_line(LEFT, place, WIDTH - RIGHT, place, FAINT))
        parts.append(_number(LEFT - 6, place + 4, tick, "end", log))
    parts += [_number(x.place(tick), HEIGHT - BOTTOM + 17, tick, "middle") for tick in x.ticks()]
    parts.append(_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, GREY))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, "step", GREY, anchor="end"))
    place = y.place(level[0])
    parts.append(_line(LEFT, place, WIDTH - RIGHT, place, INK, dash="5 4"))
    for series, colour in ((twin, HEALTHY), (failing, FAILING)):
        parts.append(_curve([(x.place(step), y.place(value)) for step, value in series], colour, 2))
    below = place + 15 < HEIGHT - BOTTOM and place - TOP < 24
    parts.append(
        _text(WIDTH - RIGHT - 3, place + 14 if below else place - 5, level[1], INK, anchor="end", halo=True)
    )
    if said is not None:
        at_x = x.place(said[1])
        parts.append(_line(at_x, TOP, at_x, HEIGHT - BOTTOM, FAILING, dash="2 3"))
        right = at_x < WIDTH - 120
        parts.append(
            _text(at_x + (4 if right else -4), HEIGHT - BOTTOM - 7, f"said at step {said[1]:,}", FAILING,
                  anchor="start" if right else "end", halo=True)
        )  # fmt: skip
    return _svg(parts, HEIGHT, f"{title}: {names[0]} against {names[1]}")


def clouds(
    real: Sequence[Point], failing: Sequence[Point], twin: Sequence[Point], names: tuple[str, str]
) -> str:
    """Draw the samples of both runs over real rows in grey."""
    low, side = _square(real)
    panels = []
    for panel, (samples, colour) in enumerate(((failing, FAILING), (twin, HEALTHY))):
        drawn = _dots(real, low, side, panel, "#c3c7cf") + _dots(samples, low, side, panel, colour)
        outside = sum(not _inside(point, low, side) for point in samples) / len(samples)
        if outside > 0.05:
            left = GAP + panel * (PANEL + GAP)
            drawn += _text(left + 8, 40 + PANEL - 9, f"{outside:.0%} of them outside", colour, halo=True)
        panels.append(drawn)
    return _panels(panels, names, "Real rows in grey, samples in colour.")


def paths(failing: Sequence[Point], twin: Sequence[Point], names: tuple[str, str]) -> str:
    """Draw the way of the samples' mean in both runs, from a ring to a dot."""
    low, side = _square([*failing, *twin], margin=0.08)
    panels = []
    for panel, (points, colour) in enumerate(((failing, FAILING), (twin, HEALTHY))):
        places = [_in_panel(point, low, side, panel) for point in points]
        (start_x, start_y), (end_x, end_y) = places[0], places[-1]
        panels.append(
            f"{_curve(places, colour, 1.3)}"
            f'<circle cx="{start_x}" cy="{start_y}" r="4" fill="#fff" stroke="{INK}" stroke-width="1.5"/>'
            f'<circle cx="{end_x}" cy="{end_y}" r="4" fill="{INK}"/>'
        )
    return _panels(panels, names, "The samples' mean, in sd of the data: from ring to dot.")


def images(
    failing: Sequence[Sequence[Point]], twin: Sequence[Sequence[Point]], names: tuple[str, str]
) -> str:
    """Draw a square number of grey images of each run."""
    panels = []
    for panel, rows in enumerate((failing, twin)):
        source = base64.b64encode(_png(np.asarray(rows, dtype=np.float32))).decode()
        panels.append(
            f'<image x="{GAP + panel * (PANEL + GAP)}" y="40" width="{PANEL}" height="{PANEL}" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{source}"/>'
        )
    return _panels(panels, names, "Samples of the last step.")


def _panels(panels: Sequence[str], names: tuple[str, str], caption: str) -> str:
    parts = []
    for panel, (drawn, name, colour) in enumerate(zip(panels, names, (FAILING, HEALTHY), strict=True)):
        left = GAP + panel * (PANEL + GAP)
        parts.append(
            f'<rect x="{left}" y="40" width="{PANEL}" height="{PANEL}" fill="none" stroke="{FAINT}"/>{drawn}'
        )
        parts.append(_text(left, 28, name if len(name) < 32 else f"{name[:30]}…", colour, bold=True))
    parts.append(_text(GAP, PANEL + 62, caption, GREY))
    return _svg(parts, PANEL + 76, f"{caption} {names[0]} against {names[1]}")


def _dots(points: Sequence[Point], low: Point, side: float, panel: int, colour: str) -> str:
    drawn = []
    for point in points:
        if _inside(point, low, side):
            x, y = _in_panel(point, low, side, panel)
            drawn.append(f"M{x} {y}h0")
    path = "".join(drawn)
    return f'<path d="{path}" stroke="{colour}" stroke-width="3.2" stroke-linecap="round" opacity="0.7"/>'


def _inside(point: Point, low: Point, side: float) -> bool:
    return all(edge <= value <= edge + side for value, edge in zip(point, low, strict=True))


def _in_panel(point: Point, low: Point, side: float, panel: int) -> tuple[float, float]:
    x = GAP + panel * (PANEL + GAP) + (point[0] - low[0]) / side * PANEL
    return round(x, 1), round(40 + PANEL - (point[1] - low[1]) / side * PANEL, 1)


def _square(points: Sequence[Point], margin: float = 0.3) -> tuple[Point, float]:
    """Lower left corner and side of a square around points."""
    lows, highs = ([edge(p[axis] for p in points) for axis in (0, 1)] for edge in (min, max))
    side = max(high - low for low, high in zip(lows, highs, strict=True)) * (1 + 2 * margin)
    return [(low + high - side) / 2 for low, high in zip(lows, highs, strict=True)], side


def _png(rows: np.ndarray) -> bytes:
    """Lay images `[N, h, w]` in [-1, 1] out as a square sheet, a dark pixel apart."""
    from PIL import Image

    n = math.isqrt(len(rows))
    h, w = rows.shape[1:]
    sheet = np.full((n * (h + 1) + 1, n * (w + 1) + 1), 70, dtype=np.uint8)
    for place, row in enumerate(rows[: n * n]):
        top, left = (place // n) * (h + 1) + 1, (place % n) * (w + 1) + 1
        sheet[top : top + h, left : left + w] = np.clip((row + 1) * 127.5, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", optimize=True)
    return file.getvalue()


def _fitted(values: Sequence[float], log: bool) -> Axis:
    low, high = min(values), max(values)
    if log:
        top = math.ceil(_log(high) - 1e-9)
        positive = [_log(v) for v in values if v > 0]
        bottom = max(top - MOST_DECADES, math.floor(min(positive) + 1e-9)) if positive else top - 1
        return Axis(10.0**bottom, 10.0 ** max(top, bottom + 1), HEIGHT - BOTTOM, TOP, log=True)
    margin = 0.06 * ((high - low) or 1.0)
    return Axis(low - margin, high + margin, HEIGHT - BOTTOM, TOP)


def _log(value: float) -> float:
    return math.log10(max(value, 1e-300))


def _number(x: float, y: float, value: float, anchor: str, log: bool = False) -> str:
    if log:
        power = round(_log(value))
        shown = {0: "1", 1: "10", 2: "100", -1: "0.1", -2: "0.01"}.get(power)
        inner = shown or f'10<tspan dy="-5" font-size="9">{str(power).replace("-", "−")}</tspan>'
        return f'<text x="{x}" y="{y}" fill="{GREY}" text-anchor="{anchor}">{inner}</text>'
    return _text(x, y, f"{value:,.10g}".replace("-", "−"), GREY, anchor=anchor)


def _text(
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    anchor: str = "start",
    bold: bool = False,
    halo: bool = False,
) -> str:
    style = ' font-weight="600"' if bold else ""
    style += ' paint-order="stroke" stroke="#fff" stroke-width="4"' if halo else ""
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _curve(points: Sequence[Point], colour: str, width: float) -> str:
    line = " ".join(f"{x},{y}" for x, y in points)
    return (
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linejoin="round"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "") -> str:
    style = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{style}/>'


def _svg(parts: Sequence[str], height: float, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img" aria-label="{escape(label)}" font-size="12" '
        "font-family=\"system-ui, -apple-system, 'Segoe UI', sans-serif\">\n"
        f'<rect width="{WIDTH}" height="{height:g}" rx="6" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
