"""One-sided label smoothing: the discriminator's target for real samples falls short of certainty.

Only the real half of the discriminator's loss changes. To smooth the target of fakes as well would put the
generator's own density into the numerator of the best discriminator, and so reinforce its mistakes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ganscope.contracts import BadInput, Objective
from ganscope.objectives import least_squares, minimax

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class Smoothing(NamedTuple):
    """What a real target of `1 - a` in place of 1 does to one discriminator loss."""

    change: Callable[[Tensor, float], Tensor]
    """`(real_logits, a)` -> what is added to the loss of each real sample."""
    equilibrium: Callable[[float], float]
    """The best loss where real and fake are alike, by a."""


def _entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


SMOOTHINGS: dict[Callable[[Tensor, Tensor], Tensor], Smoothing] = {
    # -(1 - a) log sigmoid(s) - a log sigmoid(-s), for log sigmoid(s) - log sigmoid(-s) = s
    minimax.d_loss: Smoothing(lambda s, a: a * s, lambda a: 2 * _entropy((1 - a) / 2)),
    # together with (s - 1)^2 / 2 it makes (s - (1 - a))^2 / 2
    least_squares.d_loss: Smoothing(lambda s, a: a * (s - 1) + a**2 / 2, lambda a: (1 - a) ** 2 / 4),
}
"""By discriminator loss; a free score, a margin and a ranking have no target to smooth."""


def has_target(objective: Objective) -> bool:
    """Tell whether a discriminator loss has a target for real samples, which can be smoothed.

    Example:
        >>> has_target(minimax.MINIMAX)
        True
    """
    return objective.d_loss in SMOOTHINGS


def smoothed(objective: Objective, smoothing: float) -> Objective:
    """Lower the discriminator's target for real samples from 1 to `1 - a`; the generator's loss stays.

    Cross-entropy: `-(1 - a) log D(x) - a log(1 - D(x)) - log(1 - D(fake))`, whose optimum is
    `(1 - a) p / (p + q)`. Least squares: `(s_real - (1 - a))^2 / 2 + s_fake^2 / 2`, with the same optimum.
    No score is rewarded for being extreme any more, and the loss where real and fake are alike is another:
    twice the entropy of `(1 - a) / 2` in place of 2 ln 2, and `(1 - a)^2 / 4` in place of 1/4.

    Args:
        objective: "minimax", "non-saturating" or "least-squares", or one with their discriminator loss.
        smoothing: a, at least 0 and below 1; 0.1 in the paper.

    Returns:
        The objective, with its own `equilibrium`; the same object for 0.

    Raises:
        BadInput: an objective without a target for real samples, or a smoothing outside [0, 1).

    Example:
        >>> import torch
        >>> objective = smoothed(minimax.MINIMAX, 0.1)
        >>> objective.d_loss(torch.tensor([0.0, 100.0]), torch.tensor([0.0, -100.0]))
        tensor([ 1.3863, 10.0000])
        >>> round(objective.equilibrium, 4)
        1.3763

    Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016, section 3.4.
    """
    if smoothing == 0:
        return objective
    if not 0 < smoothing < 1:
        raise BadInput(
            f"labels cannot be smoothed by {smoothing}: give a number from 0 to below 1, such as 0.1."
        )
    known = SMOOTHINGS.get(objective.d_loss)
    if known is None:
        raise BadInput(
            "label smoothing needs an objective whose discriminator has a target for real samples: "
            "minimax, non-saturating or least-squares."
        )

    def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return objective.d_loss(real_logits, fake_logits) + known.change(real_logits, smoothing)

    return objective._replace(d_loss=d_loss, equilibrium=known.equilibrium(smoothing))
