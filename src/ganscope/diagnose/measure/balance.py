"""Who is winning: how well scores tell real from fake, and how well a fresh discriminator would."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SCALES = (1.0, 0.25, 0.06)
"""Widths of the fresh discriminator's kernels, in median distances of real rows: coarse to fine structure."""
RIDGE = 1e-3
FRESH_ROWS = 240
"""Rows of each kind a fresh discriminator gets at most: half to learn from, half to be judged by."""


def auc(above: Tensor, below: Tensor) -> float:
    """Probability that a score of the first kind exceeds one of the second; ties count half.

    `P(s_real > s_fake)`: the one measure of a discriminator's strength that means the same under every
    objective, for it ignores the scale and the zero of the scores.

    Args:
        above: Scores `[N]`, of real rows.
        below: Scores `[M]`, of fakes.

    Returns:
        In [0, 1]: 1/2 for a discriminator that cannot tell, NaN where a score is NaN.

    Example:
        >>> auc(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0]))
        0.875

    Reference:
        Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982.
    """
    if bool(above.isnan().any()) or bool(below.isnan().any()):
        return math.nan
    ordered = below.detach().double().sort().values
    wanted = above.detach().double()
    lower = torch.searchsorted(ordered, wanted, right=False)
    upper = torch.searchsorted(ordered, wanted, right=True)
    return float((lower + upper).double().mean()) / 2 / len(below)


def auc_error(above: int, below: int) -> float:
    """Standard error of the AUC of scores that say nothing: `sqrt((n + m + 1) / (12 n m))`.

    Example:
        >>> round(auc_error(1000, 1000), 4)
        0.0129
    """
    return math.sqrt((above + below + 1) / (12 * above * below))


def fresh_auc(real_real: Tensor, real_fake: Tensor, fake_fake: Tensor) -> float:
    """AUC of a discriminator trained from scratch, by kernel ridge regression on half of the rows.

    Its kernel is the mean of `exp(-d / sigma)` over three widths. Closed form: it depends neither on an
    architecture nor on luck, so it says what could be told apart, where the run's own discriminator says
    what is.

    Args:
        real_real: Distances between real rows `[N, N]`, float64.
        real_fake: Distances between real and fake rows `[N, M]`.
        fake_fake: Distances between fakes `[M, M]`.

    Returns:
        AUC on the other half of the rows: 1/2 where real and fake do not differ.

    Example:
        >>> x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)).double()
        >>> real, fake = x[:100], x[100:] + 5
        >>> fresh_auc(torch.cdist(real, real), torch.cdist(real, fake), torch.cdist(fake, fake))
        1.0
    """
    n, m = (min(FRESH_ROWS, count) for count in real_fake.shape)
    real_real, real_fake, fake_fake = real_real[:n, :n], real_fake[:n, :m], fake_fake[:m, :m]
    learnt = torch.zeros(n + m, dtype=torch.bool)
    learnt[:n:2] = True
    learnt[n::2] = True
    distance = torch.cat([torch.cat([real_real, real_fake], 1), torch.cat([real_fake.mT, fake_fake], 1)])
    distance = distance[:, learnt].float()
    unit = float(real_real.median()) or 1.0
    kernel = torch.stack([(distance / (-unit * scale)).exp() for scale in SCALES]).mean(0)
    label = torch.cat([torch.full((n,), 1.0 / n), torch.full((m,), -1.0 / m)]).to(kernel) * (n + m) / 2
    gram = kernel[learnt]
    gram = gram + RIDGE * len(gram) * torch.eye(len(gram), dtype=gram.dtype)
    score = kernel @ torch.linalg.solve(gram, label[learnt])
    held_out = ~learnt
    return auc(score[:n][held_out[:n]], score[n:][held_out[n:]])


def fresh_error(rows: int) -> float:
    """Standard error of `fresh_auc` between sets of some rows each that do not differ."""
    judged = max(1, min(FRESH_ROWS, rows) // 2)
    return auc_error(judged, judged)
