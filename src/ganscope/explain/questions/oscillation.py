"""Question 10: oscillation, on the smallest game where everything is known and on small networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ganscope.explain.answer import Answer, Progress, Published, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.dirac_gan import (
    SLOPES,
    START,
    Game,
    contraction,
    eigenvalues,
    largest_step,
    orbit,
    radius,
)
from ganscope.explain.experiments.swing import EVERY, LATENT, MEAN, RATE, ROWS, STD, WIDTH, Swing, swing
from ganscope.explain.phrases import mean, pick
from ganscope.figures.drawing import (
    AMBER,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    SKY,
    Figure,
    anchor,
    axes,
    band,
    finished,
    line,
)
from ganscope.words.lists import listed
from ganscope.words.numerals import digits

STEPS, LONGER_STEPS, H = 300, 500, 0.2
MINIMAX, FLIPPED = "GAN (minimax)", "non-saturating"
NOTEBOOK = {
    MINIMAX: Game("minimax"),
    FLIPPED: Game("non-saturating"),
    "WGAN, clipped at 1": Game("wasserstein", "clip", 1.0),
    "WGAN-GP": Game("wasserstein", "gradient-penalty", 0.35),
    "R1, γ = 0.3": Game("minimax", "r1", 0.3),
    "R1, γ = 1": Game("minimax", "r1", 1.0),
    "consensus, γ = 1": Game("minimax", "consensus", 1.0),
    "instance noise, σ = 0.7": Game("minimax", "instance-noise", 0.7),
}
"""The configurations of the authors' notebook; their penalty, γ/2 (|ψ| - 1)² with γ = 0.7, has a half."""
SHOWN = dict(zip(list(NOTEBOOK)[:6], (ORANGE, AMBER, PINK, SKY, BLUE, GREEN), strict=True))
"""Orbits that are drawn, and their colours."""
SWINGS = (("non-saturating", 0.0), ("non-saturating", 1.0), ("wasserstein", 0.0), ("wasserstein", 1.0))
ROUNDS, LONGER_ROUNDS = 2000, 10_000
"""Steps of the small networks."""
NEAR, FAR = 0.01, 0.3
"""Radii below which an orbit has arrived, and above which it has not."""

Path = list[tuple[float, float]]


class Measured(NamedTuple):
    """What the answer is made of."""

    seeds: tuple[int, ...]
    full: bool
    orbits: dict[str, tuple[Path, Path]]
    """By game: simultaneous and alternating steps."""
    swings: dict[tuple[str, float], Swing]
    """By objective and weight of R1."""
    rounds: int
    """Steps of the networks."""

    @property
    def last(self) -> dict[str, list[float]]:
        """Radius at the end of both orbits of every game."""
        return {name: [radius(path[-1]) for path in both] for name, both in self.orbits.items()}


def measure(seeds: Sequence[int], full: bool, progress: Progress) -> Measured:
    """Play the notebook's eight games, and let small networks swing."""
    steps, rounds = (LONGER_STEPS, LONGER_ROUNDS) if full else (STEPS, ROUNDS)
    total = 100 * (len(NOTEBOOK) + 3 * len(SWINGS))
    orbits = {}
    for index, (name, game) in enumerate(NOTEBOOK.items()):
        progress(100 * index, total)
        orbits[name] = orbit(game, steps, H), orbit(game, steps, H, "alternating")
    swings = {}
    for index, (objective, gamma) in enumerate(SWINGS):
        begun = 100 * (len(NOTEBOOK) + 3 * index)

        def part(done: int, of: int, begun: int = begun) -> None:
            progress(begun + 300 * done // of, total)

        swings[objective, gamma] = swing(objective, gamma, seeds, rounds, part)
    return Measured(tuple(seeds), full, orbits, swings, rounds)


def answer(m: Measured) -> Answer:
    """Say which games circle, which arrive, and what the eigenvalues have to do with it."""
    steps = len(m.orbits[MINIMAX][0]) - 1
    return Answer(
        number=10,
        question=QUESTIONS[10].asked,
        answer=_sentences(m),
        formulas=(
            "real data at 0, generator at θ, D(x) = ψx;   v = (−dL_{G}/dθ, −dL_{D}/dψ),   J its Jacobian "
            "at (0, 0)",
            "no regulariser:   λ = ± i √(−g d),   g = dL_{G}/ds, d = dL_{D}/ds at score 0 (fake)",
            "R1, R2 of weight γ:   λ = −γ/2 ± √(γ²/4 + g d);   minimax: critical at γ = 1",
            "steps of size h converge   ⇔   |1 + hλ| < 1   ⇔   h < 2 |Re λ| / |λ|²   (R1 below critical: h "
            "< 4γ)",
        ),
        protocol=(
            f"Dirac-GAN: {steps} plain gradient steps of {H} from (θ, ψ) = ({START[0]:g}, {START[1]:g}), "
            "both players at once or the discriminator first, by autograd through the library's own losses "
            "and penalties in float64; instance noise is averaged by quadrature, so nothing is random. "
            f"Networks: generator {LATENT}-{WIDTH}-{WIDTH}-2 (ReLU), discriminator 2-{WIDTH}-{WIDTH}-1 "
            f"(leaky ReLU), {ROWS} real points N(({MEAN:g}, {MEAN:g}), {STD}²), {m.rounds} full-batch steps "
            f"of {RATE} of both players at once; amplitude is half the range of the generator's mean over "
            "the last third."
        ),
        figures=(_orbit_figure(m), _plane_figure(), _swing_figure(m.swings)),
        tables=(_notebook_table(m.last, steps), _every_table(), _swing_table(m.swings)),
        mistakes=_mistakes(m),
        published=published(m),
        rows=tuple(_rows(m)),
        seeds=m.seeds,
        full=m.full,
    )


def _damped(game: Game) -> bool:
    """Whether both eigenvalues have a negative real part."""
    values = eigenvalues(game)
    return values is not None and max(value.real for value in values) < 0


def _sentences(m: Measured) -> str:
    damped = [name for name, game in NOTEBOOK.items() if _damped(game)]
    arrived = [name for name, ends in m.last.items() if max(ends) < NEAR]
    borne_out = (
        "exactly these arrive"
        if arrived == damped
        else f"those that arrive are {listed(arrived or ['none'], len(NOTEBOOK))}"
    )
    free, penalised = (
        [value for (_, gamma), run in m.swings.items() if bool(gamma) == with_r1 for value in run.amplitude]
        for with_r1 in (False, True)
    )
    networks = pick(
        free, penalised, "R1 calms small networks as well", "R1 does not always calm small networks",
        "on small networks R1 does not help",
    )  # fmt: skip
    return (
        "Oscillation itself is not bad: two players who follow their own gradients circle around the "
        "solution. What matters is whether the circles shrink, and the real parts of the game's eigenvalues "
        "tell. Without a regulariser these are zero and plain gradient steps do not arrive; R1, R2, "
        "instance noise and consensus steps make them negative, while clipping and the gradient penalty of "
        f"WGAN-GP do not. Of the {len(NOTEBOOK)} games played here {len(damped)} are damped in this sense, "
        f"and {borne_out} within {NEAR:g} of the solution. {networks[0].upper() + networks[1:]}: at the end "
        f"the generator's mean still moves by {mean(free)} standard deviations of the data without it and "
        f"by {mean(penalised)} with it."
    )


def _mistakes(m: Measured) -> tuple[str, ...]:
    path = [radius(point) for point in m.orbits[FLIPPED][0]]
    third = len(path) // 3
    early, late = path[third] / path[0], path[-1] / path[-1 - third]
    pace = "ever more slowly" if 1 > late > early else "not more slowly" if late < 1 else "but not to the end"
    moves = "contracts" if path[-1] < path[0] else "expands"
    kink = m.last["WGAN-GP"]
    return (
        "Waiting for the losses to go down. At the solution the discriminator's cross-entropy is 2 ln 2 = "
        "1.386, what a discriminator gets that cannot tell the two apart. When one player's loss falls, the "
        "other player is in trouble.",
        "Reading complex eigenvalues as a fault. They mean rotation; rotation with a negative real part "
        "arrives, and large GANs of good quality rotate too (Berard et al. 2020).",
        "Blaming the learning rate alone. For the plain game with simultaneous steps every learning rate "
        "diverges, |1 + hλ| = √(1 + h²/4) > 1; a smaller one only takes longer.",
        "Taking WGAN-GP for a cure of oscillation. It repairs the critic's slope (question 7); near the "
        f"solution it pulls |ψ| to 1, not to 0. The point ends at radius {digits(kink[0])} or "
        f"{digits(kink[1])} here; it started at {radius(START):.2f}.",
        "Trusting the linear theory far from the solution. The non-saturating game has the same eigenvalues "
        f"as minimax, and yet it {moves} from radius {digits(path[0])} to {digits(path[-1])}, {pace}.",
    )


def published(m: Measured) -> tuple[Published, ...]:
    """Judge the final radii by what the paper says of each game."""
    inside = [name for name in NOTEBOOK if max(m.last[name]) < NEAR]
    outside = [name for name in NOTEBOOK if min(m.last[name]) > FAR]
    expected = [
        name for name, game in NOTEBOOK.items() if game.constraint in ("r1", "consensus", "instance-noise")
    ]
    steps = len(m.orbits[MINIMAX][0]) - 1
    return (
        Published(
            source="Mescheder, Geiger, Nowozin 2018, figure 3 and the notebook beside it",
            protocol=(
                f"The notebook's games, h = {H}, start (1, 1) in its sign, simultaneous and alternating; "
                f"{steps} of its 500 steps."
            ),
            criterion=(
                f"R1, consensus and instance noise end within {NEAR:g} of the equilibrium; GAN, "
                f"non-saturating, clipped WGAN and WGAN-GP stay beyond {FAR:g}."
            ),
            measured=f"within: {', '.join(inside) or 'none'}; beyond: {', '.join(outside) or 'none'}.",
            reached=inside == expected and set(inside) | set(outside) == set(NOTEBOOK),
        ),
    )


def _rows(m: Measured) -> list[Row]:
    rows: list[Row] = [
        {"part": "orbit", "game": name, "order": order, "step": step, "theta": theta, "psi": psi}
        for name, both in m.orbits.items()
        for order, path in zip(("simultaneous", "alternating"), both, strict=True)
        for step, (theta, psi) in enumerate(path)
        if step % 5 == 0
    ]
    rows += [
        {"part": "networks", "game": objective, "gamma": gamma, "seed": seed, "amplitude": value}
        for (objective, gamma), run in m.swings.items()
        for seed, value in zip(m.seeds, run.amplitude, strict=True)
    ]
    return rows


def _orbit_figure(m: Measured) -> Figure:
    figure = axes("θ, where the generator stands", "ψ, the discriminator's slope", height=460)
    for name, colour in SHOWN.items():
        path = m.orbits[name][0]
        line(figure, [t for t, _ in path], [p for _, p in path], name, colour, width=1.6)
    figure.update_yaxes(scaleanchor="x")
    ends = {name: m.last[name][0] for name in SHOWN}
    kinds = {
        "arrive": [name for name, end in ends.items() if end < NEAR],
        "end closer than they began": [n for n, end in ends.items() if NEAR <= end < radius(START)],
        "end farther away": [name for name, end in ends.items() if end >= radius(START)],
    }
    groups = "; ".join(f"{what}: {', '.join(names)}" for what, names in kinds.items() if names)
    return finished(
        figure,
        f"Simultaneous steps from ({START[0]:g}, {START[1]:g}); the equilibrium is the origin. Orbits that "
        f"{groups}. A click on a name in the legend hides its orbit.",
    )


def _plane_figure() -> Figure:
    figure = axes("Re λ", "Im λ", height=420)
    angles = [2 * math.pi * k / 120 for k in range(121)]
    line(
        figure, [math.cos(a) - 1 for a in angles], [math.sin(a) for a in angles], "|1 + hλ| = 1 for h = 1",
        "#7F7F7F", dash="dash", width=1.2,
    )  # fmt: skip
    gammas = [0.02 * k for k in range(101)]
    for sign, name in ((0, "R1 on minimax, γ from 0 to 2"), (1, "")):
        values = [_of_r1(g)[sign] for g in gammas]
        line(
            figure, [v.real for v in values], [v.imag for v in values], name, BLUE, showlegend=not sign,
            text=[f"γ = {g:.2f}" for g in gammas], hovertemplate="%{text}: %{x:.2f} %{y:+.2f} i",
        )  # fmt: skip
    marks = {"γ = 0": 0.0, "γ = 0.5": 0.5, "γ = 1, critical": 1.0, "γ = 2": 2.0}
    at = [min(_of_r1(gamma), key=lambda v: (-v.imag, v.real)) for gamma in marks.values()]
    figure.add_scatter(
        x=[v.real for v in at], y=[v.imag for v in at], text=list(marks), mode="markers+text",
        textposition="top right", marker={"color": ORANGE, "size": 8}, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(scaleanchor="x")
    return finished(
        figure,
        "Eigenvalues of the minimax Dirac-GAN as the weight γ of R1 grows: from ±0.5i, where nothing is "
        "damped, along a circle to -0.5 at γ = 1, then apart along the axis, where more weight slows the "
        "slower one down. Steps of 1 converge inside the dashed circle.",
    )


def _of_r1(gamma: float) -> tuple[complex, complex]:
    values = eigenvalues(Game("minimax", "r1", gamma))
    assert values is not None  # noqa: S101 - R1 is smooth
    return values


def _swing_figure(swings: Mapping[tuple[str, float], Swing]) -> Figure:
    figure = axes("step", "generator's mean, first coordinate")
    colours = (ORANGE, BLUE, PINK, GREEN)
    for ((objective, gamma), run), colour in zip(swings.items(), colours, strict=True):
        name = objective + (f", R1 γ = {gamma:g}" if gamma else "")
        steps = [EVERY * k for k in range(len(run.path[0]))]
        if gamma:
            band(figure, steps, run.path, name, colour)
        else:
            line(figure, steps, run.path[0], f"{name} (one seed)", colour, width=1.2)
    anchor(figure, MEAN, "mean of the data")
    ends = "; ".join(
        f"{objective}{f', R1 γ = {gamma:g}' if gamma else ''}: {mean(run.amplitude)}"
        for (objective, gamma), run in swings.items()
    )
    return finished(
        figure,
        "The same on small networks. By how much the generator's mean still swings over the last third, in "
        f"standard deviations of the data: {ends}. Bands span the seeds. Without R1 a single seed is drawn, "
        "because a mean over seeds that swing out of step would look calm.",
    )


def _notebook_table(last: Mapping[str, list[float]], steps: int) -> Table:
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
    return Table(
        f"Distance from the equilibrium after {steps} steps; it was {radius(START):.2f}", columns, tuple(rows)
    )


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


def _swing_table(swings: Mapping[tuple[str, float], Swing]) -> Table:
    rows = tuple((objective, f"{gamma:g}", mean(run.amplitude)) for (objective, gamma), run in swings.items())
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
