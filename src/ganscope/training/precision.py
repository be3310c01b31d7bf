"""Matrix products and convolutions in bfloat16; weights, losses, penalties and optimisers stay in float32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganscope.training.stacks.stacking import Network

INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Names under which Linux lists a processor's products in bfloat16 (x86, x86, ARM)."""


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device has products in bfloat16; without them it takes ten times as long as float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return True  # no way to tell
    listed = [line for line in text.splitlines() if line.lower().startswith(("flags", "features"))]
    return not listed or bool(INSTRUCTIONS & set(listed[0].split()))


def in_bfloat16(network: Network) -> Network:
    """Make a network multiply in bfloat16 and answer in float32, at a relative error of about 2^-8 a layer.

    This holds for the forward pass, the backward pass, and the second differentiation of a penalty.
    """
    device = next(iter(network.parameters.values())).device.type

    def wrapped(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        @functools.wraps(function)
        def call(*inputs: Any) -> Tensor:
            with torch.autocast(device, torch.bfloat16):
                answer = function(*inputs)
            return answer.float()

        return call

    return network._replace(call=wrapped(network.call), call_with=wrapped(network.call_with))
