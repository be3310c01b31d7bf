"""f-GAN: any f-divergence as an adversarial game, through its convex conjugate.

For a convex `f` with conjugate `f*(t) = sup_u (u t - f(u))` the divergence `D_f(P||Q) = E_Q f(dP/dQ)`
(P real, Q generated) is the largest value of `E_P[T] - E_Q[f*(T)]` over all functions T into the domain of
f*. The discriminator's raw output v is mapped into that domain by an increasing activation: `T = g_f(v)`.

The generator loss here is the paper's variational minimax one, `-E_Q[f*(g_f(v))]`, and not the label-flipped
`-E_Q[g_f(v)]` that the paper also tries (its section 3.2). Like the minimax GAN, most of these saturate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import logsigmoid, relu

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class FDivergence(NamedTuple):
    """One row of the paper's table 6, and the composition `f*(g_f(v))` in a stable form."""

    activation: Callable[[Tensor], Tensor]
    """`g_f(v)`: raw output, any real number -> domain of f*; increasing."""
    conjugate: Callable[[Tensor], Tensor]
    """`f*(t)` on its domain."""
    composed: Callable[[Tensor], Tensor]
    """`f*(g_f(v))`, simplified by hand."""


def bounded_exp(x: Tensor) -> Tensor:
    """Exponential that follows its tangent once it nears the largest number of the dtype.

    `e^x` for `x <= c`, `e^c (1 + x - c)` beyond, with `c = 0.9 ln(largest number)`: 79.8 in float32, 638.8 in
    float64. Finite, increasing and convex, so a hopeless discriminator yields a huge loss, not inf and NaN.

    Args:
        x: Any shape, any real number.

    Returns:
        The same shape and dtype.

    Example:
        >>> bounded_exp(torch.tensor([0.0, 1.0, 100.0]))
        tensor([1.0000e+00, 2.7183e+00, 1.0...e+36])
    """
    limit = 0.9 * math.log(torch.finfo(x.dtype).max)
    return x.clamp(max=limit).exp() * (1 + relu(x - limit))


F_DIVERGENCES: dict[str, FDivergence] = {
    # f = u log u: KL(P||Q)
    "kl": FDivergence(
        activation=lambda v: v,
        conjugate=lambda t: bounded_exp(t - 1),
        composed=lambda v: bounded_exp(v - 1),
    ),
    # f = -log u: KL(Q||P)
    "reverse-kl": FDivergence(
        activation=lambda v: -bounded_exp(-v),
        conjugate=lambda t: -1 - (-t).log(),
        composed=lambda v: v - 1,
    ),
    # f = (u - 1)^2: sum (p - q)^2 / q
    "pearson": FDivergence(
        activation=lambda v: v,
        conjugate=lambda t: t.square() / 4 + t,
        composed=lambda v: v.square() / 4 + v,
    ),
    # f = (sqrt(u) - 1)^2: sum (sqrt(p) - sqrt(q))^2
    "hellinger": FDivergence(
        activation=lambda v: 1 - bounded_exp(-v),
        conjugate=lambda t: t / (1 - t),
        composed=lambda v: bounded_exp(v) - 1,
    ),
    # f = u log u - (u + 1) log((u + 1) / 2): twice the Jensen-Shannon divergence
    "js": FDivergence(
        activation=lambda v: math.log(2) + logsigmoid(v),
        conjugate=lambda t: -(2 - t.exp()).log(),
        composed=lambda v: -math.log(2) - logsigmoid(-v),
    ),
    # f = u log u - (u + 1) log(u + 1): twice the Jensen-Shannon divergence minus 2 ln 2
    "gan": FDivergence(
        activation=logsigmoid,
        conjugate=lambda t: -(1 - t.exp()).log(),
        composed=lambda v: -logsigmoid(-v),
    ),
}


def f_gan(name: str) -> Objective:
    """Build the adversarial objective of an f-divergence.

    `d_loss = -g_f(s_real) + f*(g_f(s_fake))`, `g_loss = -f*(g_f(s_fake))` (the variational minimax one).
    The mean of `-d_loss` is a lower bound of `D_f(real || fake)`, tight at `g_f(s) = f'(p/q)`.

    Args:
        name: A key of `F_DIVERGENCES`: "kl", "reverse-kl", "pearson", "hellinger", "js" or "gan".

    Returns:
        The objective. Only "js" and "gan" have the logit of a probability as raw output. The equilibrium is
        `-f(1)`: 0, and 2 ln 2 for "gan". "js" is twice the Jensen-Shannon divergence: so is the paper's f.

    Example:
        >>> objective = f_gan("js")
        >>> objective.d_loss(torch.zeros(2), torch.zeros(2))
        tensor([0., 0.])

    Nowozin, Cseke, Tomioka, f-GAN, NeurIPS 2016, eqs. 4 and 6 and table 6.
    """
    divergence = F_DIVERGENCES[name]

    def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        require_pairs(real_logits, fake_logits)
        return divergence.composed(fake_logits) - divergence.activation(real_logits)

    def g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
        return -divergence.composed(fake_logits)

    return Objective(
        d_loss=d_loss,
        g_loss=g_loss,
        equilibrium=2 * math.log(2) if name == "gan" else 0.0,
        bounded=name in ("js", "gan"),
        needs_lipschitz=False,
        coupled=False,
    )
