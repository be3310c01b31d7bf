"""The original GAN: binary cross-entropy for D, and the two generator losses of Goodfellow et al. 2014."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch.nn.functional import logsigmoid

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy of the discriminator, both halves.

    `-log sigmoid(s_real) - log(1 - sigmoid(s_fake))`

    Args:
        real_logits: Raw discriminator outputs on real samples, `[..., B]`, any real number.
        fake_logits: The same on fake samples, `[..., B]`.

    Returns:
        Loss per sample in nats, `[..., B]`; 2 ln 2 where the discriminator cannot tell.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> d_loss(torch.tensor([0.0, -1000.0]), torch.tensor([0.0, 1000.0]))
        tensor([1.3863e+00, 2.0000e+03])

    Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, eq. 1.
    """
    require_pairs(real_logits, fake_logits)
    return -logsigmoid(real_logits) - logsigmoid(-fake_logits)


def saturating_g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Generator loss of the minimax game, which saturates when the discriminator wins.

    `log(1 - sigmoid(s))`, with gradient `-sigmoid(s)`: it vanishes as `s -> -inf`.

    Args:
        real_logits: Ignored.
        fake_logits: Raw discriminator outputs on fake samples, `[..., B]`, any real number.

    Returns:
        Loss per sample in nats, at most 0, `[..., B]`.

    Example:
        >>> import torch
        >>> s = torch.tensor([-10.0, 0.0, 10.0], requires_grad=True)
        >>> saturating_g_loss(s, s).sum().backward()
        >>> s.grad
        tensor([-4.5398e-05, -5.0000e-01, -9.9995e-01])

    Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, eq. 1.
    """
    return logsigmoid(-fake_logits)


def non_saturating_g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Generator loss with the labels flipped: large gradient where the discriminator wins.

    `-log sigmoid(s)`, with gradient `-(1 - sigmoid(s))`: it is -1 as `s -> -inf`.

    Args:
        real_logits: Ignored.
        fake_logits: Raw discriminator outputs on fake samples, `[..., B]`, any real number.

    Returns:
        Loss per sample in nats, at least 0, `[..., B]`.

    Example:
        >>> import torch
        >>> s = torch.tensor([-100.0, 0.0], requires_grad=True)
        >>> non_saturating_g_loss(s, s).sum().backward()
        >>> s.grad
        tensor([-1.0000, -0.5000])

    Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014, section 3.
    """
    return -logsigmoid(fake_logits)


MINIMAX = Objective(
    d_loss=d_loss,
    g_loss=saturating_g_loss,
    equilibrium=2 * math.log(2),
    bounded=True,
    needs_lipschitz=False,
    coupled=False,
)

NON_SATURATING = MINIMAX._replace(g_loss=non_saturating_g_loss)
