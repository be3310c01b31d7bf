"""The user's own networks and objective, tried on two rows before anything is written."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.lipschitz import clippable
from ganscope.nets.inspect import ends_in, mixes_rows
from ganscope.nets.packing import packed
from ganscope.words.sentences import reason


def check_types(generator: object, discriminator: object, objective: object) -> None:
    """Refuse arguments that are no modules or no objective.

    Raises:
        BadInput: naming the argument and what it should be.
    """
    for name, value in (("generator", generator), ("discriminator", discriminator)):
        if value is not None and not isinstance(value, nn.Module):
            what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
            raise BadInput(
                f"{name}= is {what}, but a torch.nn.Module is needed: hand over an instance of one."
            )
        if isinstance(value, nn.Module) and not any(p.requires_grad for p in value.parameters()):
            raise BadInput(
                f"the {name} has no parameter that can be trained: give it layers, or set requires_grad."
            )
    if objective is not None and not isinstance(objective, Objective):
        raise BadInput(
            f"objective= is a {type(objective).__name__}, but a ganscope.Objective is needed: build one of "
            "d_loss and g_loss, or name a built-in one in the configuration."
        )


def check_objective(objective: Objective) -> None:
    """Refuse losses that do not return one finite value per sample.

    Raises:
        BadInput: naming the loss and the shape it returned.
    """
    for name in ("d_loss", "g_loss"):
        loss = getattr(objective, name)
        try:
            value = loss(torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True))
        except (RuntimeError, TypeError, ValueError) as error:
            raise BadInput(
                f"{name} of your objective cannot take (real_logits [3], fake_logits [3]): {reason(error)}. "
                "Let it take two tensors [B]."
            ) from None
        shape = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        if shape != [3]:
            raise BadInput(
                f"{name} of your objective turns 3 logits into {shape}, but one value per sample, [3], is "
                "needed: leave the mean out."
            )


def check_generator(generator: nn.Module, data: Dataset, config: RunConfig) -> None:
    """Try a generator on two latents.

    Raises:
        BadInput: naming its input or output, and the shape that is needed.
    """
    latent = torch.zeros(2, config.latent_dim).to(next(generator.parameters()))
    shape = _shape(
        generator, "generator", latent, f"Make its first layer fit latent_dim {config.latent_dim}."
    )
    if shape != [2, *data.shape]:
        raise BadInput(
            f"the generator turns latents {list(latent.shape)} into {shape}, but the data needs "
            f"{[2, *data.shape]}: change its last layer."
        )


def check_discriminator(
    discriminator: nn.Module, data: Dataset, config: RunConfig, objective: Objective | None
) -> None:
    """Try a discriminator on two rows, and look for what is known not to work.

    Raises:
        BadInput: naming its input or output, a sigmoid at its end, BatchNorm under a penalty, or clipping
            without effect.
    """
    real = packed(data.held_out[: 2 * config.pack], config.pack).to(next(discriminator.parameters()))
    rows = "rows" if config.pack == 1 else f"packs of {config.pack} rows"
    fits = f"Make its first layer fit {rows} {list(real.shape[1:])}."
    shape = _shape(discriminator, "discriminator", real, fits)
    if shape[:1] != [2]:
        raise BadInput(
            f"the discriminator turns two {rows} {list(real.shape)} into {shape}, but one logit a row is "
            "needed: return [B] or [B, 1]."
        )
    if objective is None and ends_in(_evaluated(discriminator, real)) == "Sigmoid":
        raise BadInput(
            "the discriminator ends in a sigmoid, but objectives take raw logits: remove the sigmoid."
        )
    if config.penalties and mixes_rows(discriminator):
        raise BadInput(
            f"the discriminator has BatchNorm, which mixes the rows of a batch, so the per-sample slope "
            f"that --penalty {config.penalty} asks for does not exist: remove it."
        )
    if config.clip and not clippable(discriminator):
        raise BadInput(
            f"--clip {config.clip} has no effect: the discriminator has no linear or convolution layer; "
            "leave it out, or use a penalty."
        )


def _shape(network: nn.Module, name: str, x: Tensor, remedy: str) -> list[int]:
    try:
        result = _evaluated(network, x)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise BadInput(
            f"the {name} cannot take an input of shape {list(x.shape)}: {reason(error)}. {remedy}"
        ) from None
    if not isinstance(result, Tensor):
        raise BadInput(f"the {name} returns a {type(result).__name__}, but a tensor is needed: return one.")
    return list(result.shape)


def _evaluated(network: nn.Module, x: Tensor) -> Any:
    """Call a network in evaluation mode, in which two rows change nothing, and restore every submodule."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.random.fork_rng(devices=[]):
            return network(x)
    finally:
        for module, mode in modes:
            module.training = mode
