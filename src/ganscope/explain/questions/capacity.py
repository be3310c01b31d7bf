"""Question 9: symmetric networks? Capacity of G against D, and depth with and without skip connections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from statistics import fmean
from typing import NamedTuple

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.depths import PROBE, WIDTH, Deep, Depth, trained_depths
from ganscope.explain.experiments.games import measured, played
from ganscope.explain.phrases import mean, pick
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished
from ganscope.words.lists import listed
from ganscope.words.numerals import digits

WIDTHS = (8, 32, 128)
STEPS, DEEP_STEPS = 400, 300
LONGER_STEPS, LONGER_DEEP_STEPS = 4000, 2000
DEEP = 16
SHALLOW = Depth("3 layers", 3, "he", BLUE)
PLAIN = Depth(f"{DEEP} layers", DEEP, "default", ORANGE)
HE = Depth(f"{DEEP} layers, He weights", DEEP, "he", PINK)
RESIDUAL = Depth(f"{DEEP} layers, residual", DEEP, "residual", GREEN)
DEPTHS = (SHALLOW, PLAIN, HE, RESIDUAL)
ALIKE = 1.05
"""An asymmetric pair is called as good as the best symmetric one up to this ratio of their EMD."""


class Outcome(NamedTuple):
    """How one run ended."""

    emd: float
    captured: int


Grid = dict[tuple[int, int], list[Outcome]]
"""Outcomes by width of the generator and of the discriminator, one a seed."""


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    grid: Grid
    deep: dict[str, list[Deep]]
    """By name of the depth, one a seed."""


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Train every pair of widths, and generators of two depths in four ways."""
    steps, deep_steps = (LONGER_STEPS, LONGER_DEEP_STEPS) if full else (STEPS, DEEP_STEPS)
    pairs = list(product(WIDTHS, WIDTHS))
    total, done = len(pairs) + len(DEPTHS), 0
    grid: Grid = {}
    for g_width, d_width in pairs:
        *_, runs = played("r1", seeds, "digits", steps, 1, g_width=g_width, d_width=d_width)
        grid[g_width, d_width] = [
            Outcome(math.nan if values["emd"] is None else values["emd"], values["captured"])
            for values in measured(runs, len(seeds))
        ]
        progress(done := done + 1, total)
    deep = {}
    for depth in DEPTHS:
        deep[depth.name] = trained_depths(depth, seeds, deep_steps)
        progress(done := done + 1, total)
    return Measured(tuple(seeds), full, grid, deep)


def answer(m: Measured) -> Answer:
    """Say which network must not be too small, and what depth does to the gradient."""
    steps, deep_steps = (LONGER_STEPS, LONGER_DEEP_STEPS) if m.full else (STEPS, DEEP_STEPS)
    return Answer(
        number=9,
        question=QUESTIONS[9].asked,
        answer=f"{_widths_sentence(m.grid)} {_depth_sentence(m.deep)}",
        formulas=(
            "gradient at layer l of L:   ∏ Jacobians of layers l+1 … L, each multiplying by its gain",
            "a gain of 0.4 a layer (PyTorch's default weights, ReLU) leaves 0.4^{16} ≈ 4·10⁻⁷ after 16 "
            "layers",
            "residual layer:   h + W·relu(h)/√L, whose Jacobian is the identity plus something small",
        ),
        protocol=(
            f"1,797 digits, 8 x 8 pixels, recipe r1. Grid: three hidden layers each, {steps} steps. Depth: "
            f"the generator alone has {DEEP} hidden layers of {WIDTH} units, the discriminator stays at "
            f"three, {deep_steps} steps at the same learning rates. Gradients before the first step, at "
            f"{PROBE} latents."
        ),
        figures=(_grid_figure(m.grid), _gradient_figure(m.deep)),
        tables=(_grid_table(m.grid), _depth_table(m.deep)),
        mistakes=_mistakes(m),
        published=(),
        rows=_rows(m),
        seeds=m.seeds,
        full=m.full,
    )


def _emd(outcomes: Sequence[Outcome] | Sequence[Deep]) -> list[float]:
    return [outcome.emd for outcome in outcomes]


def _range(grid: Grid, by_generator: bool) -> list[list[float]]:
    """EMD by width of one network, the other at its largest."""
    large = WIDTHS[-1]
    return [_emd(grid[(w, large) if by_generator else (large, w)]) for w in WIDTHS]


def _widths_sentence(grid: Grid) -> str:
    symmetric = min(fmean(_emd(grid[w, w])) for w in WIDTHS)
    lopsided = min((pair for pair in grid if pair[0] != pair[1]), key=lambda pair: fmean(_emd(grid[pair])))
    free = fmean(_emd(grid[lopsided])) <= ALIKE * symmetric
    by_g, by_d = _range(grid, True), _range(grid, False)
    small = pick(by_d[0], by_g[0], "discriminator", "", "generator")
    moral = f"the {small} is the one that must not be too small" if small else "neither may be too small"
    opening = "They need not be symmetric" if free else "In this grid the symmetric pair was the best"
    return (
        f"{opening}: against a discriminator {WIDTHS[-1]} wide, generators "
        f"{listed([str(w) for w in WIDTHS])} wide end at EMD {listed([mean(v) for v in by_g])}; against a "
        f"generator {WIDTHS[-1]} wide, discriminators of these widths end at "
        f"{listed([mean(v) for v in by_d])}; {moral}."
    )


def _depth_sentence(deep: dict[str, list[Deep]]) -> str:
    first = {depth.name: [run.before[0] for run in deep[depth.name]] for depth in DEPTHS}
    ends = {depth.name: _emd(deep[depth.name]) for depth in DEPTHS}
    vanishes = max(first[PLAIN.name]) < 0.01
    opening = (
        "Depth matters through the gradient" if vanishes else "Depth did not cost much of the gradient here"
    )
    return (
        f"{opening}: of what enters a {DEEP}-layer generator, {mean(first[PLAIN.name])} reaches its first "
        f"layer with PyTorch's initial weights, {mean(first[HE.name])} with He's and "
        f"{mean(first[RESIDUAL.name])} with skip connections. After the same training these end at EMD "
        f"{listed([mean(ends[depth.name]) for depth in DEPTHS[1:]])}, and three layers at "
        f"{mean(ends[SHALLOW.name])}."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    he, residual, plain = (_emd(m.deep[depth.name]) for depth in (HE, RESIDUAL, PLAIN))
    helped = pick(
        he, plain, "farther from the data than", "about as far from the data as", "nearer to the data than"
    )
    lasting = pick(
        residual, he, "with skip connections it ended farther away still",
        "skip connections did not change that in every seed", "with skip connections it ended nearer",
    )  # fmt: skip
    return (
        "Making the networks mirror images because a diagram does. Nothing in the game asks for it: what "
        "counts is that neither is too small for its own task.",
        "Shrinking the discriminator to “balance” the game. A generator learns only what its discriminator "
        "sees (question 12).",
        "Blaming the loss for a gradient that dies in a deep generator. Its factor per layer is set by the "
        "initial weights, and another loss does not change it.",
        "Taking a gradient that arrives for a network that learns. With He's weights the plain deep "
        f"generator received it at the start and ended {helped} the one with PyTorch's; {lasting} "
        f"({mean(plain)} with PyTorch's, {mean(he)} with He's, {mean(residual)} with skip connections).",
    )


def _grid_figure(grid: Grid) -> Figure:
    z = [[fmean(_emd(grid[g, d])) for d in WIDTHS] for g in WIDTHS]
    modes = [[fmean(o.captured for o in grid[g, d]) for d in WIDTHS] for g in WIDTHS]
    text = [
        [f"EMD {e:.2f}<br>{c:.0f} of 10" for e, c in zip(*row, strict=True)]
        for row in zip(z, modes, strict=True)
    ]
    figure = axes("width of the discriminator", "width of the generator", height=320, showlegend=False)
    figure.add_heatmap(
        z=z, x=[str(d) for d in WIDTHS], y=[str(g) for g in WIDTHS], colorscale="Viridis", showscale=False,
        text=text, texttemplate="%{text}", hoverinfo="skip", xgap=2, ygap=2,
    )  # fmt: skip
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category")
    return finished(figure, "Mean EMD and captured classes over the seeds; darker is nearer to the data.")


def _gradient_figure(deep: dict[str, list[Deep]]) -> Figure:
    figure = axes(
        "depth in the generator, 0: the latent's side, 1: the sample's side", "relative norm", log_y=True
    )
    for depth in DEPTHS:
        x = [k / (depth.depth - 1) for k in range(depth.depth)]
        values = [[max(norm, 1e-30) for norm in run.before] for run in deep[depth.name]]
        band(figure, x, values, depth.name, depth.colour, geometric=True)
    plain = fmean(run.before[0] for run in deep[PLAIN.name])
    return finished(
        figure,
        "The generator's gradient at its hidden layers before the first step, relative to the last one. It "
        f"travels from right to left. With PyTorch's weights {digits(plain, 2)} of it reaches the first "
        "layer.",
    )


def _grid_table(grid: Grid) -> Table:
    return Table(
        "EMD at the end, by the widths of both networks",
        ("generator", *(f"D {d} wide" for d in WIDTHS)),
        tuple((f"G {g} wide", *(mean(_emd(grid[g, d])) for d in WIDTHS)) for g in WIDTHS),
    )


def _depth_table(deep: dict[str, list[Deep]]) -> Table:
    return Table(
        "Depth of the generator",
        ("generator", "gradient at its first layer", "EMD", "classes captured"),
        tuple(
            (
                name,
                mean(run.before[0] for run in runs),
                mean(run.emd for run in runs),
                mean(float(run.captured) for run in runs),
            )
            for name, runs in deep.items()
        ),
    )


def _rows(m: Measured) -> tuple[Row, ...]:
    rows: list[Row] = [
        {"part": "widths", "G": g, "D": d, "seed": seed, **outcome._asdict()}
        for (g, d), outcomes in m.grid.items()
        for seed, outcome in zip(m.seeds, outcomes, strict=True)
    ]
    rows += [
        {"part": "depth", "generator": name, "seed": seed, "layer": layer, "gradient": norm, "emd": run.emd}
        for name, runs in m.deep.items()
        for seed, run in zip(m.seeds, runs, strict=True)
        for layer, norm in enumerate(run.before, 1)
    ]
    return tuple(rows)
