"""One run, or one stack of runs, trained in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganscope import build, record
from ganscope.config import OWN, RunConfig, resolve
from ganscope.contracts import BadInput, Dataset, Objective
from ganscope.engines.folders import claim, locked
from ganscope.report import write_report
from ganscope.run import Run, read_description
from ganscope.training import streams
from ganscope.training import train as train_runs
from ganscope.training.state import restore

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ganscope.training.loop import Progress

Folder = str | Path
SMALL_WIDTH = 512
"""Below this width an MLP gains little by a second thread, and on a busy machine loses a hundredfold."""
Stop = Callable[[], bool]


def train(
    config: RunConfig | Mapping[str, Any] | str,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: Dataset | Tensor | None = None,
    objective: Objective | None = None,
    *,
    out: Folder | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
) -> Run:
    """Train one GAN and write its run folder.

    Args:
        config: a `RunConfig`, a mapping of its fields (`recipe` names the settings to start from), or a
            recipe's name.
        generator: your own module, `[B, latent_dim] -> [B, *shape]`; trained in place.
        discriminator: your own module, `[B, *shape] -> [B]` or `[B, 1]`, raw logits; trained in place.
        data: your own rows `[N, *shape]` (images in [-1, 1]), or a `Dataset`.
        objective: your own `Objective`.
        out: the run folder; by default `runs/<data>-<recipe>-seed-<n>`.
        overwrite: replace a run that is there already.
        progress: called with a dict (step, steps, seconds, evaluation) at every row of history.
        stop: asked after every step; True saves everything and raises `Interrupted`.

    Returns:
        The finished run.

    Raises:
        BadInput: a configuration, module or data that cannot work.
        RunFailed: the run turned NaN or infinite.
        Interrupted: `stop` asked for it; `ganscope.resume(out)` goes on.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train({"data": "ring", "recipe": "r1", "steps": 3}, out=folder)
        ...     run.sample(5).shape
        torch.Size([5, 2])
    """
    config = _with_own(as_config(config), generator, discriminator, data, objective)
    folder = Path(out) if out is not None else default_folder(config)
    on = build.bench(build.load_data(data if data is not None else config.data), config.batch_size)
    build.check(config, objective)
    claim(folder, overwrite)
    run_stack(
        [config], [folder], on, progress=progress, stop=stop,
        generator=generator, discriminator=discriminator, objective=objective,
    )  # fmt: skip
    write_report(folder)
    return Run(folder, generator)


def resume(
    folder: Folder,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    data: Dataset | Tensor | None = None,
    objective: Objective | None = None,
    *,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
) -> Run:
    """Go on with an unfinished run, to the very weights it would have reached uninterrupted.

    Args:
        folder: a run folder. One that was trained in a stack is resumed together with its stack.
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
        BadInput: no run folder, or another process is training it.
    """
    folder = Path(folder)
    folders = stack_of(folder)
    if all((member / "metrics.json").exists() for member in folders):
        tell(f"{folder} is finished: there is nothing to resume.")
    else:
        configs = [RunConfig(**read_description(member)["config"]) for member in folders]
        given = {"generator": generator, "discriminator": discriminator, "data": data, "objective": objective}
        _need_own(configs[0], given)
        on = build.bench(
            build.load_data(data if data is not None else configs[0].data), configs[0].batch_size
        )
        run_stack(
            configs, folders, on, progress=progress, stop=stop, tell=tell, resuming=True,
            generator=generator, discriminator=discriminator, objective=objective,
        )  # fmt: skip
    for member in folders:
        write_report(member)
    return Run(folder, generator)


def run_stack(
    configs: Sequence[RunConfig],
    folders: Sequence[Path],
    on: build.Bench,
    *,
    resuming: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
    tell: Callable[[str], None] = print,
    patience: float = 0.0,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    objective: Objective | None = None,
) -> None:
    """Train runs that go together, new or from their newest checkpoints, and write their folders.

    Args:
        configs: one per run; more than one makes a stack, whose configurations differ in the seed only.
        folders: one per run, existing.
        on: the data.
        resuming: go on from the newest checkpoints.
        progress: see `train`.
        stop: see `train`.
        tell: told of damaged checkpoints.
        patience: seconds to wait for a process that is about to leave the folders.
        generator: see `train`.
        discriminator: see `train`.
        objective: see `train`.
    """
    config, seeds = configs[0], [c.seed for c in configs]
    with (
        locked(list(folders), patience),
        _threads(_thread_count(config, folders, resuming)) as threads,
        streams.global_stream(config.seed, "modules"),
    ):
        runs = build.build(configs, folders, on, generator, discriminator, objective)
        if resuming:
            restore(runs, tell)
            for k in runs.alive:
                for name in ("history.jsonl", "timing.jsonl"):
                    record.keep_rows(folders[k] / name, runs.step or -1)
        else:
            for own, folder in zip(configs, folders, strict=True):
                record.write_json(folder / "config.json", build.description(own, on, seeds, threads))
                build.write_real(folder / "real.npy", on)
        train_runs(runs, progress or (lambda event: None), stop)


def as_config(config: RunConfig | Mapping[str, Any] | str) -> RunConfig:
    """Complete what the user gave: a recipe's name, or a mapping of fields."""
    if isinstance(config, RunConfig):
        return config
    if isinstance(config, str):
        return resolve(config, {})
    given = dict(config)
    recipe = given.pop("recipe", None)
    return resolve(recipe, given)


def default_folder(config: RunConfig) -> Path:
    """Where a run goes when nobody says: `runs/<data>-<recipe>-seed-<n>`."""
    return Path("runs") / f"{Path(config.data).stem}-{config.recipe}-seed-{config.seed}"


def stack_of(folder: Path) -> list[Path]:
    """The folders of all runs that were trained together with this one, itself included."""
    seeds = read_description(folder)["execution"]["stack"]
    return [folder] if len(seeds) == 1 else [folder.parent / f"seed-{seed}" for seed in seeds]


def _with_own(
    config: RunConfig,
    generator: nn.Module | None,
    discriminator: nn.Module | None,
    data: Dataset | Tensor | None,
    objective: Objective | None,
) -> RunConfig:
    """Note in the configuration which objects are the user's own."""
    changes: dict[str, str] = {}
    if generator is not None or discriminator is not None:
        changes["network"] = OWN
    if data is not None:
        changes["data"] = data.name if isinstance(data, Dataset) else OWN
    if objective is not None:
        changes["objective"] = OWN
    if config.network == OWN and (generator is None or discriminator is None):
        raise BadInput('network "own" needs both networks: hand over generator= and discriminator=.')
    return config.model_copy(update=changes)


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
        return int(read_description(folders[0])["execution"]["threads"])
    small = config.network == "mlp" and max(config.g_width, config.d_width) < SMALL_WIDTH
    return config.threads or (1 if small else torch.get_num_threads())


@contextlib.contextmanager
def _threads(count: int) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield count
    finally:
        torch.set_num_threads(before)
