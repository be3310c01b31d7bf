"""Question 10: oscillation, on the smallest game where everything is known and on small networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.dirac_gan import (
    SLOPES,
    Game,
    contraction,
    eigenvalues,
    largest_step,
    orbit,
    radius,
)
from ganscope.explain.experiments.perceptron import Draws, Stack
from ganscope.figures.drawing import (
    AMBER,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    SKY,
    Figure,
    axes,
    band,
    finished,
    level,
    line,
)
from ganscope.lipschitz import squared_slope
from ganscope.objectives import OBJECTIVES
from ganscope.words.numerals import digits, plus_minus
from ganscope.words.spread import spread

STEPS, H = 300, 0.2
NOTEBOOK = {
    "GAN (minimax)": Game("minimax"),
    "non-saturating": Game("non-saturating"),
    "WGAN, clipped at 1": Game("wasserstein", "clip", 1.0),
    "WGAN-GP": Game("wasserstein", "gradient-penalty", 0.35),
    "R1, γ = 0.3": Game("minimax", "r1", 0.3),
    "R1, γ = 1": Game("minimax", "r1", 1.0),
    "consensus, γ = 1": Game("minimax", "consensus", 1.0),
    "instance noise, σ = 0.7": Game("minimax", "instance-noise", 0.7),
}
"""The configurations of the authors' notebook; their penalty, γ/2 (|ψ| - 1)² with γ = 0.7, has a half."""
COLOURS = (ORANGE, AMBER, PINK, SKY, BLUE, GREEN)

ROUNDS, EVERY, ROWS, RATE = 2000, 10, 256, 0.05
"""Full-batch steps of plain gradient descent on small networks, and how often they are looked at."""
DATA_STD = 0.3


class Swing(NamedTuple):
    """How much the generator's mean still moves at the end, over seeds."""

    path: list[list[float]]
    """Per seed, the first coordinate of the generator's mean, every 10 steps."""
    amplitude: list[float]
    """Per seed: half its range over the last third, in standard deviations of the data."""


def swing(objective: str, gamma: float, seeds: Sequence[int]) -> Swing:
    """Train small networks by simultaneous full-batch gradient steps, and watch the generator's mean.

    Args:
        objective: a key of `OBJECTIVES`.
        gamma: weight of R1; 0 for none.
        seeds: of weights, data and latents.
    """
    draws = Draws(seeds)
    generator, critic = Stack((4, 32, 32, 2), seeds), Stack((2, 32, 32, 1), [s + 1 for s in seeds])
    real, latents = DATA_STD * draws.normal(ROWS, 2) + 1.0, draws.normal(ROWS, 4)
    optimizers = [torch.optim.SGD(network.parameters(), RATE) for network in (generator, critic)]
    losses = OBJECTIVES[objective]
    means = []
    for done in range(ROUNDS):
        fake = generator(latents)
        if done % EVERY == 0:
            means.append(fake.detach()[:, :, 0].mean(1))
        g_loss = losses.g_loss(critic.scores(real), critic.scores(fake)).mean(1).sum()
        d_loss = losses.d_loss(critic.scores(real), critic.scores(fake.detach())).mean(1).sum()
        if gamma:
            at = real.clone().requires_grad_()
            (slopes,) = torch.autograd.grad(critic.scores(at).sum(), at, create_graph=True)
            d_loss = d_loss + 0.5 * gamma * squared_slope(slopes, batch_dims=2).mean(1).sum()
        # both gradients at the same point, then both steps
        gradients = [
            torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
            for loss, network in ((g_loss, generator), (d_loss, critic))
        ]
        for optimizer, found in zip(optimizers, gradients, strict=True):
            _apply(optimizer, found)
    paths = torch.stack(means, 1)
    late = paths[:, -len(means) // 3 :]
    return Swing(paths.tolist(), ((late.amax(1) - late.amin(1)) / 2 / DATA_STD).tolist())


def _apply(optimizer: torch.optim.Optimizer, gradients: Sequence[Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()


SWINGS = (("non-saturating", 0.0), ("non-saturating", 1.0), ("wasserstein", 0.0), ("wasserstein", 1.0))


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:  # noqa: ARG001
    """Play the notebook's eight games, list the eigenvalues of all, and swing small networks."""
    total = 2 * len(NOTEBOOK) + 5 * len(SWINGS)
    orbits: dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]] = {}
    for index, (name, game) in enumerate(NOTEBOOK.items()):
        progress(2 * index, total)
        orbits[name] = (orbit(game, STEPS, H), orbit(game, STEPS, H, "alternating"))
    swings = {}
    for index, (objective, gamma) in enumerate(SWINGS):
        progress(2 * len(NOTEBOOK) + 5 * index, total)
        swings[objective, gamma] = swing(objective, gamma, seeds)
    last = {name: [radius(path[-1]) for path in both] for name, both in orbits.items()}
    rows: list[Row] = [
        {"part": "orbit", "game": name, "order": order, "step": step, "theta": theta, "psi": psi}
        for name, both in orbits.items()
        for order, path in zip(("simultaneous", "alternating"), both, strict=True)
        for step, (theta, psi) in enumerate(path)
        if step % 5 == 0
    ]
    rows += [
        {"part": "networks", "game": objective, "gamma": gamma, "seed": seed, "amplitude": value}
        for (objective, gamma), found in swings.items()
        for seed, value in zip(seeds, found.amplitude, strict=True)
    ]
    return Answer(
        number=10,
        question=QUESTIONS[10].asked,
        answer=(
            "Oscillation itself is not bad, for two players who follow their own gradients circle around "
            "the solution; what matters is whether the circles shrink, and that is told by the real parts "
            "of the game's eigenvalues. Without a regulariser these are zero and plain steps never arrive; "
            "R1, R2, instance noise and consensus steps make them negative, clipping and the gradient "
            "penalty of WGAN-GP do not."
        ),
        formulas=(
            "real data at 0, generator at θ, D(x) = ψx;   v = (−dL_{G}/dθ, −dL_{D}/dψ),   J its Jacobian "
            "at (0, 0)",
            "no regulariser:   λ = ± i √(−g d),   g = dL_{G}/ds, d = dL_{D}/ds at score 0 (fake)",
            "R1, R2 of weight γ:   λ = −γ/2 ± √(γ²/4 + g d);   minimax: critical at γ = 1",
            "steps of size h converge   ⇔   |1 + hλ| < 1   ⇔   h < 2 |Re λ| / |λ|²   (R1 below critical: h "
            "< 4γ)",
        ),
        protocol=(
            f"Dirac-GAN: {STEPS} plain gradient steps of {H} from (θ, ψ) = (1, -1), both players at once or "
            "the discriminator first, by autograd through the library's own losses and penalties in "
            "float64; instance noise is averaged by quadrature, so nothing is random. Networks: generator "
            f"4-32-32-2, discriminator 2-32-32-1, {ROWS} real points N((1, 1), {DATA_STD}²), {ROUNDS} "
            f"full-batch steps of {RATE} of both players at once; amplitude is half the range of the "
            "generator's mean over the last third."
        ),
        figures=(_orbit_figure(orbits), _plane_figure(), _swing_figure(swings)),
        tables=(_notebook_table(last), _every_table(), _swing_table(swings)),
        mistakes=(
            "Waiting for the losses to go down. At the solution the discriminator's cross-entropy is 2 ln "
            "2 = 1.386, its largest sensible value; a falling loss of one player is the other one's "
            "trouble.",
            "Reading complex eigenvalues as a fault. They mean rotation; rotation with a negative real part "
            "arrives, and large GANs of good quality rotate too (Berard et al. 2020).",
            "Blaming the learning rate alone. For the plain game with simultaneous steps every learning rate "
            "diverges, |1 + hλ| = √(1 + h²/4) > 1; a smaller one only takes longer.",
            "Taking WGAN-GP for a cure of oscillation. It repairs the critic's slope (question 7); near the "
            "solution it pulls |ψ| to 1, not to 0, so the point keeps circling.",
            "Believing the linear theory far away. The non-saturating game has the same eigenvalues as "
            "minimax and still contracts from radius 1.4 to 0.64, ever more slowly.",
        ),
        published=published(last),
        rows=tuple(rows),
        seeds=tuple(seeds),
    )  # fmt: skip


def published(last: Mapping[str, Sequence[float]]) -> tuple[Published, ...]:
    """Judge the final radii by what the paper says of each game."""
    inside = [name for name in NOTEBOOK if max(last[name]) < 0.01]
    outside = [name for name in NOTEBOOK if min(last[name]) > 0.3]
    expected = [
        name for name, game in NOTEBOOK.items() if game.constraint in ("r1", "consensus", "instance-noise")
    ]
    return (
        Published(
            source="Mescheder, Geiger, Nowozin 2018, figure 3 and the notebook beside it",
            protocol=(
                f"The notebook's games, h = {H}, start (1, 1) in its sign, simultaneous and alternating; "
                f"{STEPS} of its 500 steps."
            ),
            criterion=(
                "R1, consensus and instance noise end within 0.01 of the equilibrium; GAN, non-saturating, "
                "clipped WGAN and WGAN-GP stay beyond 0.3."
            ),
            measured=f"within: {', '.join(inside)}; beyond: {', '.join(outside)}.",
            reached=inside == expected and set(inside) | set(outside) == set(NOTEBOOK),
        ),
    )


def _orbit_figure(orbits: dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]]) -> Figure:
    figure = axes("θ, where the generator stands", "ψ, the discriminator's slope", height=460)
    shown = ("GAN (minimax)", "non-saturating", "WGAN, clipped at 1", "WGAN-GP", "R1, γ = 0.3", "R1, γ = 1")
    for name, colour in zip(shown, COLOURS, strict=True):
        path = orbits[name][0]
        line(figure, [t for t, _ in path], [p for _, p in path], name, colour, width=1.6)
    figure.update_yaxes(scaleanchor="x")
    return finished(
        figure,
        "Simultaneous steps from (1, -1); the equilibrium is the origin. Minimax spirals outwards, the "
        "clipped WGAN and WGAN-GP circle for ever, the non-saturating game creeps inwards, R1 arrives. A "
        "name in the legend hides its orbit.",
    )


def _plane_figure() -> Figure:
    figure = axes("Re λ", "Im λ", height=420)
    h = 1.0
    angles = [2 * math.pi * k / 120 for k in range(121)]
    circle = [((math.cos(a) - 1) / h, math.sin(a) / h) for a in angles]
    line(
        figure, [x for x, _ in circle], [y for _, y in circle], "|1 + hλ| = 1 for h = 1", "#7F7F7F",
        dash="dash", width=1.2,
    )  # fmt: skip
    gammas = [0.02 * k for k in range(101)]
    for sign, name in ((0, "R1 on minimax, γ from 0 to 2"), (1, "")):
        values = [(eigenvalues(Game("minimax", "r1", g)) or (0j, 0j))[sign] for g in gammas]
        line(
            figure, [v.real for v in values], [v.imag for v in values], name, BLUE, showlegend=not sign,
            text=[f"γ = {g:.2f}" for g in gammas], hovertemplate="%{text}: %{x:.2f} %{y:+.2f} i",
        )  # fmt: skip
    marks = {
        "γ = 0": (0.0, 0.5),
        "γ = 0.5": (-0.25, 0.433),
        "γ = 1, critical": (-0.5, 0.0),
        "γ = 2": (-1.866, 0.0),
    }
    figure.add_scatter(
        x=[x for x, _ in marks.values()], y=[y for _, y in marks.values()], text=list(marks),
        mode="markers+text", textposition="top right", marker={"color": ORANGE, "size": 8}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(scaleanchor="x")
    return finished(
        figure,
        "Eigenvalues of the minimax Dirac-GAN as the weight γ of R1 grows: from ±0.5i, where nothing is "
        "damped, along a circle to -0.5 at γ = 1, then apart along the axis, where more weight slows the "
        "slower one down. Steps of 1 converge inside the dashed circle.",
    )


def _swing_figure(swings: dict[tuple[str, float], Swing]) -> Figure:
    figure = axes("step", "generator's mean, first coordinate")
    colours = (ORANGE, BLUE, PINK, GREEN)
    for ((objective, gamma), found), colour in zip(swings.items(), colours, strict=True):
        name = objective + (f", R1 γ = {gamma:g}" if gamma else "")
        steps = [EVERY * k for k in range(len(found.path[0]))]
        if gamma:
            band(figure, steps, found.path, name, colour)
        else:
            line(figure, steps, found.path[0], f"{name} (one seed)", colour, width=1.2)
    level(figure, 1.0, "mean of the data")
    return finished(
        figure,
        "The same on networks with a few thousand weights: without a regulariser the generator's mean "
        "swings around the data's; with R1 it settles. Bands span the seeds; of the swinging ones a single "
        "seed is drawn, since a mean over seeds out of step would look calm.",
    )


def _notebook_table(last: dict[str, list[float]]) -> Table:
    rows = []
    for name, game in NOTEBOOK.items():
        values = eigenvalues(game)
        limit = largest_step(values) if values else 0.0
        step = contraction(game, H)
        cells = (
            _complex(values),
            digits(step, 4) if step else "–",
            digits(limit) if limit else "none",
            *(digits(value) for value in last[name]),
        )
        rows.append((name, *cells))
    columns = (
        "game",
        "λ",
        f"factor a step, h = {H}",
        "largest h",
        "radius, simultaneous",
        "radius, alternating",
    )
    return Table(f"Distance from the equilibrium after {STEPS} steps; it was 1.41", columns, tuple(rows))


def _every_table() -> Table:
    kinds = {"none": 0.0, "R1 or R2, γ = 0.5": 0.5, "noise, σ = 0.7": 0.7, "consensus, γ = 0.5": 0.5}
    constraints = {"none": "none", "R1 or R2, γ = 0.5": "r1", "noise, σ = 0.7": "instance-noise",
                   "consensus, γ = 0.5": "consensus"}  # fmt: skip
    rows = tuple(
        (
            name,
            *(_complex(eigenvalues(Game(name, constraints[kind], weight))) for kind, weight in kinds.items()),
        )
        for name in SLOPES
    )
    return Table("λ of every objective under every kind of damping", ("objective", *kinds), rows)


def _swing_table(swings: dict[tuple[str, float], Swing]) -> Table:
    rows = tuple(
        (objective, f"{gamma:g}", plus_minus(spread(found.amplitude)))
        for (objective, gamma), found in swings.items()
    )
    return Table(
        "Networks: amplitude of the generator's mean at the end, in standard deviations of the data",
        ("objective", "γ of R1", "amplitude"),
        rows,
    )


def _complex(values: tuple[complex, complex] | None) -> str:
    """Write a pair of eigenvalues."""
    if values is None:
        return "kink"
    (a, b), (c, _) = ((v.real, v.imag) for v in values)
    if b:
        return (f"{digits(a)} " if abs(a) > 1e-12 else "") + f"± {digits(b)}i"
    return digits(a) if abs(a - c) < 1e-12 else f"{digits(a)}, {digits(c)}"
