"""How steep the critic is, on real rows, on fakes and between, beside what its constraint lets expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    found: list[float] = slopes.quantile(wanted).tolist()
    return found


def expected_slope(w1: float, weight: float) -> float:
    """Slope at which a gradient penalty holds a critic trained to its optimum: `1 + W1 / (2 lambda)`.

    The gap gains W1 per unit of slope and the penalty costs `lambda (slope - 1)^2`.

    Args:
        w1: Wasserstein-1 distance between real and fake, in units of the data.
        weight: lambda, above 0.

    Example:
        >>> expected_slope(4.0, 0.1)
        21.0
    """
    return 1 + w1 / (2 * weight)


def certified_ratio(
    real: Tensor, fake: Tensor, real_scores: Tensor, fake_scores: Tensor, w1: float
) -> dict[str, Any]:
    """How much of the exact distance a critic finds, whatever its scale.

    Its gap over its largest pairwise quotient bounds W1 from below; the share of W1 is at most 1.

    Args:
        real: rows `[N, *shape]`.
        fake: rows `[N, *shape]`.
        real_scores: `[N]`.
        fake_scores: `[N]`.
        w1: exact distance between the two sets.

    Returns:
        `gap`, `certified` (gap / steepest pair) and `certified_share` (certified / w1).
    """
    rows = torch.cat([real, fake]).detach().flatten(1).double()
    scores = torch.cat([real_scores, fake_scores]).detach().double()
    run = torch.cdist(rows, rows, compute_mode="use_mm_for_euclid_dist")
    rise = (scores[:, None] - scores).abs()
    apart = run > 1e-6 * float(run.max())
    steepest = float((rise[apart] / run[apart]).max()) if bool(apart.any()) else 0.0
    gap = float(real_scores.double().mean() - fake_scores.double().mean())
    certified = gap / steepest if steepest > 0 else 0.0
    return {"gap": gap, "certified": certified, "certified_share": certified / w1 if w1 > 0 else None}
