"""Question 5: the Earth Mover's Distance against distance and amount moved, and what a critic makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.divergences import Gaussian, generator_gradient
from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.known_distances import (
    BATCH,
    DISTANCES,
    HELD_OUT,
    PENALISED,
    RATE,
    WIDTH,
    Critics,
    critics,
)
from ganscope.explain.phrases import how_often, mean, span
from ganscope.figures.drawing import (
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    SKY,
    Figure,
    anchor,
    axes,
    band,
    dots,
    finished,
    line,
)
from ganscope.lipschitz import WassersteinBounds
from ganscope.metrics import emd
from ganscope.transport import transport_plan
from ganscope.words.numerals import digits

SHARES = (0.25, 0.5, 1.0)
STEPS, LONGER_STEPS = 600, 3000
POINTS = 12
LOSSES: Mapping[str, str] = {"minimax": "minimax, best D", "wasserstein": "Earth Mover's Distance"}
SHOWN = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
"""Distances of the table of slopes."""


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    steps: int
    moved: dict[float, list[float]]
    """Exact EMD by share of the mass, at `DISTANCES`."""
    slopes: dict[str, list[float]]
    """Slope of a loss for a generator N(d, 1) against N(0, 1), at `SHOWN`."""
    critics: Critics


def moved(share: float, distance: float) -> float:
    """Exact EMD after a share of the mass of one pile was carried over a distance.

    Example:
        >>> moved(0.25, 8.0)
        2.0
    """
    return emd([[0.0, 0.0], [distance, 0.0]], [[0.0, 0.0]], x_weights=[1 - share, share])


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Move piles exactly, and train critics at known distances."""
    steps = LONGER_STEPS if full else STEPS
    return Measured(
        seeds=tuple(seeds),
        full=full,
        steps=steps,
        moved={share: [moved(share, d) for d in DISTANCES] for share in SHARES},
        slopes={
            loss: [generator_gradient(loss, Gaussian(0, 1), Gaussian(d, 1)) for d in SHOWN] for loss in LOSSES
        },
        critics=critics(seeds, steps, progress),
    )


def answer(m: Measured) -> Answer:
    """Say that the distance keeps its slope, and what a critic says of it."""
    return Answer(
        number=5,
        question=QUESTIONS[5].asked,
        answer=_sentences(m),
        formulas=(
            "W_{1}(p, q) = min over plans γ of Σ_{ij} γ_{ij} |x_{i} − y_{j}|,   rows of γ sum to p, "
            "columns to q",
            "share m of the mass carried over distance d:   W_{1} = m d",
            "W_{1} = max { E f(real) − E f(fake) : |f(a) − f(b)| ≤ |a − b| };   "
            "certified: gap / max_{ij} |f(a_{i}) − f(a_{j})| / |a_{i} − a_{j}|",
        ),
        protocol=(
            "Exact values by the network simplex. Critics: N(0, 1) real and N((d, 0), 1) fake in the plane, "
            f"2-{WIDTH}-{WIDTH}-1, leaky ReLU, batch {BATCH}, {m.steps} steps of Adam {RATE:g}, gradient "
            f"penalty {PENALISED.weight:g}; the discriminator likewise with cross-entropy; judged on "
            f"{HELD_OUT} fresh points of each."
        ),
        figures=(_plan_figure(), _moved_figure(m.moved), _critic_figure(m)),
        tables=(_critic_table(m.critics), _slope_table(m.slopes)),
        mistakes=_mistakes(m),
        published=published(m),
        rows=tuple(_rows(m)),
        seeds=m.seeds,
        full=m.full,
    )


def _shares(m: Measured, of: Callable[[WassersteinBounds], float]) -> list[list[float]]:
    """A quantity over the exact distance, `[distance][seed]`, for the distances from 1 on."""
    rows = zip(DISTANCES, m.critics.bounds, strict=True)
    return [[of(b) / b.exact for b in per_seed] for distance, per_seed in rows if distance >= 1]


def _sentences(m: Measured) -> str:
    far = SHOWN[-1]
    js, w1 = (m.slopes[loss][-1] for loss in LOSSES)
    read = [fmean(column) for column in zip(*_shares(m, lambda b: b.gap), strict=True)]
    certified = [fmean(column) for column in zip(*_shares(m, lambda b: b.certified_lower), strict=True)]
    reading = "too high" if min(read) > 1.02 else "too low" if max(read) < 0.98 else "about right"
    below = (
        "which is below the truth, as it must be"
        if max(certified) <= 1
        else "which exceeds the truth: a fault"
    )
    return (
        "No. It is the amount of mass times the distance it has to be carried, so it grows in proportion to "
        f"either, and its slope does not fade: for two unit Gaussians at distance {far:g} it is "
        f"{digits(w1, 2)}, where the minimax loss with its best discriminator has {digits(js, 2)} left. A "
        f"critic only estimates it. With the usual gradient penalty the critics here read {reading}, "
        f"{mean(read)} times the exact distance from a distance of 1 on, and what their scores certify is "
        f"{mean(certified)} times it, {below}."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    equal = m.critics.bounds[0]
    return (
        "\"It is just another loss in [0, 1].\" It has the unit of the data and no upper bound.",
        "Comparing critics' losses between runs. Their scale is the critic's slope: with penalty weight λ "
        "the optimum reads W1 (1 + W1/(2λ)), with clipping any constant. Divide by the steepest pair, or "
        "compute the distance itself.",
        "Expecting 0 for equal distributions. Two finite samples of one distribution are some distance "
        f"apart, here {mean(b.exact for b in equal)} at d = 0; the column \"floor\" is what two halves of "
        "the real sample measure against each other.",
        "Expecting a useful gradient everywhere. The slope of the distance is 1; that of a critic is "
        "whatever training has made of it (question 6).",
        "Thinking of a single shift. Mass goes where it is missing: the plan in the first figure shows "
        "where, and this is why a missing mode is felt (question 4).",
    )  # fmt: skip


def published(m: Measured) -> tuple[Published, ...]:
    """Judge Arjovsky et al.'s example 1 and the certified bound."""
    exact = [value == distance for value, distance in zip(m.moved[1.0], DISTANCES, strict=True)]
    below = [
        all(per_seed[k].certified_lower <= per_seed[k].exact * (1 + 1e-12) for per_seed in m.critics.bounds)
        for k in range(len(m.seeds))
    ]
    far = [share for per_seed in _shares(m, lambda b: b.certified_lower) for share in per_seed]
    return (
        Published(
            source="Arjovsky, Chintala, Bottou 2017 (WGAN), example 1 and figure 1",
            protocol=(
                "Parallel lines at distance θ there, a pile moved by θ here: W1 = |θ|, JS = ln 2 for every "
                "θ but 0. The certified bound is not in the paper; it is ours, and rigorous for the two "
                "samples."
            ),
            criterion=(
                "The exact distance is |θ| to the last digit; no certified bound exceeds the exact distance; "
                "from a distance of 1 on it reaches at least half of it in every seed."
            ),
            measured=(
                f"|θ| exactly at {sum(exact)} of {len(exact)} distances; every bound below the exact "
                f"distance {how_often(below)}; share certified from distance 1 on: {span(far)}."
            ),
            reached=all(exact) and all(below) and min(far) >= 0.5,
        ),
    )


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {"part": "moved", "share": share, "distance": d, "emd": value}
        for share, values in m.moved.items()
        for d, value in zip(DISTANCES, values, strict=True)
    ]
    rows += [
        {"part": "critic", "distance": d, "seed": seed, **bounds._asdict(), "cross_entropy": below}
        for d, per_seed, others in zip(DISTANCES, m.critics.bounds, m.critics.cross_entropy, strict=True)
        for seed, bounds, below in zip(m.seeds, per_seed, others, strict=True)
    ]
    return rows


def _clouds() -> tuple[Tensor, Tensor]:
    """Twelve real points on a circle and twelve fakes beside it."""
    rng = torch.Generator().manual_seed(5)
    angles = torch.arange(POINTS) * (2 * math.pi / POINTS)
    real = torch.stack([2 * angles.cos(), 2 * angles.sin()], 1)
    return real, torch.randn(POINTS, 2, generator=rng) * 0.6 + torch.tensor([2.5, 0.5])


def _plan_figure() -> Figure:
    real, fake = _clouds()
    plan = transport_plan(fake.numpy(), real.numpy())
    figure = axes("x", "y", height=430)
    xs: list[float] = []
    ys: list[float] = []
    for i, j in zip(*plan.nonzero(), strict=True):
        xs += [float(fake[i, 0]), float(real[j, 0]), math.nan]
        ys += [float(fake[i, 1]), float(real[j, 1]), math.nan]
    line(figure, xs, ys, "the plan", "#9aa0ac", width=1.2)
    dots(figure, real[:, 0].tolist(), real[:, 1].tolist(), "real", BLUE, size=9)
    dots(figure, fake[:, 0].tolist(), fake[:, 1].tolist(), "fake", ORANGE, size=9)
    figure.update_yaxes(scaleanchor="x")
    return finished(
        figure,
        f"The plan itself: {POINTS} fake points, each sent to a different real one, so that the total way is "
        f"as short as possible. Its mean, {emd(fake, real):.2f}, is the Earth Mover's Distance.",
    )


def _moved_figure(values: Mapping[float, Sequence[float]]) -> Figure:
    figure = axes("distance carried", "exact EMD")
    for (share, distances), colour in zip(values.items(), (SKY, GREEN, BLUE), strict=True):
        line(figure, DISTANCES, distances, f"{share:.0%} of the mass", colour)
    line(figure, [0.0, 0.0, 8.0], [0.0, math.log(2), math.log(2)], "JS, all of the mass", ORANGE, dash="dash")
    return finished(
        figure,
        "One pile, part of which is carried away. The distance is the product of the amount and the way, a "
        "straight line in both. JS jumps to ln 2 at the first step and stays there.",
    )


def _critic_figure(m: Measured) -> Figure:
    figure = axes("true distance d", "value")
    columns = {
        "critic's own gap": (PINK, [[b.gap for b in row] for row in m.critics.bounds]),
        "exact EMD of the samples": (BLUE, [[b.exact for b in row] for row in m.critics.bounds]),
        "certified lower bound": (GREEN, [[b.certified_lower for b in row] for row in m.critics.bounds]),
        "2 ln 2 - cross-entropy of D": (ORANGE, m.critics.cross_entropy),
    }
    for name, (colour, values) in columns.items():
        band(figure, DISTANCES, [list(seed) for seed in zip(*values, strict=True)], name, colour)
    theory = [d * (1 + d / (2 * PENALISED.weight)) for d in DISTANCES]
    line(figure, DISTANCES, theory, "d (1 + d/2λ)", "#7F7F7F", dash="dot", width=1.4)
    anchor(figure, 2 * math.log(2), "2 ln 2")
    far, farther = (fmean(values) for values in m.critics.cross_entropy[-2:])
    last = fmean(b.gap for b in m.critics.bounds[-1])
    return finished(
        figure,
        f"Two clouds in the plane. From d = {DISTANCES[-2]:g} to {DISTANCES[-1]:g} what the discriminator's "
        f"loss says goes from {far:.2f} to {farther:.2f}, of at most 2 ln 2 = {2 * math.log(2):.2f}. The "
        f"critic's gap at d = {DISTANCES[-1]:g} is {last:.1f}; a critic at the optimum of its penalised loss "
        f"would read {theory[-1]:.1f}, d (1 + d/2λ) (dotted). The certified bound holds however well the "
        "critic was trained.",
    )


def _critic_table(values: Critics) -> Table:
    rows = [
        (
            f"{d:g}",
            *(mean(getattr(b, name) for b in per_seed) for name in WassersteinBounds._fields),
            mean(below),
        )
        for d, per_seed, below in zip(DISTANCES, values.bounds, values.cross_entropy, strict=True)
    ]
    columns = ("d", "critic's gap", "certified", "exact EMD", "floor", "2 ln 2 - BCE")
    return Table("What critics say at known distances", columns, tuple(rows))


def _slope_table(slopes: Mapping[str, Sequence[float]]) -> Table:
    return Table(
        "Slope for a generator N(d, 1) against N(0, 1)",
        ("loss", *(f"d = {d:g}" for d in SHOWN)),
        tuple((name, *(digits(value) for value in slopes[loss])) for loss, name in LOSSES.items()),
    )
