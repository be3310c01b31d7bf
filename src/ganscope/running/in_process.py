"""Training in this process: one prepared run, or a stack of them."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from ganscope.build.description import description
from ganscope.build.game import build
from ganscope.contracts import Observer, RunFailed
from ganscope.evaluation import write_real
from ganscope.folder import files, layout, leftovers
from ganscope.folder.lock import locked
from ganscope.report import write_report
from ganscope.running import finetune, healing
from ganscope.running.examine import judged
from ganscope.running.prepared import Prepared
from ganscope.training import Runs, streams
from ganscope.training import train as train_runs
from ganscope.training.observers import Progress, files_of, imported
from ganscope.training.state import restore
from ganscope.words import foreign
from ganscope.words.remedies import trouble


class Hooks(NamedTuple):
    """What a caller has done during training; none of it changes a bit of the runs."""

    progress: Progress = lambda event: None
    """Called with a dict (step, steps, seconds, evaluation) at every row of history."""
    stop: Callable[[], bool] = lambda: False
    """Asked after every step; True saves everything and raises `Interrupted`."""
    tell: Callable[[str], None] = foreign.tell
    """Called with a sentence about every damaged checkpoint and every healing."""
    observers: tuple[Observer, ...] = ()
    """Told of every event of the training loop, after the diagnosis and the trackers."""


NO_HOOKS = Hooks()


def execute(prepared: Prepared, hooks: Hooks = NO_HOOKS, patience: float = 0.0) -> None:
    """Train prepared runs to their last step, and write their folders.

    Args:
        prepared: the runs; their folders exist.
        hooks: what is called during training.
        patience: seconds to wait for a process that is about to leave the folders.

    Raises:
        BadInput: another process holds one of the folders.
        RunFailed: every run turned NaN or infinite, or a folder could not be written any more.
        Interrupted: `hooks.stop` asked for it.
    """
    with (
        as_failure(prepared.folders[0]),
        locked(prepared.folders, patience),
        _traceless(prepared.folders),
        _threads(prepared.threads),
    ):
        for folder in prepared.folders:
            leftovers.clear(folder)
        ready: Prepared | None = healing.settled(prepared) if prepared.earlier else prepared
        while ready is not None:
            ready = _train(ready, hooks)


@contextlib.contextmanager
def _traceless(folders: Sequence[Path]) -> Iterator[None]:
    """Remove the folders of runs that could not be begun, for want of memory say."""
    try:
        yield
    except BaseException:
        for folder in folders:
            with contextlib.suppress(OSError):
                if {path.name for path in folder.iterdir()} <= {layout.LOCK}:
                    (folder / layout.LOCK).unlink(missing_ok=True)
                    folder.rmdir()
        raise


def _train(prepared: Prepared, hooks: Hooks) -> Prepared | None:
    """Train runs to their last step, or to a verdict that is to be healed: then return the next run."""
    with streams.global_stream(prepared.config.seed, "modules"):
        runs = begin(prepared, hooks.tell)
        trackers = (imported(name, prepared.folders[0], prepared.config) for name in prepared.config.trackers)
        runs.observers = (*runs.observers, *trackers, *hooks.observers)
        try:
            train_runs(runs, hooks.progress, hooks.stop)
        except healing.GoBack:
            return healing.settled(prepared)
    return None


def begin(prepared: Prepared, tell: Callable[[str], None]) -> Runs:
    """Build runs where they start, or bring them to their newest checkpoints, their records too."""
    runs = build(
        prepared.configs,
        prepared.folders,
        prepared.evaluation,
        prepared.build_networks(),
        prepared.custom.objective,
    )
    if prepared.earlier is None:
        _describe(prepared)
    else:
        restore(runs, tell)
        for k in runs.alive:
            for name in (layout.METRICS, layout.VERDICTS):  # a run that goes on has not ended
                (runs.folders[k] / name).unlink(missing_ok=True)
            for name in (layout.HISTORY, layout.TIMING, layout.DIAGNOSIS):
                files.keep_rows(runs.folders[k] / name, runs.step or -1)
    if prepared.start is not None:
        finetune.take_over(runs, prepared.start)
    for folder in prepared.folders:
        if not (folder / layout.REAL).exists():
            write_real(folder / layout.REAL, prepared.data)
    if prepared.config.heal:
        healing.attend(runs, prepared, tell)
    return runs


def _describe(prepared: Prepared) -> None:
    """Write the `config.json` of new runs."""
    auto = [setting._asdict() for setting in prepared.auto]
    tracked = [pattern for name in prepared.config.trackers for pattern in files_of(name)]
    for config, folder in zip(prepared.configs, prepared.folders, strict=True):
        places = [os.path.relpath(member, folder) for member in prepared.folders]
        described = description(config, prepared.evaluation, prepared.configs, places, prepared.threads)
        described |= {"auto": auto} if auto else {}
        described |= {"tracked": tracked} if tracked else {}
        if prepared.start is not None:
            described["from"] = finetune.describe(prepared.start, config)
        files.write_json(folder / layout.CONFIG, described)


@contextlib.contextmanager
def reported(folders: Sequence[Path]) -> Iterator[None]:
    """Write the reports of the runs that the block trains, also of those that diverge."""
    try:
        yield
    except RunFailed:
        for folder in folders:
            if (folder / layout.METRICS).exists():
                with contextlib.suppress(OSError):
                    write_report(folder, judged)
        raise
    with as_failure(folders[0]):
        for folder in folders:
            write_report(folder, judged)


@contextlib.contextmanager
def as_failure(folder: Path) -> Iterator[None]:
    """Turn a disk that fills up into a sentence; what was saved before is whole."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RunFailed(_stopped(folder, error)) from None


def _stopped(folder: Path, error: OSError) -> str:
    """Say why a run could not go on, and how it goes on: the fault may be another file than the run's."""
    known = trouble(error)
    again = f"{known.later or known.remedy}, then go on with ganscope resume {folder}."
    if not (folder / layout.CONFIG).is_file() and error.errno in (errno.ENOENT, errno.ESTALE):
        return f"{folder} was deleted or moved away while it trained: resume it where it is, or train again."
    name = error.filename
    if name is not None and not Path(os.fsdecode(name)).absolute().is_relative_to(folder.absolute()):
        return f"{os.fsdecode(name)} cannot be used any more ({known.what}): {again}"
    return f"{folder} cannot be written any more ({known.what}): {again}"


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
