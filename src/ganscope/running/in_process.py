"""One run, or one stack of runs, trained in this process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganscope.build import game
from ganscope.build.check import check
from ganscope.build.description import description
from ganscope.build.intervals import thread_count
from ganscope.config import OWN, RunConfig
from ganscope.contracts import BadInput, Objective, RunFailed
from ganscope.data.find import check_unchanged, load_data
from ganscope.evaluation import Evaluation, write_real
from ganscope.folder import checkpoint, files, layout
from ganscope.folder.lock import claim, locked
from ganscope.folder.read import read
from ganscope.report import write_report
from ganscope.running import finetune, healing
from ganscope.running.prepare import Prepared, default_folder, prepare
from ganscope.running.run import Run
from ganscope.training import Runs, streams
from ganscope.training import train as train_runs
from ganscope.training.state import restore

if TYPE_CHECKING:
    from torch import nn

    from ganscope.config.auto import Setting
    from ganscope.data.find import DataLike
    from ganscope.training.loop import Progress

Folder = str | Path
Stop = Callable[[], bool]


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
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
) -> Run:
    """Train one GAN and write its run folder.

    Args:
        config: a `RunConfig`, a mapping of its fields (`recipe` names the settings to start from, `auto` lets
            the data decide), or a recipe's name.
        generator: your own module, `[B, latent_dim] -> [B, *shape]`; trained in place.
        discriminator: your own module, `[B, *shape] -> [B]` or `[B, 1]`, raw logits; trained in place.
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
        tell: told of every healing in a sentence.

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
    prepared = prepare(config, generator, discriminator, data, objective, start, heal=heal)
    return train_prepared(
        prepared, generator, discriminator, objective, out=out, overwrite=overwrite, progress=progress,
        stop=stop, tell=tell,
    )  # fmt: skip


def train_prepared(
    prepared: Prepared,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
    *,
    out: Folder | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
) -> Run:
    """Train what `prepare` made ready: see `train`."""
    folder = Path(out) if out is not None else default_folder(prepared.config)
    on = Evaluation(prepared.data)
    claim(folder, overwrite)
    with _reported([folder]):
        run_stack(
            [prepared.config], [folder], on, auto=prepared.auto, start=prepared.start, progress=progress,
            stop=stop, tell=tell, generator=generator, discriminator=discriminator, objective=objective,
        )  # fmt: skip
    return Run(folder, generator)


def resume(
    folder: Folder,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: DataLike | None = None,
    objective: Objective | None = None,
    *,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
) -> Run:
    """Go on with an unfinished run, to the very weights it would have reached uninterrupted.

    Args:
        folder: a run folder. One that was trained in a stack is resumed together with its stack. A fine-tuned
            run needs the run it came from until its own first checkpoint stands, and never after.
        generator: as handed to `train`, untrained, where it was your own; likewise the other arguments.
        discriminator: see `train`.
        data: see `train`.
        objective: see `train`.
        progress: see `train`.
        stop: see `train`.
        tell: told in words what is noticed on the way: a finished run, a damaged checkpoint.

    Returns:
        The finished run.

    Raises:
        BadInput: no run folder, another process is training it, or its data has changed.
        RunFailed: the run turned NaN or infinite, or its folder could not be written any more.
    """
    folder = Path(folder)
    folders = list(read(folder).stack)
    ends = [Run(member).metrics for member in folders]
    weights = [(member / layout.GENERATOR).exists() for member in folders]
    if all(end and (kept or end["diverged_at"] is not None) for end, kept in zip(ends, weights, strict=True)):
        diverged = Run(folder).metrics["diverged_at"]
        how = "is finished" if diverged is None else f"diverged at step {diverged}"
        tell(f"{folder} {how}: there is nothing to resume.")
        with _reported(folders):
            return Run(folder, generator)
    configs = [Run(member).config for member in folders]
    given = {"generator": generator, "discriminator": discriminator, "data": data, "objective": objective}
    _need_own(configs[0], given)
    loaded = load_data(data if data is not None else configs[0].data, configs[0].size)
    check(configs[0], loaded, generator, discriminator, objective)
    with _reported(folders):
        run_stack(
            configs, folders, Evaluation(loaded), progress=progress, stop=stop, tell=tell, resuming=True,
            generator=generator, discriminator=discriminator, objective=objective,
        )  # fmt: skip
    return Run(folder, generator)


def run_stack(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    on: Evaluation,
    *,
    resuming: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
    patience: float = 0.0,
    auto: Sequence[Setting] = (),
    start: finetune.Start | None = None,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> None:
    """Train runs that go together, new or from their newest checkpoints, and write their folders.

    Args:
        configs: one per run; more than one makes a stack, whose configurations are of one `program`.
        folders: one per run, existing.
        on: the data.
        resuming: go on from the newest checkpoints.
        progress: see `train`.
        stop: see `train`.
        tell: told of damaged checkpoints, and of every healing.
        patience: seconds to wait for a process that is about to leave the folders.
        auto: what the recipe `auto` chose.
        start: the checkpoint a new single run begins at.
        generator: see `train`.
        discriminator: see `train`.
        objective: see `train`.
    """
    config = configs[0]
    with (
        _as_failure(folders[0]),
        locked(list(folders), patience),
        _threads(_thread_count(config, folders, resuming)) as threads,
    ):
        while True:
            if resuming and config.heal:
                configs = [healing.settle(folder) for folder in folders]
            with streams.global_stream(config.seed, "modules"):
                runs = game.build(configs, folders, on, generator, discriminator, objective)
                if resuming:
                    start = _go_on(runs, on, tell)
                else:
                    _describe(runs, on, threads, auto, start)
                if start is not None:
                    finetune.take_over(runs, start)
                for folder in folders:
                    if not (folder / layout.REAL).exists():
                        write_real(folder / layout.REAL, on.data)
                if config.heal:
                    healing.attend(
                        runs,
                        lambda c: check(c, on.data, generator, discriminator, objective),
                        tell,
                    )
                try:
                    train_runs(runs, progress or (lambda event: None), stop)
                except healing.GoBack:
                    resuming = True
                else:
                    return


def _describe(
    runs: Runs, on: Evaluation, threads: int, auto: Sequence[Setting], start: finetune.Start | None
) -> None:
    """Write the `config.json` of new runs."""
    for own, folder in zip(runs.configs, runs.folders, strict=True):
        places = [os.path.relpath(member, folder) for member in runs.folders]
        described = description(own, on, runs.configs, places, threads)
        described |= {"auto": [setting._asdict() for setting in auto]} if auto else {}
        described |= {"from": finetune.describe(start, own)} if start is not None else {}
        files.write_json(folder / layout.CONFIG, described)


def _go_on(runs: Runs, on: Evaluation, tell: Callable[[str], None]) -> finetune.Start | None:
    """Bring runs to their newest checkpoints, their records too; return where else to begin."""
    before = read(runs.folders[0])
    check_unchanged(on.data, before.data, str(runs.folders[0]))
    restore(runs, tell)
    for k in runs.alive:
        for name in (layout.HISTORY, layout.TIMING, layout.DIAGNOSIS):
            files.keep_rows(runs.folders[k] / name, runs.step or -1)
    if before.origin is not None and not checkpoint.steps(runs.folders[0]):
        return finetune.find(*before.origin)
    return None


@contextlib.contextmanager
def _reported(folders: Sequence[Path]) -> Iterator[None]:
    """Write the reports of runs that ended, be it that they diverged."""
    try:
        yield
    except RunFailed:
        for folder in folders:
            if (folder / layout.METRICS).exists():
                with contextlib.suppress(OSError):
                    write_report(folder)
        raise
    with _as_failure(folders[0]):
        for folder in folders:
            write_report(folder)


@contextlib.contextmanager
def _as_failure(folder: Path) -> Iterator[None]:
    """Turn a disk that fills into a sentence; what was saved before is whole."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RunFailed(
            f"{folder} cannot be written any more ({error.strerror or error}): make room, then go on with "
            f"ganscope resume {folder}."
        ) from None


def _need_own(config: RunConfig, given: Mapping[str, object]) -> None:
    wanted = {"generator": config.network, "data": config.data, "objective": config.objective}
    for name, value in wanted.items():
        if value == OWN and given[name] is None:
            raise BadInput(
                f"this run was trained with a {name} of your own: resume it in Python by "
                f"ganscope.resume(folder, {name}=...)."
            )


def _thread_count(config: RunConfig, folders: Sequence[Path], resuming: bool) -> int:
    """As many threads as before, for the sums depend on it; else as configured; else what pays."""
    if resuming:
        return read(folders[0]).threads
    return thread_count(config, torch.get_num_threads())


@contextlib.contextmanager
def _threads(count: int) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield count
    finally:
        torch.set_num_threads(before)
