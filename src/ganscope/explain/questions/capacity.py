"""Question 9: symmetric networks? Capacity of G against D, and depth with and without skip connections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganscope.explain.answer import Answer, Progress, Row, Table
from ganscope.explain.catalogue import QUESTIONS
from ganscope.explain.experiments.games import measured, played, played_alone
from ganscope.figures.drawing import BLUE, GREEN, ORANGE, PINK, Figure, axes, band, finished
from ganscope.nets import mlp
from ganscope.training import Runs
from ganscope.words.numerals import plus_minus
from ganscope.words.spread import spread

WIDTHS = (8, 32, 128)
STEPS, DEEP_STEPS, DEEP = 400, 300, 16
LATENT, WIDTH = 32, 128


class Residual(nn.Module):
    """`h + W relu(h)`, the branch scaled by 1/sqrt(depth) so that its sum over the depth keeps its size."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        nn.init.kaiming_normal_(self.linear.weight, nonlinearity="relu")
        nn.init.zeros_(self.linear.bias)
        self.scale = 1 / math.sqrt(depth)

    def forward(self, h: Tensor) -> Tensor:
        """Map `[B, width]` to `[B, width]`."""
        branch: Tensor = self.linear(h.relu())
        return h + self.scale * branch


class Depth(NamedTuple):
    """A generator of some depth."""

    name: str
    depth: int
    kind: str
    """"default": PyTorch's initial weights, "he": He's, "residual": skip connections."""
    colour: str


DEPTHS = (
    Depth("3 layers", 3, "he", BLUE),
    Depth(f"{DEEP} layers", DEEP, "default", ORANGE),
    Depth(f"{DEEP} layers, He weights", DEEP, "he", PINK),
    Depth(f"{DEEP} layers, residual", DEEP, "residual", GREEN),
)


def generator(depth: Depth, seed: int) -> nn.Sequential:
    """Build a generator of 8 x 8 images from 32 latents with `depth` hidden layers of 128 units.

    Example:
        >>> generator(DEPTHS[3], 0)(torch.zeros(5, LATENT)).shape
        torch.Size([5, 1, 8, 8])
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = [nn.Linear(LATENT, WIDTH)]
        for _ in range(depth.depth - 1):
            if depth.kind == "residual":
                layers.append(Residual(WIDTH, depth.depth))
            else:
                layers += [nn.ReLU(), nn.Linear(WIDTH, WIDTH)]
        layers += [nn.ReLU(), nn.Linear(WIDTH, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))]
        if depth.kind == "he":
            for layer in layers:
                if isinstance(layer, nn.Linear) and layer.out_features != 64:
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                    nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def gradient_by_layer(network: nn.Sequential, discriminator: nn.Module, latents: Tensor) -> list[float]:
    """Norms of d loss / d hidden layer of the non-saturating loss, from the latent's side to the sample's.

    Args:
        network: from `generator`.
        discriminator: `[B, 1, 8, 8] -> [B, 1]`.
        latents: `[B, 32]`.

    Returns:
        One norm per hidden layer, relative to the one nearest the sample.
    """
    h, hidden = latents, []
    for layer in network:
        h = layer(h)
        if isinstance(layer, nn.Linear | Residual) and h.shape[1] == WIDTH:
            hidden.append(h)
    loss = nn.functional.softplus(-discriminator(h)).mean()
    norms = [float(g.norm()) for g in torch.autograd.grad(loss, hidden)]
    return [norm / norms[-1] if norms[-1] else 0.0 for norm in norms]


class Outcome(NamedTuple):
    """How one run ended."""

    emd: float
    captured: int


class Deep(NamedTuple):
    """How a generator of some depth began and ended."""

    before: list[float]
    emd: float
    captured: int


def _outcomes(runs: Runs, seeds: int) -> list[Outcome]:
    return [
        Outcome(math.nan if found["emd"] is None else found["emd"], found["captured"])
        for found in measured(runs, seeds)
    ]


def trained_depth(depth: Depth, seed: int, steps: int) -> Deep:
    """Train a generator of some depth against the usual discriminator."""
    network = generator(depth, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1000)
        discriminator = mlp.discriminator((1, 8, 8), 0, mlp.Options(d_width=WIDTH))
    latents = torch.randn(256, LATENT, generator=torch.Generator().manual_seed(seed))
    before = gradient_by_layer(network, discriminator, latents)
    *_, runs = played_alone("r1", seed, "digits", steps, 1, (network, discriminator), latent_dim=LATENT)
    found = runs.measure(network(latents_of(runs)).detach().float())
    return Deep(before, math.nan if found["emd"] is None else found["emd"], found["captured"])


def latents_of(runs: Runs) -> Tensor:
    """The latents a single run is judged on."""
    from ganscope.training.loop import evaluation_latents

    return evaluation_latents(runs.config.seed, runs.samples, runs.config.latent_dim, runs.held_out.dtype)


def answer(seeds: Sequence[int], full: bool, progress: Progress) -> Answer:
    """Train every pair of widths, and generators of two depths in four ways."""
    steps, deep_steps = (4000, 2000) if full else (STEPS, DEEP_STEPS)
    pairs = list(product(WIDTHS, WIDTHS))
    total, done = len(pairs) + len(DEPTHS), 0
    grid: dict[tuple[int, int], list[Outcome]] = {}
    for g_width, d_width in pairs:
        *_, runs = played("r1", seeds, "digits", steps, 1, g_width=g_width, d_width=d_width)
        grid[g_width, d_width] = _outcomes(runs, len(seeds))
        progress(done := done + 1, total)
    deep: dict[str, list[Deep]] = {}
    for depth in DEPTHS:
        deep[depth.name] = [trained_depth(depth, seed, deep_steps) for seed in seeds]
        progress(done := done + 1, total)
    return Answer(
        number=9,
        question=QUESTIONS[9].asked,
        answer=_in_two_sentences(grid, deep),
        formulas=(
            "gradient at layer l of L:   ∏ Jacobians of layers l+1 … L, each multiplying by its gain",
            "a gain of 0.4 a layer (PyTorch's default weights, ReLU) leaves 0.4^{16} ≈ 4·10⁻⁷ after 16 "
            "layers",
            "residual layer:   h + W·relu(h)/√L, whose Jacobian is the identity plus something small",
        ),
        protocol=(
            f"1,797 digits, 8 x 8 pixels, recipe r1. Grid: three hidden layers each, {steps} steps. Depth: "
            f"the generator alone is {DEEP} hidden layers of {WIDTH} units, the discriminator stays at "
            f"three, {deep_steps} steps at the same learning rates. Gradients before the first step, at 256 "
            "latents."
        ),
        figures=(_grid_figure(grid), _gradient_figure(deep)),
        tables=(_grid_table(grid), _depth_table(deep)),
        mistakes=(
            "Making the networks mirror images because a diagram does. Nothing in the game asks for it: "
            "what counts is that neither is too small for its own task.",
            "Shrinking the discriminator to “balance” the game: a generator learns only what its "
            "discriminator sees (question 12).",
            "Blaming the loss for a gradient that dies in a deep generator. Its factor per layer is set by "
            "the initial weights, and another loss does not change it.",
            "Taking a gradient that arrives for a network that learns. He's weights deliver it at the "
            "start, and the table says how far the plain deep generator came with it; skip connections are "
            "the repair that lasts beyond the first step.",
        ),
        published=(),
        rows=_rows(grid, deep, seeds),
        seeds=tuple(seeds),
        full=full,
    )  # fmt: skip


def _emd(outcomes: Sequence[Outcome] | Sequence[Deep]) -> float:
    return fmean(outcome.emd for outcome in outcomes)


def _in_two_sentences(grid: dict[tuple[int, int], list[Outcome]], deep: dict[str, list[Deep]]) -> str:
    large = WIDTHS[-1]
    by_g = [_emd(grid[g, large]) for g in WIDTHS]
    by_d = [_emd(grid[large, d]) for d in WIDTHS]
    costlier = "discriminator" if by_d[0] > by_g[0] else "generator"
    first = {name: fmean(run.before[0] for run in runs) for name, runs in deep.items()}
    plain, he, residual = (first[depth.name] for depth in DEPTHS[1:])
    ends = [_emd(deep[depth.name]) for depth in DEPTHS]
    return (
        f"They need not be: against a discriminator {large} wide, generators {_listed(WIDTHS)} wide end at "
        f"EMD {_listed(by_g)}, and against a generator {large} wide, discriminators of these widths at "
        f"{_listed(by_d)}; the {costlier} is the one that must not be too small. Depth matters through the "
        f"gradient: of what enters a {DEEP}-layer generator, {plain:.0e} reaches its first layer with "
        f"PyTorch's initial weights, {he:.2g} with He's and {residual:.2g} with skip connections, and after "
        f"the same training these end at EMD {_listed(ends[1:])}, where three layers reach {ends[0]:.1f}."
    )


def _listed(values: Sequence[float]) -> str:
    """Write `8, 32 and 128`; what is no whole number with one decimal."""
    *most, last = [f"{value:.1f}" if isinstance(value, float) else str(value) for value in values]
    return f"{', '.join(most)} and {last}"


def _grid_figure(grid: dict[tuple[int, int], list[Outcome]]) -> Figure:
    z = [[_emd(grid[g, d]) for d in WIDTHS] for g in WIDTHS]
    modes = [[fmean(o.captured for o in grid[g, d]) for d in WIDTHS] for g in WIDTHS]
    text = [
        [f"EMD {e:.2f}<br>{m:.0f} of 10" for e, m in zip(*row, strict=True)]
        for row in zip(z, modes, strict=True)
    ]
    figure = axes("width of the discriminator", "width of the generator", height=320, showlegend=False)
    figure.add_heatmap(
        z=z, x=[str(d) for d in WIDTHS], y=[str(g) for g in WIDTHS], colorscale="Viridis", showscale=False,
        text=text,
        texttemplate="%{text}", hoverinfo="skip", xgap=2, ygap=2,
    )  # fmt: skip
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category")
    return finished(figure, "Mean EMD and captured classes over the seeds; darker is nearer to the data.")


def _gradient_figure(deep: dict[str, list[Deep]]) -> Figure:
    figure = axes(
        "depth in the generator, 0: the latent's side, 1: the sample's side", "relative norm", log_y=True
    )
    for depth in DEPTHS:
        x = [k / (depth.depth - 1) for k in range(depth.depth)]
        values = [[max(norm, 1e-30) for norm in run.before] for run in deep[depth.name]]
        band(figure, x, values, depth.name, depth.colour, geometric=True)
    return finished(
        figure,
        "The generator's gradient at its hidden layers before the first step, relative to the last one; it "
        "travels from right to left.",
    )


def _grid_table(grid: dict[tuple[int, int], list[Outcome]]) -> Table:
    return Table(
        "EMD at the end, by the widths of both networks",
        ("generator", *(f"D {d} wide" for d in WIDTHS)),
        tuple(
            (f"G {g} wide", *(plus_minus(spread(o.emd for o in grid[g, d])) for d in WIDTHS)) for g in WIDTHS
        ),
    )


def _depth_table(deep: dict[str, list[Deep]]) -> Table:
    return Table(
        "Depth of the generator",
        ("generator", "gradient at its first layer", "EMD", "classes captured"),
        tuple(
            (
                name,
                plus_minus(spread(run.before[0] for run in runs)),
                plus_minus(spread(run.emd for run in runs)),
                plus_minus(spread(float(run.captured) for run in runs)),
            )
            for name, runs in deep.items()
        ),
    )


def _rows(
    grid: dict[tuple[int, int], list[Outcome]], deep: dict[str, list[Deep]], seeds: Sequence[int]
) -> tuple[Row, ...]:
    rows: list[Row] = [
        {"part": "widths", "G": g, "D": d, "seed": seed, **outcome._asdict()}
        for (g, d), outcomes in grid.items()
        for seed, outcome in zip(seeds, outcomes, strict=True)
    ]
    rows += [
        {"part": "depth", "generator": name, "seed": seed, "layer": layer, "gradient": norm, "emd": run.emd}
        for name, runs in deep.items()
        for seed, run in zip(seeds, runs, strict=True)
        for layer, norm in enumerate(run.before, 1)
    ]
    return tuple(rows)
