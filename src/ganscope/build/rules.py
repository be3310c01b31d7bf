"""The rules of a game: its objective, its penalty terms, and what follows a step of the discriminator."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ganscope.config import RunConfig
from ganscope.contracts import Objective, Penalty
from ganscope.lipschitz import PENALTIES, SpectralNorm, advance_, clippable, with_target
from ganscope.objectives import OBJECTIVES, smoothed
from ganscope.training import Term
from ganscope.training.stacks.differences import along
from ganscope.training.stacks.stacking import Network


def objective_of(config: RunConfig, objective: Objective | None) -> Objective:
    """The objective in force, the user's own or the configured one, with smoothed labels where asked for."""
    return smoothed(
        objective if objective is not None else OBJECTIVES[config.objective], config.label_smoothing
    )


def terms_of(config: RunConfig, weights: float | Tensor) -> tuple[Term, ...]:
    """Build the penalty terms in force, each with its weight, or one weight a run of a stack."""
    chosen = [PENALTIES[name] for name in config.penalties]
    return tuple(
        _term(with_target(p, config.penalty_target if p.asks_slope else 1.0), weights * config.penalty_every)
        for p in chosen
    )


def _term(penalty: Penalty, weights: float | Tensor) -> Term:
    """See where a penalty looks by showing it two rows."""
    weight = weights.unsqueeze(1) if isinstance(weights, Tensor) else weights
    real, fake = torch.zeros(2, 1), torch.ones(2, 1)
    x = penalty.points(real, fake, torch.full((2, 1), 0.5))
    return Term(penalty, weight, "real" if x is real else "fake" if x is fake else "elsewhere")


def reads_real_logits(rules: Objective) -> bool:
    """See whether the generator's loss depends on real logits, as in relativistic objectives."""
    real = torch.zeros(2, requires_grad=True)
    loss = rules.g_loss(real, torch.zeros(2, requires_grad=True)).sum()
    (slope,) = torch.autograd.grad(loss, real, allow_unused=True)
    return slope is not None


def projection_of(network: Network, c: float | Tensor, stacked: bool) -> Callable[[], None]:
    """What follows a step of the discriminator: its weights are clipped, or their norms measured anew."""
    if any(isinstance(layer, SpectralNorm) for layer in network.module.modules()):
        return lambda: advance_(network.module, network.parameters, network.buffers, stacked)
    return _clipping(network, c)


def _clipping(network: Network, c: float | Tensor) -> Callable[[], None]:
    """Clip weights to ±c after the discriminator's step; infinity leaves them alone."""
    if not (isinstance(c, Tensor) or math.isfinite(c)):
        return lambda: None
    clipped = [network.parameters[name] for name in clippable(network.module)]
    if isinstance(c, Tensor):
        bounds = [along(c, parameter) for parameter in clipped]

        def project() -> None:
            with torch.no_grad():
                for parameter, bound in zip(clipped, bounds, strict=True):
                    torch.clamp(parameter, -bound, bound, out=parameter)

        return project

    def project_alike() -> None:
        with torch.no_grad():
            torch._foreach_clamp_max_(clipped, c)
            torch._foreach_clamp_min_(clipped, -c)

    return project_alike
