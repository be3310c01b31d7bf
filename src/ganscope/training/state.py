"""All state of running runs: what a step changes, written to and read from one checkpoint a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Observer, Rows
from ganscope.folder import checkpoint, layout, soundness
from ganscope.folder.read import read_metrics
from ganscope.metrics import METRICS
from ganscope.training import best_generator, ema, record, streams
from ganscope.training.by_frequency import ByFrequency
from ganscope.training.stacks.stacking import Network, joined, member
from ganscope.training.step import Game


@dataclass
class Runs:
    """One plain run, or the K runs of a stack, which differ in fields of `MAY_DIFFER` only.

    `configs`, `folders` and `evaluations` have one entry a run.
    """

    configs: Sequence[RunConfig]
    folders: Sequence[Path]
    game: Game
    rows: Rows
    held_out: Tensor
    measure: Callable[[Tensor], dict[str, Any]]
    """Judges samples `[samples, *shape]` against held-out data."""
    samples: int
    about: Mapping[str, Any]
    """What is known of the data: floors and `mode_names` go into the final metrics."""
    conditions: Rows | None = None
    """One for each training row, where both networks take one as their second argument."""
    held_out_condition: Tensor | None = None
    """One for each held-out row, on their device."""
    by_frequency: ByFrequency | None = None
    """Which rows a batch takes and what both networks are told of them, in place of `batches`."""
    step: int = 0
    average: dict[str, Tensor] | None = None
    last_penalty: Tensor | None = None
    """Of the last update a lazy penalty was part of, `[..., B]`, for the history."""
    observers: tuple[Observer, ...] = ()
    """Told what happens, in this order; see `ganscope.contracts.Event`."""
    verdicts: dict[int, list[str]] | None = None
    """By run, the names of what is wrong now; None where nothing diagnoses the runs."""
    evaluations: list[dict[int, dict[str, Any]]] = field(init=False)
    """For each run, by step, what was measured: of the newest step and of those that have a checkpoint."""
    best: dict[int, best_generator.Kept] = field(default_factory=dict)
    """By run, the best value so far of the metric that decides; the generator of that step is kept."""
    distance: Callable[[Tensor], float] | None = None
    """Of any number of samples to the held-out rows; None where the metrics' own values are fine enough."""
    counted: tuple[int, int] = (0, 0)
    """A step, and the samples seen until then: before it another configuration may have been in force."""
    generators: list[dict[str, Generator]] = field(init=False)
    batches: list[streams.Batches] = field(init=False)
    diverged: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Runs that turned NaN or infinite: when, and which network."""

    def __post_init__(self) -> None:
        """Open the runs' random streams and, where one is wanted, the moving average."""
        self.generators = [
            {name: streams.generator(c.seed, name) for name in streams.NAMES} for c in self.configs
        ]
        self.evaluations = [{} for _ in self.configs]
        self.batches = [streams.Batches(len(self.rows), c.batch_size, c.seed) for c in self.configs]
        if self.config.ema:
            self.average = ema.start(self.game.generator.parameters)

    @property
    def config(self) -> RunConfig:
        """What all runs of the stack have in common (that of the first)."""
        return self.configs[0]

    @property
    def samples_seen(self) -> int:
        """Real rows each run has trained its discriminator on."""
        step, samples = self.counted
        return samples + (self.step - step) * self.config.batches_per_step * self.config.batch_size

    @property
    def alive(self) -> list[int]:
        """The runs that have not diverged."""
        return [k for k in range(len(self.configs)) if k not in self.diverged]

    def sampling_parameters(self) -> dict[str, Tensor]:
        """The generator's weights that samples are drawn with: the moving average where there is one."""
        return self.game.generator.parameters if self.average is None else self.average


def save(runs: Runs, k: int) -> Path:
    """Write run k's checkpoint and drop old ones."""
    tensors, _ = _tensors(runs)
    contents = member(tensors, k if runs.game.stacked else None)
    contents |= {f"stream/{name}": g.get_state() for name, g in runs.generators[k].items()}
    if not runs.game.stacked:
        contents["stream/modules"] = torch.get_rng_state()
    path = checkpoint.path_of(runs.folders[k], runs.step)
    config, folder = runs.configs[k], runs.folders[k]
    state = {
        "step": runs.step,
        "samples_seen": runs.samples_seen,
        "seed": config.seed,
        "optimizer": config.optimizer,
        "rows": soundness.ends(folder),
    }
    checkpoint.save(path, contents, state)
    best = [_best_step(runs, k, config.best_by)] if config.keep_best else []
    if config.heal:
        best += [step for step in checkpoint.steps(folder) if step % config.rollback_interval == 0]
    checkpoint.retain(folder, config.keep_checkpoints, config.keep_every, best)
    _forget(runs, k)
    return path


def save_generator(
    runs: Runs, k: int, name: str = layout.GENERATOR, about: Mapping[str, Any] | None = None
) -> None:
    """Write the generator that run k draws samples with, under its module's names, for anyone to load."""
    tensors = {**runs.sampling_parameters(), **runs.game.generator.buffers}
    contents = member(tensors, k if runs.game.stacked else None)
    checkpoint.save(runs.folders[k] / name, contents, {"step": runs.step, **(about or {})})


def _best_step(runs: Runs, k: int, by: str) -> int:
    """The step of the best value of a metric among those that were evaluated and have a checkpoint."""
    saved, sign = set(checkpoint.steps(runs.folders[k])), METRICS[by].sign
    rows = {step: row for step, row in runs.evaluations[k].items() if step in saved}
    judged = [(sign * row[by], step) for step, row in rows.items() if row.get(by) is not None]
    return min(judged, default=(0.0, -1))[1]


def _forget(runs: Runs, k: int) -> None:
    """Drop the evaluations that neither a final metric nor a choice of checkpoints can ask for again."""
    needed = {*checkpoint.steps(runs.folders[k]), *list(runs.evaluations[k])[-1:]}
    runs.evaluations[k] = {step: row for step, row in runs.evaluations[k].items() if step in needed}


def restore(runs: Runs, tell: Callable[[str], None]) -> None:
    """Bring runs to the newest step of which every one has a sound checkpoint and whole rows; else to step 0.

    Args:
        runs: freshly built runs; changed in place.
        tell: told, in words, of every checkpoint passed over and of rows that are written again.

    Raises:
        BadInput: rows are damaged from before the oldest sound checkpoint on.
    """
    for k, folder in enumerate(runs.folders):
        metrics = read_metrics(folder)
        if metrics.get("diverged_at") is not None:
            runs.diverged[k] = (metrics["diverged_at"], metrics["diverged_network"])
    available = {k: checkpoint.steps(runs.folders[k]) for k in runs.alive}
    rows: dict[str, None] = {}
    """What is wrong with them, each sentence once."""
    for step in sorted(set.intersection(*map(set, available.values())), reverse=True):
        try:
            read = {k: checkpoint.load(checkpoint.path_of(runs.folders[k], step)) for k in runs.alive}
        except checkpoint.Damaged as error:
            tell(f"{error}; going on from an older one")
            continue
        lost = [s for k, (_, about) in read.items() for s in soundness.unfit(runs.folders[k], about)]
        rows |= dict.fromkeys(lost)
        if lost:
            continue
        if rows:
            tell(f"{next(iter(rows))} Going on from step {step}, which has all of its rows.")
        # a diverged run keeps its place in the stack, so that its neighbours compute the very same numbers
        tensors, about = read[runs.alive[0]]
        same_optimizer = about.get("optimizer", runs.config.optimizer) == runs.config.optimizer
        members = [read[k][0] if k in read else tensors for k in range(len(runs.configs))]
        _load(runs, members, same_optimizer)
        runs.step, runs.counted = step, (step, about["samples_seen"])
        for k in runs.alive if step else []:  # a run that stands at step 0 is evaluated there again
            runs.evaluations[k] = record.evaluations(runs.folders[k], step)
        best_generator.recall(runs)
        return
    if rows:
        raise BadInput(next(iter(rows)))


def _tensors(runs: Runs) -> tuple[dict[str, Tensor], frozenset[str]]:
    """Every tensor of the training state by name, and the names of those shared by all runs of a stack."""
    game = runs.game
    tensors: dict[str, Tensor] = {}
    shared = set()
    for player, network, optimizer in (
        ("generator", game.generator, game.g_optimizer),
        ("discriminator", game.discriminator, game.d_optimizer),
    ):
        tensors |= {f"{player}/{name}": t for name, t in (network.parameters | network.buffers).items()}
        for name, parameter in network.parameters.items():
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"{player}.optimizer/{name}/{key}"] = value
                if value.ndim == 0:
                    shared.add(f"{player}.optimizer/{name}/{key}")
    tensors |= {f"average/{name}": t for name, t in (runs.average or {}).items()}
    if runs.last_penalty is not None:
        tensors["last_penalty"] = runs.last_penalty
    return tensors, frozenset(shared)


def _load(runs: Runs, members: Sequence[dict[str, Tensor]], same_optimizer: bool) -> None:
    """Copy the runs' saved tensors into freshly built networks, optimisers and streams.

    A healed run may have another optimiser than the one that was saved, which then starts afresh, or a moving
    average of which none was saved, which then starts at the weights.
    """
    for generators, saved in zip(runs.generators, members, strict=True):
        for name, generator in generators.items():
            generator.set_state(saved[f"stream/{name}"])
    if not runs.game.stacked and "stream/modules" in members[0]:  # a run that left its stack has none
        torch.set_rng_state(members[0]["stream/modules"])
    shared = frozenset(name for name in members[0] if name.endswith("/step"))
    tensors = joined(
        [{n: t for n, t in m.items() if not n.startswith("stream/")} for m in members],
        runs.game.stacked,
        shared,
    )
    game = runs.game
    for player, network, optimizer in (
        ("generator", game.generator, game.g_optimizer),
        ("discriminator", game.discriminator, game.d_optimizer),
    ):
        _load_network(player, network, tensors)
        if same_optimizer:
            _load_optimizer(player, network, optimizer, tensors)
    if runs.average is not None:
        for name, tensor in runs.average.items():
            tensor.copy_(tensors.get(f"average/{name}", tensors[f"generator/{name}"]))
    if "last_penalty" in tensors:
        runs.last_penalty = tensors["last_penalty"].to(runs.held_out.device)


def _load_network(player: str, network: Network, tensors: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in (network.parameters | network.buffers).items():
            tensor.copy_(tensors[f"{player}/{name}"])


def _load_optimizer(
    player: str, network: Network, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    for name, parameter in network.parameters.items():
        prefix = f"{player}.optimizer/{name}/"
        # torch keeps Adam's step count on the CPU unless it is told to capture it in a graph
        optimizer.state[parameter] = {
            key.removeprefix(prefix): value if key.endswith("/step") else value.to(parameter.device)
            for key, value in tensors.items()
            if key.startswith(prefix)
        }
