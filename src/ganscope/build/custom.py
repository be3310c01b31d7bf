"""The user's own networks and objective, tried on two rows before anything is written."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.lipschitz import clippable
from ganscope.lipschitz.slope_check import copied, sentence, why_no_slope
from ganscope.nets.inspect import ends_in
from ganscope.nets.packing import packed
from ganscope.training.batches import as_condition
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


def check_condition(data: Dataset, generator: nn.Module | None, discriminator: nn.Module | None) -> None:
    """Refuse conditions that are incomplete, or that no network would take.

    Raises:
        BadInput: conditions of one part of the data alone, too few or too many, or built-in networks.
    """
    if data.condition is None and data.held_out_condition is None:
        return
    if data.condition is None or data.held_out_condition is None:
        given, lacking = "condition", "held_out_condition"
        if data.condition is None:
            given, lacking = lacking, given
        raise BadInput(f"{data.name} has {given} and no {lacking}: give both, or neither.")
    for what, conditions, rows in (
        ("condition", data.condition, len(data.train)),
        ("held_out_condition", data.held_out_condition, len(data.held_out)),
    ):
        if len(conditions) != rows:
            raise BadInput(
                f"{what} of {data.name} has {len(conditions)} entries for {rows} rows: give one a row."
            )
    if generator is None or discriminator is None:
        raise BadInput(
            f"{data.name} has a condition for each row, which the built-in networks do not take: hand over "
            "generator= and discriminator= with a second argument, or leave the condition out."
        )


def check_generator(generator: nn.Module, data: Dataset, config: RunConfig) -> None:
    """Try a generator on two latents.

    Raises:
        BadInput: naming its input or output, and the shape that is needed.
    """
    weight = next(generator.parameters())
    latent = torch.zeros(2, config.latent_dim).to(weight)
    shape = _shape(
        generator,
        "generator",
        _inputs(latent, data, weight),
        f"Make its first layer fit latent_dim {config.latent_dim}.",
    )
    if shape != [2, *data.shape]:
        raise BadInput(
            f"the generator turns latents {list(latent.shape)} into {shape}, but the data needs "
            f"{[2, *data.shape]}: change its last layer."
        )
    _check_gradient(generator, "generator", _inputs(latent, data, weight))


def check_discriminator(
    discriminator: nn.Module, data: Dataset, config: RunConfig, objective: Objective | None
) -> None:
    """Try a discriminator on two rows, and look for what is known not to work.

    Raises:
        BadInput: naming its input or output, a sigmoid at its end, BatchNorm under a penalty, or clipping
            without effect.
    """
    weight = next(discriminator.parameters())
    real = packed(data.held_out[: 2 * config.pack], config.pack).to(weight)
    inputs = _inputs(real, data, weight, config.pack)
    rows = "rows" if config.pack == 1 else f"packs of {config.pack} rows"
    fits = f"Make its first layer fit {rows} {list(real.shape[1:])}."
    shape = _shape(discriminator, "discriminator", inputs, fits)
    if shape[:1] != [2]:
        raise BadInput(
            f"the discriminator turns two {rows} {list(real.shape)} into {shape}, but one logit a row is "
            "needed: return [B] or [B, 1]."
        )
    if objective is None and ends_in(_evaluated(discriminator, inputs)) == "Sigmoid":
        raise BadInput(
            "the discriminator ends in a sigmoid, but objectives take raw logits: remove the sigmoid."
        )
    refusal = why_no_slope(discriminator, *inputs) if config.penalties else None
    if refusal is not None:
        raise BadInput(sentence("discriminator", refusal, f"--penalty {config.penalty}"))
    _check_gradient(discriminator, "discriminator", inputs)
    if config.clip and not clippable(discriminator):
        raise BadInput(
            f"--clip {config.clip} has no effect: the discriminator has no linear, convolution or "
            "recurrent layer; leave it out, or use a penalty."
        )


def _check_gradient(network: nn.Module, name: str, inputs: tuple[Tensor, ...]) -> None:
    """Refuse a network whose gradient torch cannot take, in the modes it is trained in."""
    x = inputs[0].detach().clone().requires_grad_(name == "discriminator")
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        try:
            result = copied(network)(x * 1, *inputs[1:])
            if result.requires_grad:
                torch.autograd.backward(result.sum())
        except (RuntimeError, ValueError) as error:
            raise BadInput(
                f"the {name} cannot be trained, for its gradient cannot be taken ({reason(error)}): change "
                "the layer that it comes from, such as one that works in place."
            ) from None
    if not result.requires_grad:
        raise BadInput(
            f"the {name} returns what does not depend on its weights by differentiable steps: remove the "
            "detach() or no_grad() inside it."
        )


def _inputs(x: Tensor, data: Dataset, like: Tensor, pack: int = 1) -> tuple[Tensor, ...]:
    """Two rows for a network, with the conditions of the first held-out rows where the data have any."""
    if data.held_out_condition is None:
        return (x,)
    condition = as_condition(data.held_out_condition[: 2 * pack], like)
    return x, condition if pack == 1 else packed(condition, pack)


def _shape(network: nn.Module, name: str, inputs: tuple[Tensor, ...], remedy: str) -> list[int]:
    try:
        result = _evaluated(network, inputs)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        shapes = " and a condition of shape ".join(str(list(x.shape)) for x in inputs)
        raise BadInput(
            f"the {name} cannot take an input of shape {shapes}: {reason(error)}. {remedy}"
        ) from None
    if not isinstance(result, Tensor):
        raise BadInput(f"the {name} returns a {type(result).__name__}, but a tensor is needed: return one.")
    return list(result.shape)


def _evaluated(network: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """Call a network in evaluation mode, in which two rows change nothing, and restore every submodule."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.random.fork_rng(devices=[]):
            return network(*inputs)
    finally:
        for module, mode in modes:
            module.training = mode
