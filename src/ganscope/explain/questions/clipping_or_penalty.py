"""Question 7: clipping or penalty, by the critic's surface, gradients, weights and slope."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from torch import Generator

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.fixed_generator import (
    BATCH,
    CELLS,
    CLIPPED,
    DEEP_STEPS,
    DEEP_WIDTH,
    DEPTH,
    PENALISED,
    SCALES,
    SLOPE_WEIGHTS,
    SURFACE_STEPS,
    Deep,
    Slope,
    Surface,
    deep_critic,
    optimal_slope,
    rows_of,
    surface,
)
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

COLOURS = dict(zip((c.name for c in (*CLIPPED, PENALISED)), (ORANGE, GREEN, PINK, BLUE), strict=True))


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Repeat figure 1 of the gradient penalty's paper, and measure the slope it leads to."""
    deep_steps, surface_steps = (300, 3000) if full else (DEEP_STEPS, SURFACE_STEPS)
    constraints = (*CLIPPED, PENALISED)
    surfaced = (CLIPPED[1], PENALISED)
    total = len(seeds) * (len(constraints) + len(surfaced) * len(SCALES) + len(SLOPE_WEIGHTS))
    deep: dict[str, list[Deep]] = {c.name: [] for c in constraints}
    surfaces: dict[tuple[str, str], list[Surface]] = {(d, c.name): [] for d in SCALES for c in surfaced}
    slopes: dict[float, list[Slope]] = {weight: [] for weight in SLOPE_WEIGHTS}
    done = 0
    for seed in seeds:
        for c in constraints:
            deep[c.name].append(deep_critic(c, seed, deep_steps))
            progress(done := done + 1, total)
        for c in surfaced:
            for data in SCALES:
                surfaces[data, c.name].append(surface(data, c, seed, surface_steps))
                progress(done := done + 1, total)
        for weight in SLOPE_WEIGHTS:
            slopes[weight].append(optimal_slope(weight, seed, 600))
            progress(done := done + 1, total)
    return Answer(
        number=7,
        question=QUESTIONS[7].asked,
        answer=_in_two_sentences(deep, surfaces),
        formulas=(
            "clipping:   w ← max(−c, min(c, w)) after every critic step",
            "penalty:   λ E (|∇D(x̂)| − 1)²,   x̂ = ε·real + (1 − ε)·fake",
            "c alone sets the factor per layer of width H:   about c·√(H/2) for weights ±c of random signs",
            "optimal slope under the penalty, on a line of transport of length W1:   1 + W1 / (2λ)",
        ),
        protocol=(
            f"Gradients: {DEPTH}-layer ReLU perceptrons without normalisation, width {DEEP_WIDTH}, on the "
            f"Swiss roll, an untrained generator held fixed, {deep_steps} critic steps, batch {BATCH}; "
            "RMSprop 5e-5 with clipping, Adam 1e-4 with the penalty at λ = 0.1. Surfaces: critics "
            f"2-128-128-128-1 between the data and the data plus unit noise, {surface_steps} steps at ten "
            "times these rates. Slopes: N(-2, 0.5²) against N(2, 0.5²), critic 1-64-64-1, Adam 3e-3, 600 "
            "steps, mean over [-1, 1]."
        ),
        figures=(_gradient_figure(deep), _weight_figure(deep), *_surface_figures(surfaces, len(seeds))),
        tables=(_deep_table(deep), _surface_table(surfaces), _slope_table(slopes)),
        mistakes=(
            "Taking the clip value for the Lipschitz constant. It is a bound per weight: what the critic's "
            "slope is follows from c, width and depth together, and no layer count has a c that is right "
            "for the next.",
            "Calling a slope other than 1 a failure of the penalty. The penalised optimum is 1 + W1/(2λ): "
            "at the λ = 0.1 of the authors' own toy program a critic twenty times as steep is as it should "
            "be.",
            "Comparing raw critic losses between values of c or of λ: each has a scale of its own. Divide "
            "by the steepest pair of samples first (the certified share in the table).",
            "Tuning c. The table shows the factor per layer at three values a decade apart; the interval "
            "in which it is near 1 is narrow, and moves with the width.",
        ),
        published=_published(deep),
        rows=_rows(seeds, deep, surfaces, slopes),
        seeds=tuple(seeds),
        full=full,
    )


def _in_two_sentences(deep: dict[str, list[Deep]], surfaces: dict[tuple[str, str], list[Surface]]) -> str:
    factors = {name: fmean(d.factor for d in runs) for name, runs in deep.items()}
    box = fmean(d.at_the_box for d in deep["clip 0.01"])
    share = {
        name: fmean(s.certified_share for (_, c), runs in surfaces.items() if c == name for s in runs)
        for name in (CLIPPED[1].name, PENALISED.name)
    }
    better = share[PENALISED.name] > share[CLIPPED[1].name]
    return (
        f"The penalty: at depth {DEPTH} it passes the gradient back almost unchanged (× "
        f"{digits(factors[PENALISED.name])} a layer), where clipping multiplies it by "
        f"{digits(factors['clip 0.1'])}, {digits(factors['clip 0.01'])} or {digits(factors['clip 0.001'])} a "
        f"layer at c = 0.1, 0.01 and 0.001, and at c = 0.01 leaves {box:.0%} of the weights at the edge of "
        f"their box. On the three plane data sets the penalised critic certifies {share[PENALISED.name]:.0%} "
        f"of the exact distance and the clipped one {share[CLIPPED[1].name]:.0%}"
        + ("." if better else ", so there, with three layers, clipping was no worse.")
    )


def _gradient_figure(deep: dict[str, list[Deep]]) -> Figure:
    figure = axes(
        "layer, from the input (1) to the output (11)", "norm of d loss / d activations", log_y=True
    )
    figure.update_yaxes(dtick=4, range=[-22, 4])
    for name, runs in deep.items():
        floor = [[max(g, 1e-24) for g in run.gradients] for run in runs]
        band(figure, range(1, DEPTH), floor, name, COLOURS[name], geometric=True)
    return finished(
        figure,
        "From right to left, as the gradient travels. Under clipping it explodes or vanishes by the same "
        "factor at every layer, and at c = 0.001 underflows in float32; under the penalty it arrives.",
    )


def _weight_figure(deep: dict[str, list[Deep]]) -> Figure:
    figure = axes("|weight| relative to the largest", "share of all weights, percent", log_y=True)
    middles = [(k + 0.5) / 20 for k in range(20)]
    for name in (CLIPPED[1].name, PENALISED.name):
        shares = [[100 * max(s, 1e-6) for s in run.weights] for run in deep[name]]
        band(figure, middles, shares, name, COLOURS[name], geometric=True)
    return finished(
        figure,
        "Clipping drives almost every weight to the edge of its box, which leaves a critic of signs; the "
        "penalty leaves the weights as they were spread.",
    )


def _surface_figures(surfaces: dict[tuple[str, str], list[Surface]], seeds: int) -> tuple[Figure, ...]:
    figures = []
    for name in (CLIPPED[1].name, PENALISED.name):
        figure = axes("", "", height=300, showlegend=False, margin={"l": 8, "r": 8, "t": 28, "b": 8})
        for k, data in enumerate(SCALES):
            half = SCALES[data][1]
            ticks = [round(-half + 2 * half * i / (CELLS - 1), 3) for i in range(CELLS)]
            figure.add_contour(
                x=ticks, y=ticks, z=surfaces[data, name][0].values, xaxis=f"x{k + 1}", yaxis=f"y{k + 1}",
                ncontours=14, contours={"coloring": "lines"}, line={"width": 1.4}, colorscale="Viridis",
                showscale=False, hoverinfo="skip",
            )  # fmt: skip
            points = rows_of(data)(200, Generator().manual_seed(0))
            figure.add_scatter(
                x=points[:, 0].tolist(), y=points[:, 1].tolist(), xaxis=f"x{k + 1}", yaxis=f"y{k + 1}",
                mode="markers", marker={"size": 3, "color": ORANGE}, hoverinfo="skip",
            )  # fmt: skip
            plain = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False}
            domain = [k / 3 + 0.01, (k + 1) / 3 - 0.01]
            figure.update_layout(
                {
                    f"xaxis{k + 1}": {**plain, "domain": domain, "anchor": f"y{k + 1}", "title": ""},
                    f"yaxis{k + 1}": {**plain, "domain": [0, 1], "anchor": f"x{k + 1}", "title": ""},
                }
            )
            figure.add_annotation(
                text=data, x=sum(domain) / 2, y=1.0, xref="paper", yref="paper", yanchor="bottom",
                showarrow=False,
            )  # fmt: skip
        which = "" if seeds == 1 else "; first seed"
        figures.append(finished(figure, f"Level lines of the critic, {name}{which}. Orange: real data."))
    return tuple(figures)


def _deep_table(deep: dict[str, list[Deep]]) -> Table:
    return Table(
        f"Depth {DEPTH}: what one layer does to the gradient on its way back",
        ("constraint", "factor per layer", "first layer's gradient", "weights at the edge of the box"),
        tuple(
            (
                name,
                plus_minus(spread(d.factor for d in runs)),
                plus_minus(spread(d.gradients[0] for d in runs)),
                plus_minus(spread(d.at_the_box for d in runs)) if "clip" in name else "no box",
            )
            for name, runs in deep.items()
        ),
    )


def _surface_table(surfaces: dict[tuple[str, str], list[Surface]]) -> Table:
    return Table(
        "Share of the exact Earth Mover's Distance that the critic's surface certifies",
        ("data", CLIPPED[1].name, PENALISED.name),
        tuple(
            (
                data,
                *(
                    plus_minus(spread(s.certified_share for s in surfaces[data, name]))
                    for name in (CLIPPED[1].name, PENALISED.name)
                ),
            )
            for data in SCALES
        ),
    )


def _slope_table(slopes: dict[float, list[Slope]]) -> Table:
    return Table(
        "The slope a penalised critic settles at, W1 = 4",
        ("λ", "measured", "1 + W1 / (2λ)"),
        tuple(
            (digits(weight), plus_minus(spread(s.measured for s in runs)), digits(runs[0].predicted))
            for weight, runs in slopes.items()
        ),
    )


def _published(deep: dict[str, list[Deep]]) -> tuple[Published, ...]:
    factors = {name: [d.factor for d in runs] for name, runs in deep.items()}
    told = "; ".join(f"{name}: × {plus_minus(spread(values))}" for name, values in factors.items())
    reached = (
        min(factors["clip 0.1"]) > 1.2
        and max(factors["clip 0.01"]) < 0.2
        and max(factors["clip 0.001"]) < 0.02
        and all(0.8 < value < 1.25 for value in factors[PENALISED.name])
    )
    return (
        Published(
            source="Gulrajani et al., Improved Training of Wasserstein GANs, 2017, figure 1b",
            protocol=(
                "12-layer ReLU perceptrons without batch normalisation on the Swiss roll, c = 0.1, 0.01, "
                f"0.001 and the penalty. The paper's width is unpublished: {DEEP_WIDTH} here, and the "
                "generator stays fixed."
            ),
            criterion=(
                "Going back one layer the gradient grows by more than 1.2 at c = 0.1, falls below 0.2 at "
                "0.01 and below 0.02 at 0.001, and stays within 0.8 and 1.25 under the penalty, for every "
                "seed."
            ),
            measured=told,
            reached=reached,
        ),
    )


def _rows(
    seeds: Sequence[int],
    deep: dict[str, list[Deep]],
    surfaces: dict[tuple[str, str], list[Surface]],
    slopes: dict[float, list[Slope]],
) -> tuple[Row, ...]:
    rows: list[Row] = []
    for k, seed in enumerate(seeds):
        for name, runs in deep.items():
            rows += [
                {"part": "gradient", "seed": seed, "constraint": name, "layer": layer, "value": value}
                for layer, value in enumerate(runs[k].gradients, 1)
            ]
            rows.append({"part": "at the box", "seed": seed, "constraint": name, "value": runs[k].at_the_box})
        rows += [
            {"part": "certified share", "seed": seed, "constraint": name, "data": data,
             "value": runs[k].certified_share}
            for (data, name), runs in surfaces.items()
        ]  # fmt: skip
        rows += [
            {"part": "slope", "seed": seed, "weight": weight, "value": runs[k].measured,
             "predicted": runs[k].predicted}
            for weight, runs in slopes.items()
        ]  # fmt: skip
    return tuple(rows)
