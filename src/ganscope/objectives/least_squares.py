"""Least-squares GAN: regression of the raw score on 1 for real and 0 for fake, without a sigmoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Squared distance of the scores from their targets: real 1, fake 0.

    `(s_real - 1)^2 / 2 + s_fake^2 / 2`

    Args:
        real_logits: Discriminator scores of real samples, `[..., B]`, any real number.
        fake_logits: Discriminator scores of fake samples, `[..., B]`.

    Returns:
        Loss per sample, at least 0, `[..., B]`; 1/4 where the best common score, 1/2, is given to both.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> d_loss(torch.tensor([0.5, 1.0]), torch.tensor([0.5, 0.0]))
        tensor([0.2500, 0.0000])

    Mao et al., Least Squares GANs, ICCV 2017, eq. 9 (a = 0, b = c = 1).
    """
    require_pairs(real_logits, fake_logits)
    return 0.5 * (real_logits - 1).square() + 0.5 * fake_logits.square()


def g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Squared distance of the fake scores from 1; the gradient grows with the discriminator's confidence.

    `(s_fake - 1)^2 / 2`

    Args:
        real_logits: Ignored.
        fake_logits: Discriminator scores of fake samples, `[..., B]`, any real number.

    Returns:
        Loss per sample, at least 0, `[..., B]`.

    Example:
        >>> import torch
        >>> g_loss(torch.zeros(2), torch.tensor([1.0, -1.0]))
        tensor([0., 2.])

    Mao et al., Least Squares GANs, ICCV 2017, eq. 9 (a = 0, b = c = 1).
    """
    return 0.5 * (fake_logits - 1).square()


LEAST_SQUARES = Objective(
    d_loss=d_loss,
    g_loss=g_loss,
    equilibrium=0.25,
    bounded=False,
    needs_lipschitz=False,
    coupled=False,
)
