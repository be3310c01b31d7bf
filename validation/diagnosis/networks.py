"""Networks of the study: ordinary ones, and ones whose fault is known exactly because it is built in."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def mlp(inputs: int, outputs: int, width: int = 32, depth: int = 2, leak: float = 0.2) -> nn.Sequential:
    """A plain perceptron with He's initial weights."""
    return stack(inputs, outputs, width, depth, lambda: nn.LeakyReLU(leak), math.sqrt(2 / (1 + leak**2)))


def stack(
    inputs: int, outputs: int, width: int, depth: int, activation: Callable[[], nn.Module], gain: float = 1.0
) -> nn.Sequential:
    """A perceptron of any activation; weights of variance `gain^2 / inputs`."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        linear = nn.Linear(inputs, width)
        nn.init.normal_(linear.weight, std=gain / math.sqrt(inputs))
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class Replay(nn.Module):
    """A generator that plays back rows, stretched and shifted: `rows[place] (1 + a) + b`, a and b trained.

    Its samples are as diverse as its rows, so what it leaves out is known exactly; what it has to learn is to
    bring its two vectors back to 0.
    """

    def __init__(self, rows: Tensor, shift: Tensor | float = 0.0, stretch: float = 0.0) -> None:
        super().__init__()
        self.table: Tensor
        self.register_buffer("table", rows.clone())
        self.a = nn.Parameter(torch.full(rows.shape[1:], float(stretch)))
        self.b = nn.Parameter(torch.zeros(rows.shape[1:]) + shift)

    def forward(self, place: Tensor) -> Tensor:
        """Run it."""
        return self.table[place % len(self.table)] * (1 + self.a) + self.b


class Line(nn.Module):
    """A generator that moves all its rows along one direction: one trained number."""

    def __init__(self, rows: Tensor, direction: Tensor, start: float) -> None:
        super().__init__()
        self.table: Tensor
        self.direction: Tensor
        self.register_buffer("table", rows.clone())
        self.register_buffer("direction", direction.clone())
        self.place = nn.Parameter(torch.tensor([start]))

    def forward(self, place: Tensor) -> Tensor:
        """Run it."""
        return self.table[place % len(self.table)] + self.place * self.direction


class Along(nn.Module):
    """A discriminator that is linear along one direction: one trained slope, as in the Dirac-GAN."""

    def __init__(self, direction: Tensor) -> None:
        super().__init__()
        self.direction: Tensor
        self.register_buffer("direction", direction.clone())
        self.slope = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        return x.flatten(1) @ self.direction[:, None] * self.slope


class WithFeatures(nn.Module):
    """A discriminator that returns (score, features), as feature matching wants it."""

    def __init__(self, inner: nn.Sequential) -> None:
        super().__init__()
        self.body, self.head = inner[:-1], inner[-1]

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run it."""
        features = self.body(x)
        return self.head(features), [features]


class Conditional(nn.Module):
    """A discriminator that also takes a label: its score is shifted by a learnt number a class."""

    def __init__(self, inner: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.inner, self.classes = inner, nn.Embedding(classes, width)
        nn.init.normal_(self.classes.weight, std=0.05)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Run it."""
        score: Tensor = self.inner(x) + (self.classes(label) * x).mean(1, keepdim=True)
        return score


class ConditionalReplay(Replay):
    """A generator that also takes a label, and plays back a row of that class."""

    def __init__(
        self, rows: Tensor, labels: Tensor, shift: Tensor | float = 0.0, stretch: float = 0.0
    ) -> None:
        super().__init__(rows, shift, stretch)
        members = [torch.nonzero(labels == k).flatten() for k in range(int(labels.max()) + 1)]
        least = min(map(len, members))
        self.members: Tensor
        self.register_buffer("members", torch.stack([m[:least] for m in members]))

    def forward(self, place: Tensor, label: Tensor) -> Tensor:  # type: ignore[override]
        """Run it."""
        return super().forward(self.members[label, place % self.members.shape[1]])


class Cut(nn.Module):
    """Wraps a network and cuts its graph: a `detach` inside."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        result: Tensor = self.inner(x).detach()
        return result
