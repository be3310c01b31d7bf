"""Fine-tuning: a new run whose networks begin where another run's newest sound checkpoint left them.

Both networks take the raw weights, which were trained against each other. The moving average goes along where
both runs keep one; where only the new run does, it begins at the raw weights. Optimisers start anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganscope.build.networks import told_by
from ganscope.build.settings import INHERITED, completed
from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.folder import checkpoint, layout
from ganscope.folder.read import read
from ganscope.training import Runs
from ganscope.words.complaints import flag


class Start(NamedTuple):
    """Where a fine-tuned run begins."""

    run: Path
    step: int
    config: RunConfig
    tensors: Mapping[str, Tensor]


def find(run: Path, step: int | None = None, tell: Callable[[str], None] = lambda text: None) -> Start:
    """Read the checkpoint that a new run begins at.

    Args:
        run: the earlier run's folder.
        step: of which step; by default the newest sound one.
        tell: told of damaged checkpoints that were passed over.

    Returns:
        The checkpoint's tensors, and the configuration that fits them.

    Raises:
        BadInput: no run folder, or one without a sound checkpoint.
    """
    config = read(run).config
    for saved in reversed(checkpoint.steps(run)):
        if step in (None, saved):
            try:
                tensors, _ = checkpoint.load(layout.checkpoint_file(run, saved))
            except checkpoint.Damaged as error:
                tell(f"{error}; taking an older one")
                continue
            return Start(run.absolute(), saved, config, tensors)
    wanted = "sound checkpoint" if step is None else f"sound checkpoint of step {step}"
    raise BadInput(f"--from {run} holds no {wanted}: name a run that has been trained further.")


def inherit(config: RunConfig, given: Mapping[str, Any], start: Start) -> RunConfig:
    """Take the shapes of the networks over from the earlier run.

    Args:
        config: the new run's configuration.
        given: what the user set explicitly.
        start: the earlier run.

    Returns:
        The configuration with the earlier run's network fields.

    Raises:
        BadInput: a network field given with another value.
    """
    if config.own or start.config.own:
        return config
    former = completed(start.config).flat()
    for field in INHERITED:
        theirs = former.get(field)
        if field in given and config.flat().get(field) != theirs:
            raise BadInput(
                f"{flag(field)} {given[field]} does not fit --from {start.run.name}, whose networks have "
                f"{field} {theirs}: leave it out, or train from scratch."
            )
    inherited = ("network", "latent_dim", "pack", "d_lipschitz", "options")
    return config.model_copy(update={field: getattr(completed(start.config), field) for field in inherited})


def check_fit(start: Start, generator: nn.Module, discriminator: nn.Module) -> None:
    """Compare the networks with the checkpoint, tensor by tensor.

    Raises:
        BadInput: naming the first tensor that is missing or of another shape, with both shapes.
    """
    for player, module in (("generator", generator), ("discriminator", discriminator)):
        ours = {f"{player}/{name}": list(tensor.shape) for name, tensor in _state(module).items()}
        theirs = {
            name: list(tensor.shape)
            for name, tensor in start.tensors.items()
            if name.startswith(f"{player}/")
        }
        for name in [*ours, *theirs]:
            if ours.get(name) != theirs.get(name):
                here, there = (f"has shape {s[name]}" if name in s else "is missing" for s in (ours, theirs))
                raise BadInput(
                    f"--from {start.run.name} does not fit: {name.replace('/', ' ')} {there} there and "
                    f"{here} here. Use data and networks of the same shapes."
                )


def take_over(runs: Runs, start: Start) -> None:
    """Copy the checkpoint's weights into a freshly built run; see the top of this file for which."""
    for player, network in (("generator", runs.game.generator), ("discriminator", runs.game.discriminator)):
        with torch.no_grad():
            for name, tensor in (network.parameters | network.buffers).items():
                tensor.copy_(start.tensors[f"{player}/{name}"])
    for name, average in (runs.average or {}).items():
        raw = start.tensors[f"generator/{name}"]
        average.copy_(start.tensors.get(f"average/{name}", raw))
    told = told_by(runs.config)
    if told is not None and runs.by_frequency is not None:  # by the shares of the new data
        with torch.no_grad():
            told.learn(runs.game.generator.module, runs.by_frequency.shares)


def describe(start: Start, config: RunConfig) -> dict[str, Any]:
    """What `config.json` says of it."""
    average = bool(config.ema) and any(name.startswith("average/") for name in start.tensors)
    return {
        "run": str(start.run),
        "step": start.step,
        "weights": "raw, and the moving average" if average else "raw",
    }


def _state(module: nn.Module) -> dict[str, Tensor]:
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
    return {**parameters, **dict(module.named_buffers())}
