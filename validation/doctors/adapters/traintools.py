"""traintools: `GradientHealthMonitor().inspect(model)` after each backward pass.

Its other monitors need activations, labels or a validation loss, which the scalar log of a GAN has not. This
one asks a model for its gradients: a model of one parameter, with a gradient of the logged norm, stands in.
"""

from __future__ import annotations

import torch
from traintools import GradientHealthMonitor

from .logs import Alert, Log, answer


def ask(log: Log) -> list[Alert]:
    """Inspect the stand-in at every row; each warning is told once, as it first comes."""
    model = torch.nn.Linear(1, 1, bias=False)
    monitor = GradientHealthMonitor()
    found: dict[str, Alert] = {}
    for step, norm in zip(log.steps, log.grad_norm, strict=True):
        model.weight.grad = torch.full((1, 1), norm)
        for warning in monitor.inspect(model, step=step).warnings:
            found.setdefault(warning.partition("(")[0], Alert("warning", warning, step))
    return list(found.values())


if __name__ == "__main__":
    answer(ask)
