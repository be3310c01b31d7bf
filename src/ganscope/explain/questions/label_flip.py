"""Question 4: the flipped label, the noise of its gradient, what Adam hides, and what stays broken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganscope.divergences import Gaussian, Mixture, generator_gradient
from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.critics import moments, train
from ganscope.explain.experiments.perceptron import Draws
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
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished, level, line
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

STEPS, BATCH = 600, 128
MINIBATCHES, SMALL = 32, 32
LOSSES = {"non-saturating": BLUE, "minimax": ORANGE}
ADAM_RATE, EPSILON, UPDATES, WEIGHTS = 1e-3, 1e-8, 50, 2000
SCALES = range(13)
"""Gradients are scaled by 10 to minus this."""


class Noise(NamedTuple):
    """The generator's gradient over 32 minibatches, per frozen generator and look `[K, look]`."""

    steps: list[int]
    signal: dict[str, Tensor]
    """Norm of the mean gradient, by loss."""
    variance: dict[str, Tensor]
    """Mean squared distance of a minibatch's gradient from the mean one."""


def noise(at: Frozen, progress: Progress) -> Noise:
    """Train fresh discriminators against frozen generators; measure signal and noise of their gradients."""
    rows, draws = real_digits(), Draws(at.seeds, salt=6)
    critics = fresh(at.seeds)
    batches = Draws(at.seeds, salt=7)
    probes = [batches.normal(SMALL, LATENT) for _ in range(MINIBATCHES)]

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            fake = at.generators(draws.normal(BATCH, LATENT))
        return draws.rows(rows, BATCH), fake, draws.uniform(BATCH, 1)

    looks = moments(STEPS, 10)
    signal: dict[str, list[Tensor]] = {loss: [] for loss in LOSSES}
    variance: dict[str, list[Tensor]] = {loss: [] for loss in LOSSES}
    for done in train(critics, draw, STEPS, "minimax"):
        if done in looks:
            progress(done, STEPS)
            for loss in LOSSES:
                each = [generator_gradients(at.generators, critics, loss, latents) for latents in probes]
                mean = [torch.stack(g).double().mean(0) for g in zip(*each, strict=True)]
                apart = [norms([a - m for a, m in zip(g, mean, strict=True)]) for g in each]
                signal[loss].append(norms(mean))
                variance[loss].append(torch.stack(apart).square().sum(0) / (MINIBATCHES - 1))
    return Noise(
        looks,
        {loss: torch.stack(values, 1) for loss, values in signal.items()},
        {loss: torch.stack(values, 1) for loss, values in variance.items()},
    )


class Hidden(NamedTuple):
    """What Adam makes of gradients of one shape and many sizes."""

    exponents: list[int]
    update: list[float]
    """Mean norm of an update."""
    along: list[float]
    """Cosine between the sum of all updates and the direction in which the mean gradient descends."""


def adam_updates(signal: float, seed: int) -> Hidden:
    """Feed Adam a fixed direction plus noise, scaled by powers of ten.

    Args:
        signal: norm of the fixed direction; that of the noise is 1 a step.
        seed: of direction and noise.
    """
    rng = torch.Generator().manual_seed(seed)
    direction = torch.randn(WEIGHTS, generator=rng, dtype=torch.float64)
    direction *= signal / direction.norm()
    steps = torch.randn(UPDATES, WEIGHTS, generator=rng, dtype=torch.float64) / math.sqrt(WEIGHTS)
    updates, along = [], []
    for exponent in SCALES:
        weight = nn.Parameter(torch.zeros(WEIGHTS, dtype=torch.float64))
        optimizer = torch.optim.Adam([weight], ADAM_RATE, eps=EPSILON)
        path = [weight.detach().clone()]
        for step in steps:
            weight.grad = 10.0**-exponent * (direction + step)
            optimizer.step()
            path.append(weight.detach().clone())
        moves = torch.stack(path).diff(dim=0)
        updates.append(float(moves.norm(dim=1).mean()))
        along.append(float(-path[-1] @ direction / path[-1].norm() / direction.norm()))
    return Hidden(list(SCALES), updates, along)


TWO_MODES = Mixture([Gaussian(-3, 0.5), Gaussian(3, 0.5)], [0.5, 0.5])


def on_one_mode() -> dict[str, float]:
    """Gradient of a generator N(3, 0.5²) that sits on one of two equal modes, by loss, D at its optimum.

    Example:
        >>> found = on_one_mode()
        >>> abs(found["non-saturating"]) < 1e-6, round(found["wasserstein"], 6)
        (True, 1.0)
    """
    fake = Gaussian(3, 0.5)
    return {loss: generator_gradient(loss, TWO_MODES, fake) for loss in (*LOSSES, "wasserstein")}


def theorem(distances: Sequence[float]) -> dict[str, list[float]]:
    """Slopes of the losses between N(0, 1) and N(θ, 1), and the two the non-saturating one is made of."""
    found: dict[str, list[float]] = {"minimax": [], "non-saturating": [], "KL(fake || real)": [], "-2 JS": []}
    for distance in distances:
        pair = Gaussian(0, 1), Gaussian(distance, 1)
        minimax = generator_gradient("minimax", *pair)
        found["minimax"].append(minimax)
        found["non-saturating"].append(generator_gradient("non-saturating", *pair))
        found["KL(fake || real)"].append(generator_gradient("f-reverse-kl", *pair))
        found["-2 JS"].append(-minimax)
    return found


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:  # noqa: ARG001
    """Measure signal and noise of both losses, what Adam makes of them, and the theorem behind."""
    total = 100
    at = frozen(seeds, lambda done: progress(30 * done // max(STAGES.values()), total))
    measured = noise(at, lambda done, steps: progress(30 + 60 * done // steps, total))
    hidden = {signal: [adam_updates(signal, seed) for seed in seeds] for signal in (1.0, 0.1, 0.01)}
    distances = [round(0.1 * k, 1) for k in range(81)]
    slopes = theorem(distances)
    rows: list[Row] = [
        {"part": "noise", "loss": loss, "stage": at.names[k], "seed": at.seeds[k], "step": step,
         "signal": measured.signal[loss][k, i].item(), "variance": measured.variance[loss][k, i].item()}
        for loss in LOSSES
        for k in range(len(at.names))
        for i, step in enumerate(measured.steps)
    ]  # fmt: skip
    rows += [
        {"part": "Adam", "signal": signal, "seed": seed, "exponent": e, "update": u, "cosine": c}
        for signal, per_seed in hidden.items()
        for seed, found in zip(seeds, per_seed, strict=True)
        for e, u, c in zip(*found, strict=True)
    ]
    rows += [
        {"part": "theorem", "loss": name, "distance": d, "slope": value}
        for name, values in slopes.items()
        for d, value in zip(distances, values, strict=True)
    ]
    return Answer(
        number=4,
        question=QUESTIONS[4].asked,
        answer=(
            "With the labels flipped the generator descends -log D, whose factor 1 - D is largest exactly "
            "where the discriminator is sure of a fake, so the signal survives a good discriminator. What "
            "it does not repair: the gradient's variance grows with the discriminator's slope, what is "
            "descended is the reverse KL minus twice JS, which does not miss a missing mode, and Adam "
            "hides all of it by making updates of the same size from any gradient above its epsilon."
        ),
        formulas=(
            "flipped:   L = −log D(G(z)),   dL/ds = −(1 − D);   minimax:   dL/ds = −D",
            "D at its optimum:   E ∇(−log D) = ∇ [ KL(fake || real) − 2 JS(real, fake) ]",
            "Adam:   update = rate · m̂ / (√v̂ + ε): the same for g and 1000 g as long as |g| ≫ ε = 10^{−8}",
        ),
        protocol=(
            f"Generators of digits frozen after {', '.join(map(str, STAGES.values()))} steps, as in "
            f"question 3; fresh discriminators {PIXELS}-{WIDTH}-{WIDTH}-{WIDTH}-1 for {STEPS} steps of "
            f"Adam; at each look the generator's gradient on {MINIBATCHES} minibatches of {SMALL} latents. "
            f"Adam: {UPDATES} updates of {WEIGHTS} weights at rate {ADAM_RATE:g}, from a fixed direction of "
            "norm 1, 0.1 or 0.01 plus noise of norm 1, everything scaled by powers of ten. Theorem: "
            "quadrature on N(0, 1) and N(θ, 1)."
        ),
        figures=(_noise_figure(at, measured), _adam_figure(hidden), _theorem_figure(distances, slopes)),
        tables=(_noise_table(at, measured), _mode_table()),
        mistakes=(
            "\"The flip is only a trick of signs.\" Minus the discriminator's loss is minimax and "
            "vanishes; exchanging the labels changes the factor from D to 1 - D. The fixed point is the "
            "same, the way is not.",
            "Watching the size of Adam's updates for a vanishing gradient. It stays the same while the "
            "gradient shrinks by five decades; look at the gradient itself, or at the update's cosine with "
            "the mean one.",
            "Calling a large gradient a good one. At a sharp discriminator most of it is the noise of the "
            "minibatch.",
            "Expecting it to bring missing modes back. A generator that covers one of two modes perfectly "
            "gets a gradient of 1e-8 from either loss (table); the Wasserstein distance pulls with its "
            "full slope.",
            "Flipping and smoothing at once, with a sigmoid and BCELoss: in float32 the flipped loss then "
            "saturates below a logit of about -30 (question 1).",
        ),
        published=published(rows),
        rows=tuple(rows),
        seeds=tuple(seeds),
    )  # fmt: skip


def published(rows: Sequence[Row]) -> tuple[Published, ...]:
    """Judge figure 3 of Arjovsky and Bottou by the data alone: stages that are not late, the worst seed."""
    larger, noisier = [], []
    chosen = [
        r for r in rows if r["part"] == "noise" and r["loss"] == "non-saturating" and r["stage"] != "late"
    ]
    for key in dict.fromkeys((row["stage"], row["seed"]) for row in chosen):
        of = [row for row in chosen if (row["stage"], row["seed"]) == key]
        first = next(row for row in of if int(row["step"]) >= 10)
        larger.append(float(of[-1]["signal"]) / float(first["signal"]))
        noisier.append(float(of[-1]["variance"]) / float(first["variance"]))
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
            measured=(
                f"norm times {digits(min(larger))} to {digits(max(larger))}, variance times "
                f"{digits(min(noisier))} to {digits(max(noisier))}."
            ),
            reached=min(larger) > 1 and min(noisier) >= 10,
        ),
    )


def _noise_figure(at: Frozen, measured: Noise) -> Figure:
    figure = axes("discriminator step", "norm of the generator's gradient", log_x=True, log_y=True)
    steps = [max(1, step) for step in measured.steps]
    early = [k for k in range(len(at.names)) if at.names[k] == "early"]
    for loss, colour in LOSSES.items():
        signal = [measured.signal[loss][k].tolist() for k in early]
        scatter = [measured.variance[loss][k].sqrt().tolist() for k in early]
        band(figure, steps, signal, f"{loss}: mean", colour, geometric=True)
        band(figure, steps, scatter, f"{loss}: noise of a minibatch", colour, geometric=True, dash="dot")
    return finished(
        figure,
        f"Generator frozen early. Solid: norm of the mean gradient; dotted: root mean square distance of a "
        f"minibatch of {SMALL} from it. The flip keeps the signal alive, and its noise grows with it.",
    )


def _adam_figure(hidden: Mapping[float, Sequence[Hidden]]) -> Figure:
    figure = axes("size of the gradient (noise of one step)", "norm of Adam's update", log_x=True, log_y=True)
    for (signal, per_seed), colour in zip(hidden.items(), (GREEN, BLUE, PINK), strict=True):
        sizes = [10.0**-e for e in per_seed[0].exponents]
        cosine = sum(found.along[0] for found in per_seed) / len(per_seed)
        name = f"signal {signal:g} of the noise: cosine {cosine:.2f}"
        band(figure, sizes, [found.update for found in per_seed], name, colour, geometric=True)
    level(figure, ADAM_RATE * math.sqrt(WEIGHTS), "rate · √n, the most there can be", side="left")
    figure.update_xaxes(autorange="reversed", dtick=2)
    return finished(
        figure,
        "From left to right the same gradients become smaller, by twelve decades. Adam's update does not, "
        "until each weight's gradient comes near its epsilon of 1e-8; nor does its size tell whether the "
        "updates go the right way: the cosine of their sum with the mean gradient does.",
    )


def _theorem_figure(distances: Sequence[float], slopes: Mapping[str, Sequence[float]]) -> Figure:
    figure = axes("distance θ of N(0, 1) and N(θ, 1)", "slope of the generator's loss", yaxis_range=[-1, 5])
    for (name, values), colour in zip(slopes.items(), (ORANGE, BLUE, GREEN, PINK), strict=True):
        dash = "solid" if name in LOSSES else "dot"
        line(figure, distances, values, name, colour, dash=dash)
    return finished(
        figure,
        "With the best discriminator at every distance. The non-saturating slope (blue) is that of the "
        "reverse KL (green) minus twice that of JS (pink is its negative): far away it is as steep as the "
        "KL, near the solution half as steep, since there the two pull against each other.",
    )


def _noise_table(at: Frozen, measured: Noise) -> Table:
    rows = []
    for loss in LOSSES:
        for stage in STAGES:
            places = [k for k in range(len(at.names)) if at.names[k] == stage]
            signal, scatter = measured.signal[loss][places], measured.variance[loss][places].sqrt()
            cells = [
                plus_minus(spread((signal[:, -1] / signal[:, 1]).tolist())),
                plus_minus(spread((scatter[:, -1] / scatter[:, 1]).square().tolist())),
                plus_minus(spread((scatter[:, -1] / signal[:, -1]).tolist())),
            ]
            rows.append((f"{loss}, {stage}", *cells))
    columns = ("loss, generator", "norm", "variance", "noise over signal at the end")
    return Table(
        f"From discriminator step {measured.steps[1]} to step {measured.steps[-1]}: by what the norm of the "
        "mean gradient and its variance were multiplied",
        columns,
        tuple(rows),
    )  # fmt: skip


def _mode_table() -> Table:
    found = on_one_mode()
    return Table(
        "Real: two equal modes at -3 and 3; fake: the one at 3, perfectly. Slope of the loss, D at its "
        "optimum",
        ("loss", "slope for moving right"),
        tuple((name, digits(value)) for name, value in found.items()),
    )
