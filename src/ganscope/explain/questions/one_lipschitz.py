"""Question 6: what a critic does without a bound on its slope, and with a bound at the samples only."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.fixed_generator import Constraint
from ganscope.explain.experiments.slope_maps import (
    BATCH,
    FAKE_STD,
    HELD_OUT,
    LIMIT,
    RATE,
    SIDE,
    WIDTH,
    Trained,
    held_out,
    ring,
    trained,
)
from ganscope.explain.phrases import mean, pick
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, anchor, axes, band, dots, finished
from ganscope.metrics import emd
from ganscope.words.numerals import digits

NONE, SAMPLES, CLIPPED, BETWEEN = "none", "at the samples", "clipped at 0.1", "between, WGAN-GP"
CONSTRAINTS = (
    Constraint(NONE),
    Constraint(SAMPLES, weight=10.0, where="samples"),
    Constraint(CLIPPED, clip=0.1),
    Constraint(BETWEEN, weight=10.0),
)
STEPS = {NONE: 1500, SAMPLES: 1000, CLIPPED: 1500, BETWEEN: 1000}
LONGER = 5
"""How many times as long with --full."""
COLOURS = dict(zip(STEPS, (ORANGE, PINK, GREEN, BLUE), strict=True))
STEEPER = 1.5
"""A critic penalised at the samples alone is called steeper in between from this ratio on."""


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    critics: dict[str, Trained]
    exact: list[float]
    """EMD of the held-out points, per seed."""


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Train the same critic under four constraints and map its slope."""
    longer = LONGER if full else 1
    total, begun, critics = longer * sum(STEPS.values()), 0, {}
    for constraint in CONSTRAINTS:
        steps = longer * STEPS[constraint.name]
        critics[constraint.name] = trained(constraint, seeds, steps, _part(progress, begun, total))
        begun += steps
    exact = [emd(real, fake) for real, fake in zip(*held_out(seeds), strict=True)]
    return Measured(tuple(seeds), full, critics, exact)


def answer(m: Measured) -> Answer:
    """Say what an unbounded critic does, and what one does that is bounded at the samples alone."""
    return Answer(
        number=6,
        question=QUESTIONS[6].asked,
        answer=_sentences(m),
        formulas=(
            "gap(f) = E f(real) − E f(fake);   gap(c f) = c gap(f):   no bound on f, no largest gap",
            "|f(a) − f(b)| ≤ K |a − b| for all a, b   ⇒   gap(f) ≤ K W_{1}",
            "|f(a) − f(b)| ≤ ∫ |∇f| along the way from a to b:   the slope counts all the way, not only at "
            "the ends",
        ),
        protocol=(
            f"Real: the ring of eight Gaussians, radius 2; fake: N(0, {FAKE_STD:g}²) in its middle. Critic "
            f"2-{WIDTH}-{WIDTH}-1, leaky ReLU, batch {BATCH}, Adam {RATE:g} (RMSprop under clipping), "
            + ", ".join(f"{kind}: {critics.steps[-1]} steps" for kind, critics in m.critics.items())
            + f"; penalty (|∇f| - 1)², weight 10. Gaps on {HELD_OUT} held-out points of each. The search for "
            "the steepest place is ganscope.lipschitz.estimate."
        ),
        figures=(_gap_figure(m), *(_map_figure(kind, m) for kind in m.critics)),
        tables=(_table(m),),
        mistakes=_mistakes(m),
        published=(),
        rows=tuple(_rows(m)),
        seeds=m.seeds,
        full=m.full,
    )


def _sentences(m: Measured) -> str:
    free, samples, between = (m.critics[kind].searched for kind in (NONE, SAMPLES, BETWEEN))
    third, end = _gaps(m.critics[NONE])
    still = pick(end, third, "and it still grows", "and it goes up and down", "though it has stopped growing")
    steeper = fmean(samples) > STEEPER * fmean(between)
    used = (
        "the critic penalised at the samples alone did become steeper in between"
        if steeper
        else "in this small, smooth example the critic penalised only at the samples did not become "
        "steeper in between, so the danger does not show here"
    )
    return (
        "Because the gap between mean scores is a distance only among critics that rise by at most one per "
        "unit of the data: twice the critic has twice the gap, so without the bound training has no end and "
        f"the number means nothing (here the gap is {mean(end)} for an exact distance of {mean(m.exact)}, "
        f"{still}; the steepest place is {mean(free)}). And at every point, because the proof follows the "
        "whole way from a fake to a real sample, and nothing stops a critic that is tame at the samples from "
        f"climbing in between; {used} (steepest place {mean(samples)}, against {mean(between)} with the "
        "penalty in between)."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    third, end = _gaps(m.critics[NONE])
    growth = fmean(b / a for a, b in zip(third, end, strict=True) if a)
    clipped = m.critics[CLIPPED].searched
    return (
        "\"A growing gap means that the critic learns.\" Without a bound the gap grows because the weights "
        f"grow, here by a factor of {digits(growth, 2)} over the last two thirds of the training; the order "
        "of the scores need not change for that.",
        "Checking the slope at the samples and calling it the Lipschitz constant. Also search for steeper "
        "places between the samples, and bound the slope everywhere (the table has the first two numbers).",
        "Penalising the norm over the whole batch, or per pixel. It is one norm per sample, over all its "
        "values. A linear critic of slope c must get (c - 1)² at every batch size.",
        "Believing that the penalty enforces the bound. It acts only at the points between this batch's "
        "pairs; elsewhere nothing holds the critic, and at the optimum the slope is 1 + W1/(2λ).",
        "Taking clipping for a bound of 1. The bound it gives depends on width and depth, and the gap is "
        f"then W1 times an unknown constant (here the steepest place is {mean(clipped)}; question 7).",
    )  # fmt: skip


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {"kind": kind, "seed": seed, "step": step, "gap": gap, "exact": truth}
        for kind, value in m.critics.items()
        for seed, gaps, truth in zip(m.seeds, value.gap, m.exact, strict=True)
        for step, gap in zip(value.steps, gaps, strict=True)
    ]
    rows += [
        {"kind": kind, "seed": seed, "slope at samples": at, "largest slope": searched}
        for kind, value in m.critics.items()
        for seed, at, searched in zip(m.seeds, value.at_samples, value.searched, strict=True)
    ]
    return rows


def _part(progress: Progress, start: int, total: int) -> Progress:
    return lambda done, steps: progress(start + done, total)


def _gaps(value: Trained) -> tuple[list[float], list[float]]:
    """The gap after a third of the training and at its end, per seed."""
    third = min(range(len(value.steps)), key=lambda k: abs(value.steps[k] - value.steps[-1] / 3))
    return [seed[third] for seed in value.gap], [seed[-1] for seed in value.gap]


def _over_exact(m: Measured, kind: str) -> list[float]:
    return [gap / truth for gap, truth in zip(_gaps(m.critics[kind])[1], m.exact, strict=True)]


def _gap_figure(m: Measured) -> Figure:
    figure = axes("critic step", "gap on held-out points", log_x=True, log_y=True)
    for kind, value in m.critics.items():
        steps = [step for step in value.steps if step >= 10]
        gaps = [[max(gap, 1e-3) for gap in seed[-len(steps) :]] for seed in value.gap]
        band(figure, steps, gaps, kind, COLOURS[kind], geometric=True)
    anchor(figure, fmean(m.exact), f"exact EMD, {fmean(m.exact):.2f}", above=False)
    ends = "; ".join(f"{kind}: {digits(fmean(_over_exact(m, kind)))}" for kind in m.critics)
    return finished(
        figure,
        f"The same critic and data, four constraints. The gap at the end, in exact distances: {ends}.",
    )


def _map_figure(kind: str, m: Measured) -> Figure:
    side = [round(-LIMIT + 2 * LIMIT * k / (SIDE - 1), 3) for k in range(SIDE)]
    cells = m.critics[kind].steepness
    figure = axes("x", "y", height=400, showlegend=False)
    figure.add_heatmap(
        x=side, y=side, z=[[float(f"{cell:.3g}") for cell in row] for row in cells],
        colorscale="Viridis", zmin=0, colorbar={"title": {"text": "|∇f|"}, "thickness": 12},
        hovertemplate="(%{x:.2f}, %{y:.2f}): %{z:.2f}<extra></extra>",
    )  # fmt: skip
    real = ring()[:60]
    dots(figure, real[:, 0].tolist(), real[:, 1].tolist(), "real", "#ffffff", size=4)
    figure.update_yaxes(scaleanchor="x", range=[-LIMIT, LIMIT])
    figure.update_xaxes(range=[-LIMIT, LIMIT])
    titles = {
        NONE: "No constraint",
        SAMPLES: "Penalty at the samples only",
        CLIPPED: "Weights clipped at 0.1",
        BETWEEN: "Penalty between the samples",
    }
    low, high = min(map(min, cells)), max(map(max, cells))
    return finished(
        figure,
        f"{titles[kind]}: the critic's slope on a map, first seed, from {digits(low, 2)} to "
        f"{digits(high, 2)}. White: real samples. Each map has its own colour scale.",
    )


def _table(m: Measured) -> Table:
    rows = []
    for kind, value in m.critics.items():
        third, end = _gaps(value)
        numbers = (third, end, _over_exact(m, kind), value.at_samples, value.searched)
        rows.append((kind, *map(mean, numbers)))
    columns = (
        "constraint",
        "gap, a third of the way",
        "gap, end",
        "over exact EMD",
        "slope at samples",
        "steepest place",
    )
    return Table("At the end of training", columns, tuple(rows))
