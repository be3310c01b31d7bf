"""Question 3: freeze the generator, train a fresh discriminator, and watch what still comes back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.critics import moments, slopes_at, train
from ganscope.explain.experiments.perceptron import Draws, Stack
from ganscope.explain.experiments.stages import (
    LATENT,
    PIXELS,
    STAGES,
    WIDTH,
    Frozen,
    fresh,
    frozen,
    generator_gradients,
    norms,
)
from ganscope.explain.experiments.stages import digits as real_digits
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished, line
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

LINE_MEAN, LINE_STD = 2.0, 0.5
BATCH, LINE_BATCH, PROBE = 128, 256, 512
LINE_STEPS, PENALTY_STEPS, PENALTY_WEIGHT, RATE = 1500, 1500, 10.0, 1e-2
DIGIT_STEPS = {"cross-entropy": 1000, "least-squares": 300, "WGAN-GP": 300}
OBJECTIVE_OF = {
    "minimax": "cross-entropy",
    "non-saturating": "cross-entropy",
    "least-squares": "least-squares",
    "wasserstein": "WGAN-GP",
}
"""Generator's loss -> the discriminator it is measured with."""
COLOURS = dict(zip(OBJECTIVE_OF, (ORANGE, BLUE, GREEN, PINK), strict=True))
DECADES = 5.0


class OnTheLine(NamedTuple):
    """A discriminator between two Gaussians on the line, as it trains: a row of numbers per look and seed."""

    steps: list[int]
    slope: list[list[float]]
    """Median |ds/dx| at fakes, `[seed][look]`."""
    minimax: list[list[float]]
    """Median |dL/dx| there."""
    non_saturating: list[list[float]]
    curve: list[list[float]]
    """Final D(x) = sigmoid(s(x)), or final f(x), on `GRID`."""
    between: list[tuple[float, float]]
    """Mean and coefficient of variation of |ds/dx| on [-2, 2], at the end."""


GRID = [round(-4 + 0.1 * k, 1) for k in range(81)]


def on_the_line(kind: str, seeds: Sequence[int], progress: Progress) -> OnTheLine:
    """Train a fresh discriminator between N(-2, 0.5²), real, and N(2, 0.5²), fake.

    Args:
        kind: "cross-entropy", or "WGAN-GP" for a critic.
        seeds: of weights and batches.
        progress: of this training.
    """
    wgan = kind == "WGAN-GP"
    critics, draws = Stack((1, 64, 64, 1), seeds), Draws(seeds, salt=2)
    probe = LINE_MEAN + LINE_STD * Draws(seeds, salt=3).normal(PROBE, 1)

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        real, fake = (sign * LINE_MEAN + LINE_STD * draws.normal(LINE_BATCH, 1) for sign in (-1, 1))
        return real, fake, draws.uniform(LINE_BATCH, 1)

    steps = PENALTY_STEPS if wgan else LINE_STEPS
    looks = moments(steps, 20)
    found: dict[str, list[Tensor]] = {"slope": [], "minimax": [], "non_saturating": []}
    options = {"penalty": "gradient-penalty", "weight": PENALTY_WEIGHT} if wgan else {"rate": RATE}
    objective = "wasserstein" if wgan else "minimax"
    for done in train(critics, draw, steps, objective, **options):
        if done in looks:
            progress(done, steps)
            slopes = slopes_at(critics, probe).abs().squeeze(2).double()
            s = critics.scores(probe).double()
            found["slope"].append(slopes.median(1).values)
            found["minimax"].append((slopes * s.sigmoid()).median(1).values)
            found["non_saturating"].append((slopes * (-s).sigmoid()).median(1).values)
    grid = torch.tensor(GRID)[None, :, None].expand(len(seeds), -1, 1)
    scores = critics.scores(grid)
    inner = torch.linspace(-LINE_MEAN, LINE_MEAN, 401)[None, :, None].expand(len(seeds), -1, 1)
    steep = slopes_at(critics, inner).abs().squeeze(2)
    return OnTheLine(
        steps=looks,
        **{name: torch.stack(values, 1).tolist() for name, values in found.items()},
        curve=(scores if wgan else scores.sigmoid()).tolist(),
        between=[(float(v.mean()), float(v.std() / v.mean())) for v in steep.detach()],
    )


def on_digits(kind: str, at: Frozen, progress: Progress) -> tuple[list[int], dict[str, Tensor]]:
    """Train fresh discriminators against frozen generators, and measure the gradient in the latter's weights.

    Args:
        kind: a key of `DIGIT_STEPS`.
        at: the generators.
        progress: of this training.

    Returns:
        Steps of the looks, and per generator loss the norms `[K, look]`.
    """
    rows, draws = real_digits(), Draws(at.seeds, salt=4)
    critics = fresh(at.seeds)
    latents = Draws(at.seeds, salt=5).normal(PROBE, LATENT)

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            fake = at.generators(draws.normal(BATCH, LATENT))
        return draws.rows(rows, BATCH), fake, draws.uniform(BATCH, 1)

    steps = DIGIT_STEPS[kind]
    looks = moments(steps, 20)
    losses = [loss for loss, trained in OBJECTIVE_OF.items() if trained == kind]
    found: dict[str, list[Tensor]] = {loss: [] for loss in losses}
    wgan = {"penalty": "gradient-penalty", "weight": PENALTY_WEIGHT}
    options = wgan if kind == "WGAN-GP" else {"rate": RATE}
    for done in train(critics, draw, steps, losses[0], **options):
        if done in looks:
            progress(done, steps)
            for loss in losses:
                found[loss].append(norms(generator_gradients(at.generators, critics, loss, latents)))
    return looks, {loss: torch.stack(values, 1) for loss, values in found.items()}


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:  # noqa: ARG001
    """Repeat figure 2 of both papers, on the line and on digits."""
    shares = {"line": 3, "line GP": 3, "stages": 2, "cross-entropy": 5, "least-squares": 2, "WGAN-GP": 2}
    begun = dict(zip(shares, _running(list(shares.values())), strict=True))
    total = 100 * sum(shares.values())

    def part(name: str) -> Progress:
        return lambda done, steps: progress(100 * begun[name] + 100 * shares[name] * done // steps, total)

    lines = {
        "cross-entropy": on_the_line("cross-entropy", seeds, part("line")),
        "WGAN-GP": on_the_line("WGAN-GP", seeds, part("line GP")),
    }
    at = frozen(seeds, lambda done: part("stages")(done, max(STAGES.values())))
    images: dict[str, tuple[list[int], Tensor]] = {}
    for kind in DIGIT_STEPS:
        looks, found = on_digits(kind, at, part(kind))
        images |= {loss: (looks, values) for loss, values in found.items()}
    rows = _rows(seeds, lines, at, images)
    return Answer(
        number=3,
        question=QUESTIONS[3].asked,
        answer=(
            "Under the minimax loss almost nothing: the surer the discriminator, the smaller the gradient, "
            "by more than five decades for two Gaussians, although the discriminator itself becomes a "
            "hundred times steeper, for it is the sigmoid in front of it that vanishes. Under the "
            "non-saturating loss, least squares or a Wasserstein critic the same generator keeps receiving "
            "a gradient, and the critic's even comes to rest on a slope that is known beforehand."
        ),
        formulas=(
            "minimax:   dL/dx = −σ(s) · ds/dx;   as D wins, σ(s) → 0 faster than |ds/dx| grows",
            "non-saturating:   dL/dx = −(1 − σ(s)) · ds/dx → −ds/dx",
            "WGAN-GP at its optimum, between the distributions:   |df/dx| = 1 + W_{1}/(2λ) = 1 + 4/20 = 1.2",
        ),
        protocol=(
            "On the line: N(-2, 0.5²) real, N(2, 0.5²) fake, discriminator 1-64-64-1, ReLU, batch "
            f"{LINE_BATCH}, {LINE_STEPS} steps of cross-entropy by Adam at {RATE:g}, {PENALTY_STEPS} of "
            f"WGAN-GP at 1e-3 with λ = {PENALTY_WEIGHT:g}; medians over {PROBE} fixed fakes. Digits of 8 x "
            f"8 pixels: generators {LATENT}-{WIDTH}-{WIDTH}-{PIXELS} frozen after "
            f"{', '.join(map(str, STAGES.values()))} steps of non-saturating training with R1; fresh "
            f"discriminators {PIXELS}-{WIDTH}-{WIDTH}-{WIDTH}-1 without any regulariser, the same rates, "
            f"{DIGIT_STEPS['cross-entropy']} steps of cross-entropy; norm of the gradient of the mean loss "
            f"over {PROBE} fixed latents in all weights of the generator."
        ),
        figures=(_line_figure(lines), _factor_figure(lines["cross-entropy"]), _digits_figure(at, images)),
        tables=(_line_table(lines["cross-entropy"]), _digits_table(at, images)),
        mistakes=(
            "\"The discriminator's gradient vanishes.\" Its slope ds/dx grows here a hundredfold; "
            "what vanishes is the factor in front of it. Measure the factors apart before changing "
            "anything.",
            "\"So the discriminator must be kept weak.\" With a loss that does not saturate, or a critic, "
            "training it to the optimum is no harm; for a Wasserstein critic it is the very aim.",
            "\"The gradient is large, so all is well.\" Without a Lipschitz constraint the non-saturating "
            "gradient grows with the critic's slope and becomes noise (question 4).",
            "Expecting |df/dx| = 1 of WGAN-GP. The optimum of its loss is 1 + W1/(2λ): 1.2 here, 3 with λ "
            "= 1. An alarm at \"norm is not 1\" would go off on the reference implementation.",
        ),
        published=published(rows),
        rows=rows,
        seeds=tuple(seeds),
    )  # fmt: skip


def published(rows: Sequence[Row]) -> tuple[Published, ...]:
    """Judge both papers' figures by the data alone, the worst seed deciding."""
    fallen, rose = [], []
    for seed in {row["seed"] for row in rows if row["part"] == "line" and row["kind"] == "cross-entropy"}:
        of = [r for r in rows if r["part"] == "line" and r["kind"] == "cross-entropy" and r["seed"] == seed]
        first, last = of[0], of[-1]
        fallen.append(math.log10(float(first["minimax"]) / float(last["minimax"])))
        rose.append(float(last["slope"]) / float(first["slope"]))
    gp = [row for row in rows if row["part"] == "between" and row["kind"] == "WGAN-GP"]
    slope, cv = ([float(row[key]) for row in gp] for key in ("mean", "cv"))
    early = _decades(rows, "minimax", "early")
    kept = _decades(rows, "non-saturating", "early")
    return (
        Published(
            source="Arjovsky, Chintala, Bottou 2017 (WGAN), figure 2",
            protocol=(
                "Two Gaussians on the line, discriminator and critic trained to optimality. Means, widths "
                "and networks were not published; ours are above, and the critic has a gradient penalty "
                "where the paper clips."
            ),
            criterion=(
                f"In every seed the minimax gradient at fakes falls by at least {DECADES:g} decades while "
                "|ds/dx| rises; the critic's slope between the modes is within 5 % of 1.2 and varies by "
                "less than 5 %."
            ),
            measured=(
                f"at least {min(fallen):.1f} decades, slope times {min(rose):.0f} to {max(rose):.0f}; "
                f"critic's slope {min(slope):.3f} to {max(slope):.3f}, variation up to {100 * max(cv):.1f} "
                "%."
            ),
            reached=(
                min(fallen) >= DECADES and min(rose) > 1
                and max(abs(value / 1.2 - 1) for value in slope) < 0.05 and max(cv) < 0.05
            ),
        ),
        Published(
            source="Arjovsky and Bottou 2017, figure 2",
            protocol=(
                "They freeze a DCGAN on images after 1, 10 and 25 epochs; ours is a perceptron that makes "
                f"digits, at three stages. Fresh discriminator, {DIGIT_STEPS['cross-entropy']} iterations "
                "where they take 4000."
            ),
            criterion=(
                f"The norm of the minimax gradient falls by {DECADES:g} decades in the best case (theirs: "
                "\"in the best case 5 orders of magnitude after 4000 discriminator iterations\") and by 3 "
                "in every seed of the early generator, where that of the non-saturating one does not fall "
                "by even one."
            ),
            measured=(
                f"early generator: minimax {min(early):.1f} to {max(early):.1f} decades, non-saturating "
                f"{min(kept):.1f} to {max(kept):.1f} (negative: it rises). Asked for {DECADES:g} in every "
                f"seed it would {'hold' if min(early) >= DECADES else 'fail'}."
            ),
            reached=max(early) >= DECADES and min(early) >= 3 and max(kept) < 1,
        ),
    )  # fmt: skip


def _decades(rows: Sequence[Row], loss: str, stage: str) -> list[float]:
    """By how many decades the norm fell from the untrained discriminator to the end, per seed."""
    chosen = [r for r in rows if r["part"] == "digits" and r["loss"] == loss and r["stage"] == stage]
    fallen = []
    for seed in sorted({row["seed"] for row in chosen}):
        values = [float(row["norm"]) for row in chosen if row["seed"] == seed]
        fallen.append(math.log10(values[0] / values[-1]))
    return fallen


def _rows(
    seeds: Sequence[int],
    lines: Mapping[str, OnTheLine],
    at: Frozen,
    images: Mapping[str, tuple[list[int], Tensor]],
) -> tuple[Row, ...]:
    rows: list[Row] = []
    for kind, found in lines.items():
        for k, seed in enumerate(seeds):
            rows += [
                {"part": "line", "kind": kind, "seed": seed, "step": step, "slope": found.slope[k][i],
                 "minimax": found.minimax[k][i], "non-saturating": found.non_saturating[k][i]}
                for i, step in enumerate(found.steps)
            ]  # fmt: skip
            mean, cv = found.between[k]
            rows.append({"part": "between", "kind": kind, "seed": seed, "mean": mean, "cv": cv})
    rows += [
        {
            "part": "digits",
            "loss": loss,
            "stage": at.names[k],
            "seed": at.seeds[k],
            "step": step,
            "norm": value,
        }
        for loss, (looks, values) in images.items()
        for k in range(len(at.names))
        for step, value in zip(looks, values[k].tolist(), strict=True)
    ]
    return tuple(rows)


def _line_figure(lines: Mapping[str, OnTheLine]) -> Figure:
    right = {"overlaying": "y", "side": "right", "title": {"text": "f(x)", "standoff": 4}, "automargin": True}
    figure = axes("x", "D(x)", yaxis2=right | {"showgrid": False, "zeroline": False})
    for sign, name, colour in ((-1, "real", "#7F7F7F"), (1, "fake", "#c9ccd3")):
        shape = [math.exp(-((x - sign * LINE_MEAN) ** 2) / (2 * LINE_STD**2)) for x in GRID]
        line(figure, GRID, [0.8 * y for y in shape], name, colour, width=1.2, fill="tozeroy")
    band(figure, GRID, lines["cross-entropy"].curve, "D(x), cross-entropy", ORANGE)
    critics = [[y - _middle(values) for y in values] for values in lines["WGAN-GP"].curve]
    mean = [math.fsum(column) / len(critics) for column in zip(*critics, strict=True)]
    line(figure, GRID, mean, "f(x), WGAN-GP (right axis)", PINK, yaxis="y2")
    return finished(
        figure,
        "WGAN figure 2, with a mirrored pair of Gaussians. The discriminator is a step: at the fakes it is "
        "flat at 0, and so is its gradient. The critic is a straight line between the two, with the same "
        "slope everywhere.",
    )


def _factor_figure(found: OnTheLine) -> Figure:
    figure = axes("discriminator step", "median over fakes", log_x=True, log_y=True)
    steps = [max(1, step) for step in found.steps]
    band(figure, steps, found.slope, "|ds/dx|, the discriminator's slope", GREEN, geometric=True)
    band(figure, steps, found.non_saturating, "|dL/dx|, non-saturating", BLUE, geometric=True, dash="dash")
    band(figure, steps, found.minimax, "|dL/dx|, minimax", ORANGE, geometric=True)
    return finished(
        figure,
        "The same discriminator as it trains (bands span the seeds; step 0 is drawn at 1). Its slope "
        "grows; the minimax gradient dies of the sigmoid in front of it; the non-saturating gradient is "
        "the slope itself.",
    )


def _digits_figure(at: Frozen, images: Mapping[str, tuple[list[int], Tensor]]) -> Figure:
    figure = axes(
        "discriminator step", "norm of the generator's gradient", log_x=True, log_y=True, height=430
    )
    dashes = dict(zip(STAGES, ("solid", "dash", "dot"), strict=True))
    for loss, (looks, values) in images.items():
        for stage, dash in dashes.items():
            chosen = [values[k].tolist() for k in range(len(at.names)) if at.names[k] == stage]
            steps = [max(1, step) for step in looks]
            name = f"{loss}, {stage}"
            if stage == "early":
                band(figure, steps, chosen, name, COLOURS[loss], geometric=True)
            else:
                means = [
                    math.exp(math.fsum(math.log(max(v, 1e-300)) for v in column) / len(column))
                    for column in zip(*chosen, strict=True)
                ]
                line(figure, steps, means, name, COLOURS[loss], dash=dash, width=1.6)
    return finished(
        figure,
        "Arjovsky and Bottou's figure 2 on small digits, with three more losses. Solid: generator frozen "
        "early; dashed: half way; dotted: late. The further a generator has come, the longer a fresh "
        "discriminator needs to be sure of its samples: early the minimax gradient is gone after some "
        "hundred steps, late it has not begun to fall when the others end.",
    )


def _line_table(found: OnTheLine) -> Table:
    places = [
        0,
        *(min(range(len(found.steps)), key=lambda i: abs(found.steps[i] - s)) for s in (100, 1000, 5000)),
    ]
    columns = ("at fakes", *(f"step {found.steps[i]}" for i in places))
    kinds = {"|ds/dx|": found.slope, "|dL/dx|, minimax": found.minimax,
             "|dL/dx|, non-saturating": found.non_saturating}  # fmt: skip
    rows = tuple(
        (name, *(plus_minus(spread([seed[i] for seed in values])) for i in places))
        for name, values in kinds.items()
    )
    return Table("On the line: the factors as the discriminator trains", columns, rows)


def _digits_table(at: Frozen, images: Mapping[str, tuple[list[int], Tensor]]) -> Table:
    rows = []
    for loss, (looks, values) in images.items():
        cells = []
        for stage in STAGES:
            chosen = [values[k].tolist() for k in range(len(at.names)) if at.names[k] == stage]
            ratio = spread([seed[-1] / seed[0] for seed in chosen])
            cells.append(f"× {digits(ratio.mean, 2)}" if ratio else "–")
        rows.append((loss, str(looks[-1]), *cells))
    return Table(
        "On digits: norm of the generator's gradient at the end over that under the untrained discriminator",
        ("generator's loss", "steps of D", *STAGES),
        tuple(rows),
    )


def _running(values: Sequence[int]) -> list[int]:
    return [sum(values[:index]) for index in range(len(values))]


def _middle(values: Sequence[float]) -> float:
    return 0.5 * (max(values) + min(values))
