"""Losses as people write them in their own scripts: functions of raw scores, averaged over the batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as f
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


def _bce(score: Tensor, target: float) -> Tensor:
    return f.binary_cross_entropy_with_logits(score, torch.full_like(score, target))


def _two_sided(real: Tensor, fake: Tensor) -> Tensor:
    return _bce(real, 1.0) + _bce(fake, 0.0)


D_LOSSES: dict[str, Loss] = {
    "minimax": _two_sided,
    "non-saturating": _two_sided,
    "hinge": lambda real, fake: f.relu(1 - real).mean() + f.relu(1 + fake).mean(),
    "least-squares": lambda real, fake: 0.5 * ((real - 1).square().mean() + fake.square().mean()),
    "wasserstein": lambda real, fake: fake.mean() - real.mean(),
    "relativistic": lambda real, fake: f.softplus(fake - real).mean(),
    "f-js": lambda real, fake: f.softplus(-real).mean() + f.softplus(fake).mean(),
    "f-hellinger": lambda real, fake: torch.exp(-real).mean() + torch.exp(fake).mean(),
}
G_LOSSES: dict[str, Loss] = {
    "minimax": lambda real, fake: -_bce(fake, 0.0),
    "non-saturating": lambda real, fake: _bce(fake, 1.0),
    "hinge": lambda real, fake: -fake.mean(),
    "least-squares": lambda real, fake: 0.5 * (fake - 1).square().mean(),
    "wasserstein": lambda real, fake: -fake.mean(),
    "relativistic": lambda real, fake: f.softplus(real - fake).mean(),
    "f-js": lambda real, fake: -f.softplus(fake).mean(),
    "f-hellinger": lambda real, fake: -torch.exp(fake).mean(),
}


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, slope: float = 1.0
) -> Tensor:
    """Ask for a slope between real and fake, without a weight."""
    x = torch.rand(len(real), 1) * (real - fake) + fake
    x = x.detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    cost: Tensor = (g.flatten(1).norm(dim=1) - slope).square().mean()
    return cost


def one_sided(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, slope: float = 1.0) -> Tensor:
    """Punish slopes above a bound."""
    x = torch.rand(len(real), 1) * (real - fake) + fake
    x = x.detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return f.relu(g.flatten(1).norm(dim=1) - slope).square().mean()


def r1(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:  # noqa: ARG001
    """Half the squared slope on real rows."""
    x = real.clone().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return 0.5 * g.flatten(1).square().sum(1).mean()


def over_the_batch(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """The mistake of taking the norm over the rows of a batch in place of a row's values."""
    x = (0.5 * (real + fake)).detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    cost: Tensor = (g.norm(2, dim=0) - 1).square().mean()
    return cost


BCE = nn.BCELoss()
