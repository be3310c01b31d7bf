"""Penalties on the critic's input gradient: where to look, and what to ask of the slope there."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import torch

from ganscope.contracts import BadInput, Penalty
from ganscope.lipschitz.checked_scores import checked_scores
from ganscope.lipschitz.slope_check import refuse_no_slope

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def input_gradient(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Gradient of the critic's output at each sample, itself differentiable by ordinary autograd.

    `grad_x sum(D(x))`, which holds one sample's gradient in each row as long as the critic does not mix the
    samples of a batch (BatchNorm does). For patch outputs `[B, 1, h, w]` it is the gradient of their sum.

    Args:
        critic: Any module or function `[B, *shape] -> [B]`, `[B, 1]` or patches `[B, ...]`.
        x: Points `[B, *shape]`, floating. If x requires a gradient, the result is differentiable in x too.

    Returns:
        The gradients, `[B, *shape]`, in the dtype of x. Nothing is accumulated in any `.grad`.

    Raises:
        BadInput: x is not floating, or the output is no tensor with one entry a sample, or does not depend
            on x.

    Example:
        >>> input_gradient(lambda x: x.square().sum(1), torch.tensor([[1.0, 2.0], [3.0, 4.0]])).detach()
        tensor([[2., 4.],
                [6., 8.]])

    Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, section 4.
    """
    if not x.is_floating_point():
        raise BadInput(f"the critic's input has dtype {x.dtype}, which has no gradient: convert it to float.")
    # A measurement under no_grad still needs the graph.
    with torch.enable_grad():
        if not x.requires_grad:
            x = x.detach().requires_grad_()
        total = checked_scores(critic(x), len(x)).sum()
        gradient = None
        if total.requires_grad:
            (gradient,) = torch.autograd.grad(total, x, create_graph=True, allow_unused=True)
    if gradient is None:
        raise BadInput(
            "the critic's output does not depend on its input, so it has no slope: "
            "remove the detach() or no_grad() inside the critic."
        )
    return gradient


def squared_slope(gradient: Tensor, batch_dims: int = 1) -> Tensor:
    """Squared Euclidean length of each sample's gradient.

    `sum_j g_j^2` over all dimensions after the first `batch_dims`.

    Args:
        gradient: Input gradients `[B, *shape]`, or `[K, B, *shape]` of K stacked runs with `batch_dims=2`.
        batch_dims: Number of leading dimensions that are kept, at least 1.

    Returns:
        Squared slopes, `[B]` or `[K, B]`.

    Example:
        >>> squared_slope(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
        tensor([25.,  4.])

    Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, eq. 3.
    """
    squares = gradient.square()
    return squares if squares.ndim == batch_dims else squares.flatten(batch_dims).sum(-1)


def slope(squared: Tensor) -> Tensor:
    """Square root with gradient 0 at 0, where the plain one gives inf and, times zero, NaN.

    `sqrt(s)`

    Args:
        squared: Squared slopes, any shape, at least 0.

    Returns:
        Slopes of the same shape.

    Example:
        >>> s = torch.tensor([0.0, 4.0], requires_grad=True)
        >>> slope(s).sum().backward()
        >>> s.grad
        tensor([0.0000, 0.2500])
    """
    # The inner `where` keeps the zero out of the sqrt: masking its result alone would leave inf * 0.
    positive = squared != 0
    return torch.where(positive, torch.where(positive, squared, 1.0).sqrt(), 0.0)


def between(real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
    """Points between paired samples: `noise * real + (1 - noise) * fake`, one number per sample."""
    return noise * real + (1 - noise) * fake


def near_real(real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG001
    """Points near the data: `real + std(real) / 2 * noise`, noise uniform in [0, 1) per element.

    The perturbation of the DRAGAN authors' code, with the standard deviation over the whole batch. Their code
    then draws a point on the line from the sample to its perturbation; here the perturbation itself is the
    point, as in the paper's formula (which has Gaussian noise).
    """
    return real + 0.5 * real.std(correction=0) * noise


def at_real(real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG001
    """The real samples themselves."""
    return real


def at_fake(real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG001
    """The fake samples themselves."""
    return fake


def two_sided(squared: Tensor, target: float = 1.0) -> Tensor:
    """`(|g| - K)^2`: the slope should be K. Exactly `K^2` at slope 0, where its gradient is set to 0."""
    return (slope(squared) - target).square()


def one_sided(squared: Tensor, target: float = 1.0) -> Tensor:
    """`max(0, |g| - K)^2`: the slope should not exceed K."""
    return (slope(squared) - target).clamp(min=0).square()


def half_square(squared: Tensor) -> Tensor:
    """`|g|^2 / 2`: the slope should be 0."""
    return squared / 2


def sixth_power(squared: Tensor) -> Tensor:
    """`|g|^6`: the Wasserstein divergence's term, whose published weight is 2."""
    return squared**3


PENALTIES: dict[str, Penalty] = {
    "gradient-penalty": Penalty(between, two_sided, asks_slope=True),
    "one-sided": Penalty(between, one_sided, asks_slope=True),
    "dragan": Penalty(near_real, two_sided, noise_per_element=True, asks_slope=True),
    "r1": Penalty(at_real, half_square),
    "r2": Penalty(at_fake, half_square),
    "wgan-div": Penalty(between, sixth_power),
}


def with_target(penalty: Penalty, target: float) -> Penalty:
    """Ask for another slope than 1.

    `(|g| - K)^2` or `max(0, |g| - K)^2`, not divided by `K^2`.

    Args:
        penalty: one with `asks_slope`; the others ask for slope 0 and have no target.
        target: K, at least 0, in units of score per unit of the data.

    Returns:
        The penalty with that target; the same object for 1.

    Raises:
        BadInput: A penalty without a target, or one that is negative or not finite.

    Example:
        >>> with_target(PENALTIES["gradient-penalty"], 3.0).cost(torch.tensor([25.0, 0.0]))
        tensor([4., 9.])

    Karras et al., Progressive Growing of GANs, ICLR 2018, appendix A.1 (there divided by `K^2`).
    """
    if target == 1:
        return penalty
    if not (math.isfinite(target) and target >= 0):
        raise BadInput(f"a slope of {target} cannot be asked for: give a number of at least 0.")
    if not penalty.asks_slope:
        targeted = [name for name, other in PENALTIES.items() if other.asks_slope]
        raise BadInput(f"this penalty asks for slope 0 and has no target: use {', '.join(targeted)}.")
    return penalty._replace(cost=functools.partial(penalty.cost, target=target))


def expected_slope(w1: float, weight: float, target: float = 1.0) -> float:
    r"""Slope at which a gradient penalty holds a Wasserstein critic that is trained to its optimum.

    .. math:: K + \frac{W_1}{2 \lambda}

    The gap gains W1 per unit of slope and the penalty costs `lambda (slope - K)^2`.

    Args:
        w1: Wasserstein-1 distance between real and fake, in units of the data.
        weight: lambda, above 0.
        target: K, the slope the penalty asks for.

    Returns:
        The slope, in units of score per unit of the data.

    Example:
        >>> expected_slope(4.0, 0.1)
        21.0

    Derived from Gulrajani et al., Improved Training of Wasserstein GANs, NeurIPS 2017, eq. 3.
    """
    return target + w1 / (2 * weight)


def penalty(
    name: str,
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    rng: torch.Generator | None = None,
    target: float = 1.0,
) -> Tensor:
    """Penalty on the critic's input slope, per sample and unweighted: the caller averages and weighs it.

    `cost(|grad_x D(x_hat)|^2)`, K the target:

    - "gradient-penalty" `(|g| - K)^2` and "one-sided" `max(0, |g| - K)^2`, both at
      `x_hat = eps real + (1 - eps) fake` with one uniform eps per sample (usual weight 10);
    - "dragan" `(|g| - K)^2` at `x_hat = real + std(real) / 2 * u`, u uniform per element: the perturbation
      of the authors' code (usual weight 10);
    - "r1" `|g|^2 / 2` at real, "r2" `|g|^2 / 2` at fake;
    - "wgan-div" `|g|^6` at the same x_hat as the gradient penalty (paper: weight k = 2, power p = 6).

    Args:
        name: A key of `PENALTIES`.
        critic: Any module or function `[B, *shape] -> [B]`, `[B, 1]` or patches; it must not mix samples.
        real: Real samples `[B, *shape]`, floating. Detached here.
        fake: Fake samples of the same shape. Detached here, so no gradient reaches the generator.
        rng: Generator on the CPU for the noise; None takes torch's global one.
        target: Slope K that is asked for, at least 0; only of those with `asks_slope`.

    Returns:
        Penalty per sample, `[B]`, differentiable in the critic's parameters.

    Raises:
        BadInput: The name is unknown, the shapes differ, the target is not possible, or the critic returns
            no score a sample, mixes samples (BatchNorm in training mode, minibatch statistics), or has no
            slope, or none with a gradient: looked for at the first call with a module, and by `train`.

    Example:
        >>> critic = torch.nn.Linear(2, 1)
        >>> with torch.no_grad():
        ...     _ = critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
        >>> penalty("gradient-penalty", critic, torch.zeros(3, 2), torch.ones(3, 2)).detach()
        tensor([16., 16., 16.])

    Gulrajani et al., NeurIPS 2017 (gradient penalty); Petzka et al., ICLR 2018 (one-sided); Kodali et al.,
    2017 (DRAGAN); Mescheder et al., ICML 2018 (R1, R2); Wu et al., ECCV 2018 (WGAN-div).
    """
    if name not in PENALTIES:
        raise BadInput(f"there is no penalty {name!r}: choose one of {', '.join(PENALTIES)}.")
    if real.shape != fake.shape or real.ndim == 0:
        raise BadInput(
            f"real samples of shape {tuple(real.shape)} and fake samples of shape {tuple(fake.shape)} "
            "do not pair up: give both the same shape [B, ...]."
        )
    refuse_no_slope(critic, real, name)
    chosen = with_target(PENALTIES[name], target)
    real, fake = real.detach(), fake.detach()
    shape = real.shape if chosen.noise_per_element else (len(real), *[1] * (real.ndim - 1))
    # Drawn on the CPU so that every device sees the same numbers.
    noise = torch.rand(shape, generator=rng, dtype=real.dtype).to(real.device)
    return chosen.cost(squared_slope(input_gradient(critic, chosen.points(real, fake, noise))))
