"""The Wasserstein critic: a free score whose gap between real and fake bounds the Earth Mover's Distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from torch import Tensor


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Critic loss: minus the critic's gap.

    `s_fake - s_real`. Its negative mean, `mean f(real) - mean f(fake)`, is a lower bound of the
    Wasserstein-1 distance when the critic is 1-Lipschitz, and means nothing when it is not.

    Args:
        real_logits: Critic scores of real samples, `[..., B]`, any real number.
        fake_logits: Critic scores of fake samples, `[..., B]`.

    Returns:
        Loss per pair, in units of the data for a 1-Lipschitz critic, `[..., B]`; negative when the
        critic separates.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> d_loss(torch.tensor([2.0, 3.0]), torch.tensor([0.5, 0.5]))
        tensor([-1.5000, -2.5000])

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, algorithm 1.
    """
    require_pairs(real_logits, fake_logits)
    return fake_logits - real_logits


def g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:  # noqa: ARG001
    """Generator loss: minus the critic's score, with gradient -1 everywhere.

    `-s_fake`

    Args:
        real_logits: Ignored.
        fake_logits: Critic scores of fake samples, `[..., B]`, any real number.

    Returns:
        Loss per sample, `[..., B]`.

    Example:
        >>> import torch
        >>> g_loss(torch.zeros(2), torch.tensor([1.0, -4.0]))
        tensor([-1.,  4.])

    Arjovsky, Chintala, Bottou, Wasserstein GAN, ICML 2017, algorithm 1.
    """
    return -fake_logits


WASSERSTEIN = Objective(
    d_loss=d_loss,
    g_loss=g_loss,
    equilibrium=0.0,
    bounded=False,
    needs_lipschitz=True,
    coupled=False,
)
