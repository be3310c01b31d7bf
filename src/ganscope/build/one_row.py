"""Batches of a single row, of which batch normalisation in training makes nothing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganscope.build.networks import networks
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Dataset
from ganscope.lipschitz import mixes_rows
from ganscope.nets.packing import packed
from ganscope.training.batches import as_condition


def check_single_rows(
    config: RunConfig, data: Dataset, generator: nn.Module | None, discriminator: nn.Module | None
) -> None:
    """Refuse batch normalisation that would have to normalise a single number.

    Args:
        config: the configuration.
        data: what it will be trained on.
        generator: the user's own.
        discriminator: the user's own.

    Raises:
        BadInput: a network whose BatchNorm cannot train on the one row, or the one pack, of a batch.
    """
    packs = config.batch_size // config.pack
    if packs > 1:
        return
    pair = networks(config, data, generator, discriminator)
    rows = packed(data.held_out[: config.pack], config.pack)
    for name, network, x, count in (
        ("generator", pair[0], torch.zeros(1, config.latent_dim), config.batch_size),
        ("discriminator", pair[1], rows, packs),
    ):
        if count == 1 and mixes_rows(network) and not _trains_on(network, x, data, config):
            raise BadInput(
                f"the {name} has BatchNorm, which cannot normalise the single row of --batch-size "
                f"{config.batch_size}: give a batch size of at least {2 * config.pack}, or use another norm."
            )


def _trains_on(network: nn.Module, x: Tensor, data: Dataset, config: RunConfig) -> bool:
    """Call a network, in the modes it will be trained in, on one row; it keeps its buffers."""
    like = next(network.parameters())
    inputs = [x.to(like)]
    if data.held_out_condition is not None:
        condition = as_condition(data.held_out_condition[: config.pack], like)
        inputs.append(condition if config.pack == 1 else packed(condition, config.pack))
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            functional_call(network, buffers, tuple(inputs))
    except ValueError as error:
        return "more than 1 value per channel" not in str(error)
    return True
