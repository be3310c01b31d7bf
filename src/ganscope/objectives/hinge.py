"""The hinge objective: the critic stops pushing a sample once it is a margin away from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import relu

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Hinge loss of the discriminator with margin 1.

    `max(0, 1 - s_real) + max(0, 1 + s_fake)`

    Args:
        real_logits: Discriminator scores of real samples, `[..., B]`, any real number.
        fake_logits: Discriminator scores of fake samples, `[..., B]`.

    Returns:
        Loss per sample, at least 0, `[..., B]`; 2 where the same score in [-1, 1] is given to both.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> d_loss(torch.tensor([0.0, 2.0, -1.0]), torch.tensor([0.0, -2.0, -1.0]))
        tensor([2., 0., 2.])

    Lim and Ye, Geometric GAN, 2017, eq. 8; Miyato et al., Spectral Normalization for GANs, ICLR 2018, eq. 16.
    """
    require_pairs(real_logits, fake_logits)
    return relu(1 - real_logits) + relu(1 + fake_logits)


def g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Generator loss: minus the score, with gradient -1 everywhere, inside the margin or not.

    `-s_fake`

    Args:
        real_logits: Ignored.
        fake_logits: Discriminator scores of fake samples, `[..., B]`, any real number.

    Returns:
        Loss per sample, `[..., B]`.

    Example:
        >>> import torch
        >>> g_loss(torch.zeros(2), torch.tensor([1.0, -4.0]))
        tensor([-1.,  4.])

    Miyato et al., Spectral Normalization for GANs, ICLR 2018, eq. 17.
    """
    return -fake_logits


HINGE = Objective(
    d_loss=d_loss,
    g_loss=g_loss,
    equilibrium=2.0,
    bounded=False,
    needs_lipschitz=False,
    coupled=False,
)
