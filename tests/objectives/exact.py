"""Losses in a thousand decimal digits, and how close float64 and float32 must come to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import cache

import torch
from torch import Tensor
from torch.testing import assert_close

EXTREMES = {
    torch.float64: [-1000.0, -700.0, -100.0, -37.0, -21.0, -1.0, 0.0, 1.0, 21.0, 37.0, 100.0, 700.0, 1000.0],
    torch.float32: [-100.0, -80.0, -30.0, -1.0, 0.0, 1.0, 16.0, 30.0, 80.0, 100.0],
}
# The gradient of e^v stops following the closed form here: see `bounded_exp`.
EXP_LIMIT = {dtype: 0.9 * math.log(torch.finfo(dtype).max) for dtype in EXTREMES}


def every_pair(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    values = torch.tensor(EXTREMES[dtype], dtype=dtype)
    pairs = torch.cartesian_prod(values, values)
    return pairs[:, 0].clone().requires_grad_(), pairs[:, 1].clone().requires_grad_()


def as_decimal(function: Callable[[Decimal], Decimal], x: float) -> float:
    with localcontext() as context:
        context.prec = 1000  # digits enough to hold 1 + e^-1000
        return float(function(Decimal(x)))


@cache
def exact_sigmoid(x: float) -> float:
    return as_decimal(lambda v: 1 / (1 + (-v).exp()), x)


@cache
def exact_log_sigmoid(x: float) -> float:
    return as_decimal(lambda v: -(1 + (-v).exp()).ln(), x)


def capped_exp(x: float, dtype: torch.dtype) -> float:
    """e^x continued by its tangent, written without torch."""
    c = EXP_LIMIT[dtype]
    return math.exp(x) if x <= c else math.exp(c) * (1 + x - c)


def capped_exp_slope(x: float, dtype: torch.dtype) -> float:
    return math.exp(min(x, EXP_LIMIT[dtype]))


# relative accuracy of a single term; a sum of two halves may cancel, so it has the same absolute allowance
ACCURACY = {torch.float64: 1e-12, torch.float32: 3e-6}
# below the normal numbers (sigmoid(-100) is 4e-44 in float32) digits are lost
SUBNORMAL = {torch.float64: 1e-300, torch.float32: 1e-38}


def assert_losses(actual: Tensor, expected: Tensor) -> None:
    assert_close(actual, expected, rtol=ACCURACY[actual.dtype], atol=ACCURACY[actual.dtype])


def assert_slopes(actual: Tensor, expected: Tensor) -> None:
    assert_close(actual, expected, rtol=ACCURACY[actual.dtype], atol=SUBNORMAL[actual.dtype])
