"""The players' optimisers, with one learning rate for all runs of a stack or one a run."""

from __future__ import annotations

import torch
from torch import Tensor

from ganscope.config import RunConfig
from ganscope.training.stacks.differences import rate_of_each_run
from ganscope.training.stacks.stacking import Network


def optimiser_of(config: RunConfig, network: Network, rate: float | Tensor) -> torch.optim.Optimizer:
    """Return an optimiser with one learning rate for all runs or, where they differ, one a run."""
    if isinstance(rate, Tensor):
        optimizer = _optimizer(config, network, 1.0)
        rate_of_each_run(optimizer, rate)
    else:
        optimizer = _optimizer(config, network, rate)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]  # the loop scales it as the run goes on
    return optimizer


def _optimizer(config: RunConfig, network: Network, rate: float) -> torch.optim.Optimizer:
    parameters = list(network.parameters.values())
    if config.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=config.beta1)
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, alpha=config.beta2)
    return torch.optim.Adam(parameters, lr=rate, betas=(config.beta1, config.beta2), fused=True)
