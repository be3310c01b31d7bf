"""How each failure is planted, by how much, and the healthy runs beside them: a case in, a `Setup` out."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from . import losses
from .networks import Along, Conditional, ConditionalReplay, Cut, Line, Replay, WithFeatures, mlp, stack
from .rows import Rows
from .setup import Setup, first


class Case(NamedTuple):
    """What a builder is told."""

    rows: Rows
    objective: str
    strength: float
    """How badly, in the builder's own unit; see `conditions`."""
    loop: str
    seed: int


Builder = Callable[[Case], Setup]
INJECTED = 52
"""Step after which faults that come in mid-run come in."""


def healthy(c: Case) -> Setup:
    """Nothing is wrong: a generator that has to learn a shift and a stretch, a constrained discriminator."""
    s = _base(c, shift=0.7, stretch=-0.15)
    s.steps, s.every = 160, 6
    return s


# --- the gradient dies


def saturated(c: Case) -> Setup:
    """The loss is saturated: fakes far off, and the median probability of a fake is `strength`."""
    s = _base(c, shift=4.0)
    s.g_optimizer, s.g_lr, s.d_lr = "sgd", 1e-3, 1e-6
    _win(s, 80)
    _scale_until(s, lambda: _slope_of_loss(s), c.strength)
    return s


def dead_critic(c: Case) -> Setup:
    """The critic's activations are `strength` sigmoids in a row."""
    s = _base(c, shift=2.0, constrained=False)
    s.discriminator = _dressed(c, stack(c.rows.width, 1, 32, int(c.strength), nn.Sigmoid))
    s.d_lr = 1e-4
    return s


def dead_clipped_critic(c: Case) -> Setup:
    """Eight layers of a Wasserstein critic, clipped at `strength`."""
    s = _base(c, shift=2.0, constrained=False)
    s.discriminator = mlp(c.rows.width, 1, 32, 8)
    s.clip, s.declared = c.strength, {"constraint": "clipping"}
    return s


def dead_generator(c: Case) -> Setup:
    """The generator's activations are `strength` sigmoids in a row."""
    s = _base(c)
    s.generator = _trained_generator(s, stack(8, c.rows.width, 32, int(c.strength), nn.Sigmoid), shift=1.0)
    return s


# --- the samples


def dropped(c: Case) -> Setup:
    """Of the classes, the share `strength` (of digits half of it) is never played back, from a step on."""
    classes = len(c.rows.centres)
    count = max(1, round(c.strength * classes * (0.5 if c.rows.name == "digits" else 1)))
    gone = (torch.arange(count) + c.seed) % classes
    there = torch.isin(torch.arange(classes), gone, invert=True).nonzero().flatten()
    lost = torch.isin(c.rows.replayed_labels, gone)
    wanted = torch.where(lost, there[torch.arange(len(lost)) % len(there)], c.rows.replayed_labels)
    return _edited(c, lambda rows: _of_classes(c, rows, wanted))


def lopsided(c: Case) -> Setup:
    """One class takes `strength` of the samples more than its due, from a step on."""
    rng = torch.Generator().manual_seed(c.seed)
    moved = torch.rand(len(c.rows.replayed), generator=rng) < c.strength
    wanted = torch.where(moved, c.seed % len(c.rows.centres), c.rows.replayed_labels)
    return _edited(c, lambda rows: _of_classes(c, rows, wanted))


def narrow(c: Case) -> Setup:
    """Rows are drawn together about their class's mean, to `strength` of their spread, from a step on."""
    middle = c.rows.centres[c.rows.replayed_labels]
    return _edited(c, lambda rows: middle + c.strength * (rows - middle))


def copied(c: Case) -> Setup:
    """A finite table of latents: only `strength` different rows in all, from a step on."""
    place = torch.arange(len(c.rows.replayed))
    each = max(1, int(c.strength) // len(c.rows.centres))
    for k in range(len(c.rows.centres)):
        mine = torch.nonzero(c.rows.replayed_labels == k).flatten()
        place[mine] = mine[torch.arange(len(mine)) % each]
    return _edited(c, lambda rows: rows[place])


def alike(c: Case) -> Setup:
    """All rows are drawn towards one, to `strength` of their distance, from a step on."""
    one = c.rows.replayed[c.seed % len(c.rows.replayed)]
    return _edited(c, lambda rows: one + c.strength * (rows - one))


def swinging(c: Case) -> Setup:
    """A Dirac-GAN on rows: one number against one slope, started `strength` standard deviations off."""
    s = _base(c, constrained=False)
    direction = c.rows.axis
    unit = c.rows.axis_sd
    s.generator = Line(c.rows.replayed, direction * unit, c.strength)
    s.latent = _places(s)
    s.discriminator = Along(direction / unit)
    s.g_optimizer = s.d_optimizer = "sgd"
    s.steps, s.every, s.batch = 400, 10, 128
    fast = {"wasserstein": 0.12, "hinge": 0.12}
    if c.objective in fast:
        s.g_lr = s.d_lr = fast[c.objective]
        if c.objective == "wasserstein":
            s.clip, s.declared = 10.0, {"constraint": "clipping"}
    else:  # the spread of the rows damps a logistic slope, the less the slower it moves
        s.g_lr, s.d_lr = 6.0, 0.012
    return s


def circling(c: Case) -> Setup:
    """The same game under Adam, whose rate `strength` decides how far it swings."""
    s = swinging(c._replace(strength=0.5))
    s.g_optimizer = s.d_optimizer = "adam"
    s.g_lr, s.d_lr, s.steps = c.strength, c.strength, 500
    if c.objective == "non-saturating":
        s.d_lr = c.strength / 10
    return s


# --- who leads


def winning(c: Case) -> Setup:
    """The discriminator learns `strength` times as fast as the generator, and has had a start."""
    s = _base(c, shift=2.0, constrained=False)
    s.g_optimizer, s.d_lr, s.every = "sgd", 3e-3, 4
    s.steps = 188
    s.g_lr = 0.3 / c.strength
    _win(s, 40)
    return s


def slow(c: Case) -> Setup:
    """The discriminator learns `strength` times as slowly as it should."""
    s = _base(c, shift=1.5)
    s.g_lr, s.d_lr = 1e-2, 2e-3 / c.strength
    return s


def sideways(c: Case) -> Setup:
    """A linear discriminator that looks at an angle of cosine `strength` to where the fakes are."""
    s = askew(c)
    s.clip, s.penalty, s.declared = 0.0, None, {}
    s.discriminator = (
        _dressed(c, nn.Sequential(s.discriminator)) if c.loop == "conditional" else s.discriminator
    )
    return s


# --- the critic


def steep(c: Case) -> Setup:
    """A penalty that asks for slope `strength` where 1 is declared."""
    s = _base(c, shift=1.0)
    kind = ("gradient-penalty", "one-sided", "gradient-penalty")[c.seed % 3]
    ask = losses.one_sided if kind == "one-sided" else losses.gradient_penalty
    s.penalty = functools.partial(ask, slope=c.strength)
    s.declared = {"constraint": kind, "constraint_weight": 10.0}
    s.d_lr = 5e-3
    _scale_until(s, lambda: _slope_of(s), c.strength)
    return s


def loose(c: Case) -> Setup:
    """No constraint at all; the critic learns at rate `strength`."""
    s = _base(c, shift=1.0, constrained=False)
    s.declared = {} if c.seed % 2 else {"constraint": "none"}
    s.d_lr = c.strength
    return s


def askew(c: Case) -> Setup:
    """A linear critic that looks at an angle of cosine `strength` to where the fakes are."""
    s = _base(c, shift=3.0)
    linear = nn.Linear(c.rows.width, 1)
    across = torch.randn(c.rows.width, generator=s.rng)
    across -= (across @ c.rows.axis) * c.rows.axis
    across /= across.norm()
    with torch.no_grad():
        linear.weight.copy_(-(c.strength * c.rows.axis + math.sqrt(1 - c.strength**2) * across)[None])
    s.discriminator, s.d_lr, s.g_lr = linear, 1e-6, 1e-4
    if c.seed % 2:
        s.penalty, s.clip, s.declared = None, 10.0, {"constraint": "clipping"}
    return s


def starved(c: Case) -> Setup:
    """A Wasserstein critic that learns `strength` times as slowly as it should."""
    s = _base(c, shift=1.5)
    s.g_lr, s.d_lr = 1e-2, 2e-3 / c.strength
    return s


def memorising(c: Case) -> Setup:
    """The discriminator has `strength` rows to learn from, and time."""
    s = _base(c, shift=0.3, constrained=False)
    s.train = c.rows.train[: int(c.strength)]
    s.discriminator = _dressed(c, mlp(c.rows.width, 1, 64, 2))
    s.batch, s.d_lr, s.g_lr, s.steps = min(64, len(s.train)), 3e-3, 3e-4, 160
    return s


# --- the numbers


def exploding(c: Case) -> Setup:
    """From a step on: 1, fakes run 60 times as far as the data; 2, a rate of 1e20; 3, NaN in a weight."""
    s = _base(c, shift=0.7)

    def strike(s: Setup) -> None:
        network = (s.generator, s.discriminator)[c.seed % 2]
        with torch.no_grad():
            if c.strength == 1:
                next(p for n, p in s.generator.named_parameters() if n.endswith("b")).add_(
                    60 * c.rows.spread * c.rows.axis
                )
            else:
                value = 1e30 if c.strength == 2 else math.nan
                next(iter(network.parameters())).flatten()[:1].fill_(value)
                if c.strength == 2:
                    for p in network.parameters():
                        p.mul_(1e30)

    s.inject = (INJECTED, strike)
    return s


# --- the wiring: `strength` is not used, the mistake is there or not


def double_sigmoid(c: Case) -> Setup:
    """A sigmoid at the end of a discriminator whose loss applies another."""
    s = _base(c, shift=0.7, constrained=False)
    s.discriminator = nn.Sequential(mlp(c.rows.width, 1), nn.Sigmoid())
    s.own_loss = losses.D_LOSSES[c.objective], losses.G_LOSSES[c.objective]
    return s


def sigmoid_bce(c: Case) -> Setup:
    """A sigmoid and `BCELoss`, as most scripts have it."""
    s = _base(c, shift=0.7, constrained=False)
    s.discriminator = nn.Sequential(mlp(c.rows.width, 1), nn.Sigmoid())
    s.ends_in_sigmoid = True
    ones, zeros = torch.ones_like, torch.zeros_like
    s.own_loss = (
        lambda real, fake: losses.BCE(real, ones(real)) + losses.BCE(fake, zeros(fake)),
        lambda real, fake: losses.BCE(fake, ones(fake)),
    )
    return s


def cut_generator(c: Case) -> Setup:
    """Even seeds: `detach()` inside the generator. Odd ones: the loop trains it on detached fakes."""
    s = _base(c, shift=0.7)
    if c.seed % 2:
        s.detach = True
    else:
        s.generator = Cut(s.generator)
    return s


def cut_discriminator(c: Case) -> Setup:
    """`detach()` inside the discriminator."""
    s = _base(c, shift=0.7, constrained=False)
    s.discriminator = Cut(mlp(c.rows.width, 1))
    if c.objective == "wasserstein":
        s.declared = {"constraint": "clipping"}
    return s


def swapped(c: Case) -> Setup:
    """Real rows get the labels of fakes."""
    s = _base(c, shift=0.7)
    s.swap = True
    return s


def out_of_range(c: Case) -> Setup:
    """A generator that ends in tanh, and data of twice its range."""
    s = _base(c)
    body = nn.Sequential(*mlp(8, c.rows.width, 32, 2, 0.0), nn.Tanh())
    s.generator, s.latent = body, _noise(s)
    factor = 2.0 / float(c.rows.train.abs().quantile(0.9) if c.rows.width < 100 else c.rows.train.abs().max())
    s.rows = _scaled(c.rows, factor)
    return s


def batchnorm(c: Case) -> Setup:
    """BatchNorm in a critic whose slope is penalised row by row."""
    s = _base(c, shift=0.7)
    w = c.rows.width
    s.discriminator = nn.Sequential(
        nn.Linear(w, 32),
        nn.BatchNorm1d(32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 32),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 1),
    )
    return s


def shared(c: Case) -> Setup:
    """One optimiser for both networks."""
    s = _base(c, shift=0.7)
    s.shared = True
    s.declared = {**s.declared, "optimizers": s.optimizers()}
    return s


def wrong_axis(c: Case) -> Setup:
    """A penalty whose norm runs over the batch."""
    s = _base(c, shift=0.7)
    s.penalty, s.weight = losses.over_the_batch, 10.0
    s.declared = {"constraint": lambda critic, real, fake: 10 * losses.over_the_batch(critic, real, fake)}
    return s


def dead(c: Case) -> Setup:
    """All weights of one network are 0 before a ReLU."""
    s = _base(c, constrained=False)
    body = mlp(8, c.rows.width, 32, 2, 0.0) if c.seed % 2 else mlp(c.rows.width, 1, 32, 2, 0.0)
    for p in body.parameters():
        nn.init.zeros_(p)
    if c.seed % 2:
        s.generator, s.latent = body, _noise(s)
    else:
        s.discriminator = body
    if c.objective == "wasserstein":
        s.clip, s.declared = 0.1, {"constraint": "clipping"}
    return s


def frozen(c: Case) -> Setup:
    """One network's parameters need no gradient."""
    s = _base(c, shift=0.7, constrained=bool(c.seed % 2))
    (s.generator if c.seed % 2 else s.discriminator).requires_grad_(False)
    if c.objective == "wasserstein":
        s.declared = {"constraint": "clipping"}
    return s


def unconstrained(c: Case) -> Setup:
    """A Wasserstein critic without a constraint, seen early: `loose` is the same, seen late."""
    s = _base(c, shift=0.7, constrained=False)
    s.steps, s.declared = 40, {}
    return s


# --- unusual and healthy


def tiny_batch(c: Case) -> Setup:
    """Batches of 8."""
    s = healthy(c)
    s.batch, s.g_lr, s.d_lr = 8, 2e-3, 1e-3
    return s


def huge_batch(c: Case) -> Setup:
    """Batches of 1024 (of all rows, where there are fewer)."""
    s = healthy(c)
    s.batch = 1024
    return s


def heavy_augmentation(c: Case) -> Setup:
    """What the discriminator sees is noisy and scaled at random, real and fake rows alike."""
    s = healthy(c)
    sd = 0.3 * c.rows.spread / math.sqrt(c.rows.width)
    s.augment = lambda x: (x + sd * torch.randn_like(x)) * (1 + 0.1 * torch.randn(len(x), 1))
    return s


def few_data(c: Case) -> Setup:
    """300 training rows, early, with R1."""
    s = healthy(c)
    s.train = c.rows.train[:300]
    return s


def fast_rates(c: Case) -> Setup:
    """Ten times the usual rates, and fine."""
    s = healthy(c)
    s.g_lr, s.d_lr, s.decay = 2e-2, 1e-2, True
    return s


def tiny_nets(c: Case) -> Setup:
    """A discriminator of 8 units."""
    s = healthy(c)
    s.discriminator = _dressed(c, mlp(c.rows.width, 1, 8, 1))
    return s


def converged(c: Case) -> Setup:
    """Kept training long after convergence, while the rates fall to 0."""
    s = _base(c)
    s.g_lr, s.d_lr, s.decay, s.steps, s.every = 1e-3, 1e-3, True, 400, 16
    return s


def long(c: Case) -> Setup:
    """Four times as long as usual."""
    s = healthy(c)
    s.steps, s.every = 800, 32
    return s


def perceptrons(c: Case) -> Setup:
    """A deep generator of leaky ReLUs that was taught to pass its input on, and whose inputs are rows."""
    s = _base(c)
    network = mlp(c.rows.width, c.rows.width, 32, 4)
    s.latent = lambda n: c.rows.replayed[torch.randint(len(c.rows.replayed), (n,), generator=s.rng)]
    optimizer = torch.optim.Adam(network.parameters(), 5e-3, fused=True)
    for turn in range(250):
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - turn / 250)
        x = s.latent(64)
        assert isinstance(x, Tensor)  # noqa: S101 - for the type checker
        optimizer.zero_grad()
        (network(x) - x).square().mean().backward()
        optimizer.step()
    s.generator, s.labelled = network, False
    s.g_lr, s.d_lr = 2e-4, 1e-3
    return s


# --- parts


def _base(c: Case, shift: float = 0.0, stretch: float = 0.0, constrained: bool = True) -> Setup:
    """Replay against a perceptron.

    Args:
        c: the case.
        shift: where the samples start, in standard deviations of the data along its main direction.
        stretch: by how much they start too wide.
        constrained: R1, or for a Wasserstein critic a gradient penalty.
    """
    rng = torch.Generator().manual_seed(1000 + c.seed)
    torch.manual_seed(c.seed)
    offset = shift * c.rows.axis_sd * c.rows.axis
    labelled = c.loop == "conditional"
    generator: Replay = (
        ConditionalReplay(c.rows.replayed, c.rows.replayed_labels, offset, stretch)
        if labelled
        else Replay(c.rows.replayed, offset, stretch)
    )
    s = Setup(c.rows, c.objective, generator, _dressed(c, mlp(c.rows.width, 1)), rng, lambda n: n)
    s.labelled = labelled
    s.latent = _places(s)
    s.g_lr, s.d_lr = 5e-3, 2e-3
    if c.objective == "wasserstein":
        s.n_critic = 2
        if constrained:
            s.penalty, s.weight = losses.gradient_penalty, 10.0
            s.declared = {"constraint": "gradient-penalty", "constraint_weight": 10.0}
    elif constrained:
        s.penalty, s.weight = losses.r1, 0.3
        s.declared = {"constraint": "r1", "constraint_weight": 0.3}
    return s


def _edited(c: Case, edit: Callable[[Tensor], Tensor]) -> Setup:
    """Replay of the data, slow enough to stay what it is, whose table is edited mid-run."""
    s = _base(c)
    s.g_lr = 2e-4

    def strike(s: Setup) -> None:
        table = s.generator.table
        assert isinstance(table, Tensor)  # noqa: S101 - for the type checker
        table.copy_(edit(c.rows.replayed))

    s.inject = (INJECTED, strike)
    return s


def _of_classes(c: Case, rows: Tensor, wanted: Tensor) -> Tensor:
    """Exchange the rows whose class is to be another one for new rows of that class.

    Gaussian classes of one width differ in their means alone: such a row is moved. Digits are repeated.
    """
    edited = rows.clone()
    for k in torch.unique(wanted):
        place = ((wanted == k) & (c.rows.replayed_labels != k)).nonzero().flatten()
        mine = (c.rows.replayed_labels == k).nonzero().flatten()
        if c.rows.name == "digits":
            edited[place] = rows[mine[torch.arange(len(place)) % len(mine)]]
        else:
            edited[place] += c.rows.centres[k] - c.rows.centres[c.rows.replayed_labels[place]]
    return edited


def _places(s: Setup) -> Callable[[int], object]:
    size, classes = len(s.rows.replayed), len(s.rows.centres)

    def latent(n: int) -> object:
        if not s.labelled:  # no row twice
            return torch.randperm(size, generator=s.rng)[:n]
        place = torch.randint(size, (n,), generator=s.rng)
        share = torch.bincount(s.rows.replayed_labels, minlength=classes).float()
        return place, torch.multinomial(share, n, replacement=True, generator=s.rng)

    return latent


def _noise(s: Setup) -> Callable[[int], object]:
    s.labelled = False
    return lambda n: torch.randn(n, 8, generator=s.rng)


def _dressed(c: Case, network: nn.Sequential) -> nn.Module:
    """The discriminator in the shape its loop calls."""
    if c.loop == "conditional":
        return Conditional(network, c.rows.width, len(c.rows.centres))
    return WithFeatures(network) if c.loop == "tuple" else network


def _trained_generator(s: Setup, network: nn.Sequential, shift: float = 0.0) -> nn.Module:
    """A perceptron on noise, its last layer at the data's mean."""
    s.latent = _noise(s)
    with torch.no_grad():
        last = network[-1]
        assert isinstance(last.bias, Tensor)  # noqa: S101 - for the type checker
        last.bias.copy_(s.rows.centres.mean(0) + shift * s.rows.axis_sd * s.rows.axis)
    return network


def _win(s: Setup, steps: int) -> None:
    """Train the discriminator alone, on fakes that stand still."""
    optimizer = torch.optim.Adam(s.discriminator.parameters(), 3e-3, fused=True)
    for _ in range(steps):
        real, label = s.batch_of()
        fake, labels = s.fakes(len(real))
        above = first(s.discriminator(real, *([label] if s.labelled else [])))
        below = first(s.discriminator(fake.detach(), *labels))
        optimizer.zero_grad()
        losses.D_LOSSES[s.objective](above, below).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _slope_of_loss(s: Setup) -> float:
    fake, labels = s.fakes(128)
    leaf = first(s.discriminator(fake, *labels)).detach().requires_grad_()
    (g,) = torch.autograd.grad(s.losses[1](leaf, leaf), leaf)
    return 1 / max(float(g.abs().median()) * len(leaf), 1e-300)


def _slope_of(s: Setup) -> float:
    x = s.rows.train[:128].clone().requires_grad_()
    (g,) = torch.autograd.grad(first(s.discriminator(x)).sum(), x)
    return float(g.norm(dim=1).median())


def _scale_until(s: Setup, value: Callable[[], float], wanted: float) -> None:
    """Scale the discriminator's last layer until something that grows with it is as wanted."""
    target = 1 / wanted if wanted < 1 else wanted
    last = [m for m in s.discriminator.modules() if isinstance(m, nn.Linear)][-1]
    start = [p.detach().clone() for p in last.parameters()]
    low, high = -4.0, 6.0
    with torch.enable_grad():
        for _ in range(30):
            middle = (low + high) / 2
            with torch.no_grad():
                for p, was in zip(last.parameters(), start, strict=True):
                    p.copy_(was * 10**middle)
            low, high = (middle, high) if value() < target else (low, middle)


def _scaled(rows: Rows, factor: float) -> Rows:
    return rows._replace(
        train=rows.train * factor, held_out=rows.held_out * factor, replayed=rows.replayed * factor,
        unseen=rows.unseen * factor, centres=rows.centres * factor, spread=rows.spread * factor,
        axis_sd=rows.axis_sd * factor,
    )  # fmt: skip
