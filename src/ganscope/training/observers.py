"""Observers of a training loop: how they are told what happens, and how a string names one.

An exception that an observer raises passes through the loop to whoever started the training, as if the
process had died there: nothing is saved on the way, and the run goes on from its newest checkpoint.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ganscope.contracts import BadInput, Event, EventKind, Observer
from ganscope.training.state import Runs

Progress = Callable[[dict[str, Any]], None]
"""Called with a dict (see `progress_message`) at every row of history."""


def tell(runs: Runs, kind: EventKind, **facts: Any) -> None:
    """Tell the observers of some runs of an event, in their order.

    Args:
        runs: what it happened to.
        kind: what happened.
        **facts: further fields of the event.
    """
    if not runs.observers:
        return
    event = Event(kind, runs.step, runs.samples_seen, runs.config.steps, verdicts=runs.verdicts, **facts)
    for observer in runs.observers:
        observer(event, runs)


def reporting(progress: Progress) -> Observer:
    """Make an observer of a function that is called with a message at every row of history."""

    def observe(event: Event, runs: Runs) -> None:
        if event.kind == "log":
            progress(progress_message(event, len(runs.diverged)))

    return observe


def progress_message(event: Event, diverged: int) -> dict[str, Any]:
    """Say of an event with a row of history what a display needs, in JSON values.

    Args:
        event: of kind "log".
        diverged: how many of the runs have diverged so far.

    Returns:
        `step`, `steps`, `samples_seen`, the seconds, `diverged`; `evaluation`, the row of each living run
        where the step was evaluated, else None; `verdicts`, the names for each living run, None without
        diagnosis.

    Example:
        >>> event = Event("log", 5, 40, 100, {0: {"d_loss": 1.4}}, seconds={"seconds": 0.5})
        >>> message = progress_message(event, 0)
        >>> message["step"], message["seconds"], message["evaluation"], message["verdicts"]
        (5, 0.5, None, None)
    """
    rows, verdicts = event.values or {}, event.verdicts
    return {
        "step": event.step,
        "steps": event.steps,
        "samples_seen": event.samples_seen,
        **(event.seconds or {}),
        "evaluation": list(rows.values()) if event.evaluation is not None else None,
        "diverged": diverged,
        "verdicts": None if verdicts is None else [list(verdicts.get(k, ())) for k in rows],
    }


REMEDY = "name a function(folder, config) that returns an observer."


def imported(name: str, folder: Path, config: Any) -> Observer:
    """Make the observer that a string names, in whatever process a run is trained.

    Args:
        name: `package.module:factory`; the factory is called with the run folder and the configuration of
            the first run, and returns an observer.
        folder: the run folder.
        config: the configuration.

    Raises:
        BadInput: a name of another form, nothing of that name, or a factory that returns no function.

    Example:
        >>> imported("print", Path("runs/x"), None)
        Traceback (most recent call last):
        ...
        ganscope.contracts.BadInput: the observer print names no function: write package.module:function.
    """
    try:
        observer = getattr(_module(name), name.partition(":")[2])(folder, config)
    except (AttributeError, TypeError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"the observer {name} cannot be made ({error}): {REMEDY}") from None
    if not callable(observer):
        raise BadInput(f"the observer {name} makes a {type(observer).__name__}: {REMEDY}")
    return observer  # type: ignore[no-any-return]


def files_of(name: str) -> tuple[str, ...]:
    """Patterns of what an observer writes into a run folder, as `FILES` of its module says.

    Args:
        name: see `imported`.

    Raises:
        BadInput: see `imported`.
    """
    return tuple(getattr(_module(name), "FILES", ()))


def _module(name: str) -> ModuleType:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise BadInput(f"the observer {name} names no function: write package.module:function.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(module)
    except (ImportError, ValueError) as error:
        raise BadInput(f"the observer {name} cannot be made ({error}): {REMEDY}") from None
