"""Ways of moving as functions of a vector field: `training.moves` without networks, optimisers or batches.

`field` is v, the direction in which both players want to move: minus the gradient of each player's own loss
in that player's own coordinates. For closed forms on small games; a test holds both to the same orbits.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.func import vjp

Field = Callable[[Tensor], Tensor]
"""`[..., D] -> [..., D]`, each point on its own."""


def simultaneous(field: Field, x: Tensor, rate: float) -> Tensor:
    """Move both players at once: `x + h v(x)`.

    Example:
        >>> import torch
        >>> simultaneous(lambda x: torch.stack([x[1], -x[0]]), torch.tensor([1.0, 0.0]), 0.5)
        tensor([ 1.0000, -0.5000])
    """
    return x + rate * field(x)


def alternating(
    field: Field,
    x: Tensor,
    rate: float,
    first: Tensor,
    project: Callable[[Tensor], Tensor] = lambda y: y,
) -> Tensor:
    """Let one player move, then the other, who sees that move: `y = x + h m v(x)`, then `y + h (1 - m) v(y)`.

    Args:
        field: v.
        x: points `[..., D]`.
        rate: h, above 0.
        first: m, 1 at the coordinates of who moves first (the discriminator) and 0 elsewhere, `[D]`.
        project: what happens to the point after the first move, such as clipping.

    Example:
        >>> import torch
        >>> field = lambda x: torch.stack([x[1], -x[0]])
        >>> alternating(field, torch.tensor([1.0, 0.0]), 0.5, first=torch.tensor([0.0, 1.0]))
        tensor([ 0.7500, -0.5000])
    """
    after = project(x + rate * first * field(x))
    return after + rate * (1 - first) * field(after)


def optimistic(field: Field, x: Tensor, rate: float, previous: Tensor) -> tuple[Tensor, Tensor]:
    """Take twice the step of now minus the step of before: `x + 2 h v(x) - h v(x of before)`.

    Args:
        field: v.
        x: points `[..., D]`.
        rate: h, above 0.
        previous: v at the point of before; zeros at first.

    Returns:
        The new points, and v(x), the `previous` of the next step.

    Example:
        >>> import torch
        >>> optimistic(lambda x: -x, torch.tensor([1.0]), 0.25, torch.tensor([-1.0]))
        (tensor([0.7500]), tensor([-1.]))

    Daskalakis, Ilyas, Syrgkanis, Zeng, Training GANs with Optimism, ICLR 2018.
    """
    now = field(x)
    return x + rate * (2 * now - previous), now


def extra_gradient(field: Field, x: Tensor, rate: float) -> Tensor:
    """Move by the field at the point a simultaneous step would reach: `x + h v(x + h v(x))`.

    Example:
        >>> import torch
        >>> extra_gradient(lambda x: -x, torch.tensor([1.0]), 0.5)
        tensor([0.7500])

    Korpelevich, 1976; Gidel et al., A Variational Inequality Perspective on GANs, ICLR 2019, section 3.1.
    """
    return x + rate * field(simultaneous(field, x, rate))


def consensus(field: Field, weight: float) -> Field:
    """Turn a field into one that also leads to points where neither player wants to move.

    `v(x) - gamma grad |v(x)|^2 / 2 = v(x) - gamma J(x)^T v(x)`, to be followed by simultaneous steps.

    Args:
        field: v, differentiable.
        weight: gamma, at least 0.

    Example:
        >>> import torch
        >>> circling = lambda x: torch.stack([x[1], -x[0]])
        >>> consensus(circling, 0.5)(torch.tensor([1.0, 0.0]))
        tensor([-0.5000, -1.0000])

    Mescheder, Nowozin, Geiger, The Numerics of GANs, NeurIPS 2017, section 4.
    """

    def pulled(x: Tensor) -> Tensor:
        linearised = vjp(field, x)
        here: Tensor = linearised[0]
        pull: Tensor = linearised[1](here)[0]  # by the transposed Jacobian
        return here - weight * pull

    return pulled
