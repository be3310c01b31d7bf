"""Question 3: freeze the generator, train a fresh discriminator, and see what still arrives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

import torch

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.digit_gradients import (
    CRITIC_RATE,
    PENALISED,
    PROBE,
    RATE,
    Digits,
    on_digits,
)
from ganscope.explain.experiments.fixed_generator import UNCONSTRAINED
from ganscope.explain.experiments.lines import BATCH as LINE_BATCH
from ganscope.explain.experiments.lines import DISTANCE, GRID, MEAN, STD, OnTheLine, on_the_line
from ganscope.explain.experiments.stages import (
    LATENT,
    STAGES,
    WIDTH,
    frozen,
)
from ganscope.explain.phrases import mean, moved, span, trend
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished, line
from ganscope.lipschitz import expected_slope
from ganscope.words.numerals import digits
from ganscope.words.spread import spread

LINE_STEPS, LONGER_LINE_STEPS = 1500, 5000
DIGIT_STEPS = {"cross-entropy": 1000, "least-squares": 300, "WGAN-GP": 300}
LONGER_DIGIT_STEPS = {"cross-entropy": 4000, "least-squares": 1000, "WGAN-GP": 1000}
COLOURS = {"minimax": ORANGE, "non-saturating": BLUE, "least-squares": GREEN, "wasserstein": PINK}
DECADES = 5.0
GONE = 0.01
"""A gradient below this share of its first value is called gone."""
PREDICTED = expected_slope(DISTANCE, PENALISED.weight)


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    lines: dict[str, OnTheLine]
    """"cross-entropy" and "WGAN-GP"."""
    digits: dict[str, Digits]
    """By generator loss."""


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Repeat figure 2 of both papers, on the line and on digits."""
    line_steps = LONGER_LINE_STEPS if full else LINE_STEPS
    digit_steps = LONGER_DIGIT_STEPS if full else DIGIT_STEPS
    stages_steps = max(STAGES.values())
    total = 2 * line_steps + stages_steps + 3 * sum(digit_steps.values())
    begun = 0

    def part(length: int, weight: int = 1) -> Progress:
        nonlocal begun
        start, begun = begun, begun + weight * length
        return lambda done, steps: progress(start + weight * done, total)

    kinds = {
        "cross-entropy": ("minimax", RATE, UNCONSTRAINED),
        "WGAN-GP": ("wasserstein", CRITIC_RATE, PENALISED),
    }
    lines = {
        kind: on_the_line(objective, seeds, line_steps, rate, constraint, part(line_steps))
        for kind, (objective, rate, constraint) in kinds.items()
    }
    report = part(stages_steps)
    at = frozen(seeds, lambda done: report(done, stages_steps))
    images: dict[str, Digits] = {}
    for kind, steps in digit_steps.items():
        images |= on_digits(kind, at, steps, part(steps, 3))
    return Measured(tuple(seeds), full, lines, images)


def answer(m: Measured) -> Answer:
    """Say what is left of the gradient under each loss, and which factor took the rest."""
    return Answer(
        number=3,
        question=QUESTIONS[3].asked,
        answer=_sentences(m),
        formulas=(
            "minimax:   dL/dx = −σ(s) · ds/dx;   as D wins, σ(s) → 0 faster than |ds/dx| grows",
            "non-saturating:   dL/dx = −(1 − σ(s)) · ds/dx → −ds/dx",
            "WGAN-GP at its optimum, between the distributions:   |df/dx| = 1 + W_{1}/(2λ) = 1 + "
            f"{DISTANCE:g}/{2 * PENALISED.weight:g} = {PREDICTED:g}",
        ),
        protocol=_protocol(m),
        figures=(_line_figure(m.lines), _factor_figure(m.lines["cross-entropy"]), _digits_figure(m)),
        tables=(_line_table(m.lines["cross-entropy"]), _digits_table(m)),
        mistakes=_mistakes(m),
        published=published(m),
        rows=_rows(m),
        seeds=m.seeds,
        full=m.full,
    )


def _over_first(per_seed: Sequence[Sequence[float]]) -> list[float]:
    return [seed[-1] / seed[0] for seed in per_seed]


def _moved(per_seed: Sequence[Sequence[float]]) -> str:
    return moved([seed[0] for seed in per_seed], [seed[-1] for seed in per_seed])


def _between(measured: OnTheLine) -> tuple[list[float], list[float]]:
    """Mean and coefficient of variation of the slope between the two means, per seed."""
    means = [fmean(seed) for seed in measured.between]
    return means, [stdev(seed) / middle for seed, middle in zip(measured.between, means, strict=True)]


def _sentences(m: Measured) -> str:
    measured = m.lines["cross-entropy"]
    minimax, slope = map(_over_first, (measured.minimax, measured.slope))
    means, _ = _between(m.lines["WGAN-GP"])
    early = {loss: trend(value.ratios("early")) for loss, value in m.digits.items()}
    starved = max(minimax) < GONE
    opening = (
        "almost nothing"
        if starved
        else "less and less"
        if max(minimax) < 0.5
        else "no less than before, here"
    )
    cause = (
        "what vanishes is the sigmoid's slope, not the discriminator's"
        if starved and min(slope) > 1
        else "here the sigmoid is not the only factor to blame"
        if starved
        else "here the sigmoid did not take the gradient away"
    )
    predicted = all(abs(value / PREDICTED - 1) < 0.05 for value in means)
    return (
        f"Under the minimax loss, {opening}: as a discriminator learns to separate two Gaussians, the "
        f"gradient at the fakes {trend(minimax)}, while the discriminator's own slope "
        f"{_moved(measured.slope)}; {cause}. Under the non-saturating loss the same gradient "
        f"{_moved(measured.non_saturating)}. On digits, in the weights of an early generator, the gradient "
        f"{early['minimax']} under minimax; it {early['non-saturating']} under the non-saturating loss, "
        f"{early['least-squares']} under least squares and {early['wasserstein']} under a Wasserstein "
        "critic. A WGAN-GP critic's slope between the two Gaussians "
        f"{'settles where theory puts it' if predicted else 'misses what theory predicts'}: {mean(means)}, "
        f"for {PREDICTED:g} on paper."
    )


def _protocol(m: Measured) -> str:
    steps = {loss: value.steps[-1] for loss, value in m.digits.items()}
    return (
        f"On the line: N(-{MEAN:g}, {STD}²) real, N({MEAN:g}, {STD}²) fake, discriminator 1-64-64-1, leaky "
        f"ReLU, batch {LINE_BATCH}, {m.lines['cross-entropy'].steps[-1]} steps of cross-entropy by Adam at "
        f"{RATE:g}, as many of WGAN-GP at {CRITIC_RATE:g} with λ = {PENALISED.weight:g}; medians over "
        f"{PROBE} fixed fakes. Digits of 8 x 8 pixels: generators {LATENT}-{WIDTH}-{WIDTH}-64 frozen after "
        f"{', '.join(map(str, STAGES.values()))} steps of recipe r1; fresh discriminators "
        f"64-{WIDTH}-{WIDTH}-{WIDTH}-1 without any regulariser, the same rates, {steps['minimax']} steps of "
        f"cross-entropy, {steps['least-squares']} of least squares and {steps['wasserstein']} of WGAN-GP; "
        f"norm of the gradient of the mean loss over {PROBE} fixed latents in all weights of the generator."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    measured = m.lines["cross-entropy"]
    return (
        "\"The discriminator's gradient vanishes.\" Measure the factors apart before changing anything: on "
        f"the line the discriminator's slope ds/dx {_moved(measured.slope)}, and its product with the "
        f"factor in front of it {trend(_over_first(measured.minimax))}.",
        "\"So the discriminator must be kept weak.\" With a loss that does not saturate, or with a critic, "
        "training it to the optimum does no harm; for a Wasserstein critic it is the aim.",
        "\"The gradient is large, so all is well.\" Without a Lipschitz constraint the non-saturating "
        "gradient grows with the discriminator's slope, and its noise grows too (question 4).",
        f"Expecting |df/dx| = 1 of WGAN-GP. The optimum of its loss is 1 + W1/(2λ): {PREDICTED:g} here, "
        f"{expected_slope(DISTANCE, 1.0):g} with λ = 1. An alarm at \"the norm is not 1\" would go off on "
        "the reference implementation.",
    )  # fmt: skip


def published(m: Measured) -> tuple[Published, ...]:
    """Judge both papers' figures, the worst seed deciding."""
    measured = m.lines["cross-entropy"]
    fallen = [-math.log10(ratio) if ratio else math.inf for ratio in _over_first(measured.minimax)]
    rose = _over_first(measured.slope)
    slope, variation = _between(m.lines["WGAN-GP"])
    early, kept = (
        [-math.log10(ratio) if ratio else math.inf for ratio in m.digits[loss].ratios("early")]
        for loss in ("minimax", "non-saturating")
    )
    steps = m.digits["minimax"].steps[-1]
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
                f"|ds/dx| rises; the critic's slope between the modes is within 5 % of {PREDICTED:g} and "
                "varies by less than 5 %."
            ),
            measured=(
                f"at least {min(fallen):.1f} decades, slope times {span(rose)}; critic's slope "
                f"{span(slope, 4)}, variation up to {100 * max(variation):.1f} %."
            ),
            reached=min(fallen) >= DECADES and min(rose) > 1
            and max(abs(value / PREDICTED - 1) for value in slope) < 0.05 and max(variation) < 0.05,
        ),
        Published(
            source="Arjovsky and Bottou 2017, figure 2",
            protocol=(
                "They freeze a DCGAN on images after 1, 10 and 25 epochs; ours is a perceptron that makes "
                f"digits, at three stages. Fresh discriminator, {steps} iterations; theirs, 4000."
            ),
            criterion=(
                f"The norm of the minimax gradient falls by {DECADES:g} decades in the best case (theirs: "
                "\"in the best case 5 orders of magnitude after 4000 discriminator iterations\") and by 3 "
                "in every seed of the early generator; that of the non-saturating loss falls by less than "
                "one."
            ),
            measured=(
                f"early generator: minimax {min(early):.1f} to {max(early):.1f} decades, non-saturating "
                f"{min(kept):.1f} to {max(kept):.1f} (negative: it rises)."
                + (
                    ""
                    if min(early) >= DECADES
                    else f" Not every seed fell by {DECADES:g}; the smallest fall was {min(early):.1f}."
                )
            ),
            reached=max(early) >= DECADES and min(early) >= 3 and max(kept) < 1,
        ),
    )  # fmt: skip


def _rows(m: Measured) -> tuple[Row, ...]:
    rows: list[Row] = []
    for kind, measured in m.lines.items():
        means, variation = _between(measured)
        for k, seed in enumerate(m.seeds):
            rows += [
                {"part": "line", "kind": kind, "seed": seed, "step": step, "slope": measured.slope[k][i],
                 "minimax": measured.minimax[k][i], "non-saturating": measured.non_saturating[k][i]}
                for i, step in enumerate(measured.steps)
            ]  # fmt: skip
            rows.append({"part": "between", "kind": kind, "seed": seed, "mean": means[k], "cv": variation[k]})
    rows += [
        {"part": "digits", "loss": loss, "stage": stage, "seed": seed, "step": step, "norm": value}
        for loss, images in m.digits.items()
        for stage, per_seed in images.norms.items()
        for seed, values in zip(m.seeds, per_seed, strict=True)
        for step, value in zip(images.steps, values, strict=True)
    ]
    return tuple(rows)


def _line_figure(lines: Mapping[str, OnTheLine]) -> Figure:
    right = {"overlaying": "y", "side": "right", "title": {"text": "f(x)", "standoff": 4}, "automargin": True}
    figure = axes("x", "D(x)", yaxis2=right | {"showgrid": False, "zeroline": False})
    for sign, name, colour in ((-1, "real", "#7F7F7F"), (1, "fake", "#c9ccd3")):
        shape = [math.exp(-((x - sign * MEAN) ** 2) / (2 * STD**2)) for x in GRID]
        line(figure, GRID, [0.8 * y for y in shape], name, colour, width=1.2, fill="tozeroy")
    curves = torch.tensor(lines["cross-entropy"].curve).sigmoid().tolist()
    band(figure, GRID, curves, "D(x), cross-entropy", ORANGE)
    critics = [[y - 0.5 * (max(values) + min(values)) for y in values] for values in lines["WGAN-GP"].curve]
    average = [fmean(column) for column in zip(*critics, strict=True)]
    line(figure, GRID, average, "f(x), WGAN-GP (right axis)", PINK, yaxis="y2")
    at_fakes = fmean(curve[GRID.index(MEAN)] for curve in curves)
    means, variation = _between(lines["WGAN-GP"])
    return finished(
        figure,
        "Figure 2 of the WGAN paper, mirrored. In the middle of the fakes the discriminator says "
        f"{digits(at_fakes, 2)} (mean over seeds). Between the two means the critic's slope is {mean(means)} "
        f"and varies by {100 * max(variation):.1f} % of that along the way at most.",
    )


def _factor_figure(measured: OnTheLine) -> Figure:
    figure = axes("discriminator step", "median over fakes", log_x=True, log_y=True)
    steps = [max(1, step) for step in measured.steps]
    band(figure, steps, measured.slope, "|ds/dx|, the discriminator's slope", GREEN, geometric=True)
    band(figure, steps, measured.non_saturating, "|dL/dx|, non-saturating", BLUE, geometric=True, dash="dash")
    band(figure, steps, measured.minimax, "|dL/dx|, minimax", ORANGE, geometric=True)
    return finished(
        figure,
        "The same discriminator as it trains (bands span the seeds; step 0 is drawn at 1). Its slope "
        f"{_moved(measured.slope)}; the minimax gradient, which has the sigmoid in front of that slope, "
        f"{trend(_over_first(measured.minimax))}. The non-saturating gradient is nearly the slope itself "
        "once the discriminator is sure.",
    )


def _gone_from(images: Digits, stage: str) -> str:
    """Say from which look on the geometric mean over seeds is below `GONE` of its first value."""
    columns = zip(*images.norms[stage], strict=True)
    levels = [fmean(math.log(max(value, 1e-300)) for value in column) for column in columns]
    below = [level < levels[0] + math.log(GONE) for level in levels]
    if not below[-1]:
        return f"not by step {images.steps[-1]}"
    return f"from step {images.steps[len(below) - below[::-1].index(False)]} on"


def _digits_figure(m: Measured) -> Figure:
    figure = axes(
        "discriminator step", "norm of the generator's gradient", log_x=True, log_y=True, height=430
    )
    dashes = dict(zip(STAGES, ("solid", "dash", "dot"), strict=True))
    for loss, images in m.digits.items():
        steps = [max(1, step) for step in images.steps]
        for stage, dash in dashes.items():
            chosen, name = images.norms[stage], f"{loss}, {stage}"
            if stage == "early":
                band(figure, steps, chosen, name, COLOURS[loss], geometric=True)
            else:
                means = [
                    math.exp(fmean(math.log(max(v, 1e-300)) for v in column))
                    for column in zip(*chosen, strict=True)
                ]
                line(figure, steps, means, name, COLOURS[loss], dash=dash, width=1.6)
    when = "; ".join(f"{stage}: {_gone_from(m.digits['minimax'], stage)}" for stage in STAGES)
    return finished(
        figure,
        "Arjovsky and Bottou's figure 2 on small digits, with three more losses. Solid: generator frozen "
        "early; dashed: half way; dotted: late. When the minimax gradient is below a hundredth of its first "
        f"value: {when}.",
    )


def _line_table(measured: OnTheLine) -> Table:
    last = measured.steps[-1]
    places = sorted(
        {
            min(range(len(measured.steps)), key=lambda i: abs(measured.steps[i] - s))
            for s in (0, 10, 100, last)
        }
    )
    columns = ("at fakes", *(f"step {measured.steps[i]}" for i in places))
    kinds = {"|ds/dx|": measured.slope, "|dL/dx|, minimax": measured.minimax,
             "|dL/dx|, non-saturating": measured.non_saturating}  # fmt: skip
    rows = tuple(
        (name, *(mean(seed[i] for seed in values) for i in places)) for name, values in kinds.items()
    )
    return Table("On the line: the factors as the discriminator trains", columns, rows)


def _digits_table(m: Measured) -> Table:
    rows = []
    for loss, images in m.digits.items():
        cells = []
        for stage in STAGES:
            ratio = spread(images.ratios(stage))
            cells.append(f"× {digits(ratio.mean, 2)}" if ratio else "–")
        rows.append((loss, str(images.steps[-1]), *cells))
    return Table(
        "On digits: norm of the generator's gradient at the end over that under the untrained discriminator",
        ("generator's loss", "steps of D", *STAGES),
        tuple(rows),
    )
