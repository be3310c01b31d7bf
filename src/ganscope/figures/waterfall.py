"""The generator's gradient, factor by factor, as a waterfall from the loss to its first layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.figures.curves import SMALLEST
from ganscope.figures.drawing import Plot, log_axis, short
from ganscope.figures.histories import over_samples
from ganscope.figures.palette import GREY, INK
from ganscope.folder.records import number

Row = Mapping[str, Any]
MOST_LAYERS = 5
"""Layers of a network that are named; of a deeper one the first, the last and some between."""


def waterfall(rows: Sequence[Row], colour: str) -> Plot | None:
    """Draw the generator's gradient factor by factor, from the loss to its first layer, then and now."""
    probed = [row for row in rows if number(row.get("logit_slope")) is not None]
    if not probed:
        return None
    start, now = dict(factors(probed[0])), dict(factors(probed[-1]))
    names = [name for name in now if name in start] or list(now)
    figure = over_samples("", small=True)
    for name in names:
        pair = [start.get(name, now[name]), now[name]]
        line = {"color": GREY, "width": 1.5}
        figure.add_scatter(
            x=short(pair), y=[name] * 2, mode="lines", line=line, showlegend=False, hoverinfo="skip"
        )
    for values, step, style in (
        (start, probed[0]["step"], {"color": "#fff", "line": {"color": INK, "width": 1.5}, "size": 9}),
        (now, probed[-1]["step"], {"color": colour, "size": 10}),
    ):
        kept = [name for name in names if name in values]
        figure.add_scatter(
            x=short([values[name] for name in kept]), y=kept, mode="markers", marker=style,
            name=f"step {step:,}", hovertemplate="%{x:.3~g}",
        )  # fmt: skip
    every = [value for values in (start, now) for value in values.values()]
    figure.update_xaxes(log_axis(every), title=None)
    figure.update_yaxes(autorange="reversed", title=None, type="category")
    figure.update_layout(height=110 + 24 * len(names), hovermode="closest")
    return figure


def factors(row: Row) -> list[tuple[str, float]]:
    """Name the factors of a probe in the order of the chain rule, layers relative to the last one's.

    Example:
        >>> factors({"logit_slope": 0.5, "critic_slope": 2.0, "critic_layers": [["2", 4.0], ["0", 1.0]]})
        [('loss |dL/ds|', 0.5), ('critic |ds/dx|', 2.0), ('critic layer 0', 0.25)]
    """
    chain: list[tuple[str, float]] = []
    for key, name in (
        ("dl_dp", "loss |dL/dp|"),
        ("dp_ds", "sigmoid p(1-p)"),
        ("logit_slope", "loss |dL/ds|"),
        ("critic_slope", "critic |ds/dx|"),
    ):
        value = number(row.get(key))
        if value is not None:
            chain.append((name, max(value, SMALLEST)))
    for key, network in (("critic_layers", "critic"), ("generator_layers", "generator")):
        layers = [(str(name), number(value)) for name, value in row.get(key) or []]
        first = layers[0][1] if layers else None
        if first:
            shown = layers[1:] if len(layers) <= MOST_LAYERS + 1 else _some(layers[1:])
            chain += [(f"{network} layer {n}", max(v / first, SMALLEST)) for n, v in shown if v is not None]
    signal = number(row.get("signal"))
    if signal is not None:
        chain.append(("signal |dL/dx|", max(signal, SMALLEST)))
    return chain


def _some(layers: Sequence[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    places = sorted({round(i * (len(layers) - 1) / (MOST_LAYERS - 1)) for i in range(MOST_LAYERS)})
    return [layers[place] for place in places]
