"""Train one GAN: `ganscope.train`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganscope.config import RunConfig
from ganscope.contracts import Objective, Observer
from ganscope.folder.lock import claim
from ganscope.running.in_process import NO_HOOKS, Hooks, execute, reported
from ganscope.running.prepared import Custom, Prepared, prepare
from ganscope.running.run import Run
from ganscope.words import foreign

if TYPE_CHECKING:
    from torch import nn

    from ganscope.data.find import DataLike
    from ganscope.training.observers import Progress

Folder = str | Path


def train(
    config: RunConfig | Mapping[str, Any] | str,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: Folder | DataLike | None = None,
    objective: Objective | None = None,
    *,
    start: Folder | Run | None = None,
    out: Folder | None = None,
    overwrite: bool = False,
    heal: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = foreign.tell,
    observers: Sequence[Observer] = (),
) -> Run:
    """Train one GAN and write its run folder.

    Args:
        config: a `RunConfig`, a mapping of its fields (`recipe` names the settings to start from, `auto`
            chooses them by the data), or a recipe's name.
        generator: your own module, `[B, latent_dim] -> [B, *shape]`; trained in place. Alone, it meets the
            discriminator of the family `network`.
        discriminator: your own module, `[B, *shape] -> [B]` or `[B, 1]`, raw logits; trained in place. Alone,
            it meets the generator of the family `network`.
        data: your own rows `[N, *shape]` (images in [-1, 1]), a torch dataset, a `Dataset`, or a path.
        objective: your own `Objective`.
        start: a run to fine-tune: both networks begin at the raw weights of its newest sound checkpoint, and
            have its shapes; the moving average goes along where both runs keep one.
        out: the run folder; by default `runs/<data>-<recipe>-seed-<n>`.
        overwrite: replace a run that is there already.
        heal: as the field of the configuration: where a verdict stands, go back to the last good checkpoint,
            apply the verdict's first remedy, and go on.
        progress: called with a dict (step, steps, seconds, evaluation) at every row of history.
        stop: asked after every step; True saves everything and raises `Interrupted`.
        tell: called with a sentence about every healing.
        observers: functions `(event, runs)`, told of every event of the training loop; they change no bit.

    Returns:
        The finished run.

    Raises:
        BadInput: a configuration, module or data that cannot work; nothing is written then.
        RunFailed: the run turned NaN or infinite, or its folder could not be written any more.
        Interrupted: `stop` asked for it; `ganscope.resume(out)` goes on.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train({"data": "ring", "recipe": "r1", "steps": 3}, out=folder)
        ...     run.sample(5).shape
        torch.Size([5, 2])
    """
    prepared = prepare(
        _healing(config) if heal else config, Custom(generator, discriminator, objective), data, start
    )
    return launch(
        prepared, out, overwrite, Hooks(progress or NO_HOOKS.progress, stop, tell, tuple(observers))
    )


def launch(
    prepared: Prepared, out: Folder | None = None, overwrite: bool = False, hooks: Hooks = NO_HOOKS
) -> Run:
    """Train a prepared run in a new folder, and write its report.

    Args:
        prepared: what `prepare` returned.
        out: the run folder; by default the one that was prepared.
        overwrite: replace a run that is there already.
        hooks: what is called during training.

    Returns:
        The finished run.

    Raises:
        BadInput: a folder that cannot be used.
        RunFailed: see `train`.
        Interrupted: see `train`.
    """
    if out is not None:
        prepared = dataclasses.replace(prepared, folders=(Path(out),))
    (folder,) = prepared.folders
    claim(folder, overwrite)
    with reported([folder]):
        execute(prepared, hooks)
    return Run(folder, prepared.custom.generator)


def _healing(config: RunConfig | Mapping[str, Any] | str) -> RunConfig | dict[str, Any]:
    """The same configuration, with healing."""
    if isinstance(config, RunConfig):
        return config.model_copy(update={"heal": True})
    return {**({"recipe": config} if isinstance(config, str) else config), "heal": True}
