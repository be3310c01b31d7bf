"""Parallel coordinates: a line a point, through an upright axis for each field and one for what it reached.

Drawn with Plotly's ordinary lines: its own `parcoords` needs WebGL and makes code at run time, which the
page forbids.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from ganscope.figures.drawing import FONT
from ganscope.figures.palette import RULE

SHADES = ("#440154", "#404387", "#29788E", "#22A784", "#7AD151", "#D9C51C")
"""From the best sixth of the points to the worst: viridis, ordered for the colour-blind and in grey too."""
TICKS = 5
SPACING = 0.06
"""Room between the largest value of an axis and the frame, as a share of its height."""


class Axis(NamedTuple):
    """One upright axis."""

    name: str
    heights: Sequence[float]
    """Where each point crosses it: 0 at the bottom, 1 at the top."""
    ticks: Sequence[tuple[float, str]]


def axis(name: str, values: Sequence[object]) -> Axis:
    """Lay the values of a field out on an axis: numbers by size or, where they span decades, by order of it.

    Example:
        >>> axis("g_lr", [0.001, 0.1, 0.01]).heights
        [0.0, 1.0, 0.5]
        >>> axis("objective", ["hinge", "minimax"]).ticks
        [(0.0, 'hinge'), (1.0, 'minimax')]
    """
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        names = list(dict.fromkeys(str(value) for value in values))
        place = {text: index / max(1, len(names) - 1) for index, text in enumerate(names)}
        return Axis(name, [place[str(value)] for value in values], [(place[text], text) for text in names])
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low >= 20
    scaled = [math.log10(value) if log else value for value in numbers]
    bottom, size = min(scaled), (max(scaled) - min(scaled)) or 1.0
    heights = [round((value - bottom) / size, 4) for value in scaled]
    known = sorted(set(zip(heights, numbers, strict=True)))
    if len(known) > TICKS:  # the ends, and what lies evenly between them
        shares = [step / (TICKS - 1) for step in range(TICKS)]
        at = [(share, bottom + share * size) for share in shares]
        known = [(share, 10**value if log else value) for share, value in at]
    return Axis(name, heights, [(height, f"{value:.3g}") for height, value in known])


def parallel_figure(axes: Sequence[Axis], merits: Sequence[float], names: Sequence[str]) -> Any:
    """Draw the lines, best point on top and thickest.

    Args:
        axes: at least two, with one height per point.
        merits: of each point, lower is better; they choose the colour.
        names: of each point, shown when a line is pointed at.

    Returns:
        A Plotly figure.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout=_layout(axes))
    order = sorted(range(len(merits)), key=lambda point: merits[point])
    shades = [SHADES[len(SHADES) * rank // len(order)] for rank in range(len(order))]
    for rank, point in reversed(list(enumerate(order))):
        figure.add_scatter(
            x=list(range(len(axes))),
            y=[a.heights[point] for a in axes],
            mode="lines+markers",
            line={"color": shades[rank], "width": 1.4 if rank else 4},
            marker={"size": 5 if rank else 8},
            opacity=0.75 if rank else 1.0,
            name=escape(names[point]),
            hovertemplate=f"{escape(names[point])}<extra></extra>",
            showlegend=False,
        )
    return figure


def _layout(axes: Sequence[Axis]) -> dict[str, Any]:
    last = len(axes) - 1
    lines = [
        {"type": "line", "x0": k, "x1": k, "y0": 0, "y1": 1, "layer": "below", "line": {"color": RULE}}
        for k in range(len(axes))
    ]
    words = [
        {
            "x": k, "y": height, "text": escape(text), "showarrow": False, "font": {"size": 11},
            "xanchor": "right" if k == last else "left", "xshift": -6 if k == last else 6,
            "yshift": 7, "bgcolor": "rgba(255,255,255,0.7)",
        }
        for k, one in enumerate(axes) for height, text in one.ticks
    ]  # fmt: skip
    return {
        "template": "none",
        "height": 380,
        "margin": {"l": 24, "r": 24, "t": 12, "b": 40},
        "font": FONT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "hoverlabel": {"font": {"size": 12}},
        "shapes": lines,
        "annotations": words,
        "xaxis": {
            "tickvals": list(range(len(axes))),
            "ticktext": [escape(one.name) for one in axes],
            "range": [-0.15, last + 0.15],
            "showgrid": False,
            "zeroline": False,
            "showline": False,
        },
        "yaxis": {"visible": False, "range": [-SPACING, 1 + 2 * SPACING]},
    }
