"""Relativistic GANs: only differences between real and fake scores count, per pair or against the mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch.nn.functional import logsigmoid

from ganscope.contracts import Objective
from ganscope.objectives.shapes import require_pairs

if TYPE_CHECKING:
    from torch import Tensor


def paired_d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Discriminator loss of the paired form: real sample i should outrank fake sample i.

    `-log sigmoid(s_real - s_fake)`

    Args:
        real_logits: Scores of real samples, `[..., B]`, any real number; only differences matter.
        fake_logits: Scores of fake samples, `[..., B]`.

    Returns:
        Loss per pair in nats, `[..., B]`; ln 2 where the two scores are equal.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> paired_d_loss(torch.tensor([5.0, -93.0]), torch.tensor([5.0, 7.0]))
        tensor([  0.6931, 100.0000])

    Jolicoeur-Martineau, The relativistic discriminator, ICLR 2019, eq. 8 (RSGAN).
    """
    require_pairs(real_logits, fake_logits)
    return -logsigmoid(real_logits - fake_logits)


def paired_g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Generator loss of the paired form: fake sample i should outrank real sample i.

    `-log sigmoid(s_fake - s_real)`

    Args:
        real_logits: Scores of real samples, `[..., B]`, any real number.
        fake_logits: Scores of fake samples, `[..., B]`.

    Returns:
        Loss per pair in nats, `[..., B]`.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> paired_g_loss(torch.tensor([5.0, 7.0]), torch.tensor([5.0, -93.0]))
        tensor([  0.6931, 100.0000])

    Jolicoeur-Martineau, The relativistic discriminator, ICLR 2019, eq. 9 (RSGAN).
    """
    require_pairs(real_logits, fake_logits)
    return -logsigmoid(fake_logits - real_logits)


def average_d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Discriminator loss of the average form: each sample against the mean of the other kind.

    `-log sigmoid(s_real - mean s_fake) - log(1 - sigmoid(s_fake - mean s_real))`,
    the means over the last dimension, so stacked runs stay apart.

    Args:
        real_logits: Scores of real samples, `[..., B]`, any real number; only differences matter.
        fake_logits: Scores of fake samples, `[..., B]`.

    Returns:
        Loss per sample in nats, `[..., B]`; 2 ln 2 where all scores are equal.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> average_d_loss(torch.tensor([3.0, 3.0]), torch.tensor([3.0, 3.0]))
        tensor([1.3863, 1.3863])

    Jolicoeur-Martineau, The relativistic discriminator, ICLR 2019, eq. 14 (RaSGAN).
    """
    require_pairs(real_logits, fake_logits)
    return -logsigmoid(real_logits - fake_logits.mean(-1, keepdim=True)) - logsigmoid(
        real_logits.mean(-1, keepdim=True) - fake_logits
    )


def average_g_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Generator loss of the average form, both halves: the discriminator's loss with the roles exchanged.

    `-log sigmoid(s_fake - mean s_real) - log(1 - sigmoid(s_real - mean s_fake))`

    Args:
        real_logits: Scores of real samples, `[..., B]`, any real number.
        fake_logits: Scores of fake samples, `[..., B]`.

    Returns:
        Loss per sample in nats, `[..., B]`.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> average_g_loss(torch.tensor([0.0, 0.0]), torch.tensor([0.0, 0.0]))
        tensor([1.3863, 1.3863])

    Jolicoeur-Martineau, The relativistic discriminator, ICLR 2019, eq. 15 (RaSGAN).
    """
    return average_d_loss(fake_logits, real_logits)


RELATIVISTIC = Objective(
    d_loss=paired_d_loss,
    g_loss=paired_g_loss,
    equilibrium=math.log(2),
    bounded=False,
    needs_lipschitz=False,
    coupled=False,
)

RELATIVISTIC_AVERAGE = Objective(
    d_loss=average_d_loss,
    g_loss=average_g_loss,
    equilibrium=2 * math.log(2),
    bounded=False,
    needs_lipschitz=False,
    coupled=True,
)
