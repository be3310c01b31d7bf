"""What a loop hands out while it trains, and its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .data import Rows


class Settings(NamedTuple):
    """What people change in a script, and some mistakes they make; a script reads what concerns it."""

    data: str = "moons"
    steps: int = 1500
    batch: int = 64
    g_lr: float = 1e-3
    d_lr: float = 1e-3
    n_critic: int = 1
    width: int = 64
    d_width: int = 64
    depth: int = 2
    latent: int = 8
    optimizer: str = "adam"
    betas: tuple[float, float] = (0.5, 0.999)
    momentum: float = 0.0
    weight: float = 10.0
    """Of a penalty."""
    clip: float = 0.01
    dropout: float = 0.0
    train_rows: int = 0
    """Rows to train on, all where 0."""
    saturating: bool = False
    table: int = 0
    """The generator starts from a finite table of so many latents, where not 0."""
    rounding: float = 0.0
    """The generator rounds its results to multiples of it."""
    sorted_share: float = 1.0
    """The rows are sorted by kind, and the loop never gets further than this share of them."""
    activation: str = "relu"
    d_activation: str = "leaky"
    norm: str = ""
    d_norm: str = ""
    objective: str = ""
    """Where a script can have several."""
    mistake: str = ""
    seed: int = 0


@dataclasses.dataclass
class Played:
    """A loop in the middle of its work; scripts give it away once per generator step."""

    scope: Any
    """What `gs.watch` gave."""
    generator: nn.Module
    discriminator: nn.Module
    latent: Callable[[int], Any]
    rows: Rows
    """As the loop trains on them."""
    g_loss: Callable[[Tensor], Tensor]
    """Of scores of fakes, as the discriminator gives them."""
    wasserstein: bool = False
    conditional: bool = False
    sigmoid: bool = False
    """The discriminator ends in one."""
    losses: tuple[float, float] = (0.0, 0.0)
    """The newest losses of discriminator and generator."""


Script = Callable[[Settings, Rows], Iterator[Played]]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "leaky": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU, "selu": nn.SELU,
}  # fmt: skip
NORMS: dict[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def perceptron(
    inputs: int, width: int, outputs: int, depth: int, activation: str, norm: str = "", dropout: float = 0.0
) -> nn.Sequential:
    """Build linear layers with an activation after each but the last."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers.append(nn.Linear(inputs, width))
        if norm:
            layers.append(NORMS[norm](width))
        layers.append(ACTIVATIONS[activation]())
        if dropout:
            layers.append(nn.Dropout(dropout))
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Rounded(nn.Module):
    """A generator whose results are rounded, with the gradient passed straight through."""

    def __init__(self, inner: nn.Module, unit: float) -> None:
        super().__init__()
        self.inner, self.unit = inner, unit

    def forward(self, z: Tensor) -> Tensor:
        """Round what the network makes."""
        x: Tensor = self.inner(z)
        return x + (torch.round(x / self.unit) * self.unit - x).detach()


class FromTable(nn.Module):
    """A generator that starts from one of a few latents, kept in a table."""

    def __init__(self, inner: nn.Module, entries: int, latent: int) -> None:
        super().__init__()
        self.inner = inner
        self.table = nn.Embedding(entries, latent)

    def forward(self, index: Tensor) -> Tensor:
        """Look up, and go on from there."""
        x: Tensor = self.inner(self.table(index))
        return x


def fitted(generator: nn.Module, s: Settings) -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Apply `table` and `rounding`; returns the generator and what it takes."""
    if s.rounding:
        generator = Rounded(generator, s.rounding)
    if s.table:
        return FromTable(generator, s.table, s.latent), lambda n: torch.randint(s.table, (n,))
    return generator, lambda n: torch.randn(n, s.latent)


def optimizer_of(module: nn.Module, lr: float, s: Settings) -> torch.optim.Optimizer:
    """The optimiser a script asks for."""
    if s.optimizer == "sgd":
        return torch.optim.SGD(module.parameters(), lr=lr, momentum=s.momentum)
    if s.optimizer == "rmsprop":
        return torch.optim.RMSprop(module.parameters(), lr=lr, momentum=s.momentum)
    return torch.optim.Adam(module.parameters(), lr=lr, betas=s.betas)


def shown(s: Settings, rows: Rows) -> Rows:
    """The rows that a loop with these settings ever sees."""
    rows = rows.fewer(s.train_rows) if s.train_rows else rows
    if s.sorted_share < 1:
        order = rows.train_kinds.argsort(stable=True)[: int(s.sorted_share * len(rows.train))]
        rows = rows._replace(train=rows.train[order], train_kinds=rows.train_kinds[order])
    return rows
