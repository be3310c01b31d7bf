"""Question 7: clipping or penalty, by the critic's surface, gradients, weights and slope."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn

from ganscope.data import DATASETS
from ganscope.explain.answer import Answer, Figure, Progress, Published, Row, Table
from ganscope.explain.drawing import BLUE, GREEN, ORANGE, PINK, axes, band, finished
from ganscope.explain.perceptron import descend, perceptron
from ganscope.explain.questions import QUESTIONS
from ganscope.lipschitz import clip_weights_, input_gradient, penalty, squared_slope, wasserstein_bounds
from ganscope.objectives import OBJECTIVES
from ganscope.report.numerals import digits, plus_minus
from ganscope.report.summary import spread

BATCH, COMPARED, CELLS = 256, 400, 48
DEPTH, DEEP_WIDTH, DEEP_STEPS = 12, 256, 40
SURFACE_WIDTH, SURFACE_STEPS = 128, 400
SCALES = {"ring": (0.7072, 1.8), "grid": (0.3536, 1.8), "swiss-roll": (1.0, 2.0)}
"""By how much the authors' program shrinks each data set, and half the side of the square that is drawn."""
SLOPE_WEIGHTS = (0.1, 1.0, 10.0)

Sampler = Callable[[int, Generator], Tensor]
"""Draws `[n, *shape]`."""


class Constraint(NamedTuple):
    """How a critic is kept Lipschitz: by a box of half width `clip`, or by a penalty of weight `weight`."""

    name: str
    clip: float = 0.0
    weight: float = 0.0


CLIPPED = (Constraint("clip 0.1", 0.1), Constraint("clip 0.01", 0.01), Constraint("clip 0.001", 0.001))
PENALISED = Constraint("gradient penalty", weight=0.1)
"""Weight 0.1, as in the authors' program for toy data; the paper's text has 10."""
COLOURS = dict(zip((c.name for c in (*CLIPPED, PENALISED)), (ORANGE, GREEN, PINK, BLUE), strict=True))


def fit_critic(
    critic: nn.Module,
    real: Sampler,
    fake: Sampler,
    constraint: Constraint,
    steps: int,
    rng: Generator,
    rate: float | None = None,
) -> None:
    """Train a Wasserstein critic, in place, between two fixed distributions.

    Args:
        critic: `[B, *shape] -> [B, 1]`.
        real: draws real samples.
        fake: draws from the fixed generator.
        constraint: clipping goes with RMSprop at 5e-5, the penalty with Adam(0.5, 0.9) at 1e-4, as published.
        steps: updates, batches of 256.
        rng: every draw comes from it.
        rate: learning rate in place of the published one.
    """
    parameters = list(critic.parameters())
    optimizer: torch.optim.Optimizer
    if constraint.clip:
        optimizer = torch.optim.RMSprop(parameters, lr=rate or 5e-5)
    else:
        optimizer = torch.optim.Adam(parameters, lr=rate or 1e-4, betas=(0.5, 0.9))
    for _ in range(steps):
        x, y = real(BATCH, rng), fake(BATCH, rng)
        loss = OBJECTIVES["wasserstein"].d_loss(critic(x).squeeze(1), critic(y).squeeze(1)).mean()
        if constraint.weight:
            loss = loss + constraint.weight * penalty("gradient-penalty", critic, x, y, rng).mean()
        descend(optimizer, loss)
        if constraint.clip:
            clip_weights_(critic, constraint.clip)


def he_initialised(network: nn.Sequential, seed: int) -> nn.Sequential:
    """Draw weights N(0, 2 / inputs): through ReLU layers neither the signal nor the gradient shrinks."""
    rng = Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Linear):
                layer.weight.normal_(0, math.sqrt(2 / layer.in_features), generator=rng)
                layer.bias.zero_()
    return network


def layer_gradients(critic: nn.Sequential, real: Tensor, fake: Tensor) -> list[float]:
    """Norms of d(critic loss)/d(activations) behind every ReLU, from the input's side to the output's.

    Args:
        critic: linear layers and ReLUs.
        real: `[B, D]`.
        fake: `[B, D]`.

    Example:
        >>> layer_gradients(perceptron((2, 4, 1), 0), torch.ones(3, 2), torch.ones(3, 2))[0] > 0
        True
    """
    x, activations = torch.cat([real, fake]), []
    for layer in critic:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            activations.append(x)
    half = len(real)
    scores = x.squeeze(1)
    loss = OBJECTIVES["wasserstein"].d_loss(scores[:half], scores[half:]).mean()
    return [float(g.norm()) for g in torch.autograd.grad(loss, activations)]


def factor_per_layer(norms: Sequence[float]) -> float:
    """Return the factor by which the gradient changes at each layer on its way back: 10 ** slope of log10.

    Args:
        norms: from input to output; zeros, where float32 has underflowed, are left out.

    Example:
        >>> round(factor_per_layer([8.0, 4.0, 2.0]), 6), round(factor_per_layer([0.0, 1e-4, 1e-2]), 6)
        (2.0, 0.01)
    """
    logs = [(depth, math.log10(norm)) for depth, norm in enumerate(norms) if norm > 0]
    places, values = zip(*logs, strict=True)
    return float(10 ** -np.polyfit(places, values, 1)[0])


def rows_of(name: str) -> Sampler:
    """Draw with replacement from a data set, scaled as in the authors' program."""
    rows = DATASETS[name]().train
    scale = SCALES[name][0]

    def draw(n: int, rng: Generator) -> Tensor:
        return scale * rows[torch.randint(len(rows), (n,), generator=rng)]

    return draw


def noisy(real: Sampler) -> Sampler:
    """Return figure 1a's fixed generator: the data plus unit Gaussian noise."""

    def draw(n: int, rng: Generator) -> Tensor:
        x = real(n, rng)
        return x + torch.randn(x.shape, generator=rng)

    return draw


class Surface(NamedTuple):
    """A trained critic over a square, and what it is worth there."""

    values: list[list[float]]
    """Scores `[CELLS][CELLS]`, rows from low to high y, standardised."""
    certified_share: float
    """Certified lower bound over exact W1, on fresh samples."""


def surface(name: str, constraint: Constraint, seed: int, steps: int) -> Surface:
    """Train a critic between a data set and its noisy copy, and map it."""
    real = rows_of(name)
    fake = noisy(real)
    rng = Generator().manual_seed(seed)
    critic = he_initialised(perceptron((2, *[SURFACE_WIDTH] * 3, 1), seed), seed)
    # ten times the published rates: hundreds of steps here, a hundred thousand there
    rate = 5e-4 if constraint.clip else 1e-3
    fit_critic(critic, real, fake, constraint, steps, rng, rate)
    axis = torch.linspace(-SCALES[name][1], SCALES[name][1], CELLS)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    with torch.no_grad():
        scores = critic(torch.stack([x, y], -1).reshape(-1, 2)).reshape(CELLS, CELLS).double()
    bounds = wasserstein_bounds(critic, real(COMPARED, rng), fake(COMPARED, rng))
    scores = (scores - scores.mean()) / scores.std()
    return Surface(
        [[round(v, 3) for v in row] for row in scores.tolist()], bounds.certified_lower / bounds.exact
    )


class Deep(NamedTuple):
    """A 12-layer critic after training."""

    gradients: list[float]
    factor: float
    at_the_box: float
    """Share of weights whose size is the clip value; 0 without clipping."""
    weights: list[float]
    """Histogram of the weights' sizes relative to the largest, 20 bins, as shares."""


def deep_critic(constraint: Constraint, seed: int, steps: int) -> Deep:
    """Train a 12-layer critic on the Swiss roll against a fixed, untrained 12-layer generator (figure 1b)."""
    rng = Generator().manual_seed(seed)
    generator = he_initialised(perceptron((2, *[DEEP_WIDTH] * (DEPTH - 1), 2), seed), seed)
    critic = he_initialised(perceptron((2, *[DEEP_WIDTH] * (DEPTH - 1), 1), seed), seed + 1000)
    real = rows_of("swiss-roll")

    def fake(n: int, rng: Generator) -> Tensor:
        with torch.no_grad():
            drawn: Tensor = generator(torch.randn(n, 2, generator=rng))
        return drawn

    fit_critic(critic, real, fake, constraint, steps, rng)
    sizes = torch.cat(
        [layer.weight.detach().abs().flatten() for layer in critic if isinstance(layer, nn.Linear)]
    )
    gradients = layer_gradients(critic, real(BATCH, rng), fake(BATCH, rng))
    histogram = torch.histc(sizes / sizes.max(), bins=20, min=0, max=1) / len(sizes)
    at_the_box = float((sizes >= 0.999 * constraint.clip).double().mean()) if constraint.clip else 0.0
    return Deep(gradients, factor_per_layer(gradients), at_the_box, histogram.tolist())


class Slope(NamedTuple):
    """A penalised critic between two Gaussians on a line, W1 = 4 apart."""

    weight: float
    measured: float
    """Mean slope between the two means."""
    predicted: float
    """1 + W1 / (2 weight)."""


def optimal_slope(weight: float, seed: int, steps: int) -> Slope:
    """Measure the slope a penalised critic settles at, between N(-2, 0.5²) and N(2, 0.5²)."""
    rng = Generator().manual_seed(seed)
    critic = he_initialised(perceptron((1, 64, 64, 1), seed), seed)

    def normal(mean: float) -> Sampler:
        return lambda n, rng: mean + 0.5 * torch.randn(n, 1, generator=rng)

    fit_critic(critic, normal(-2), normal(2), Constraint("", weight=weight), steps, rng, 3e-3)
    slopes = squared_slope(input_gradient(critic, torch.linspace(-1, 1, 101)[:, None])).sqrt()
    return Slope(weight, float(slopes.detach().mean()), 1 + 4 / (2 * weight))


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
