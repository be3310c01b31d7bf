"""What the runs of a stack may have of their own: seed, learning rates, penalty weight, clip value."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from ganscope.config import RunConfig

PER_RUN = frozenset({"recipe", "seed", "g_lr", "d_lr", "penalty_weight", "clip"})
"""Configuration fields in which the runs of a stack may differ; all others make them different programs."""


def program(config: RunConfig) -> Hashable:
    """Return what the runs of a stack have in common; runs of equal programs can train as one.

    Example:
        >>> program(RunConfig(seed=1, g_lr=0.01)) == program(RunConfig())
        True
        >>> program(RunConfig(n_critic=5)) == program(RunConfig())
        False
    """
    shared = {name: value for name, value in config.flat().items() if name not in PER_RUN}
    shared["columns"] = tuple(sorted(config.columns.items()))
    return tuple(shared.items())


def shared_or_each(values: Sequence[float], like: Tensor) -> float | Tensor:
    """Return the one number all runs share, or one a run `[K]` of the type and device of `like`.

    Example:
        >>> shared_or_each([3.0, 3.0], torch.zeros(2)), shared_or_each([3.0, 4.0], torch.zeros(2))
        (3.0, tensor([3., 4.]))
    """
    return values[0] if len(set(values)) == 1 else torch.tensor(values, dtype=torch.float64).to(like)


def along(values: Tensor, stacked: Tensor) -> Tensor:
    """Shape one number a run `[K]` so that it applies to each run's part of a tensor `[K, ...]`."""
    return values.reshape(-1, *[1] * (stacked.ndim - 1))


def rate_of_each_run(optimizer: torch.optim.Optimizer, rates: Tensor) -> None:
    """Make each step of a stack's optimiser count `r_k` times for run k: `p_k <- p_k + r_k (p'_k - p_k)`.

    p' is where the optimiser alone leads. Its own rate is then a factor common to all runs, 1 at first. That
    is exact up to rounding for every optimiser whose step is proportional to its rate, weight decay included.

    Args:
        optimizer: over parameters `[K, ...]`; hooks are attached to it.
        rates: `[K]`, of the parameters' type and device.

    Example:
        >>> stack = torch.zeros(2, 3, requires_grad=True)
        >>> optimizer = torch.optim.SGD([stack], lr=1.0)
        >>> rate_of_each_run(optimizer, torch.tensor([0.5, 2.0]))
        >>> stack.grad = torch.ones(2, 3)
        >>> optimizer.step()
        >>> stack[:, 0].tolist()
        [-0.5, -2.0]
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    before: list[Tensor] = []

    def remember(*_: object) -> None:
        before[:] = [p.detach().clone() for p in parameters]

    def scale(*_: object) -> None:
        with torch.no_grad():
            for parameter, old in zip(parameters, before, strict=True):
                torch.lerp(old, parameter, along(rates, parameter), out=parameter)

    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(scale)
