"""What the probes of one run measured, over its steps: balance, diversity, motion and slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganscope.figures.drawing import Plot, anchor, line
from ganscope.figures.histories import over_samples
from ganscope.figures.palette import GREY, INK
from ganscope.folder.records import number

Row = Mapping[str, Any]


def balance(rows: Sequence[Row], colour: str) -> Plot | None:
    """Draw how well the discriminator tells real from fake, and training rows from held-out ones."""
    lines = {
        "discriminator": ("auc", colour, "solid"),
        "a fresh one": ("fresh_auc", INK, "dot"),
        "train over held-out": ("auc_train", GREY, "solid"),
    }
    figure = _lines(rows, {name: (_of(rows, key), tone, dash) for name, (key, tone, dash) in lines.items()})
    if figure is not None:
        anchor(figure, 0.5, "cannot tell")
        figure.update_yaxes(range=[-0.03, 1.08])
    return figure


def diversity(rows: Sequence[Row], colour: str) -> Plot | None:
    """Draw coverage, recall and precision over the run, with what real rows reach."""
    lines = {"coverage": (colour, "solid"), "recall": (colour, "dot"), "precision": (GREY, "solid")}
    figure = _lines(rows, {name: (_of(rows, name), *style) for name, style in lines.items()})
    null = _about(rows).get("nulls", {}).get("coverage")
    if figure is not None:
        if isinstance(null, list) and number(null[0]) is not None:
            anchor(figure, null[0], "coverage of real rows", side="left")
        figure.update_yaxes(range=[-0.03, 1.12])
    return figure


def dynamics(rows: Sequence[Row], colour: str) -> Plot | None:
    """Draw the mean of fixed samples along the data's main direction, in standard deviations of the data."""
    points = [(row["step"], value) for row in rows if (value := _point(row)) is not None]
    thinned = points[:: max(1, len(points) // 400)]
    return _lines(rows, {"samples' mean, in data sd": (thinned, colour, "solid")})


def slopes(rows: Sequence[Row], colour: str) -> Plot | None:
    """Draw the critic's slope between real and fake rows, beside the slope at which its penalty balances."""
    values = {
        name: [
            (row["step"], value)
            for row in rows
            if isinstance(row.get("slope_between"), list)
            and (value := number(row["slope_between"][place])) is not None
        ]
        for name, place in (("median slope", 0), ("95 %", 1))
    }
    styles = {"median slope": "solid", "95 %": "dot"}
    figure = _lines(rows, {name: (points, colour, styles[name]) for name, points in values.items()})
    about = _about(rows)
    w1 = [value for row in rows if (value := number(row.get("w1"))) is not None]
    weight = number(about.get("constraint_weight"))
    if figure is not None and w1 and weight:
        from ganscope.lipschitz import PENALTIES, expected_slope  # loads torch

        penalty = PENALTIES.get(str(about.get("constraint")))
        target = number(about.get("target_slope"))
        if penalty is not None and penalty.asks_slope:
            expected = expected_slope(w1[-1], weight, 1.0 if target is None else target)
            anchor(figure, expected, "expected: K + W1 / 2λ")
    return figure


def _lines(
    rows: Sequence[Row], lines: Mapping[str, tuple[Sequence[tuple[float, float]], str, str]]
) -> Plot | None:
    if not any(points for points, _, _ in lines.values()):
        return None
    figure = over_samples("", small=True)
    for name, (points, colour, dash) in lines.items():
        if points:
            line(
                figure, [x for x, _ in points], [y for _, y in points], name, colour, dash=dash, width=2,
                mode="lines+markers" if len(points) < 3 else "lines", hovertemplate="%{y:.3~g}",
            )  # fmt: skip
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
