"""Figures of the diagnosis of one run: its gradient, factor by factor, and what its probes saw over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.figures.curves import SMALLEST
from ganscope.figures.histories import Figure, _anchor, _empty, _log_axis, _short
from ganscope.figures.palette import INK
from ganscope.folder.records import number

Row = Mapping[str, Any]
GREY = "#9aa0ab"
MOST_LAYERS = 5
"""Layers of a network that are named; of a deeper one the first, the last and some between."""


def waterfall(rows: Sequence[Row], colour: str) -> Figure | None:
    """The generator's gradient factor by factor, from the loss to its first layer: at the start and now."""
    probed = [row for row in rows if number(row.get("logit_slope")) is not None]
    if not probed:
        return None
    start, now = dict(factors(probed[0])), dict(factors(probed[-1]))
    names = [name for name in now if name in start] or list(now)
    figure = _empty("", small=True)
    for name in names:
        pair = [start.get(name, now[name]), now[name]]
        line = {"color": GREY, "width": 1.5}
        figure.add_scatter(
            x=_short(pair), y=[name] * 2, mode="lines", line=line, showlegend=False, hoverinfo="skip"
        )
    for values, step, style in (
        (start, probed[0]["step"], {"color": "#fff", "line": {"color": INK, "width": 1.5}, "size": 9}),
        (now, probed[-1]["step"], {"color": colour, "size": 10}),
    ):
        kept = [name for name in names if name in values]
        figure.add_scatter(
            x=_short([values[name] for name in kept]), y=kept, mode="markers", marker=style,
            name=f"step {step:,}", hovertemplate="%{x:.3~g}",
        )  # fmt: skip
    every = [value for values in (start, now) for value in values.values()]
    figure.update_xaxes(type="log", title=None, **_log_axis(every))
    figure.update_yaxes(autorange="reversed", title=None, type="category")
    figure.update_layout(height=110 + 24 * len(names), hovermode="closest")
    return figure


def factors(row: Row) -> list[tuple[str, float]]:
    """Name the factors of a probe in the order of the chain rule, layers relative to the last one's.

    Example:
        >>> factors({"logit_slope": 0.5, "critic_slope": 2.0, "critic_layers": [["2", 4.0], ["0", 1.0]]})
        [('loss |dL/ds|', 0.5), ('critic |ds/dx|', 2.0), ('critic layer 0', 0.25)]
    """
    found: list[tuple[str, float]] = []
    for key, name in (
        ("dl_dp", "loss |dL/dp|"),
        ("dp_ds", "sigmoid p(1-p)"),
        ("logit_slope", "loss |dL/ds|"),
        ("critic_slope", "critic |ds/dx|"),
    ):
        value = number(row.get(key))
        if value is not None:
            found.append((name, max(value, SMALLEST)))
    for key, network in (("critic_layers", "critic"), ("generator_layers", "generator")):
        layers = [(str(name), number(value)) for name, value in row.get(key) or []]
        first = layers[0][1] if layers else None
        if first:
            shown = layers[1:] if len(layers) <= MOST_LAYERS + 1 else _some(layers[1:])
            found += [(f"{network} layer {n}", max(v / first, SMALLEST)) for n, v in shown if v is not None]
    signal = number(row.get("signal"))
    if signal is not None:
        found.append(("signal |dL/dx|", max(signal, SMALLEST)))
    return found


def balance(rows: Sequence[Row], colour: str) -> Figure | None:
    """How well the discriminator tells real from fake, beside a fresh one, and train from held-out rows."""
    lines = {
        "discriminator": ("auc", colour, "solid"),
        "a fresh one": ("fresh_auc", INK, "dot"),
        "train over held-out": ("auc_train", GREY, "solid"),
    }
    figure = _lines(rows, {name: (_of(rows, key), shade, dash) for name, (key, shade, dash) in lines.items()})
    if figure is not None:
        _anchor(figure, 0.5, "cannot tell", side="right")
        figure.update_yaxes(range=[-0.03, 1.08])
    return figure


def diversity(rows: Sequence[Row], colour: str) -> Figure | None:
    """Coverage, recall and precision over the run, with what real rows reach."""
    lines = {"coverage": (colour, "solid"), "recall": (colour, "dot"), "precision": (GREY, "solid")}
    figure = _lines(rows, {name: (_of(rows, name), *style) for name, style in lines.items()})
    null = _about(rows).get("nulls", {}).get("coverage")
    if figure is not None:
        if isinstance(null, list) and number(null[0]) is not None:
            _anchor(figure, null[0], "coverage of real rows")
        figure.update_yaxes(range=[-0.03, 1.12])
    return figure


def dynamics(rows: Sequence[Row], colour: str) -> Figure | None:
    """Mean of fixed samples along the data's main direction, in standard deviations of the data."""
    points = [(row["step"], value) for row in rows if (value := _point(row)) is not None]
    thinned = points[:: max(1, len(points) // 400)]
    return _lines(rows, {"samples' mean, in data sd": (thinned, colour, "solid")})


def slopes(rows: Sequence[Row], colour: str) -> Figure | None:
    """Slope of the critic between real and fake, with what its penalty lets expect."""
    values = {
        name: [
            (row["step"], value)
            for row in rows
            if isinstance(row.get("slope_between"), list)
            and (value := number(row["slope_between"][place])) is not None
        ]
        for name, place in (("median slope", 0), ("95 %", 1))
    }
    figure = _lines(
        rows, {name: (line, colour, "dot" if name == "95 %" else "solid") for name, line in values.items()}
    )
    about = _about(rows)
    w1 = [value for row in rows if (value := number(row.get("w1"))) is not None]
    weight = number(about.get("constraint_weight"))
    if figure is not None and w1 and weight:
        from ganscope.lipschitz import PENALTIES, expected_slope  # loads torch

        penalty = PENALTIES.get(str(about.get("constraint")))
        target = number(about.get("target_slope"))
        if penalty is not None and penalty.asks_slope:
            expected = expected_slope(w1[-1], weight, 1.0 if target is None else target)
            _anchor(figure, expected, "expected: K + W1 / 2λ", side="right")
    return figure


def _lines(
    rows: Sequence[Row], lines: Mapping[str, tuple[Sequence[tuple[float, float]], str, str]]
) -> Figure | None:
    if not any(line for line, _, _ in lines.values()):
        return None
    figure = _empty("", small=True)
    for name, (line, colour, dash) in lines.items():
        if line:
            figure.add_scatter(
                x=[x for x, _ in line],
                y=_short([y for _, y in line]),
                mode="lines+markers" if len(line) < 3 else "lines",
                line={"color": colour, "width": 2, "dash": dash},
                name=name,
                hovertemplate="%{y:.3~g}",
            )
    last = max((row["step"] for row in rows), default=1)
    figure.update_xaxes(title={"text": "step"}, range=[0, max(1, last)])
    return figure


def _of(rows: Sequence[Row], key: str) -> list[tuple[float, float]]:
    return [(row["step"], value) for row in rows if (value := number(row.get(key))) is not None]


def _point(row: Row) -> float | None:
    point = row.get("point")
    return number(point[0]) if isinstance(point, list) and point else None


def _about(rows: Sequence[Row]) -> Mapping[str, Any]:
    return next((row["about"] for row in rows if isinstance(row.get("about"), dict)), {})


def _some(layers: Sequence[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    places = sorted({round(i * (len(layers) - 1) / (MOST_LAYERS - 1)) for i in range(MOST_LAYERS)})
    return [layers[place] for place in places]
