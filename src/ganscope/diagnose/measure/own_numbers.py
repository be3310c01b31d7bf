"""What a loop's own gradients and losses say of how it is wired, beside those of the declared objective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.contracts import Objective
from ganscope.diagnose.measure.sizes import norms, product, total


def kept_gradients(network: nn.Module) -> dict[str, Tensor]:
    """Copy the gradients that a loop left in a network; none where it set them to None.

    Example:
        >>> kept_gradients(nn.Linear(2, 1))
        {}
    """
    return {name: p.grad.detach().clone() for name, p in network.named_parameters() if p.grad is not None}


def carried(
    before: Mapping[str, Tensor], now: Mapping[str, Tensor], declared: Mapping[str, Tensor]
) -> dict[str, float]:
    """How much of a gradient was there a step ago already, where nothing set it to zero in between.

    What came in one step is then a gradient itself; where gradients are set to zero, it is the difference of
    those of two batches, which points nowhere.

    Args:
        before: gradients of the generator by parameter, a step ago.
        now: the same now.
        declared: the gradient of the declared loss.

    Returns:
        `g_carried`, the length of the older part in units of what came in one step or, where that is larger,
        of the declared gradient; `g_added`, the cosine of what came and the declared gradient. Nothing where
        a gradient is missing.

    Example:
        >>> carried({"w": torch.tensor([30.0])}, {"w": torch.tensor([33.0])}, {"w": torch.tensor([2.0])})
        {'g_carried': 10.0, 'g_added': 1.0}
    """
    if not before or set(before) != set(now) or not set(declared) <= set(now):
        return {}
    added = {name: now[name] - before[name] for name in before}
    size, slope = total(norms(list(added.values()))), total(norms(list(declared.values())))
    if not (size > 0 and slope > 0):
        return {}
    along = product([added[name] for name in declared], list(declared.values()))
    old = total(norms(list(before.values())))
    return {"g_carried": old / max(size, slope), "g_added": along / size / slope}


def squashed_loss(objective: Objective, real: Tensor, fake: Tensor) -> float | None:
    """The discriminator's loss if its scores went through a sigmoid first; None but for binary cross-entropy.

    Args:
        objective: the declared losses.
        real: scores of real rows.
        fake: scores of fakes.

    Example:
        >>> from ganscope.objectives import OBJECTIVES
        >>> round(squashed_loss(OBJECTIVES["non-saturating"], torch.zeros(2), torch.zeros(2)), 3)
        1.448
        >>> squashed_loss(OBJECTIVES["hinge"], torch.zeros(2), torch.zeros(2)) is None
        True
    """
    probe = torch.tensor([-2.0, 0.5])
    of_bits = torch.nn.functional.softplus(-probe) + torch.nn.functional.softplus(probe.flip(0))
    if not torch.allclose(objective.d_loss(probe, probe.flip(0)), of_bits, atol=1e-5):
        return None
    n = min(len(real), len(fake))
    squashed = objective.d_loss(real[:n].detach().sigmoid(), fake[:n].detach().sigmoid())
    return float(squashed.mean())


def given_loss(loss: Any) -> dict[str, float]:
    """The discriminator's loss that a loop handed over, as a number; nothing where it is none."""
    try:
        value = torch.as_tensor(loss).detach().double().mean()
    except (TypeError, ValueError, RuntimeError):
        return {}
    return {"d_loss_given": float(value)} if bool(value.isfinite()) else {}
