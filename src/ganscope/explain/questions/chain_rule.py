"""Question 1: the chain rule from the loss to the generator's first layer, factor by factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.stations import LATENT, ROWS, STATIONS, WIDTH, arriving, confident
from ganscope.explain.phrases import mean
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, Figure, axes, band, finished, line
from ganscope.objectives import OBJECTIVES
from ganscope.words.numerals import digits

LOSSES = ("minimax", "non-saturating")
STEPS, LONGER_STEPS = 300, 3000
LOGITS = [round(-12 + 0.25 * k, 2) for k in range(97)]
FAR = [-12.0, -16.0, -20.0, -30.0, -40.0, -90.0]
SURE = [5.0, 12.0, 16.0, 17.0, 20.0, 90.0]
ASKED = 0.01
"""The asker's a, what the discriminator says of a fake."""


class Factors(NamedTuple):
    """The two factors of dL/dz at logits z `[N]`, a = sigmoid(z); float64."""

    outer: Tensor
    """dL/da."""
    inner: Tensor
    """da/dz = a (1 - a), the slope of the sigmoid."""
    product: Tensor
    """dL/dz, by autograd through the library's own loss, not by multiplication."""


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    steps: int
    curves: dict[str, Factors]
    """By loss, at `LOGITS`."""
    computed: dict[str, list[float]]
    """dL/dz of -log a in float32 at the logits `FAR`, by way of writing it."""
    on_fakes: dict[str, list[float]]
    """dL/dz of the discriminator on fakes in float32 at the logits `SURE`."""
    chains: dict[str, list[list[float]]]
    """By loss, `[seed][station]`."""


def factors(loss: str, logits: Tensor) -> Factors:
    """Split the gradient of a generator loss at its logits.

    `minimax: -1/(1-a) * a(1-a) = -a`, `non-saturating: -1/a * a(1-a) = -(1-a)`

    Args:
        loss: "minimax" or "non-saturating".
        logits: `[N]`.

    Example:
        >>> outer, inner, product = factors("non-saturating", torch.tensor([0.01]).double().logit())
        >>> round(outer.item()), round(inner.item(), 4), round(product.item(), 4)
        (-100, 0.0099, -0.99)
    """
    z = logits.double().requires_grad_()
    a = z.detach().sigmoid()
    outer = -1 / a if loss == "non-saturating" else -1 / (-z.detach()).sigmoid()
    (product,) = torch.autograd.grad(OBJECTIVES[loss].g_loss(z, z).sum(), z)
    return Factors(outer, a * (-z.detach()).sigmoid(), product)


IMPLEMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "logsigmoid(z)": lambda z: OBJECTIVES["non-saturating"].g_loss(z, z),
    "log(sigmoid(z) + 1e-8)": lambda z: -(z.sigmoid() + 1e-8).log(),
    "BCELoss(sigmoid(z), 1)": lambda z: binary_cross_entropy(
        z.sigmoid(), torch.ones_like(z), reduction="none"
    ),
}
"""Three ways to write -log sigmoid(z), the same on paper."""

SIGNS: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "log(1 - a), descended": ("the value function V", lambda a: (1 - a).log()),
    "-L_D, descended": ("D's loss, sign flipped", lambda a: (1 - a).log()),
    "-log(1 - a), ascended": ("the same, ascended", lambda a: -(1 - a).log()),
    "-log a, descended": ("D's loss, label flipped", lambda a: -a.log()),
    "1 - log a, descended": ("the misprint on slides", lambda a: 1 - a.log()),
}
"""Generator losses that are easily confused."""


def computed_gradients(logits: Sequence[float]) -> dict[str, list[float]]:
    """Gradient of -log sigmoid(z) in float32, as each implementation computes it; on paper -(1 - a).

    Example:
        >>> gradients = computed_gradients([-100.0])
        >>> gradients["logsigmoid(z)"], abs(gradients["BCELoss(sigmoid(z), 1)"][0])
        ([-1.0], 0.0)
    """
    gradients = {}
    for name, loss in IMPLEMENTATIONS.items():
        z = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(z).sum(), z)
        gradients[name] = gradient.tolist()
    return gradients


def fake_side_gradients(logits: Sequence[float]) -> dict[str, list[float]]:
    """Gradient of the discriminator's -log(1 - a) on fakes, float32; on paper a, nearly 1."""
    z = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    (by_logits,) = torch.autograd.grad(OBJECTIVES["minimax"].d_loss(z.detach(), z).sum(), z)
    bce = binary_cross_entropy(z.sigmoid(), torch.zeros_like(z), reduction="none")
    (by_bce,) = torch.autograd.grad(bce.sum(), z)
    return {"logits": by_logits.tolist(), "BCELoss": by_bce.tolist()}


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Measure the chain rule on paper, in float32 and through two networks."""
    steps = LONGER_STEPS if full else STEPS
    pairs = confident(seeds, steps, progress)
    return Measured(
        seeds=tuple(seeds),
        full=full,
        steps=steps,
        curves={loss: factors(loss, torch.tensor(LOGITS)) for loss in LOSSES},
        computed=computed_gradients(FAR),
        on_fakes=fake_side_gradients(SURE),
        chains={loss: [arriving(loss, pair) for pair in pairs] for loss in LOSSES},
    )


def answer(m: Measured) -> Answer:
    """Say what the chain rule leaves of the -100."""
    return Answer(
        number=1,
        question=QUESTIONS[1].asked,
        answer=_sentences(m),
        formulas=(
            "dL/dz = dL/da · da/dz,   a = σ(z),   da/dz = a(1 − a)",
            "minimax  L = log(1 − a):   −1/(1 − a) · a(1 − a) = −a → 0   as z → −∞",
            "non-saturating  L = −log a:   −1/a · a(1 − a) = −(1 − a) → −1   as z → −∞",
            "discriminator's cross-entropy, label y:   dL/dz = a − y",
        ),
        protocol=(
            f"Factors: autograd in float64 through the library's losses at {len(LOGITS)} logits from "
            f"{LOGITS[0]:g} to {LOGITS[-1]:g}. Whole chain: real points N((3, 3), 0.5²), an untrained "
            f"generator {LATENT}-{WIDTH}-{WIDTH}-2 (ReLU), a discriminator 2-{WIDTH}-{WIDTH}-{WIDTH}-1 "
            f"(leaky ReLU) trained for {m.steps} steps of Adam, learning rate 1e-3, batch {ROWS}; medians "
            f"over {ROWS} samples. The same two networks serve both losses."
        ),
        figures=(_factor_figure(m.curves), _chain_figure(m.chains)),
        tables=(
            _sign_table(),
            _float_table(
                "dL/dz of the non-saturating loss in float32; on paper it is -1.00 in every cell",
                "written as", FAR, m.computed,
            ),
            _float_table(
                "The discriminator's dL/dz on a fake that it takes for real, float32; on paper a, nearly 1",
                "written with", SURE, m.on_fakes,
            ),
            _chain_table(m.chains),
        ),
        mistakes=_mistakes(m),
        published=(),
        rows=tuple(_rows(m)),
        seeds=m.seeds,
        full=m.full,
    )  # fmt: skip


def _sentences(m: Measured) -> str:
    asked = torch.tensor([ASKED], dtype=torch.float64).logit()
    flipped, minimax = (factors(loss, asked) for loss in ("non-saturating", "minimax"))
    ends = {loss: [seed[-1] for seed in per_seed] for loss, per_seed in m.chains.items()}
    return (
        f"The {digits(float(flipped.outer))} is only the first factor: at a = {ASKED} the sigmoid's slope "
        f"da/dz = a(1 - a) = {float(flipped.inner):.4f} multiplies it, so the logit receives "
        f"{float(flipped.product):.2f} from the non-saturating loss -log a, but only "
        f"{float(minimax.product):.2f} from the minimax loss log(1 - a), whose first factor is just "
        f"{float(minimax.outer):.2f}. What vanishes when the discriminator wins is the sigmoid's slope; the "
        "factor -1/a cancels it and -1/(1 - a) does not. Behind one confident discriminator the median "
        f"gradient at the generator's first layer is {mean(ends['non-saturating'])} with the first loss and "
        f"{mean(ends['minimax'])} with the second."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    place = FAR.index(-40.0)
    sound, *traps = m.computed.items()
    left = " and ".join(f"{digits(values[place], 1)} ({name})" for name, values in traps)
    return (
        "Stopping at dL/da. The generator never sees dL/da; it sees the product with the sigmoid's slope, "
        "and with logits that product needs neither factor.",
        "Reading the slide formula E(1 - log D(G(z))). It should read E(log(1 - D(G(z)))). The misprint has "
        "the gradient of the non-saturating loss, the one that does not vanish.",
        "Confusing the sign flip with the label flip. Minus the discriminator's loss is the minimax loss and "
        "vanishes; exchanging the labels gives -log a and does not. Both have the same fixed point.",
        "Writing log(sigmoid(z) + eps), or a sigmoid followed by BCELoss. On paper both are non-saturating; "
        f"in float32, at z = {FAR[place]:g}, what is left of the -1 is {left}; with {sound[0]} it is "
        f"{digits(sound[1][place])}. Hand logits to the loss.",
        "Believing that the other factors cannot vanish. The layers of the discriminator and of the "
        "generator come after the logit, and the second figure shows them one by one. Questions 3, 7 and 9 "
        "are about those.",
    )


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {"part": "factors", "loss": loss, "logit": z, "dL/da": o, "da/dz": i, "dL/dz": p}
        for loss, curve in m.curves.items()
        for z, o, i, p in zip(LOGITS, *(values.tolist() for values in curve), strict=True)
    ]
    for part, logits, computed in (
        ("float32", FAR, m.computed),
        ("float32, D on fakes", SURE, m.on_fakes),
    ):
        rows += [
            {"part": part, "loss": name, "logit": z, "dL/dz": value}
            for name, values in computed.items()
            for z, value in zip(logits, values, strict=True)
        ]
    rows += [
        {"part": "chain", "loss": loss, "seed": seed, "station": station, "norm": value}
        for loss, per_seed in m.chains.items()
        for seed, values in zip(m.seeds, per_seed, strict=True)
        for station, value in zip(STATIONS, values, strict=True)
    ]
    return rows


def _factor_figure(curves: Mapping[str, Factors]) -> Figure:
    figure = axes("logit z", "absolute value", log_y=True, yaxis_range=[-6, 6])
    for (loss, curve), colour in zip(curves.items(), (ORANGE, BLUE), strict=True):
        line(figure, LOGITS, curve.outer.abs().tolist(), f"|dL/da|, {loss}", colour, dash="dot", width=1.6)
        line(figure, LOGITS, curve.product.abs().tolist(), f"|dL/dz|, {loss}", colour)
    inner = curves["minimax"].inner.tolist()
    line(figure, LOGITS, inner, "da/dz of the sigmoid", GREEN, dash="dash", width=1.6)
    asked = math.log(ASKED / (1 - ASKED))
    return finished(
        figure,
        f"Dotted: the first factor; the asker's -100 is the one at z = {asked:.1f}. Dashed: the sigmoid's "
        "slope. Solid: their product, which is all that the generator receives. On the left, where the "
        "discriminator is sure that a fake is a fake, minimax (orange) falls with the sigmoid and "
        "non-saturating (blue) stays at 1.",
    )


def _chain_figure(chains: Mapping[str, list[list[float]]]) -> Figure:
    figure = axes("on the way back from the loss", "median gradient norm there", log_y=True, height=380)
    for (loss, per_seed), colour in zip(chains.items(), (ORANGE, BLUE), strict=True):
        band(figure, list(range(len(STATIONS))), per_seed, loss, colour, geometric=True)
    figure.update_xaxes(tickvals=list(range(len(STATIONS))), ticktext=list(STATIONS), tickangle=-30)
    at = {
        station: fmean(
            flipped[k] / max(minimax[k], 1e-300)
            for minimax, flipped in zip(chains["minimax"], chains["non-saturating"], strict=True)
        )
        for k, station in enumerate(STATIONS)
    }
    return finished(
        figure,
        "The gradient's norm at every station of one generator and one confident discriminator. The two "
        f"losses part from a to z, where the non-saturating gradient is {digits(at['z'], 2)} times the "
        f"minimax one (mean over seeds); at the generator's first layer it is {digits(at['generator 1'], 2)} "
        "times. Every later factor is common to both losses, so none of them can make up for the sigmoid.",
    )


def _sign_table() -> Table:
    rows = []
    for name, (what, loss) in SIGNS.items():
        a = torch.tensor(ASKED, dtype=torch.float64, requires_grad=True)
        z = a.detach().logit().requires_grad_()
        (outer,) = torch.autograd.grad(loss(a), a)
        (product,) = torch.autograd.grad(loss(z.sigmoid()), z)
        inner = float(a.detach() * (1 - a.detach()))
        rows.append((name, what, *(digits(float(v)) for v in (outer, inner, product))))
    return Table(
        f"The same discriminator, a = {ASKED} on a fake: which loss, and what is left of it",
        ("generator's loss", "what it is", "dL/da", "da/dz", "dL/dz"),
        tuple(rows),
    )


def _float_table(
    title: str, first: str, logits: Sequence[float], computed: Mapping[str, list[float]]
) -> Table:
    return Table(
        title,
        (first, *(f"z = {z:g}" for z in logits)),
        tuple((name, *(digits(value) for value in values)) for name, values in computed.items()),
    )


def _chain_table(chains: Mapping[str, list[list[float]]]) -> Table:
    cells = [[mean(values) for values in zip(*per_seed, strict=True)] for per_seed in chains.values()]
    return Table(
        "Median norm of the gradient at every station",
        ("station", *chains),
        tuple((station, *row) for station, *row in zip(STATIONS, *cells, strict=True)),
    )
