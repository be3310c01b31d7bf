"""Question 6: what a critic does without a bound on its slope, and with a bound at the samples only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganscope.data import DATASETS
from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.critics import moments, slopes_at, train
from ganscope.explain.experiments.perceptron import Draws, Stack
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, dots, finished, level
from ganscope.lipschitz import estimate
from ganscope.metrics import emd
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import spread

WIDTH, BATCH, HELD_OUT, FAKE_STD = 64, 128, 256, 0.5
SIDE = 41
KINDS: dict[str, dict[str, Any]] = {
    "none": {"steps": 1500},
    "at the samples": {"steps": 1000, "penalty": "gradient-penalty", "weight": 10.0, "where": "samples"},
    "clipped at 0.1": {"steps": 1500, "clip": 0.1},
    "between, WGAN-GP": {"steps": 1000, "penalty": "gradient-penalty", "weight": 10.0},
}
COLOURS = dict(zip(KINDS, (ORANGE, PINK, GREEN, BLUE), strict=True))
LIMIT = 3.0
"""Half the side of the map."""


class Trained(NamedTuple):
    """Critics of one kind as they train, between the ring and a blob in its middle."""

    steps: list[int]
    gap: list[list[float]]
    """On held-out points, `[seed][look]`."""
    at_samples: list[float]
    """Mean slope at held-out real and fake points at the end, per seed."""
    searched: list[float]
    """The largest slope that a search finds, per seed."""
    steepness: list[list[float]]
    """Slope on a grid, of the first seed, row by row."""


def trained(kind: str, seeds: Sequence[int], progress: Progress) -> Trained:
    """Train critics of one kind, one per seed as a stack.

    Args:
        kind: a key of `KINDS`.
        seeds: of weights, batches and held-out points.
        progress: of this training.
    """
    rows, draws, critics = ring(), Draws(seeds, salt=10), Stack((2, WIDTH, WIDTH, 1), seeds)
    real, fake = held_out(seeds)

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        return draws.rows(rows, BATCH), FAKE_STD * draws.normal(BATCH, 2), draws.uniform(BATCH, 1)

    options = dict(KINDS[kind])
    steps = options.pop("steps")
    looks, gaps = moments(steps, 16), []
    for done in train(critics, draw, steps, "wasserstein", **options):
        if done in looks:
            progress(done, steps)
            with torch.no_grad():
                gaps.append(critics.scores(real).mean(1) - critics.scores(fake).mean(1))
    both = torch.cat([real, fake], 1)
    slopes = slopes_at(critics, both).norm(dim=2).detach()
    side = torch.linspace(-LIMIT, LIMIT, SIDE)
    grid = torch.cartesian_prod(side, side).expand(len(seeds), -1, 2)
    steep = slopes_at(critics, grid).norm(dim=2).detach()[0].reshape(SIDE, SIDE).T
    return Trained(
        steps=looks,
        gap=torch.stack(gaps, 1).tolist(),
        at_samples=slopes.mean(1).tolist(),
        searched=[estimate(critics.one(k), both[k]).searched_slope for k in range(len(seeds))],
        steepness=steep.tolist(),
    )


def ring() -> Tensor:
    """Return the training rows of the ring, `[N, 2]`."""
    train = DATASETS["ring"]().train
    return train[torch.arange(len(train))]


def held_out(seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Real and fake points `[K, 256, 2]` to judge by."""
    draws = Draws(seeds, salt=11)
    return draws.rows(ring(), HELD_OUT), FAKE_STD * draws.normal(HELD_OUT, 2)


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:  # noqa: ARG001
    """Train the same critic under four constraints and map its slope."""
    total, begun, found = sum(k["steps"] for k in KINDS.values()), 0, {}
    for kind, options in KINDS.items():
        found[kind] = trained(kind, seeds, _part(progress, begun, total))
        begun += options["steps"]
    exact = [emd(real, fake) for real, fake in zip(*held_out(seeds), strict=True)]
    rows: list[Row] = [
        {"kind": kind, "seed": seed, "step": step, "gap": gap, "exact": truth}
        for kind, value in found.items()
        for seed, gaps, truth in zip(seeds, value.gap, exact, strict=True)
        for step, gap in zip(value.steps, gaps, strict=True)
    ]
    rows += [
        {"kind": kind, "seed": seed, "slope at samples": at, "largest slope found": searched}
        for kind, value in found.items()
        for seed, at, searched in zip(seeds, value.at_samples, value.searched, strict=True)
    ]
    return Answer(
        number=6,
        question=QUESTIONS[6].asked,
        answer=_in_two_sentences(found),
        formulas=(
            "gap(f) = E f(real) − E f(fake);   gap(c f) = c gap(f):   no bound on f, no largest gap",
            "|f(a) − f(b)| ≤ K |a − b| for all a, b   ⇒   gap(f) ≤ K W_{1}",
            "|f(a) − f(b)| ≤ ∫ |∇f| along the way from a to b:   the slope counts on the way, not at its "
            "ends",
        ),
        protocol=(
            f"Real: the ring of eight Gaussians, radius 2; fake: N(0, {FAKE_STD:g}²) in its middle. Critic "
            f"2-{WIDTH}-{WIDTH}-1, ReLU, batch {BATCH}, Adam 1e-3 (RMSProp under clipping), "
            + ", ".join(f"{kind}: {options['steps']} steps" for kind, options in KINDS.items())
            + f"; penalty (|∇f| - 1)², weight 10. Gaps on {HELD_OUT} held-out points of each. The search for "
            "the steepest place is ganscope.lipschitz.estimate."
        ),
        figures=(_gap_figure(found, exact), *(_map_figure(kind, found[kind]) for kind in KINDS)),
        tables=(_table(found, exact),),
        mistakes=(
            "\"A growing gap means that the critic learns.\" Without a bound it grows because the weights "
            "grow; the ranking of the points has been finished long before.",
            "Checking the slope at the samples and calling it the Lipschitz constant. It is one number of "
            "three: search the slope between them too, and bound it (the table has both of the first two).",
            "Penalising the norm over the whole batch, or per pixel: one norm per sample, over all its "
            "values. A linear critic of slope c must get (c - 1)² at every batch size.",
            "Believing that the penalty enforces the bound. It pulls at the points between this batch's "
            "pairs; where no pair ever looks, nothing holds, and at its optimum the slope is 1 + W1/(2λ).",
            "Taking clipping for a bound of 1. It bounds the slope by something that depends on width and "
            "depth; the gap is then W1 times an unknown constant (question 7).",
        ),
        published=(),
        rows=tuple(rows),
        seeds=tuple(seeds),
    )  # fmt: skip


def _in_two_sentences(found: Mapping[str, Trained]) -> str:
    free, at_samples, between = (fmean(found[kind].searched) for kind in KINDS if "clip" not in kind)
    used = (
        "the one penalised there alone used that freedom"
        if at_samples > 1.5 * between
        else "the one penalised there alone did not use that freedom here, small and smooth as it is"
    )
    return (
        "Because the gap between mean scores is a distance only among critics that rise by at most one per "
        "unit of the data: twice the critic has twice the gap, so without the bound training never ends and "
        f"the number means nothing (its steepest place: {free:,.0f}). And at every point, because the proof "
        "follows the whole way from a fake to a real sample, and nothing stops a critic that is tame at the "
        f"samples from climbing in between; {used} (steepest place {at_samples:.2f}, against {between:.2f} "
        "with the penalty in between)."
    )


def _part(progress: Progress, start: int, total: int) -> Progress:
    return lambda done, steps: progress(start + done, total)


def _gap_figure(found: Mapping[str, Trained], exact: Sequence[float]) -> Figure:
    figure = axes("critic step", "gap on held-out points", log_x=True, log_y=True)
    for kind, value in found.items():
        steps = [step for step in value.steps if step >= 10]
        gaps = [[max(gap, 1e-3) for gap in seed[-len(steps) :]] for seed in value.gap]
        band(figure, steps, gaps, kind, COLOURS[kind], geometric=True)
    mean = sum(exact) / len(exact)
    level(figure, mean, f"exact EMD, {mean:.2f}", above=False)
    return finished(
        figure,
        "The same critic, the same data, four constraints. Without one the gap grows as long as it is "
        "trained; with the penalty, at the samples only or in between, it stops near the exact distance; "
        "clipped it reads whatever the clipping allows.",
    )


def _map_figure(kind: str, value: Trained) -> Figure:
    side = [round(-LIMIT + 2 * LIMIT * k / (SIDE - 1), 3) for k in range(SIDE)]
    figure = axes("x", "y", height=400, showlegend=False)
    figure.add_heatmap(
        x=side, y=side, z=[[float(f"{cell:.3g}") for cell in row] for row in value.steepness],
        colorscale="Viridis", zmin=0, colorbar={"title": {"text": "|∇f|"}, "thickness": 12},
        hovertemplate="(%{x:.2f}, %{y:.2f}): %{z:.2f}<extra></extra>",
    )  # fmt: skip
    real = ring()[:60]
    dots(figure, real[:, 0].tolist(), real[:, 1].tolist(), "real", "#ffffff", size=4)
    figure.update_yaxes(scaleanchor="x", range=[-LIMIT, LIMIT])
    figure.update_xaxes(range=[-LIMIT, LIMIT])
    texts = {
        "none": "No constraint: slopes of thousands, and still growing.",
        "at the samples": "Penalty at the samples only: no slope is asked for in between; it stays near 1.",
        "clipped at 0.1": "Clipped at 0.1: the slope is what the clipped layers happen to allow.",
        "between, WGAN-GP": "Penalty between the samples: near 1 along the ways from the middle to the ring.",
    }
    return finished(figure, f"Map of slopes, first seed. {texts[kind]} White: real samples. Mind the scale.")


def _table(found: Mapping[str, Trained], exact: Sequence[float]) -> Table:
    rows = []
    for kind, value in found.items():
        half = [seed[_half_way(value.steps)] for seed in value.gap]
        last = [seed[-1] for seed in value.gap]
        cells = [
            plus_minus(spread(half)),
            plus_minus(spread(last)),
            plus_minus(spread([gap / truth for gap, truth in zip(last, exact, strict=True)])),
            plus_minus(spread(value.at_samples)),
            plus_minus(spread(value.searched)),
        ]
        rows.append((kind, *cells))
    columns = (
        "constraint",
        "gap, a third of the way",
        "gap, end",
        "over exact EMD",
        "slope at samples",
        "steepest place",
    )
    return Table("The end of training", columns, tuple(rows))


def _half_way(steps: Sequence[int]) -> int:
    return min(range(len(steps)), key=lambda index: abs(steps[index] - steps[-1] / 3))
