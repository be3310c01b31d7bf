"""Curves of runs over samples seen, one colour per recipe, the seeds always visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ganscope.figures.curves import Curve, calm_range, curve
from ganscope.figures.drawing import Plot, anchor, axes, line, log_axis, shade
from ganscope.figures.palette import faded
from ganscope.folder.records import RunRecord, diverged_at, floor_of, mode_names
from ganscope.metrics import METRICS
from ganscope.words.numerals import digits
from ganscope.words.spread import spread

Groups = Mapping[str, Sequence[RunRecord]]


def metric_figure(name: str, groups: Groups, colours: Mapping[str, str]) -> Plot | None:
    """Draw a metric over samples seen, with its floor; a cross where a seed diverged.

    Args:
        name: of the metric.
        groups: recipe -> its runs.
        colours: recipe -> colour.

    Returns:
        The figure; None where the metric was not measured.
    """
    metric = METRICS[name]
    title = f"{metric.label} captured" if name == "captured" else metric.label
    figure = _recipes_figure(groups, colours, name, title)
    if figure is None:
        return None
    runs = [run for group in groups.values() for run in group]
    floor = spread(floor_of(run, name) for run in runs)
    total = max((len(mode_names(run)) for run in runs), default=0) if metric.form == "count" else 0
    if floor is not None:
        anchor(figure, floor.mean, f"floor {digits(floor.mean)}", side="left")
    if total:
        anchor(figure, total, f"all {total}", side="left")
        figure.update_yaxes(range=[-0.03 * total, 1.12 * total])
    if metric.form == "share":
        figure.update_yaxes(range=[-0.03, 1.05], tickformat=".0%")
    for recipe, group in groups.items():
        ends = [
            points[-1]
            for run in group
            if diverged_at(run) is not None and (points := curve([run], name).seeds.get(run.seed))
        ]
        if ends:
            figure.add_scatter(
                x=[x for x, _ in ends],
                y=[y for _, y in ends],
                mode="markers",
                marker={"symbol": "x", "size": 10, "color": colours[recipe]},
                name=f"{escape(recipe)} diverged",
                legendgroup=escape(recipe),
            )
    return figure


def slope_figure(groups: Groups, colours: Mapping[str, str]) -> Plot | None:
    """Draw the median |dL/dlogit| of the generator's loss on a logarithmic axis."""
    return _recipes_figure(groups, colours, "logit_slope", "median |dL/dlogit|", log=True)


def gradient_figure(groups: Groups, colours: Mapping[str, str]) -> Plot | None:
    """Draw the norm of the generator's gradient on a logarithmic axis."""
    return _recipes_figure(groups, colours, "generator_gradient", "gradient norm", log=True)


def over_samples(title: str, curves: Sequence[Curve] = (), *, small: bool = False) -> Plot:
    """Return empty axes over samples seen.

    Args:
        title: beside the vertical axis.
        curves: what will be drawn; rare spikes of theirs are cut off.
        small: for one recipe among others, with a legend of its own.
    """
    return axes(
        "samples seen", title, height=250 if small else 330,
        showlegend=small, margin_t=34 if small else 14, hovermode="x unified",
        xaxis_tickformat="~s", xaxis_nticks=6, yaxis_range=calm_range(curves),
    )  # fmt: skip


def add_curve(figure: Plot, values: Curve, colour: str, name: str, *, dash: str = "solid") -> None:
    """Draw band, faint seeds and mean; the band spans the lowest to the highest sound seed."""
    if len(values.seeds) > 1:
        shade(figure, values.x, (values.low, values.high), name, colour)
        for points in values.seeds.values():
            line(
                figure, [x for x, _ in points], [y for _, y in points], None, faded(colour, 0.35),
                dash=dash, width=1, legendgroup=name, hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    line(
        figure, values.x, values.mean, name, colour, dash=dash, legendgroup=name,
        mode="lines+markers" if len(values.x) < 3 else "lines", hovertemplate="%{y:.3~g}",
    )  # fmt: skip


def _recipes_figure(
    groups: Groups, colours: Mapping[str, str], key: str, title: str, *, log: bool = False
) -> Plot | None:
    """Draw one quantity for every recipe; None when it was not measured."""
    curves = {recipe: curve(runs, key, log=log) for recipe, runs in groups.items()}
    if not any(c.seeds for c in curves.values()):
        return None
    figure = over_samples(title, [] if log else list(curves.values()))
    if log:
        shown: dict[str, Any] = log_axis(
            [y for c in curves.values() for points in c.seeds.values() for _, y in points]
        )
        figure.update_yaxes(shown)
    for recipe, values in curves.items():
        add_curve(figure, values, colours[recipe], escape(recipe))
    return figure
