"""The two networks of a run, built from its own random stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ganscope.build.settings import options_of
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Block, Dataset, Told
from ganscope.lipschitz import CONSTRUCTIONS
from ganscope.nets import NETS
from ganscope.nets.ends import blocks_in, end_of
from ganscope.nets.packing import packed_shape
from ganscope.training import streams


def networks(
    config: RunConfig, data: Dataset, generator: nn.Module | None, discriminator: nn.Module | None
) -> tuple[nn.Module, nn.Module]:
    """Build generator and discriminator of one run from its own init stream; the user's own stay."""
    with streams.global_stream(config.seed, "init"):
        if generator is None:
            generator = NETS[config.family].generator(
                data.shape,
                config.latent_dim,
                told_width(config, data.blocks),
                options_of(config),
                end_of(data),
            )
        if discriminator is None:
            shape = packed_shape(data.shape, config.pack)
            classes = config.pack * told_width(config, data.blocks)
            discriminator = NETS[config.family].discriminator(shape, classes, options_of(config))
            if config.d_lipschitz != "none":
                discriminator = CONSTRUCTIONS[config.d_lipschitz](discriminator, shape)
    return generator, discriminator


def outlines(
    config: RunConfig,
    data: Dataset,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
) -> tuple[nn.Module, nn.Module]:
    """Build the networks without memory for their weights; the user's own stay."""
    with torch.device("meta"), _Unfilled():
        return networks(config, data, generator, discriminator)


def generator_of(config: RunConfig, data: Mapping[str, Any]) -> nn.Module:
    """Build the (untrained) generator that a run folder describes.

    Args:
        config: the run's configuration.
        data: what `config.json` says of its data: shape, range of values and blocks.
    """
    if "generator" in config.own:
        raise BadInput(
            "this run trained a generator of your own: hand the module over, as in "
            "ganscope.load(run, generator=module)."
        )
    classes = told_width(config, blocks_in(data))
    return NETS[config.family].generator(
        tuple(data["shape"]), config.latent_dim, classes, options_of(config), end_of(data)
    )


def told_width(config: RunConfig, blocks: Sequence[Block]) -> int:
    """Count the values of the condition that the networks of a configuration are told of a row."""
    told = told_by(config)
    return 0 if told is None else told.width(blocks)


def told_by(config: RunConfig) -> Told | None:
    """How the networks of a configuration are told a category of each row; one of the user's own never is."""
    family = NETS.get(config.family)
    return None if family is None or config.own else family.told


class _Unfilled(TorchFunctionMode):
    """Leaves weights as they are where random numbers would fill them.

    On the device "meta" there is nothing to fill, and torch would load its compiler for it: two seconds.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, or answer for one that fills."""
        return args[0] if func in FILLS else func(*args, **(kwargs or {}))


FILLS = (Tensor.normal_, Tensor.uniform_)
