"""What a program of runs takes and allows: bytes of memory, and whether its runs can train as one stack."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ganscope.build.networks import networks, outlines, told_by
from ganscope.config import RunConfig
from ganscope.contracts import Dataset
from ganscope.evaluation import samples_wanted
from ganscope.nets.packing import packed_shape
from ganscope.running.grouping import fitting
from ganscope.running.machine import machine
from ganscope.training.stacks import footprint
from ganscope.training.stacks.batched import batched
from ganscope.training.stacks.stacking import stack


def bytes_of(config: RunConfig, data: Dataset) -> int:
    """Estimate the bytes one run takes in a stack, without building its networks.

    Args:
        config: the run; networks and objective are built-in ones.
        data: what it will be trained on.
    """
    pair = outlines(config, data)
    shapes = ((config.latent_dim,), packed_shape(data.shape, config.pack))
    generator, discriminator = map(footprint.size, pair, shapes)
    itemsize = 8 if config.precision == "float64" else 4
    return footprint.footprint(
        generator, discriminator, config.batch_size, len(config.penalties), samples_wanted(data), itemsize
    )


def check_memory(config: RunConfig, data: Dataset) -> None:
    """Refuse a run that this machine cannot hold, before its networks are built.

    Raises:
        BadInput: it says what the run takes and what there is.
    """
    fitting(config, machine(config.device), lambda config: bytes_of(config, data))


def cannot_stack(config: RunConfig, data: Dataset) -> str:
    """Say in one sentence why runs of a program cannot train as one stack; nothing where they can.

    Nothing is trained: perceptrons have a batched form, and other networks are differentiated once on two
    rows, where what `vmap` cannot run shows.

    Args:
        config: one run of the program; networks and objective are built-in ones.
        data: what it will be trained on.
    """
    if config.heal:
        return "--heal changes the settings of single runs, so each trains alone."
    if told_by(config) is not None:
        return f"{config.network} draws rows and dropout for single runs, so each trains alone."
    pair = outlines(config, data)
    if all(batched(network) is not None for network in pair):
        return ""
    pairs = [networks(config.model_copy(update={"seed": seed}), data, None, None) for seed in (0, 1)]
    generators, discriminators = zip(*pairs, strict=True)
    shape = packed_shape(data.shape, config.pack)
    try:
        with torch.random.fork_rng(devices=[]):
            _differentiate(generators, (config.latent_dim,), twice=False)
            _differentiate(discriminators, shape, twice=bool(config.penalties))
    except RuntimeError as error:
        why = str(error).strip().partition("\n")[0].rstrip(".")
        return f"{config.network} with these options cannot be stacked: {why}."
    return ""


def _differentiate(modules: Sequence[nn.Module], shape: tuple[int, ...], twice: bool) -> None:
    """Differentiate a stack on two rows a network: by its weights and, for a penalty, its slope by them."""
    network = stack(modules)
    weights = list(network.parameters.values())
    x = torch.ones(len(modules), 2, *shape, requires_grad=twice)
    result = network.call(x).sum()
    torch.autograd.grad(result, weights, retain_graph=twice, allow_unused=True)
    if twice:
        (slope,) = torch.autograd.grad(result, x, create_graph=True)
        if slope.requires_grad:  # else the network is linear in its input
            torch.autograd.grad(slope.square().sum(), weights, allow_unused=True)
