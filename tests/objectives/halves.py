"""The losses of the papers, real half and fake half with their slopes, in plain floats."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from ganscope.objectives import OBJECTIVES
from tests.objectives.exact import (
    capped_exp,
    capped_exp_slope,
    exact_log_sigmoid,
    exact_sigmoid,
)

NAMES = list(OBJECTIVES)
Scalar = Callable[[float, torch.dtype], float]
# name -> (real half, its slope, fake half, its slope, generator's loss, its slope) of the objectives whose
# sample loss is real half + fake half, from the papers' formulas and in plain floats.
HALVES: dict[str, tuple[Scalar, Scalar, Scalar, Scalar, Scalar, Scalar]] = {
    "minimax": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
    "non-saturating": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: -exact_log_sigmoid(s),
        lambda s, _: -exact_sigmoid(-s),
    ),
    "wasserstein": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, _: s,
        lambda _s, _: 1.0,
        lambda s, _: -s,
        lambda _s, _: -1.0,
    ),
    "hinge": (
        lambda r, _: max(0.0, 1 - r),
        lambda r, _: -1.0 if r < 1 else 0.0,
        lambda s, _: max(0.0, 1 + s),
        lambda s, _: 1.0 if s > -1 else 0.0,
        lambda s, _: -s,
        lambda _s, _: -1.0,
    ),
    "least-squares": (
        lambda r, _: (r - 1) ** 2 / 2,
        lambda r, _: r - 1,
        lambda s, _: s**2 / 2,
        lambda s, _: s,
        lambda s, _: (s - 1) ** 2 / 2,
        lambda s, _: s - 1,
    ),
    "f-kl": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, d: capped_exp(s - 1, d),
        lambda s, d: capped_exp_slope(s - 1, d),
        lambda s, d: -capped_exp(s - 1, d),
        lambda s, d: -capped_exp_slope(s - 1, d),
    ),
    "f-reverse-kl": (
        lambda r, d: capped_exp(-r, d),
        lambda r, d: -capped_exp_slope(-r, d),
        lambda s, _: s - 1,
        lambda _s, _: 1.0,
        lambda s, _: 1 - s,
        lambda _s, _: -1.0,
    ),
    "f-pearson": (
        lambda r, _: -r,
        lambda _r, _: -1.0,
        lambda s, _: s**2 / 4 + s,
        lambda s, _: s / 2 + 1,
        lambda s, _: -(s**2) / 4 - s,
        lambda s, _: -s / 2 - 1,
    ),
    "f-hellinger": (
        lambda r, d: capped_exp(-r, d) - 1,
        lambda r, d: -capped_exp_slope(-r, d),
        lambda s, d: capped_exp(s, d) - 1,
        capped_exp_slope,
        lambda s, d: 1 - capped_exp(s, d),
        lambda s, d: -capped_exp_slope(s, d),
    ),
    "f-js": (
        lambda r, _: -math.log(2) - exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -math.log(2) - exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: math.log(2) + exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
    "f-gan": (
        lambda r, _: -exact_log_sigmoid(r),
        lambda r, _: -exact_sigmoid(-r),
        lambda s, _: -exact_log_sigmoid(-s),
        lambda s, _: exact_sigmoid(s),
        lambda s, _: exact_log_sigmoid(-s),
        lambda s, _: -exact_sigmoid(s),
    ),
}
