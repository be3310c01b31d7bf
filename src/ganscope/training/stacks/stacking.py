"""Networks as functions of a batch: one plain module, or K of one shape that run as a single program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ganscope.training.stacks.batched import batched


class Call(Protocol):
    """A pass through a network; without a condition its module is called with the rows alone."""

    def __call__(self, x: Tensor, condition: Tensor | None = None, /) -> Tensor:
        """Map rows `[B, ...]` and their conditions `[B, ...]` to `[B, ...]`; all `[K, B, ...]` in a stack."""
        ...


class CallWith(Protocol):
    """A pass with the parameters given, in place of the network's (a moving average)."""

    def __call__(
        self, parameters: dict[str, Tensor], x: Tensor, condition: Tensor | None = None, /
    ) -> Tensor:
        """See `Call`."""
        ...


class Network(NamedTuple):
    """A network the step can drive without knowing whether it is one or a stack of K."""

    call: Call
    call_with: CallWith
    parameters: dict[str, Tensor]
    """The trainable leaves, by qualified name; `[K, ...]` in a stack."""
    buffers: dict[str, Tensor]
    module: nn.Module
    """The module itself, or the one whose code a stack runs (its own values are then unused)."""


def plain(module: nn.Module) -> Network:
    """Wrap one module; its own parameters are trained in place."""
    parameters: dict[str, Tensor] = {n: p for n, p in module.named_parameters() if p.requires_grad}

    def call(x: Tensor, condition: Tensor | None = None) -> Tensor:
        result: Tensor = module(x) if condition is None else module(x, condition)
        return result

    def call_with(parameters: dict[str, Tensor], x: Tensor, condition: Tensor | None = None) -> Tensor:
        inputs = (x,) if condition is None else (x, condition)
        result: Tensor = functional_call(module, parameters, inputs)
        return result

    return Network(call, call_with, parameters, dict(module.named_buffers()), module)


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
    perceptron, mapped = batched(module), _mapped(module, buffers)

    def call_with(parameters: dict[str, Tensor], x: Tensor, condition: Tensor | None = None) -> Tensor:
        if condition is not None:
            return mapped(parameters, x, condition)
        return mapped(parameters, x) if perceptron is None else perceptron(parameters, x)

    def call(x: Tensor, condition: Tensor | None = None) -> Tensor:
        return call_with(parameters, x, condition)

    return Network(call, call_with, parameters, buffers, module)


def _mapped(module: nn.Module, buffers: dict[str, Tensor]) -> Callable[..., Tensor]:
    """Run K modules by `vmap`, with or without conditions."""

    def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        result: Tensor = functional_call(module, (parameters, buffers), inputs)
        return result

    run = vmap(one, randomness="different")

    def call_with(parameters: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        result: Tensor = run(parameters, buffers, *inputs)
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
