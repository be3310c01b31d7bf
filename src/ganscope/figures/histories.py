"""Plotly figures of a report: curves over samples seen, one colour per recipe, the seeds always visible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ganscope.figures.curves import Curve, calm_range, curve
from ganscope.figures.palette import FAINT, INK
from ganscope.folder.records import RunRecord, diverged_at, emd_floor, mode_names, number
from ganscope.words.numerals import digits
from ganscope.words.spread import spread

LOSS_ANCHORS = {
    "minimax": (2 * math.log(2), "2 ln 2: D cannot tell"),
    "non-saturating": (2 * math.log(2), "2 ln 2: D cannot tell"),
    "wasserstein": (0.0, "0: no gap"),
    "hinge": (2.0, "2: D cannot tell"),
    "least-squares": (0.25, "0.25: D cannot tell"),
    "relativistic": (math.log(2), "ln 2: D cannot tell"),
    "relativistic-average": (2 * math.log(2), "2 ln 2: D cannot tell"),
}
"""Discriminator loss where D cannot tell real from fake, and what the page says there."""

Groups = Mapping[str, Sequence[RunRecord]]
Figure = Any  # plotly carries no types


def emd_figure(groups: Groups, colours: Mapping[str, str]) -> Figure | None:
    """EMD over samples seen, with the floor; a cross where a seed diverged."""
    figure = _seed_figure(groups, colours, "emd", "EMD")
    if figure is None:
        return None
    floor = spread(emd_floor(run) for runs in groups.values() for run in runs)
    if floor is not None:
        _anchor(figure, floor.mean, f"floor {digits(floor.mean)}")
    for recipe, runs in groups.items():
        crosses = [line[-1] for run in runs if diverged_at(run) is not None and (line := _of(run, "emd"))]
        if crosses:
            figure.add_scatter(
                x=[x for x, _ in crosses],
                y=[y for _, y in crosses],
                mode="markers",
                marker={"symbol": "x", "size": 10, "color": colours[recipe]},
                name=f"{escape(recipe)} diverged",
                legendgroup=escape(recipe),
            )
    return figure


def modes_figure(groups: Groups, colours: Mapping[str, str]) -> Figure | None:
    """Captured modes over samples seen, with the number that exist."""
    figure = _seed_figure(groups, colours, "captured", "modes captured")
    exist = max((len(mode_names(run)) for runs in groups.values() for run in runs), default=0)
    if figure is not None and exist:
        _anchor(figure, exist, f"all {exist}")
        figure.update_yaxes(range=[-0.03 * exist, 1.12 * exist])
    return figure


def slope_figure(groups: Groups, colours: Mapping[str, str]) -> Figure | None:
    """Median |dL/dlogit| of the generator's loss, logarithmic."""
    return _seed_figure(groups, colours, "logit_slope", "median |dL/dlogit|", log=True)


def gradient_figure(groups: Groups, colours: Mapping[str, str]) -> Figure | None:
    """Norm of the generator's gradient, logarithmic."""
    return _seed_figure(groups, colours, "generator_gradient", "gradient norm", log=True)


def gap_figure(runs: Sequence[RunRecord], colour: str) -> Figure | None:
    """Draw the critic's gap, what of it is certified, the exact EMD of the same points, and the floor.

    A critic that is K-Lipschitz measures up to K times a distance. Where its scale is far from the EMD's,
    the gap is drawn scaled and dotted, so that the shapes can be compared; its name then tells the factor.
    """
    exact, gap = curve(runs, "emd"), curve(runs, "critic_gap_held_out")
    certified = curve(runs, "certified_lower")
    if not exact.x or not gap.x:
        return None
    scale, name, dash = _scale(exact, gap), "critic's gap", "solid"
    if scale is not None and not 0.2 <= scale <= 5:
        gap, name, dash = _times(scale, gap), f"critic's gap × {digits(scale, 2)}", "dot"
    figure = _empty("", small=True, curves=[exact, gap, certified])
    _add(figure, exact, INK, "exact EMD")
    _add(figure, gap, colour, name, dash=dash)
    if certified.x:
        _add(figure, certified, colour, "certified", dash="dash")
    floor = spread(emd_floor(run) for run in runs)
    if floor is not None:
        _anchor(figure, floor.mean, "floor")
    return figure


def loss_figure(runs: Sequence[RunRecord], colour: str) -> Figure | None:
    """Both losses of one recipe, small, with the value at which the discriminator cannot tell."""
    losses = {"D loss": curve(runs, "d_loss"), "G loss": curve(runs, "g_loss")}
    if not any(c.seeds for c in losses.values()):
        return None
    figure = _empty("", small=True, curves=list(losses.values()))
    for (name, values), dash in zip(losses.items(), ("solid", "dot"), strict=True):
        _add(figure, values, colour, name, dash=dash)
    anchor = loss_anchor(runs[0].config)
    if anchor is not None:
        _anchor(figure, *anchor, side="right")
    return figure


def loss_anchor(config: Mapping[str, Any]) -> tuple[float, str] | None:
    """Discriminator loss where D cannot tell, and what the page says there; None where none is known.

    Example:
        >>> loss_anchor({"objective": "hinge"})
        (2.0, '2: D cannot tell')
        >>> loss_anchor({"objective": "least-squares", "label_smoothing": 0.2})[1]
        '0.16: D cannot tell'
    """
    objective, smoothing = str(config.get("objective")), config.get("label_smoothing") or 0.0
    if not smoothing:
        return LOSS_ANCHORS.get(objective)
    from ganscope.objectives import OBJECTIVES, smoothed

    value = smoothed(OBJECTIVES[objective], smoothing).equilibrium if objective in OBJECTIVES else None
    return None if value is None else (value, f"{value:.3g}: D cannot tell")


def _seed_figure(
    groups: Groups, colours: Mapping[str, str], key: str, title: str, *, log: bool = False
) -> Figure | None:
    """Draw one quantity for every recipe; None when nobody measured it."""
    curves = {recipe: curve(runs, key, log=log) for recipe, runs in groups.items()}
    if not any(c.seeds for c in curves.values()):
        return None
    figure = _empty(title, curves=[] if log else list(curves.values()))
    if log:
        figure.update_yaxes(type="log", **_log_axis([y for c in curves.values() for y in _all(c)]))
    for recipe, values in curves.items():
        _add(figure, values, colours[recipe], escape(recipe))
    return figure


def _empty(title: str, curves: Sequence[Curve] = (), *, small: bool = False) -> Figure:
    import plotly.graph_objects as go

    axis = {
        "gridcolor": FAINT,
        "linecolor": "#c9ccd3",
        "zerolinecolor": FAINT,
        "ticks": "outside",
        "automargin": True,
    }
    spiky = calm_range(curves)
    return go.Figure(
        layout={
            "template": "none",
            "height": 250 if small else 330,
            "margin": {"l": 56, "r": 14, "t": 34 if small else 14, "b": 46},
            "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": INK},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": small,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#b4b8c0", "activecolor": INK},
            "hovermode": "x unified",
            "hoverlabel": {"font": {"size": 12}},
            "xaxis": {
                **axis,
                "title": {"text": "samples seen", "font": {"size": 12}, "standoff": 6},
                "tickformat": "~s",
                "nticks": 6,
            },
            "yaxis": {**axis, "title": {"text": title, "font": {"size": 12}, "standoff": 6}, "range": spiky},
        }
    )


def _add(figure: Figure, values: Curve, colour: str, name: str, *, dash: str = "solid") -> None:
    """Draw band, faint seeds and mean; the band spans the lowest to the highest sound seed."""
    common = {"legendgroup": name, "hoverinfo": "skip", "showlegend": False}
    if len(values.seeds) > 1:
        figure.add_scatter(
            x=[*values.x, *reversed(values.x)],
            y=_short([*values.high, *reversed(values.low)]),
            fill="toself",
            fillcolor=_faded(colour, 0.14),
            line={"width": 0},
            mode="lines",
            **common,
        )
        for line in values.seeds.values():
            style = {"color": _faded(colour, 0.35), "width": 1, "dash": dash}
            figure.add_scatter(
                x=[x for x, _ in line], y=_short([y for _, y in line]), mode="lines", line=style, **common
            )
    figure.add_scatter(
        x=values.x,
        y=_short(values.mean),
        mode="lines+markers" if len(values.x) < 3 else "lines",
        line={"color": colour, "width": 2.5, "dash": dash},
        name=name,
        legendgroup=name,
        hovertemplate="%{y:.3~g}",
    )


def _anchor(figure: Figure, value: float, text: str, side: str = "left") -> None:
    """Draw a horizontal line with its meaning written on it, on the side where the curves are far."""
    figure.add_hline(
        y=value,
        line={"color": INK, "width": 1.3, "dash": "dash"},
        annotation={
            "text": text,
            "font": {"size": 12, "color": INK},
            "bgcolor": "rgba(255,255,255,0.8)",
            "xanchor": side,
            "yanchor": "bottom",
            "x": 0 if side == "left" else 1,
        },
    )


def _of(run: RunRecord, key: str) -> list[tuple[float, float]]:
    return curve([run], key).seeds.get(run.seed, [])


def _scale(exact: Curve, gap: Curve) -> float | None:
    """Least-squares factor that brings the mean gap onto the mean EMD; None when it is not positive."""
    other = dict(zip(gap.x, gap.mean, strict=True))
    pairs = [(y, other[x]) for x, y in zip(exact.x, exact.mean, strict=True) if x in other]
    square, product = sum(g * g for _, g in pairs), sum(e * g for e, g in pairs)
    factor = number(product / square) if square else None
    return factor if factor is not None and factor > 0 else None


def _times(scale: float, values: Curve) -> Curve:
    seeds = {seed: [(x, scale * y) for x, y in line] for seed, line in values.seeds.items()}
    mean, low, high = ([scale * y for y in column] for column in values[2:])
    return Curve(seeds, values.x, mean, low, high)


def _all(values: Curve) -> list[float]:
    return [y for line in values.seeds.values() for _, y in line]


def _log_axis(values: Sequence[float]) -> dict[str, Any]:
    """Return range and labelled ticks of a logarithmic axis: at least a decade, however flat the data."""
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
    return {"range": [low, high], "tickvals": ticks, "ticktext": words}


def _short(values: Sequence[float]) -> list[float]:
    """Keep five digits: more are not seen, and the page stays small."""
    return [float(f"{value:.5g}") for value in values]


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
