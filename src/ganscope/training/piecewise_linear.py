"""Piecewise linear activations without a second derivative, which is 0 wherever it exists.

Where a penalty's slope is differentiated, torch passes a tensor of zeros back through the whole network, once
for every activation. The mode below leaves that out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class PiecewiseLinear(TorchFunctionMode):
    """In this block ReLU and leaky ReLU keep their values and slopes, and have no second derivative.

    `x m(x)`, where the slopes `m` (1 where x > 0, else 0 or the negative slope) are constants. This holds in
    every module, plain or under `vmap`, and changes no number: what is left out is zero.

    Example:
        >>> x = torch.tensor([-1.0, 2.0], requires_grad=True)
        >>> with PiecewiseLinear():
        ...     y = functional.leaky_relu(x, 0.2).square().sum()
        >>> torch.autograd.grad(y, x)
        (tensor([-0.0800,  4.0000]),)
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Replace torch's activations."""
        kwargs = kwargs or {}
        if func is functional.leaky_relu and not kwargs.get("inplace") and len(args) == 1:
            return _linear_in_pieces(args[0], kwargs.get("negative_slope", 0.01))
        if func is functional.relu and not kwargs.get("inplace") and len(args) == 1:
            return _linear_in_pieces(args[0], 0.0)
        return func(*args, **kwargs)


def _linear_in_pieces(x: Tensor, negative_slope: float) -> Tensor:
    at = x.detach()
    one = torch.ones((), dtype=x.dtype, device=x.device)
    slopes: Tensor = torch.ops.aten.leaky_relu_backward(one.expand_as(at), at, negative_slope, False)
    return x * slopes
