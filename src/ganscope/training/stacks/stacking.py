"""Networks as functions of a batch: one plain module, or K of one shape that run as a single program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ganscope.training.stacks.batched import batched


class Network(NamedTuple):
    """A network the step can drive without knowing whether it is one or a stack of K."""

    call: Callable[[Tensor], Tensor]
    """`[B, ...] -> [B, ...]`, or `[K, B, ...] -> [K, B, ...]` for a stack."""
    call_with: Callable[[dict[str, Tensor], Tensor], Tensor]
    """The same with other parameters in place of its own (a moving average)."""
    parameters: dict[str, Tensor]
    """The trainable leaves, by qualified name; `[K, ...]` in a stack."""
    buffers: dict[str, Tensor]
    module: nn.Module
    """The module itself, or the one whose code a stack runs (its own values are then unused)."""


def plain(module: nn.Module) -> Network:
    """Wrap one module; its own parameters are trained in place."""
    parameters: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}

    def call_with(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        result: Tensor = functional_call(module, parameters, (x,))
        return result

    return Network(module, call_with, parameters, dict(module.named_buffers()), module)


def stack(modules: Sequence[nn.Module]) -> Network:
    """Stack K modules of one architecture: parameters `[K, ...]`, driven as one program.

    Perceptrons run as batched matrix products, all other modules by `vmap` over `functional_call`. Run k of
    the stack computes what its module alone would compute; nothing flows between runs, so one that diverges
    leaves the others untouched.

    Args:
        modules: K modules of the same class, shapes and mode. They are copied, not trained.

    Returns:
        The stacked network.
    """
    parameters, buffers = stack_module_state(list(modules))
    parameters = {name: p.detach().clone().requires_grad_() for name, p in parameters.items()}
    buffers = {name: b.detach().clone() for name, b in buffers.items()}
    module = modules[0]
    call_with = batched(module) or _mapped(module, buffers)
    return Network(lambda x: call_with(parameters, x), call_with, parameters, buffers, module)


def _mapped(module: nn.Module, buffers: dict[str, Tensor]) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        result: Tensor = functional_call(module, (parameters, buffers), (x,))
        return result

    run = vmap(one, randomness="different")

    def call_with(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        result: Tensor = run(parameters, buffers, x)
        return result

    return call_with


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """Switch to evaluation mode and back, each submodule to the mode it had."""
    modes = [(module, module.training) for module in network.module.modules()]
    network.module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def member(tensors: dict[str, Tensor], k: int | None) -> dict[str, Tensor]:
    """Slice run k out of stacked tensors; a plain run (k None) and shared scalars stay as they are."""
    return {name: t if k is None or t.ndim == 0 else t[k] for name, t in tensors.items()}


def joined(members: Sequence[dict[str, Tensor]], stacked: bool, shared: frozenset[str]) -> dict[str, Tensor]:
    """Put the runs' tensors back together: the inverse of `member`.

    Args:
        members: one dict per run, equal keys.
        stacked: whether there is a leading dimension K; a plain run has exactly one member.
        shared: names whose value is common to all runs and has no leading dimension.
    """
    if not stacked:
        return members[0]
    return {
        name: members[0][name] if name in shared else torch.stack([m[name] for m in members])
        for name in members[0]
    }
