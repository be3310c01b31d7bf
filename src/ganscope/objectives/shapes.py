"""The one check every discriminator loss makes: real and fake logits pair up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganscope.contracts import BadInput

if TYPE_CHECKING:
    from torch import Tensor


def require_pairs(real_logits: Tensor, fake_logits: Tensor) -> None:
    """Refuse logits of different shapes, which would broadcast `[B, 1]` against `[B]` to `[B, B]` unseen.

    Args:
        real_logits: Raw discriminator outputs on real samples, `[..., B]`.
        fake_logits: Raw discriminator outputs on fake samples, `[..., B]`.

    Raises:
        BadInput: The shapes differ.

    Example:
        >>> import torch
        >>> require_pairs(torch.zeros(4), torch.zeros(4))
    """
    if real_logits.shape != fake_logits.shape:
        raise BadInput(
            f"real logits of shape {tuple(real_logits.shape)} and fake logits of shape "
            f"{tuple(fake_logits.shape)} do not pair up: give both the same shape [..., B], "
            "for example by flatten() of a discriminator output [B, 1]"
        )
