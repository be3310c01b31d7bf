"""Games built to fail in a known way, and their healthy twins, watched for a few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.diagnose.watch import Scope
from tests.diagnose.watched import troubles

EVERY = 2
STEPS = EVERY * 5 * 4
"""Four probes that compare sample sets: what persists over three of them is told."""


def normal(n: int, d: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


REAL = normal(1000)


class Sampler(nn.Module):
    """A generator that plays back rows: what it leaves out is known exactly."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows, self.shift = rows, nn.Parameter(torch.zeros(rows.shape[1:]))

    def forward(self, place: Tensor) -> Tensor:
        return self.rows[place] + self.shift


class Score(nn.Module):
    """A discriminator given by its weights."""

    def __init__(self, *weights: float, bias: float = 0.0) -> None:
        super().__init__()
        self.inner = nn.Linear(len(weights), 1)
        with torch.no_grad():
            self.inner.weight.copy_(torch.tensor([weights]))
            self.inner.bias.fill_(bias)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x)
        return result


class Memory(nn.Module):
    """A discriminator that knows some rows by heart."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows, self.scale = rows, nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return -self.scale * (x[:, None] - self.rows).square().sum(2).min(1).values


def deep(
    inputs: int, outputs: int, activation: Callable[[], nn.Module], depth: int = 8, shift: float = 0.0
) -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, 32), activation()]
        inputs = 32
        if isinstance(layers[-1], nn.LeakyReLU):
            nn.init.kaiming_normal_(layers[-2].weight, a=0.2)  # type: ignore[arg-type]
    last = nn.Linear(inputs, outputs)
    with torch.no_grad():
        last.bias.add_(shift)
    return nn.Sequential(*layers, last)


def observed(
    rows: Tensor | nn.Module, discriminator: nn.Module, real: Tensor = REAL, steps: int = STEPS, **given: Any
) -> Scope:
    """Watch two networks that stand still."""
    sampler = Sampler(rows) if isinstance(rows, Tensor) else rows
    latent = (
        (lambda n: torch.arange(n) % len(rows)) if isinstance(rows, Tensor) else (lambda n: normal(n, 4, 9))
    )
    scope = gs.watch(sampler, discriminator, real=real, latent=latent, every=EVERY, **given)
    for _ in range(steps):
        scope.step()
    assert troubles(scope) == []
    return scope


def names(scope: Scope) -> list[str]:
    return [v.label for v in scope.verdicts()]


FAR = normal(500, 2, 1) + torch.tensor([10.0, 0.0])
LEAKY = lambda: nn.LeakyReLU(0.2)  # noqa: E731
PLANTED: dict[str, tuple[Callable[[], Scope], list[str], Callable[[], Scope], list[str]]] = {
    "a saturated sigmoid": (
        lambda: observed(FAR, Score(-4, 0, bias=20), objective="minimax"),
        ["discriminator-too-strong", "vanishing-gradient (loss)"],
        lambda: observed(FAR, Score(-4, 0, bias=20), objective="non-saturating"),
        [],
    ),
    "a critic of eight sigmoids": (
        lambda: observed(FAR, deep(2, 1, nn.Sigmoid)),
        ["vanishing-gradient (critic)"],
        lambda: observed(FAR, nn.Sequential(Score(-1, 0), deep(1, 1, LEAKY))),
        [],
    ),
    "a generator of five sigmoids": (
        lambda: observed(deep(4, 2, nn.Sigmoid, 5, 10.0), Score(-0.3, 0.0), objective="hinge"),
        ["vanishing-gradient (generator)"],
        lambda: observed(deep(4, 2, LEAKY, 5, 10.0), Score(-0.3, 0.0), objective="hinge"),
        [],
    ),
    "a discriminator that looks the wrong way": (
        lambda: observed(FAR, Score(0, 1)),
        ["discriminator-too-weak"],
        lambda: observed(FAR, Score(-0.3, 0)),
        [],
    ),
    "a slope of 100": (
        lambda: observed(FAR, Score(-100, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        ["lipschitz-violation"],
        lambda: observed(FAR, Score(-1.2, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        [],
    ),
    "a slope that lambda 0.1 allows": (
        lambda: observed(FAR, Score(-50, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=10.0),
        ["lipschitz-violation"],
        lambda: observed(FAR, Score(-50, 0), objective="wasserstein", constraint="gradient-penalty",
                         constraint_weight=0.1),
        [],
    ),
    "a critic across the distance": (
        lambda: observed(FAR, Score(0, 0.001), objective="wasserstein", constraint="clipping"),
        ["critic-underfit"],
        lambda: observed(FAR, Score(-0.001, 0), objective="wasserstein", constraint="clipping"),
        [],
    ),
    "training rows known by heart": (
        lambda: observed(normal(500, 2, 1), Memory(normal(300, 2, 2)), train=normal(300, 2, 2)),
        ["discriminator-overfit"],
        lambda: observed(normal(500, 2, 1), Score(0.1, 0.1), train=normal(300, 2, 2)),
        [],
    ),
}  # fmt: skip
