"""Question 4: the flipped label, the noise of its gradient, what Adam hides, and what stays broken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from ganscope.divergences import Gaussian, Mixture, generator_gradient
from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments import adam_updates
from ganscope.explain.experiments.adam_updates import EXPONENTS, Updates
from ganscope.explain.experiments.gradient_noise import MINIBATCHES, SMALL, Noise, noise
from ganscope.explain.experiments.stages import D_DEPTH, LATENT, STAGES, WIDTH, frozen
from ganscope.explain.phrases import mean, pick, span, trend
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, anchor, axes, band, finished, line
from ganscope.words.numerals import digits

STEPS, LONGER_STEPS = 600, 3000
LOSSES = {"non-saturating": BLUE, "minimax": ORANGE}
SIGNALS = (1.0, 0.1, 0.01)
"""Norms of the fixed direction that Adam is fed, in norms of one step's noise."""
DISTANCES = [round(0.1 * k, 1) for k in range(81)]
TWO_MODES, ONE_MODE = Mixture([Gaussian(-3, 0.5), Gaussian(3, 0.5)], [0.5, 0.5]), Gaussian(3, 0.5)


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    noise: dict[str, Noise]
    """By loss."""
    adam: dict[float, list[Updates]]
    """By norm of the signal, one entry per seed."""
    slopes: dict[str, list[float]]
    """By name, at `DISTANCES`; see `theorem`."""
    one_mode: dict[str, float]
    """By loss; see `on_one_mode`."""


def on_one_mode() -> dict[str, float]:
    """Gradient of a generator N(3, 0.5²) that sits on one of two equal modes, by loss, D at its optimum.

    Example:
        >>> slopes = on_one_mode()
        >>> abs(slopes["non-saturating"]) < 1e-6, round(slopes["wasserstein"], 6)
        (True, 1.0)
    """
    return {loss: generator_gradient(loss, TWO_MODES, ONE_MODE) for loss in (*LOSSES, "wasserstein")}


def theorem(distances: Sequence[float]) -> dict[str, list[float]]:
    """Slopes of the losses between N(0, 1) and N(θ, 1), and the two the non-saturating one is made of."""
    slopes: dict[str, list[float]] = {
        "minimax": [],
        "non-saturating": [],
        "KL(fake || real)": [],
        "-2 JS": [],
    }
    for distance in distances:
        pair = Gaussian(0, 1), Gaussian(distance, 1)
        minimax = generator_gradient("minimax", *pair)
        slopes["minimax"].append(minimax)
        slopes["non-saturating"].append(generator_gradient("non-saturating", *pair))
        slopes["KL(fake || real)"].append(generator_gradient("f-reverse-kl", *pair))
        slopes["-2 JS"].append(-minimax)
    return slopes


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Measure signal and noise of both losses, what Adam makes of them, and the theorem behind."""
    total, steps = 100, LONGER_STEPS if full else STEPS
    at = frozen(seeds, lambda done: progress(30 * done // max(STAGES.values()), total))
    measured = noise(at, tuple(LOSSES), steps, lambda done, of: progress(30 + 60 * done // of, total))
    adam = {signal: [adam_updates.adam_updates(signal, seed) for seed in seeds] for signal in SIGNALS}
    return Measured(tuple(seeds), full, measured, adam, theorem(DISTANCES), on_one_mode())


def answer(m: Measured) -> Answer:
    """Say what the flip repairs and what it leaves."""
    return Answer(
        number=4,
        question=QUESTIONS[4].asked,
        answer=_sentences(m),
        formulas=(
            "flipped:   L = −log D(G(z)),   dL/ds = −(1 − D);   minimax:   dL/ds = −D",
            "D at its optimum:   E ∇(−log D) = ∇ [ KL(fake || real) − 2 JS(real, fake) ]",
            "Adam:   update = rate · m̂ / (√v̂ + ε): the same for g and 1000 g as long as |g| ≫ ε = 10^{−8}",
        ),
        protocol=(
            f"Generators of digits, {LATENT}-{WIDTH}-{WIDTH}-64, frozen after "
            f"{', '.join(map(str, STAGES.values()))} steps, as in question 3; fresh discriminators with "
            f"{D_DEPTH} hidden layers of {WIDTH} units for {_steps(m)[-1]} steps of Adam; at each look the "
            f"generator's gradient on {MINIBATCHES} minibatches of {SMALL} latents. Adam: "
            f"{adam_updates.UPDATES} updates of {adam_updates.WEIGHTS} weights at rate "
            f"{adam_updates.RATE:g}, from a fixed direction of norm {', '.join(f'{s:g}' for s in SIGNALS)} "
            "plus noise of norm 1, everything scaled by powers of ten. Theorem: quadrature on N(0, 1) and "
            "N(θ, 1)."
        ),
        figures=(_noise_figure(m.noise), _adam_figure(m.adam), _theorem_figure(m.slopes)),
        tables=(_noise_table(m), _mode_table(m.one_mode)),
        mistakes=_mistakes(m),
        published=published(m),
        rows=tuple(_rows(m)),
        seeds=m.seeds,
        full=m.full,
    )


def _steps(m: Measured) -> list[int]:
    return m.noise["minimax"].steps


def _ratios(values: Mapping[str, list[list[float]]], stage: str) -> list[float]:
    """Last value over that at the second look, discriminator step 10, per seed."""
    return [seed[-1] / seed[1] if seed[1] else 0.0 for seed in values[stage]]


def _noise_over_signal(gradients: Noise, stage: str) -> list[float]:
    pairs = zip(gradients.variance[stage], gradients.signal[stage], strict=True)
    return [math.sqrt(scatter[-1]) / max(signal[-1], 1e-300) for scatter, signal in pairs]


def _hidden(adam: Mapping[float, Sequence[Updates]]) -> tuple[float, int]:
    """Largest change of Adam's update before it halves, and over how many decades of the gradient."""
    sizes = [[fmean(u.size[e] for u in per_seed) for e in EXPONENTS] for per_seed in adam.values()]
    kept = min(max(e for e in EXPONENTS if size[e] >= 0.5 * size[0]) for size in sizes)
    return max(size[0] / min(size[: kept + 1]) for size in sizes), kept


def _sentences(m: Measured) -> str:
    flipped, minimax = m.noise["non-saturating"], m.noise["minimax"]
    signal, lost = _ratios(flipped.signal, "early"), _ratios(minimax.signal, "early")
    survives = pick(signal, lost, "survives", "does not always survive", "does not survive")
    _, decades = _hidden(m.adam)
    first, last = _steps(m)[1], _steps(m)[-1]
    return (
        "With the labels flipped the generator descends -log D. Its factor 1 - D is largest where the "
        f"discriminator is sure of a fake, so the signal {survives} a good discriminator: from "
        f"discriminator step {first} to {last} the mean gradient of an early generator {trend(signal)}, "
        f"where the minimax one {trend(lost)}. Three things are not repaired. The variance of the gradient "
        f"{trend(_ratios(flipped.variance, 'early'))}. What is descended, the reverse KL minus twice JS, "
        "barely notices when a mode is missing: a generator that sits on one of two modes gets a gradient "
        f"of {digits(abs(m.one_mode['non-saturating']), 1)}, where the Wasserstein distance pulls with "
        f"{digits(abs(m.one_mode['wasserstein']), 1)}. And Adam hides the size of the gradient: its updates "
        f"stay within a factor of 2 while the gradient shrinks by {decades} decades."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    factor, decades = _hidden(m.adam)
    over = _noise_over_signal(m.noise["non-saturating"], "early")
    cosines = {signal: fmean(u.along[0] for u in per_seed) for signal, per_seed in m.adam.items()}
    listed = ", ".join(f"{cosine:.2f} for a signal of {s:g}" for s, cosine in cosines.items())
    return (
        "\"The flip is only a trick of signs.\" Minus the discriminator's loss is the minimax loss and "
        "vanishes; exchanging the labels changes the factor from D to 1 - D. Both have the same fixed point, "
        "but not the same gradient on the way there.",
        "Watching the size of Adam's updates for a vanishing gradient. Here it changed by a factor of "
        f"{factor:.2g} while the gradient shrank by {decades} decades. Look at the gradient itself, or at "
        f"the cosine between the updates and the mean gradient ({listed}, in units of the noise).",
        f"Calling a large gradient a good one. Part of it is the noise of the minibatch: {span(over)} times "
        "the signal at the end, for an early generator under the non-saturating loss, and its variance "
        f"{trend(_ratios(m.noise['non-saturating'].variance, 'early'))}.",
        "Expecting it to bring missing modes back. A generator that covers one of two modes perfectly gets "
        f"a gradient of {digits(abs(m.one_mode['minimax']), 1)} or "
        f"{digits(abs(m.one_mode['non-saturating']), 1)} from the two losses (table); the Wasserstein "
        "distance pulls with its full slope.",
        "Flipping and smoothing at once, with a sigmoid and BCELoss: in float32 the flipped loss then "
        "saturates for very negative logits (question 1).",
    )  # fmt: skip


def published(m: Measured) -> tuple[Published, ...]:
    """Judge figure 3 of Arjovsky and Bottou: the stages that are not late, the worst seed."""
    gradients, stages = m.noise["non-saturating"], [stage for stage in STAGES if stage != "late"]
    larger = [ratio for stage in stages for ratio in _ratios(gradients.signal, stage)]
    noisier = [ratio for stage in stages for ratio in _ratios(gradients.variance, stage)]
    return (
        Published(
            source="Arjovsky and Bottou 2017, figure 3",
            protocol=(
                "Theirs is the frozen DCGAN of figure 2 under -log D; ours are perceptrons on digits. "
                "They draw the norms' spread; we measure the variance over minibatches."
            ),
            criterion=(
                "For generators frozen early and half way, every seed: from discriminator step 10 to the "
                "last the norm of the mean gradient grows and its variance grows at least tenfold."
            ),
            measured=f"norm times {span(larger)}, variance times {span(noisier)}.",
            reached=min(larger) > 1 and min(noisier) >= 10,
        ),
    )


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {"part": "noise", "loss": loss, "stage": stage, "seed": seed, "step": step,
         "signal": gradients.signal[stage][k][i], "variance": gradients.variance[stage][k][i]}
        for loss, gradients in m.noise.items()
        for stage in STAGES
        for k, seed in enumerate(m.seeds)
        for i, step in enumerate(gradients.steps)
    ]  # fmt: skip
    rows += [
        {"part": "Adam", "signal": signal, "seed": seed, "exponent": e, "update": u, "cosine": c}
        for signal, per_seed in m.adam.items()
        for seed, updates in zip(m.seeds, per_seed, strict=True)
        for e, u, c in zip(EXPONENTS, *updates, strict=True)
    ]
    rows += [
        {"part": "theorem", "loss": name, "distance": d, "slope": value}
        for name, values in m.slopes.items()
        for d, value in zip(DISTANCES, values, strict=True)
    ]
    return rows


def _noise_figure(measured: Mapping[str, Noise]) -> Figure:
    figure = axes("discriminator step", "norm of the generator's gradient", log_x=True, log_y=True)
    for loss, colour in LOSSES.items():
        gradients = measured[loss]
        steps = [max(1, step) for step in gradients.steps]
        scatter = [[math.sqrt(value) for value in seed] for seed in gradients.variance["early"]]
        band(figure, steps, gradients.signal["early"], f"{loss}: mean", colour, geometric=True)
        band(figure, steps, scatter, f"{loss}: noise of a minibatch", colour, geometric=True, dash="dot")
    flipped = measured["non-saturating"]
    return finished(
        figure,
        f"Generator frozen early. Solid: norm of the mean gradient; dotted: root mean square distance of a "
        f"minibatch of {SMALL} from it. From step {flipped.steps[1]} on, the signal under the flipped loss "
        f"{trend(_ratios(flipped.signal, 'early'))} and its variance "
        f"{trend(_ratios(flipped.variance, 'early'))}.",
    )


def _adam_figure(adam: Mapping[float, Sequence[Updates]]) -> Figure:
    figure = axes("size of the gradient (noise of one step)", "norm of Adam's update", log_x=True, log_y=True)
    sizes = [10.0**-e for e in EXPONENTS]
    for (signal, per_seed), colour in zip(adam.items(), (GREEN, BLUE, PINK), strict=True):
        cosine = fmean(updates.along[0] for updates in per_seed)
        name = f"signal {signal:g} of the noise: cosine {cosine:.2f}"
        band(figure, sizes, [updates.size for updates in per_seed], name, colour, geometric=True)
    most = adam_updates.RATE * math.sqrt(adam_updates.WEIGHTS)
    anchor(figure, most, "rate · √n, the largest possible", side="left")
    figure.update_xaxes(autorange="reversed", dtick=2)
    return finished(
        figure,
        f"From left to right the same gradients shrink by {len(EXPONENTS) - 1} decades. Adam's updates keep "
        f"their size for the first {_hidden(adam)[1]}, until each weight's gradient comes near the epsilon "
        "of 1e-8. Their size does not tell whether they point the right way; the cosine of their sum with "
        "the mean gradient (legend) does.",
    )


def _theorem_figure(slopes: Mapping[str, Sequence[float]]) -> Figure:
    figure = axes("distance θ of N(0, 1) and N(θ, 1)", "slope of the generator's loss", yaxis_range=[-1, 5])
    for (name, values), colour in zip(slopes.items(), (ORANGE, BLUE, GREEN, PINK), strict=True):
        dash = "solid" if name in LOSSES else "dot"
        line(figure, DISTANCES, values, name, colour, dash=dash)
    return finished(
        figure,
        "With the best discriminator at every distance. The slope of the non-saturating loss (blue) is that "
        "of the reverse KL (green) minus twice that of JS (pink is its negative). Far away it is as steep as "
        "the KL. Near the solution it is half as steep, since there the two terms pull in opposite "
        "directions.",
    )


def _noise_table(m: Measured) -> Table:
    rows = [
        (
            f"{loss}, {stage}",
            mean(_ratios(gradients.signal, stage)),
            mean(_ratios(gradients.variance, stage)),
            mean(_noise_over_signal(gradients, stage)),
        )
        for loss, gradients in m.noise.items()
        for stage in STAGES
    ]
    return Table(
        f"From discriminator step {_steps(m)[1]} to {_steps(m)[-1]}: growth of the norm of the mean "
        "gradient, and of its variance over minibatches",
        ("loss, generator", "norm, times", "variance, times", "noise over signal at the end"),
        tuple(rows),
    )


def _mode_table(one_mode: Mapping[str, float]) -> Table:
    return Table(
        "Real: two equal modes at -3 and 3; fake: the one at 3, perfectly. Slope of the loss, D at its "
        "optimum",
        ("loss", "slope for a move to the right"),
        tuple((name, digits(value)) for name, value in one_mode.items()),
    )
