"""How steep the critic is on some rows: the length of its gradient in each of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganscope.diagnose.measure.players import score_of

Score = Callable[[Tensor], list[Tensor]]


def slope_quantiles(score: Score, x: Tensor) -> list[float]:
    """Median, 95 % quantile and maximum of `|ds/dx|` over rows, in units of score per unit of the data.

    Args:
        score: rows to scores, one `[B, patches]` a scale.
        x: rows `[B, *shape]`.

    Example:
        >>> slope_quantiles(lambda x: [x @ torch.tensor([[3.0], [4.0]])], torch.randn(9, 2))
        [5.0, 5.0, 5.0]
    """
    return quantiles(slopes_at(score, x))


def slopes_at(score: Score, x: Tensor) -> Tensor:
    """`|ds/dx|` of each row `[B]`, float64."""
    x = x.detach().requires_grad_()
    scores = score_of(score(x))
    slope = None
    if scores.requires_grad:
        (slope,) = torch.autograd.grad(scores.sum(), x, allow_unused=True)
    return torch.zeros(len(x)).double() if slope is None else slope.flatten(1).double().norm(dim=1)


def quantiles(slopes: Tensor) -> list[float]:
    """Median, 95 % quantile and maximum; NaN where a slope is NaN."""
    wanted = torch.tensor([0.5, 0.95, 1.0], dtype=slopes.dtype, device=slopes.device)
    quantiles: list[float] = slopes.quantile(wanted).tolist()
    return quantiles
