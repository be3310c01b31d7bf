"""The players' optimisers, with one learning rate for all runs of a stack or one a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from ganscope.config import RunConfig
from ganscope.training.stacks.differences import rate_of_each_run
from ganscope.training.stacks.stacking import Network


def optimiser_of(
    config: RunConfig, network: Network, rate: float | Tensor, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return an optimiser with one learning rate for all runs or, where they differ, one a run."""
    if isinstance(rate, Tensor):
        optimizer = _optimizer(config, network, 1.0, weight_decay)
        rate_of_each_run(optimizer, rate)
    else:
        optimizer = _optimizer(config, network, rate, weight_decay)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]  # the loop scales it as the run goes on
    return optimizer


def _optimizer(
    config: RunConfig, network: Network, rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    parameters = list(network.parameters.values())
    if config.optimizer == "sgd":
        return without_compiler(torch.optim.SGD)(
            parameters, lr=rate, momentum=config.beta1, weight_decay=weight_decay
        )
    if config.optimizer == "rmsprop":
        return without_compiler(torch.optim.RMSprop)(
            parameters, lr=rate, alpha=config.beta2, weight_decay=weight_decay
        )
    betas = (config.beta1, config.beta2)
    return without_compiler(torch.optim.Adam)(
        parameters, lr=rate, betas=betas, weight_decay=weight_decay, fused=True
    )


def without_compiler(kind: type[Optimizer]) -> Callable[..., Optimizer]:
    """Return an optimiser of torch that does the same and does not load torch's compiler.

    Torch hides two of its methods from the compiler, and to hide them it loads it, which takes about as long
    as to load torch. Our programs leave optimisers outside, compiled or not.

    Args:
        kind: an optimiser of torch.

    Returns:
        A class of the same name and arguments, derived from it.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> weight.grad = torch.tensor([2.0])
        >>> without_compiler(torch.optim.SGD)([weight], lr=0.25).step()
        >>> weight.data
        tensor([0.5000])
    """
    step = torch.no_grad()(inspect.unwrap(kind.step))
    methods = {"add_param_group": inspect.unwrap(kind.add_param_group), "step": step}
    return type(kind.__name__, (kind,), methods)
