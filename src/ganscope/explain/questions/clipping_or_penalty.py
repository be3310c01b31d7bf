"""Question 7: clipping or penalty, by the critic's surface, gradients, weights and slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.constrained_critics import (
    BATCH,
    CELLS,
    CLIPPED,
    DEEP_WIDTH,
    DEPTH,
    PENALISED,
    SCALES,
    SURFACE_WIDTH,
    Deep,
    Surface,
    deep_critics,
    rows_of,
    surfaces,
)
from ganscope.explain.experiments.fixed_generator import Constraint
from ganscope.explain.experiments.lines import DISTANCE, MEAN, STD, on_the_line
from ganscope.explain.phrases import mean, pick
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished
from ganscope.lipschitz import expected_slope
from ganscope.words.lists import listed
from ganscope.words.numerals import digits

CONSTRAINTS = (*CLIPPED, PENALISED)
SURFACED = (CLIPPED[1], PENALISED)
"""The constraints whose surfaces are drawn."""
COLOURS = dict(zip((c.name for c in CONSTRAINTS), (ORANGE, GREEN, PINK, BLUE), strict=True))
DEEP_STEPS, SURFACE_STEPS, SLOPE_STEPS = 60, 400, 1500
LONGER_DEEP_STEPS, LONGER_SURFACE_STEPS, LONGER_SLOPE_STEPS = 300, 3000, 5000
SLOPE_WEIGHTS = (0.1, 1.0, 10.0)
SLOPE_RATE = 1e-3


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    deep: dict[str, list[Deep]]
    """By constraint, one critic a seed."""
    surfaces: dict[tuple[str, str], list[Surface]]
    """By data set and constraint."""
    slopes: dict[float, list[float]]
    """Mean slope between two Gaussians by weight of the penalty, one a seed."""


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Repeat figure 1 of the gradient penalty's paper, and measure the slope that the penalty leads to."""
    deep_steps, surface_steps, slope_steps = (
        (LONGER_DEEP_STEPS, LONGER_SURFACE_STEPS, LONGER_SLOPE_STEPS)
        if full
        else (DEEP_STEPS, SURFACE_STEPS, SLOPE_STEPS)
    )
    total = len(CONSTRAINTS) + len(SURFACED) * len(SCALES) + len(SLOPE_WEIGHTS)
    begun = 0

    def part() -> Progress:
        nonlocal begun
        start, begun = begun, begun + 1
        return lambda done, steps: progress(100 * start + 100 * done // steps, 100 * total)

    return Measured(
        seeds=tuple(seeds),
        full=full,
        deep={c.name: deep_critics(c, seeds, deep_steps, part()) for c in CONSTRAINTS},
        surfaces={
            (data, c.name): surfaces(data, c, seeds, surface_steps, part())
            for c in SURFACED
            for data in SCALES
        },
        slopes={weight: _optimal_slopes(weight, seeds, slope_steps, part()) for weight in SLOPE_WEIGHTS},
    )


def _optimal_slopes(weight: float, seeds: Sequence[int], steps: int, progress: Progress) -> list[float]:
    """Mean slope of penalised critics over the middle half of the way between the two means, per seed."""
    constraint = Constraint("gradient penalty", weight=weight)
    trained = on_the_line("wasserstein", seeds, steps, SLOPE_RATE, constraint, progress)
    quarter = len(trained.between[0]) // 4
    return [fmean(seed[quarter : -quarter or None]) for seed in trained.between]


def answer(m: Measured) -> Answer:
    """Say what either does to the gradient, the weights and the surface."""
    return Answer(
        number=7,
        question=QUESTIONS[7].asked,
        answer=_sentences(m),
        formulas=(
            "clipping:   w ← max(−c, min(c, w)) after every critic step",
            "penalty:   λ E (|∇D(x̂)| − 1)²,   x̂ = ε·real + (1 − ε)·fake",
            "c alone sets the factor per layer of width H:   about c·√(H/2) for weights ±c of random signs",
            "optimal slope under the penalty, on a line of transport of length W1:   1 + W1 / (2λ)",
        ),
        protocol=_protocol(m),
        figures=(
            _gradient_figure(m.deep),
            _weight_figure(m.deep),
            *_surface_figures(m.surfaces, len(m.seeds)),
        ),
        tables=(_deep_table(m.deep), _surface_table(m.surfaces), _slope_table(m.slopes)),
        mistakes=_mistakes(m),
        published=_published(m.deep),
        rows=_rows(m),
        seeds=m.seeds,
        full=m.full,
    )


def _protocol(m: Measured) -> str:
    deep, surface, slope = (
        (LONGER_DEEP_STEPS, LONGER_SURFACE_STEPS, LONGER_SLOPE_STEPS)
        if m.full
        else (DEEP_STEPS, SURFACE_STEPS, SLOPE_STEPS)
    )
    return (
        f"Gradients: {DEPTH}-layer ReLU perceptrons without normalisation, width {DEEP_WIDTH}, on the Swiss "
        f"roll, an untrained generator held fixed, {deep} critic steps, batch {BATCH}; RMSprop 5e-5 with "
        f"clipping, Adam 1e-4 with the penalty at λ = {PENALISED.weight:g}. Surfaces: ReLU critics with "
        f"three hidden layers of {SURFACE_WIDTH} units between the data and the data plus unit noise, "
        f"{surface} steps at ten times these rates. Slopes: N(-{MEAN:g}, {STD}²) against N({MEAN:g}, "
        f"{STD}²), critic 1-64-64-1, leaky ReLU, Adam {SLOPE_RATE:g}, {slope} steps, mean over [-1, 1]."
    )


def _factors(deep: Mapping[str, list[Deep]]) -> dict[str, list[float]]:
    return {name: [critic.factor for critic in critics] for name, critics in deep.items()}


def _certified(m: Measured, name: str) -> list[float]:
    """Share of the exact distance that critics of a constraint certify, per seed: mean over the data sets."""
    return [fmean(m.surfaces[data, name][k].certified_share for data in SCALES) for k in range(len(m.seeds))]


def _sentences(m: Measured) -> str:
    factors = _factors(m.deep)
    penalised = factors[PENALISED.name]
    clips = [f"{mean(factors[c.name])} at c = {c.clip:g}" for c in CLIPPED]
    box = [critic.at_the_box for critic in m.deep[CLIPPED[1].name]]
    kept = all(0.8 < value < 1.25 for value in penalised)
    tame = any(all(0.8 < value < 1.25 for value in factors[c.name]) for c in CLIPPED)
    share, clipped_share = (_certified(m, c.name) for c in (PENALISED, CLIPPED[1]))
    verdict = pick(
        share,
        clipped_share,
        "so the penalised critic is the better ruler there too",
        "so neither is the better ruler there",
        "so there, with three layers, the clipped critic is the better ruler",
    )
    best = "Neither is without fault" if not kept or tame else "The penalty"
    return (
        f"{best}. At depth {DEPTH}, on its way back, the gradient changes by a factor of {mean(penalised)} "
        f"a layer under the penalty, and under clipping by {listed(clips)}; clipping at {CLIPPED[1].clip:g} "
        f"leaves {mean(100 * b for b in box)} % of the weights at the edge of their box. On the three plane "
        f"data sets the penalised critic certifies {mean(100 * s for s in share)} % of the exact distance "
        f"and the one clipped at {CLIPPED[1].clip:g} {mean(100 * s for s in clipped_share)} %, {verdict}."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    factors = [f"{mean(values)}" for name, values in _factors(m.deep).items() if name != PENALISED.name]
    return (
        "Taking the clip value for the Lipschitz constant. It bounds each weight; the critic's slope follows "
        "from c, width and depth together, so a c that suits one depth does not suit the next.",
        "Calling a slope other than 1 a failure of the penalty. The penalised optimum is 1 + W1/(2λ): at "
        f"the λ = {PENALISED.weight:g} of the authors' own toy program a critic between these two Gaussians "
        f"should have a slope of {expected_slope(DISTANCE, PENALISED.weight):g}, and here it has "
        f"{mean(m.slopes[PENALISED.weight])}.",
        "Comparing raw critic losses between values of c or of λ. Each has a scale of its own. Divide by the "
        "steepest pair of samples first (the certified share in the table).",
        f"Hoping to tune c. Three values a decade apart multiply the gradient by {listed(factors)} a layer; "
        "the interval in which the factor is near 1 is narrow, and it moves with the width.",
    )


def _gradient_figure(deep: Mapping[str, list[Deep]]) -> Figure:
    figure = axes(
        "layer, from the input (1) to the output (11)", "norm of d loss / d activations", log_y=True
    )
    figure.update_yaxes(dtick=4, range=[-22, 4])
    for name, critics in deep.items():
        floor = [[max(g, 1e-24) for g in critic.gradients] for critic in critics]
        band(figure, range(1, DEPTH), floor, name, COLOURS[name], geometric=True)
    firsts = "; ".join(
        f"{name}: {digits(fmean(critic.gradients[0] for critic in critics), 2)}"
        for name, critics in deep.items()
    )
    return finished(
        figure,
        "From right to left, as the gradient travels. A straight line is the same factor at every layer. "
        f"What arrives behind the first layer (0: an underflow in float32): {firsts}.",
    )


def _weight_figure(deep: Mapping[str, list[Deep]]) -> Figure:
    figure = axes("|weight| relative to the largest", "share of all weights, percent", log_y=True)
    middles = [(k + 0.5) / 20 for k in range(20)]
    for name in (CLIPPED[1].name, PENALISED.name):
        shares = [[100 * max(s, 1e-6) for s in critic.weights] for critic in deep[name]]
        band(figure, middles, shares, name, COLOURS[name], geometric=True)
    box = [critic.at_the_box for critic in deep[CLIPPED[1].name]]
    return finished(
        figure,
        f"Clipping at {CLIPPED[1].clip:g} drives {mean(100 * b for b in box)} % of the weights to the edge "
        "of their box (the last bin), and what is left of the critic are mostly signs. The penalty has no "
        "box.",
    )


def _surface_figures(surfaces: Mapping[tuple[str, str], list[Surface]], seeds: int) -> tuple[Figure, ...]:
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
            points = rows_of(data)[:200]
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


def _deep_table(deep: Mapping[str, list[Deep]]) -> Table:
    return Table(
        f"Depth {DEPTH}: what one layer does to the gradient on its way back",
        ("constraint", "factor per layer", "first layer's gradient", "weights at the edge of the box"),
        tuple(
            (
                name,
                mean(d.factor for d in critics),
                mean(d.gradients[0] for d in critics),
                mean(d.at_the_box for d in critics) if "clip" in name else "no box",
            )
            for name, critics in deep.items()
        ),
    )


def _surface_table(surfaces: Mapping[tuple[str, str], list[Surface]]) -> Table:
    names = [constraint.name for constraint in SURFACED]
    return Table(
        "Share of the exact Earth Mover's Distance that the critic's surface certifies",
        ("data", *names),
        tuple(
            (data, *(mean(s.certified_share for s in surfaces[data, name]) for name in names))
            for data in SCALES
        ),
    )


def _slope_table(slopes: Mapping[float, list[float]]) -> Table:
    return Table(
        f"The slope a penalised critic settles at, W1 = {DISTANCE:g}",
        ("λ", "measured", "1 + W1 / (2λ)"),
        tuple(
            (digits(weight), mean(measured), digits(expected_slope(DISTANCE, weight)))
            for weight, measured in slopes.items()
        ),
    )


def _published(deep: Mapping[str, list[Deep]]) -> tuple[Published, ...]:
    factors = _factors(deep)
    measured = "; ".join(f"{name}: × {mean(values)}" for name, values in factors.items()) + "."
    grows, falls, dies = (factors[c.name] for c in CLIPPED)
    reached = (
        min(grows) > 1.2
        and max(falls) < 0.2
        and max(dies) < 0.02
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
                "0.01 and below 0.02 at 0.001, and stays between 0.8 and 1.25 under the penalty, for every "
                "seed."
            ),
            measured=measured,
            reached=reached,
        ),
    )


def _rows(m: Measured) -> tuple[Row, ...]:
    rows: list[Row] = []
    for k, seed in enumerate(m.seeds):
        for name, critics in m.deep.items():
            rows += [
                {"part": "gradient", "seed": seed, "constraint": name, "layer": layer, "value": value}
                for layer, value in enumerate(critics[k].gradients, 1)
            ]
            rows.append(
                {"part": "at the box", "seed": seed, "constraint": name, "value": critics[k].at_the_box}
            )
        rows += [
            {"part": "certified share", "seed": seed, "constraint": name, "data": data,
             "value": critics[k].certified_share}
            for (data, name), critics in m.surfaces.items()
        ]  # fmt: skip
        rows += [
            {"part": "slope", "seed": seed, "weight": weight, "value": measured[k],
             "predicted": expected_slope(DISTANCE, weight)}
            for weight, measured in m.slopes.items()
        ]  # fmt: skip
    return tuple(rows)
