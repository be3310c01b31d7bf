"""What the plants are made of: networks, rows and states that builders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from . import losses
from .networks import Conditional, ConditionalReplay, Replay, WithFeatures, mlp
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


def setup_of(c: Case, shift: float = 0.0, stretch: float = 0.0, constrained: bool = True) -> Setup:
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
    s = Setup(c.rows, c.objective, generator, dressed(c, mlp(c.rows.width, 1)), rng, lambda n: n)
    s.labelled = labelled
    s.latent = places(s)
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


def edited(c: Case, edit: Callable[[Tensor], Tensor]) -> Setup:
    """Replay of the data, slow enough to stay what it is, whose table is edited mid-run."""
    s = setup_of(c)
    s.g_lr = 2e-4

    def strike(s: Setup) -> None:
        table = s.generator.table
        assert isinstance(table, Tensor)  # noqa: S101 - for the type checker
        table.copy_(edit(c.rows.replayed))

    s.inject = (INJECTED, strike)
    return s


def of_classes(c: Case, rows: Tensor, wanted: Tensor) -> Tensor:
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


def places(s: Setup) -> Callable[[int], object]:
    """Draw places in the table of rows that are played back."""
    size, classes = len(s.rows.replayed), len(s.rows.centres)

    def latent(n: int) -> object:
        if not s.labelled:  # no row twice
            return torch.randperm(size, generator=s.rng)[:n]
        place = torch.randint(size, (n,), generator=s.rng)
        share = torch.bincount(s.rows.replayed_labels, minlength=classes).float()
        return place, torch.multinomial(share, n, replacement=True, generator=s.rng)

    return latent


def noise(s: Setup) -> Callable[[int], object]:
    """Draw eight normal numbers a sample; nothing is labelled."""
    s.labelled = False
    return lambda n: torch.randn(n, 8, generator=s.rng)


def dressed(c: Case, network: nn.Sequential) -> nn.Module:
    """The discriminator in the shape its loop calls."""
    if c.loop == "conditional":
        return Conditional(network, c.rows.width, len(c.rows.centres))
    return WithFeatures(network) if c.loop == "tuple" else network


def trained_generator(s: Setup, network: nn.Sequential, shift: float = 0.0) -> nn.Module:
    """A perceptron on noise, its last layer at the data's mean."""
    s.latent = noise(s)
    with torch.no_grad():
        last = network[-1]
        assert isinstance(last.bias, Tensor)  # noqa: S101 - for the type checker
        last.bias.copy_(s.rows.centres.mean(0) + shift * s.rows.axis_sd * s.rows.axis)
    return network


def win(s: Setup, steps: int) -> None:
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


def slope_of_loss(s: Setup) -> float:
    """One over the median |dL/ds| of fakes as they are now."""
    fake, labels = s.fakes(128)
    leaf = first(s.discriminator(fake, *labels)).detach().requires_grad_()
    (g,) = torch.autograd.grad(s.losses[1](leaf, leaf), leaf)
    return 1 / max(float(g.abs().median()) * len(leaf), 1e-300)


def slope_of(s: Setup) -> float:
    """Median |ds/dx| at real rows as it is now."""
    x = s.rows.train[:128].clone().requires_grad_()
    (g,) = torch.autograd.grad(first(s.discriminator(x)).sum(), x)
    return float(g.norm(dim=1).median())


def scale_until(s: Setup, value: Callable[[], float], wanted: float) -> None:
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


def scaled(rows: Rows, factor: float) -> Rows:
    """Multiply every row by a factor."""
    return rows._replace(
        train=rows.train * factor, held_out=rows.held_out * factor, replayed=rows.replayed * factor,
        unseen=rows.unseen * factor, centres=rows.centres * factor, spread=rows.spread * factor,
        axis_sd=rows.axis_sd * factor,
    )  # fmt: skip
