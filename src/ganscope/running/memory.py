"""What is found out before runs start: whether they fit in memory, and whether they can be stacked."""

from __future__ import annotations

from pathlib import Path

import torch

from ganscope.build import game
from ganscope.build.networks import networks
from ganscope.config import RunConfig
from ganscope.contracts import Dataset
from ganscope.evaluation import Evaluation, samples_wanted
from ganscope.nets.packing import packed_shape
from ganscope.running.grouping import fitting
from ganscope.running.machine import machine
from ganscope.training import streams
from ganscope.training.loop import advance
from ganscope.training.stacks import footprint


def bytes_of(config: RunConfig, data: Dataset) -> int:
    """Estimate the bytes one run takes in a stack, without building its networks.

    Args:
        config: the run; networks and objective are built-in ones.
        data: what it will be trained on.
    """
    with torch.device("meta"):
        generator, discriminator = networks(config, data, None, None)
        sizes = (
            footprint.size(generator, torch.zeros(2, config.latent_dim)),
            footprint.size(discriminator, torch.zeros(2, *packed_shape(data.shape, config.pack))),
        )
    itemsize = 8 if config.precision == "float64" else 4
    return footprint.footprint(
        *sizes, config.batch_size, len(config.penalties), samples_wanted(data), itemsize
    )


def check_memory(config: RunConfig, data: Dataset) -> None:
    """Refuse a run that this machine cannot hold, before its networks are built.

    Raises:
        BadInput: it says what the run takes and what there is.
    """
    fitting(config, machine(config.device), lambda config: bytes_of(config, data))


def cannot_stack(config: RunConfig, data: Dataset) -> str:
    """Say in one sentence why runs of a program cannot train as one stack; nothing where they can.

    Two throwaway runs take one step together: what `vmap` cannot run shows there and then.
    """
    if config.heal:
        return "--heal changes the settings of single runs, so each trains alone."
    pair = [config.model_copy(update={"seed": seed, "compile": False}) for seed in (0, 1)]
    on = Evaluation(data, metrics={}, about={}, samples=1)
    try:
        with streams.global_stream(0, "modules"):
            advance(game.build(pair, [Path()] * 2, on))
    except RuntimeError as error:
        why = str(error).strip().partition("\n")[0].rstrip(".")
        return f"{config.network} with these options cannot be stacked: {why}."
    return ""
