"""Question 1: the chain rule from the loss to the generator's first layer, factor by factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.perceptron import descend, perceptron
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, Figure, axes, band, finished, line
from ganscope.objectives import OBJECTIVES
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

LOSSES = ("minimax", "non-saturating")
STATIONS = ("a", "z", "critic 3", "critic 2", "critic 1", "x = G(latent)", "generator 2", "generator 1")
STEPS, WIDTH, ROWS = 300, 64, 256


class Factors(NamedTuple):
    """The two factors of dL/dz at logits z `[N]`, a = sigmoid(z); float64."""

    outer: Tensor
    """dL/da."""
    inner: Tensor
    """da/dz = a (1 - a), the slope of the sigmoid."""
    product: Tensor
    """dL/dz, by autograd through the library's own loss, not by multiplication."""


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


def computed_gradients(logits: Sequence[float]) -> dict[str, list[float]]:
    """Gradient of -log sigmoid(z) in float32, as each implementation computes it; on paper -(1 - a).

    Example:
        >>> gradients = computed_gradients([-100.0])
        >>> gradients["logsigmoid(z)"], abs(gradients["BCELoss(sigmoid(z), 1)"][0])
        ([-1.0], 0.0)
    """
    found = {}
    for name, loss in IMPLEMENTATIONS.items():
        z = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(z).sum(), z)
        found[name] = gradient.tolist()
    return found


def fake_side_gradients(logits: Sequence[float]) -> dict[str, list[float]]:
    """Gradient of the discriminator's -log(1 - a) on fakes, float32; on paper a, nearly 1."""
    z = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    (by_logits,) = torch.autograd.grad(OBJECTIVES["minimax"].d_loss(z.detach(), z).sum(), z)
    bce = binary_cross_entropy(z.sigmoid(), torch.zeros_like(z), reduction="none")
    (by_bce,) = torch.autograd.grad(bce.sum(), z)
    return {"logits": by_logits.tolist(), "BCELoss": by_bce.tolist()}


def arriving(loss: str, generator: nn.Sequential, critic: nn.Sequential, latents: Tensor) -> list[float]:
    """Median over samples of the gradient's norm at every station on its way back.

    Args:
        loss: "minimax" or "non-saturating".
        generator: Linear, ReLU, Linear, ReLU, Linear.
        critic: Linear, ReLU, Linear, ReLU, Linear, ReLU, Linear; its raw output is the logit.
        latents: `[B, D]`.

    Returns:
        One number per entry of `STATIONS`, from the loss backwards.
    """
    activations: list[Tensor] = []
    h = latents
    for layer in (*generator, *critic):
        h = layer(h)
        if isinstance(layer, nn.ReLU) or layer is generator[-1]:
            activations.append(h)
    z = h.squeeze(1)
    gradients = torch.autograd.grad(OBJECTIVES[loss].g_loss(z, z).sum(), [*activations, z])
    outer = factors(loss, z.detach()).outer.abs()
    norms = [gradient.reshape(len(latents), -1).norm(dim=1) for gradient in reversed(gradients)]
    return [float(values.median()) for values in (outer, *norms)]


def confident(seed: int, steps: int = STEPS) -> tuple[nn.Sequential, nn.Sequential, Tensor]:
    """Train a discriminator against an untrained generator until it is sure.

    Returns:
        Generator, discriminator, and latents `[256, 8]` to look at.
    """
    rng = torch.Generator().manual_seed(seed)
    generator = perceptron((8, WIDTH, WIDTH, 2), seed)
    critic = perceptron((2, WIDTH, WIDTH, WIDTH, 1), seed + 1)
    optimizer = torch.optim.Adam(critic.parameters(), 1e-3)
    for _ in range(steps):
        real = 0.5 * torch.randn(ROWS, 2, generator=rng) + 3
        fake = generator(torch.randn(ROWS, 8, generator=rng)).detach()
        loss = OBJECTIVES["minimax"].d_loss(critic(real).squeeze(1), critic(fake).squeeze(1)).mean()
        descend(optimizer, loss)
    return generator, critic, torch.randn(ROWS, 8, generator=rng)


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:  # noqa: ARG001
    """Measure the chain rule on paper, in float32 and through two networks."""
    logits = [round(-12 + 0.25 * k, 2) for k in range(97)]
    curves = {loss: factors(loss, torch.tensor(logits)) for loss in LOSSES}
    chains: dict[str, list[list[float]]] = {loss: [] for loss in LOSSES}
    for done, seed in enumerate(seeds):
        progress(done, len(seeds))
        networks = confident(seed)
        for loss in LOSSES:
            chains[loss].append(arriving(loss, *networks))
    far = [-12.0, -16.0, -20.0, -30.0, -40.0, -90.0]
    computed = computed_gradients(far)
    sure = [5.0, 12.0, 16.0, 17.0, 20.0, 90.0]
    on_fakes = fake_side_gradients(sure)
    rows: list[Row] = [
        {"part": "factors", "loss": loss, "logit": z, "dL/da": o, "da/dz": i, "dL/dz": p}
        for loss, curve in curves.items()
        for z, o, i, p in zip(logits, *(values.tolist() for values in curve), strict=True)
    ]
    rows += [
        {"part": "float32", "loss": name, "logit": z, "dL/dz": value}
        for name, values in computed.items()
        for z, value in zip(far, values, strict=True)
    ]
    rows += [
        {"part": "float32, D on fakes", "loss": name, "logit": z, "dL/dz": value}
        for name, values in on_fakes.items()
        for z, value in zip(sure, values, strict=True)
    ]
    rows += [
        {"part": "chain", "loss": loss, "seed": seed, "station": station, "norm": value}
        for loss, per_seed in chains.items()
        for seed, values in zip(seeds, per_seed, strict=True)
        for station, value in zip(STATIONS, values, strict=True)
    ]
    return Answer(
        number=1,
        question=QUESTIONS[1].asked,
        answer=(
            "The -100 is only the first factor: at a = 0.01 the sigmoid's slope da/dz = a(1 - a) = 0.0099 "
            "multiplies it, and what reaches the logit is -0.99 for the non-saturating loss -log a, but "
            "-0.01 for the minimax loss log(1 - a), whose own first factor is only -1.01. It is the sigmoid "
            "that vanishes when the discriminator wins; -1/a happens to cancel it and -1/(1 - a) does not."
        ),
        formulas=(
            "dL/dz = dL/da · da/dz,   a = σ(z),   da/dz = a(1 − a)",
            "minimax  L = log(1 − a):   −1/(1 − a) · a(1 − a) = −a → 0   as z → −∞",
            "non-saturating  L = −log a:   −1/a · a(1 − a) = −(1 − a) → −1   as z → −∞",
            "discriminator's cross-entropy, label y:   dL/dz = a − y",
        ),
        protocol=(
            "Factors: autograd in float64 through the library's losses at 97 logits from -12 to 12. Whole "
            f"chain: real points N((3, 3), 0.5²), an untrained generator 8-{WIDTH}-{WIDTH}-2, a "
            f"discriminator 2-{WIDTH}-{WIDTH}-{WIDTH}-1 (ReLU) trained for {STEPS} steps of Adam, learning "
            f"rate 1e-3, batch {ROWS}; medians over {ROWS} samples. The same two networks serve both losses."
        ),
        figures=(_factor_figure(logits, curves), _chain_figure(chains)),
        tables=(
            _sign_table(),
            _float_table(far, computed),
            _fake_table(sure, on_fakes),
            _chain_table(chains),
        ),
        mistakes=(
            "Stopping at dL/da. The generator never sees dL/da; it sees the product with the sigmoid's "
            "slope, and with logits both can be had without computing either.",
            "Reading the slide formula E(1 - log D(G(z))): it should read E(log(1 - D(G(z)))). The misprint "
            "has the gradient of the non-saturating loss, which is the very one that does not vanish.",
            "Taking the sign flip for the label flip. Minus the discriminator's loss is the minimax loss and "
            "vanishes; exchanging the labels gives -log a and does not. Both have the same fixed point.",
            "Writing log(sigmoid(z) + eps) or sigmoid followed by BCELoss: on paper non-saturating, in "
            "float32 it saturates all the same (table). Hand logits to the loss.",
            "Believing that the remaining factors cannot vanish: the critic's layers and the generator's "
            "come after the logit, and the second figure shows them apart. Questions 3, 7 and 9 are about "
            "those.",
        ),
        published=(),
        rows=tuple(rows),
        seeds=tuple(seeds),
    )  # fmt: skip


def _factor_figure(logits: Sequence[float], curves: dict[str, Factors]) -> Figure:
    figure = axes("logit z", "absolute value", log_y=True, yaxis_range=[-6, 6])
    for (loss, curve), colour in zip(curves.items(), (ORANGE, BLUE), strict=True):
        line(figure, logits, curve.outer.abs().tolist(), f"|dL/da|, {loss}", colour, dash="dot", width=1.6)
        line(figure, logits, curve.product.abs().tolist(), f"|dL/dz|, {loss}", colour)
    inner = curves["minimax"].inner.tolist()
    line(figure, logits, inner, "da/dz of the sigmoid", GREEN, dash="dash", width=1.6)
    return finished(
        figure,
        "Dotted: the first factor, the asker's -100, which is the one at z = -4.6. Dashed: the sigmoid's "
        "slope. Solid: their product, all that the generator receives. On the left, where the "
        "discriminator is sure that a fake is a fake, minimax (orange) falls with the sigmoid; "
        "non-saturating (blue) stays at 1.",
    )


def _chain_figure(chains: dict[str, list[list[float]]]) -> Figure:
    figure = axes("on the way back from the loss", "median gradient norm there", log_y=True, height=380)
    for (loss, per_seed), colour in zip(chains.items(), (ORANGE, BLUE), strict=True):
        band(figure, list(range(len(STATIONS))), per_seed, loss, colour, geometric=True)
    figure.update_xaxes(tickvals=list(range(len(STATIONS))), ticktext=list(STATIONS), tickangle=-30)
    return finished(
        figure,
        "The gradient's norm at every station of one generator and one confident discriminator. The two "
        "losses part at one step only, from a to z, and run in parallel from there: what the sigmoid takes "
        "no later layer gives back.",
    )


def _sign_table() -> Table:
    a = 0.01
    return Table(
        "The same discriminator, a = 0.01 on a fake: which loss, and what is left of it",
        ("generator's loss", "what it is", "dL/da", "da/dz", "dL/dz"),
        (
            ("log(1 - a), descended", "the value function V", digits(-1 / (1 - a)), "0.0099", "-0.0100"),
            ("-L_D, descended", "D's loss, sign flipped", digits(-1 / (1 - a)), "0.0099", "-0.0100"),
            ("-log(1 - a), ascended", "the same climbed", digits(1 / (1 - a)), "0.0099", "0.0100"),
            ("-log a, descended", "D's loss, label flipped", "-100", "0.0099", "-0.990"),
            ("1 - log a, descended", "the misprint on slides", "-100", "0.0099", "-0.990"),
        ),
    )  # fmt: skip


def _float_table(logits: Sequence[float], computed: dict[str, list[float]]) -> Table:
    return Table(
        "dL/dz of the non-saturating loss in float32; on paper it is -1.00 in every cell",
        ("written as", *(f"z = {z:g}" for z in logits)),
        tuple((name, *(digits(value) for value in values)) for name, values in computed.items()),
    )


def _fake_table(logits: Sequence[float], computed: dict[str, list[float]]) -> Table:
    return Table(
        "The discriminator's dL/dz on a fake that it takes for real, float32; on paper a, nearly 1",
        ("written with", *(f"z = {z:g}" for z in logits)),
        tuple((name, *(digits(value) for value in values)) for name, values in computed.items()),
    )


def _chain_table(chains: dict[str, list[list[float]]]) -> Table:
    cells = [
        [plus_minus(spread(values)) for values in zip(*per_seed, strict=True)] for per_seed in chains.values()
    ]
    return Table(
        "Median norm of the gradient at every station",
        ("station", *chains),
        tuple((station, *row) for station, *row in zip(STATIONS, *cells, strict=True)),
    )
