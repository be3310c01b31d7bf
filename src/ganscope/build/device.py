"""The device a run trains on, and what it can do."""

from __future__ import annotations

import torch

from ganscope.build.settings import family_of, options_of
from ganscope.config import CUSTOM, RunConfig
from ganscope.contracts import BadInput
from ganscope.training.compiled import compiler
from ganscope.training.precision import INSTRUCTIONS, has_bfloat16


def device_of(name: str) -> torch.device:
    """Find a device by its name.

    Raises:
        BadInput: it is not there, or of a kind that is not supported.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInput(f"--device {name} is no device: use cpu, cuda or cuda:N.") from None
    if device.type not in ("cpu", "cuda"):
        raise BadInput(f"--device {name} is not supported: use cpu, cuda or cuda:N.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"--device {name} cannot be used: this torch sees no CUDA device; use --device cpu.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInput(
            f"--device {name} is not there: this machine has cuda:0 to cuda:{torch.cuda.device_count() - 1}."
        )
    return device


def check_speed(config: RunConfig, device: torch.device) -> None:
    """Refuse ways to be faster that this machine or these networks do not have."""
    if config.precision == "bfloat16" and not has_bfloat16(device):
        raise BadInput(
            f"--precision bfloat16 would be many times slower here: {device.type} has no bfloat16 products "
            f"of its own ({', '.join(sorted(INSTRUCTIONS))}); leave it out."
        )
    if not config.compile:
        return
    family = family_of(config)
    state = (family is not None and family.keeps_state(options_of(config))) or config.d_lipschitz != "none"
    if state or config.own or config.objective == CUSTOM or config.moves_at_once:
        raise BadInput(
            "--compile is for built-in networks and objectives without batch or spectral normalisation whose "
            "players move in turn: leave it out."
        )
    if device.type == "cpu" and not compiler():
        raise BadInput("--compile needs a C++ compiler, and none is found: install g++, or leave it out.")
