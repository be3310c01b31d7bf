"""Go on with an unfinished run: `ganscope.resume`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganscope.config import CUSTOM
from ganscope.contracts import Objective, Observer
from ganscope.folder import layout, leftovers, soundness
from ganscope.folder.read import Description, read, read_metrics
from ganscope.running.in_process import NO_HOOKS, Hooks, execute, reported
from ganscope.running.prepared import Custom, reopen
from ganscope.running.run import Run
from ganscope.words import foreign

if TYPE_CHECKING:
    from torch import nn

    from ganscope.data.find import DataLike
    from ganscope.training.observers import Progress


def resume(
    folder: str | Path,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: DataLike | None = None,
    objective: Objective | None = None,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = foreign.tell,
    observers: Sequence[Observer] = (),
) -> Run:
    """Go on with an unfinished run, to the very weights it would have reached uninterrupted.

    Args:
        folder: a run folder. One that was trained in a stack is resumed together with its stack. A fine-tuned
            run needs the run it came from until its first checkpoint is written, and never after that.
        generator: as handed to `train`, untrained, where it was your own; likewise the other arguments.
        discriminator: see `train`.
        data: see `train`.
        objective: see `train`.
        progress: see `train`.
        stop: see `train`.
        tell: called with a sentence about what is noticed on the way: a finished run, a damaged checkpoint.
        observers: see `train`.

    Returns:
        The finished run.

    Raises:
        BadInput: no run folder, another process is training it, or its data has changed.
        RunFailed: the run turned NaN or infinite, or its folder could not be written any more.
    """
    folder = Path(folder)
    asked = read(folder)
    stack = [asked if member == folder else read(member) for member in asked.stack]
    with reported(asked.stack):
        if all(_ended(member) for member in asked.stack):
            for member in asked.stack:
                leftovers.clear(member)
            tell(_finished(asked))
            for sentence in soundness.damages(folder):
                tell(sentence)
        else:
            prepared = reopen(stack, Custom(generator, discriminator, objective), data)
            execute(prepared, Hooks(progress or NO_HOOKS.progress, stop, tell, tuple(observers)))
    return Run(folder, generator)


def _finished(run: Description) -> str:
    """Say that there is nothing to resume, and what can be done instead."""
    diverged = read_metrics(run.folder).get("diverged_at")
    if diverged is not None:
        return f"{run.folder} diverged at step {diverged}: there is nothing to resume."
    by_hand = bool(run.config.own) or CUSTOM in (run.config.data, run.config.objective)
    words = ["ganscope", "train", run.config.data, run.config.recipe, "--from", str(run.folder)]
    longer = "gs.train(..., start=...)" if by_hand else shlex.join(words)
    return f"{run.folder} is finished, there is nothing to resume: to train it further, {longer}."


def _ended(folder: Path) -> bool:
    """Whether a run has nothing left to do: its weights are written, or it diverged."""
    end = read_metrics(folder)
    return bool(end) and ((folder / layout.GENERATOR).exists() or end["diverged_at"] is not None)
