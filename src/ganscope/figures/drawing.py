"""The one plot language of every page: thin axes, few ticks, five digits, the seeds as a band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.figures.palette import FAINT, INK, PALETTE, RULE, faded

BLUE, ORANGE, GREEN, PINK, AMBER, SKY = PALETTE[:6]
"""Okabe and Ito's colours, made for the colour-blind."""

Plot = Any  # plotly carries no types

AXIS = {
    "gridcolor": FAINT,
    "linecolor": RULE,
    "zerolinecolor": FAINT,
    "ticks": "outside",
    "automargin": True,
}


FONT = {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": INK}


class Figure(NamedTuple):
    """A drawing and what is to be seen in it."""

    plot: Mapping[str, Any]
    """Plotly's own JSON, `data` and `layout`, numbers as lists; see `drawing.finished`."""
    caption: str


def axes(
    x_title: str, y_title: str, *, log_x: bool = False, log_y: bool = False, height: int = 330, **layout: Any
) -> Plot:
    """Return an empty figure with titled axes and a legend above.

    Args:
        x_title: below the horizontal axis, with its unit.
        y_title: beside the vertical axis.
        log_x: logarithmic horizontal axis, powers of ten as ticks.
        log_y: the same for the vertical one.
        height: pixels; the width is the page's.
        **layout: anything else of Plotly's layout, such as `xaxis_range`.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        layout={
            "template": "none",
            "height": height,
            "margin": {"l": 56, "r": 14, "t": 34, "b": 46},
            "font": FONT,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#b4b8c0", "activecolor": INK},
            "hovermode": "closest",
            "hoverlabel": {"font": {"size": 12}},
            "xaxis": {**AXIS, "title": {"text": x_title, "font": {"size": 12}, "standoff": 6}},
            "yaxis": {**AXIS, "title": {"text": y_title, "font": {"size": 12}, "standoff": 6}},
        }
    )
    power = {"type": "log", "exponentformat": "power", "dtick": 1}
    if log_x:
        figure.update_xaxes(power)
    if log_y:
        figure.update_yaxes(power)
    return figure.update_layout(layout)


def line(
    figure: Plot,
    x: Sequence[float],
    y: Sequence[float],
    name: str | None,
    colour: str,
    *,
    dash: str = "solid",
    width: float = 2.5,
    **trace: Any,
) -> None:
    """Draw a curve; what is not finite is a gap."""
    figure.add_scatter(
        x=short(x), y=short(y), name=name, line={"color": colour, "width": width, "dash": dash},
        **{"mode": "lines", **trace},
    )  # fmt: skip


def dots(
    figure: Plot,
    x: Sequence[float],
    y: Sequence[float],
    name: str,
    colour: str,
    *,
    size: float = 7,
    **trace: Any,
) -> None:
    """Draw points without a line."""
    figure.add_scatter(
        x=short(x), y=short(y), name=name, mode="markers", marker={"color": colour, "size": size}, **trace
    )


def band(
    figure: Plot,
    x: Sequence[float],
    seeds: Sequence[Sequence[float]],
    name: str,
    colour: str,
    *,
    geometric: bool = False,
    dash: str = "solid",
) -> None:
    """Draw the mean over seeds and the band from the lowest to the highest seed.

    Args:
        figure: from `axes`.
        x: `[N]`.
        seeds: one row `[N]` per seed.
        name: in the legend.
        colour: of the line; the band is the same, faded.
        geometric: take the geometric mean, for a logarithmic axis.
        dash: style of the mean's line.
    """
    columns = list(zip(*seeds, strict=True))
    if len(seeds) > 1:
        shade(figure, x, ([*map(min, columns)], [*map(max, columns)]), name, colour)
    line(figure, x, [_mean(c, geometric) for c in columns], name, colour, dash=dash, legendgroup=name)


def shade(
    figure: Plot, x: Sequence[float], between: tuple[Sequence[float], Sequence[float]], name: str, colour: str
) -> None:
    """Fill what lies between the lowest and the highest seed.

    Args:
        figure: from `axes`.
        x: `[N]`.
        between: lowest and highest values, each `[N]`.
        name: of the curve it belongs to.
        colour: of that curve; faded here.
    """
    low, high = between
    figure.add_scatter(
        x=short([*x, *reversed(x)]), y=short([*high, *reversed(low)]),
        fill="toself", fillcolor=faded(colour, 0.16), line={"width": 0}, mode="lines",
        legendgroup=name, showlegend=False, hoverinfo="skip",
    )  # fmt: skip


def log_axis(values: Sequence[float]) -> dict[str, Any]:
    """Return range and labelled ticks of a logarithmic axis: at least a decade, however flat the data.

    Args:
        values: what is shown, above 0.

    Example:
        >>> log_axis([0.1, 10.0])["ticktext"]
        ['0.1', '1', '10']
    """
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max(0.06 * (high - low), 0.55 - 0.5 * (high - low))
    low, high = low - pad, high + pad
    every = max(1, round((high - low) / 6))
    leading = (1, 2, 5) if high - low < 2.2 else (1,)
    ticks = [
        m * 10.0**power
        for power in range(math.floor(low), math.ceil(high) + 1)
        for m in leading
        if power % every == 0 and low <= math.log10(m) + power <= high
    ]
    words = [f"{tick:g}" if tick >= 1e-3 else f"10<sup>{round(math.log10(tick))}</sup>" for tick in ticks]
    return {"type": "log", "range": [low, high], "tickvals": ticks, "ticktext": words}


def anchor(figure: Plot, value: float, text: str, *, side: str = "right", above: bool = True) -> None:
    """Draw a horizontal line with its meaning written on it."""
    figure.add_hline(
        y=value, line={"color": INK, "width": 1.2, "dash": "dash"},
        annotation={
            "text": text, "font": {"size": 12, "color": INK}, "bgcolor": "rgba(255,255,255,0.8)",
            "xanchor": side, "x": 0 if side == "left" else 1, "yanchor": "bottom" if above else "top",
        },
    )  # fmt: skip


def finished(figure: Plot, caption: str) -> Figure:
    """Hand a figure over, as plain lists and numbers."""
    import json

    return Figure(json.loads(figure.to_json()), caption)


MOST_DECADES = 7
"""Labels on a logarithmic axis; of more decades every second or third has one."""


def thinned(plot: Mapping[str, Any]) -> dict[str, Any]:
    """Label fewer powers of ten where an axis spans many, so that labels do not touch.

    Args:
        plot: from `finished`.

    Example:
        >>> figure = axes("x", "y", log_y=True)
        >>> line(figure, [0, 1], [1e-20, 1.0], "falls", BLUE)
        >>> thinned(finished(figure, "").plot)["layout"]["yaxis"]["dtick"]
        3
    """
    layout = dict(plot["layout"])
    for name in ("xaxis", "yaxis"):
        axis = layout.get(name, {})
        if axis.get("type") != "log" or axis.get("dtick") != 1:
            continue
        values = [
            value for trace in plot["data"] for value in trace.get(name[0]) or () if value and value > 0
        ]
        logs = axis.get("range") or [math.log10(value) for value in values] or [0]
        layout[name] = axis | {"dtick": max(1, math.ceil((max(logs) - min(logs)) / MOST_DECADES))}
    return {**plot, "layout": layout}


def short(values: Sequence[float]) -> list[float | None]:
    """Keep five digits: more are not seen, and the page stays small; None where there is no number.

    Example:
        >>> short([1 / 3, float("inf")])
        [0.33333, None]
    """
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in map(float, values)]


def _mean(values: Sequence[float], geometric: bool) -> float:
    if not geometric:
        return math.fsum(values) / len(values)
    if min(values) <= 0:
        return math.nan
    return math.exp(math.fsum(map(math.log, values)) / len(values))
