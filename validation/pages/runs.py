"""One real run of every verdict and its healthy twin, trained in a plain loop that ganscope watches.

A twin differs from the run that fails in what is named and in nothing else: seed, data and networks are the
same. `python -m validation.pages` draws them; `docs/verdicts/runs` keeps what they measured.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.diagnose import Verdict
from ganscope.diagnose.rules.thresholds import DECAYED, GENERATOR_DECAYED, VANISHED, WINS

LATENT = 4
SHOWN = 300
"""Points of a picture of samples."""
IMAGES = 25
Networks = Callable[[], tuple[nn.Module, nn.Module]]


class Play(NamedTuple):
    """How one pair is trained: everything that can be right or wrong about it."""

    data: Literal["ring", "wide-ring", "digits"] = "ring"
    rows: int = 4000
    """Training rows."""
    objective: str = "non-saturating"
    penalty: str | None = None
    weight: float = 1.0
    clip: float = 0.0
    n_critic: int = 1
    ahead: int = 0
    """Discriminator steps before the generator's first."""
    g_lr: float = 1e-3
    d_lr: float = 1e-3
    beta1: float = 0.0
    sgd: bool = False
    swapped: bool = False
    """The discriminator's loss takes fakes for real."""
    networks: Networks = lambda: (perceptron(LATENT, 2), perceptron(2, 1))
    steps: int = 1000
    every: int = 25


class Case(NamedTuple):
    """A planted failure, its twin, and the number that tells them apart."""

    title: str
    failing: str
    """What is wrong, for a legend."""
    healthy: str
    play: Play
    twin: Play
    signal: Callable[[Mapping[str, Any]], float | None]
    """A row of the history -> the telling number."""
    axis: str
    level: tuple[float, str]
    """A value of the signal to compare with, and what it is."""
    log: bool = False


def perceptron(
    inputs: int,
    outputs: int,
    width: int = 48,
    depth: int = 2,
    activation: Callable[[], nn.Module] = lambda: nn.LeakyReLU(0.2),
) -> nn.Sequential:
    """A plain perceptron; He's initial weights where units are rectified."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), activation()]
        inputs = width
        if isinstance(layers[-1], nn.LeakyReLU):
            nn.init.kaiming_normal_(layers[-2].weight, a=0.2)  # type: ignore[arg-type]
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def digit_networks(width: int = 128) -> tuple[nn.Module, nn.Module]:
    """Networks for 8 x 8 digits."""
    generator = nn.Sequential(perceptron(32, 64, width), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    return generator, nn.Sequential(nn.Flatten(), perceptron(64, 1, width))


def sigmoid_critic() -> tuple[nn.Module, nn.Module]:
    """A discriminator of eight sigmoid layers."""
    return perceptron(LATENT, 2), perceptron(2, 1, depth=8, activation=nn.Sigmoid)


def deep_critic() -> tuple[nn.Module, nn.Module]:
    """The same of leaky rectifiers."""
    return perceptron(LATENT, 2), perceptron(2, 1, depth=8)


def sigmoid_generator() -> tuple[nn.Module, nn.Module]:
    """A generator of six sigmoid layers."""
    return perceptron(LATENT, 2, depth=6, activation=nn.Sigmoid), perceptron(2, 1)


def deep_generator() -> tuple[nn.Module, nn.Module]:
    """The same of leaky rectifiers."""
    return perceptron(LATENT, 2, depth=6), perceptron(2, 1)


class Shifted(nn.Module):
    """A perfect sampler of the wide ring, but for one trained shift."""

    def __init__(self, shift: float) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor([shift, 0.0]))

    def forward(self, z: Tensor) -> Tensor:
        """Turn normal latents `[B, 4]` into points of the ring, moved."""
        place = (8 * torch.special.ndtr(z[:, 0])).floor()
        return on_ring(place, z[:, 1:3]) + self.shift


def dirac_networks() -> tuple[nn.Module, nn.Module]:
    """The Dirac-GAN in the plane: what is trained is a shift against a slope."""
    return Shifted(2.0), nn.Linear(2, 1)


def of(name: str) -> Callable[[Mapping[str, Any]], float | None]:
    """Read one number of a row."""

    def read(row: Mapping[str, Any]) -> float | None:
        value = row.get(name)
        return None if value is None else float(value)

    return read


def left(layers: str) -> Callable[[Mapping[str, Any]], float | None]:
    """Read what is left of a gradient at the far end of a network."""

    def read(row: Mapping[str, Any]) -> float | None:
        found = row.get(layers)
        return found[-1][1] / found[0][1] if found and len(found) > 1 and found[0][1] else None

    return read


def steepness(row: Mapping[str, Any]) -> float | None:
    """Read the 95 % quantile of the critic's slope between real and fake rows."""
    return None if row.get("slope_between") is None else float(row["slope_between"][1])


def swing(row: Mapping[str, Any]) -> float | None:
    """Read where the mean of the fixed samples is, along the data's main direction."""
    return None if row.get("point") is None else float(row["point"][0])


def play(case: Play, name: str, seed: int = 0) -> dict[str, Any]:
    """Train a pair and keep what its page needs.

    Args:
        case: how.
        name: verdict whose first mention is noted.
        seed: of everything.

    Returns:
        `rows` of the diagnosis, `verdicts` at the end as dictionaries, `first` (the verdict as it was first
        given, with the step `at` which; None for never), `samples` and `real`.
    """
    torch.manual_seed(seed)
    train, held_out = rows_of(case.data)
    real = train[: case.rows]
    generator, discriminator = case.networks()
    latent = next((p.shape[1] for p in generator.parameters() if p.ndim == 2), LATENT)
    objective = gs.objectives.OBJECTIVES[case.objective]
    held = case.penalty or ("clipping" if case.clip else None)
    scope = gs.watch(
        generator,
        discriminator,
        case.objective,
        real=held_out,
        latent=lambda n: torch.randn(n, latent),
        constraint=held.split("+")[0] if held else None,
        constraint_weight=case.weight if case.penalty else None,
        train=real,
        every=case.every,
    )
    optimizers = [
        torch.optim.SGD(module.parameters(), rate)
        if case.sgd
        else torch.optim.Adam(module.parameters(), rate, (case.beta1, 0.9))
        for module, rate in ((generator, case.g_lr), (discriminator, case.d_lr))
    ]
    draw = functools.partial(torch.randn, 64, latent)

    def train_discriminator() -> Tensor:
        batch = real[torch.randint(len(real), (64,))]
        fake = generator(draw()).detach()
        scores = discriminator(batch).squeeze(1), discriminator(fake).squeeze(1)
        loss = objective.d_loss(*(reversed(scores) if case.swapped else scores)).mean()
        for penalty in case.penalty.split("+") if case.penalty else ():
            loss = loss + case.weight * gs.lipschitz.penalty(penalty, discriminator, batch, fake).mean()
        _step(optimizers[1], loss)
        if case.clip:
            gs.lipschitz.clip_weights_(discriminator, case.clip)
        return batch

    for _ in range(case.ahead):
        train_discriminator()
    first = None
    for step in range(1, case.steps + 1):
        for _ in range(case.n_critic):
            batch = train_discriminator()
        real_scores = discriminator(batch).squeeze(1).detach()
        g_loss = objective.g_loss(real_scores, discriminator(generator(draw())).squeeze(1)).mean()
        _step(optimizers[0], g_loss)
        scope.step(real=batch, g_loss=g_loss)
        if first is None and step % case.every == 0:
            first = next(({**told(v), "at": step} for v in scope.verdicts() if v.name == name), None)
    with torch.no_grad():
        samples = generator(torch.randn(max(SHOWN, IMAGES), latent))
    return {
        "rows": scope.rows,
        "verdicts": [told(verdict) for verdict in scope.verdicts()],
        "first": first,
        "samples": samples,
        "real": held_out,
    }


def rows_of(data: str) -> tuple[Tensor, Tensor]:
    """Rows to train on and rows to watch with."""
    if data == "digits":
        digits = gs.data.DATASETS["digits"]()
        train = digits.train[torch.arange(1400)]
        return train[:900], torch.cat([train[900:], digits.held_out])
    if data == "ring":
        ring = gs.data.DATASETS["ring"]().train[torch.arange(5000)]
        return ring[:4000], ring[4000:]
    rows = on_ring(torch.randint(8, (5000,)), torch.randn(5000, 2))
    return rows[:4000], rows[4000:]


def on_ring(place: Tensor, noise: Tensor) -> Tensor:
    """Points of eight Gaussians on a circle of radius 2, each with a standard deviation of 0.2."""
    angle = place * (math.tau / 8)
    return 2 * torch.stack([angle.cos(), angle.sin()], 1) + 0.2 * noise


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def told(verdict: Verdict) -> dict[str, Any]:
    """What a page quotes of a verdict."""
    return {**verdict._asdict(), "label": verdict.label}


CROWD = Play(networks=lambda: (perceptron(8, 2), perceptron(2, 1)), n_critic=5, beta1=0.5, steps=1500)
"""Five discriminator steps a generator step, with momentum."""
RIVALS = Play(objective="minimax", n_critic=5, ahead=200)
"""A discriminator that is far ahead of a generator under the saturating loss."""
CRITIC = Play(
    "wide-ring",
    objective="wasserstein",
    penalty="gradient-penalty",
    n_critic=5,
    d_lr=2e-3,
    steps=800,
    every=20,
)
DIGITS = Play(data="digits", networks=digit_networks, steps=1500)
PLAIN = Play(data="wide-ring")
RUSH = PLAIN._replace(objective="least-squares", sgd=True, g_lr=0.1, d_lr=0.1, steps=40, every=1)
WIDE = PLAIN._replace(penalty="r1", weight=0.1)
ROTATION = PLAIN._replace(
    objective="hinge", networks=dirac_networks, sgd=True, g_lr=0.05, d_lr=0.05, every=20
)

CASES: dict[str, tuple[Case, ...]] = {
    "wiring": (
        Case(
            "Labels swapped in the discriminator's loss", "labels swapped", "labels right",
            PLAIN._replace(swapped=True, steps=600), PLAIN._replace(steps=600), of("auc"),
            "AUC: how often a real row scores above a fake", (0.5, "cannot tell"),
        ),
    ),
    "diverged": (
        Case(
            "Least squares under SGD, twice too fast", "rates of 0.1", "rates of 0.05",
            RUSH, RUSH._replace(g_lr=0.05, d_lr=0.05), of("fake_scale"),
            "distance of fakes from the centre, real rows = 1", (30.0, "limit"), log=True,
        ),
    ),
    "discriminator-too-strong": (
        Case(
            "Minimax with an unconstrained discriminator 200 steps ahead", "no penalty", "R1, weight 0.1",
            RIVALS, RIVALS._replace(penalty="r1", weight=0.1), of("auc"),
            "AUC: how often a real row scores above a fake", (WINS, "limit"),
        ),
    ),
    "vanishing-gradient": (
        Case(
            "In the loss: minimax, and the discriminator wins", "minimax", "non-saturating",
            RIVALS, RIVALS._replace(objective="non-saturating"), of("logit_slope"),
            "|dL/ds|: gradient the loss passes on to scores", (VANISHED, "limit"), log=True,
        ),
        Case(
            "In the critic: eight sigmoid layers", "sigmoid", "leaky ReLU",
            WIDE._replace(networks=sigmoid_critic), WIDE._replace(networks=deep_critic),
            left("critic_layers"), "share of ds/dh left at the critic's first layer", (DECAYED, "limit"),
            log=True,
        ),
        Case(
            "In the generator: six sigmoid layers", "sigmoid", "leaky ReLU",
            WIDE._replace(networks=sigmoid_generator), WIDE._replace(networks=deep_generator),
            left("generator_layers"), "gradient / weights, first layer over last",
            (GENERATOR_DECAYED, "limit"), log=True,
        ),
    ),
    "lipschitz-violation": (
        Case(
            "A Wasserstein critic that nothing holds", "no penalty", "gradient penalty, weight 1",
            CRITIC._replace(penalty=None), CRITIC, steepness,
            "slope of the critic between real and fake, 95 %", (1.0, "1-Lipschitz"), log=True,
        ),
    ),
    "critic-underfit": (
        Case(
            "A critic whose learning rate is 100 times too low", "critic's rate 2e-5", "critic's rate 2e-3",
            CRITIC._replace(d_lr=2e-5), CRITIC, of("certified_share"),
            "share of W1 that the critic proves", (0.25, "limit"),
        ),
    ),
    "discriminator-overfit": (
        Case(
            "Sixty digits to learn from", "60 rows", "900 rows",
            DIGITS._replace(rows=60), DIGITS, of("auc_train"),
            "AUC of training rows over held-out rows", (0.5, "no difference"),
        ),
    ),
    "discriminator-too-weak": (
        Case(
            "A discriminator whose learning rate is 1,000 times too low", "D's rate 1e-6", "D's rate 1e-3",
            WIDE._replace(d_lr=1e-6), WIDE, of("auc"),
            "AUC: how often a real row scores above a fake", (0.5, "cannot tell"),
        ),
    ),
    "oscillation": (
        Case(
            "The Dirac-GAN: the generator is a shift, the discriminator a slope", "no penalty",
            "R1, weight 0.3", ROTATION, ROTATION._replace(penalty="r1", weight=0.3), swing,
            "the samples' mean, in sd of the data", (0.0, "the data's mean"),
        ),
    ),
    "mode-collapse": (
        Case(
            "Five unconstrained discriminator steps a generator step", "no penalty", "R1, weight 0.1",
            CROWD, CROWD._replace(penalty="r1", weight=0.1), of("pairwise"),
            "mean distance between samples, real rows = 1", (0.2, "limit"),
        ),
    ),
}  # fmt: skip
"""What each page shows; every difference between a run and its twin is in the two names."""
