"""The diagnosis of runs that ganscope trains: an observer that probes one run or a stack."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganscope.build.advice import advised
from ganscope.build.intervals import look_interval, probe_interval
from ganscope.config import RunConfig
from ganscope.contracts import Event
from ganscope.data import as_written
from ganscope.diagnose.logbook import Logbook
from ganscope.diagnose.measure.collapse import MOST_ROWS, Diversity
from ganscope.diagnose.measure.players import Inputs, Player, player, undisturbed
from ganscope.diagnose.measure.probe import ROWS, Facts, Probe, Snapshot
from ganscope.diagnose.rows import WIDE_EVERY
from ganscope.diagnose.rules.verdict import Verdict
from ganscope.folder import files, layout
from ganscope.nets.inspect import bounded_by_its_layers
from ganscope.training import Runs, streams
from ganscope.training.judging import evaluation_latents, in_turn
from ganscope.training.stacks.stacking import Network, member


class Intervals(NamedTuple):
    """When a run is looked at, in steps."""

    probe: int
    look: int
    """From one look at fixed samples to the next."""


class Monitor:
    """The observer that probes runs while they train, and says what is wrong with them.

    What it does at a step depends on the step and the run alone, so that a resumed run writes the same rows.

    Args:
        pool: real rows that samples are compared with; half of them held out.
        train: rows the discriminators train on, and their conditions where they have any.
    """

    def __init__(self, pool: Tensor, train: Sequence[Tensor]) -> None:
        self._pool, self._train = pool, train
        self._logs: dict[int, Logbook] = {}
        self._probes: dict[int, Probe] = {}
        self._before: dict[int, Snapshot] = {}
        self._diversity: Diversity | None = None
        self._floor: tuple[float, float] | None = None
        self._intervals = Intervals(1, 1)

    def __call__(self, event: Event, runs: Runs) -> None:
        """Probe the runs where a probe is due, write down what it measured, and judge."""
        if event.kind == "start":
            self._intervals = Intervals(probe_interval(runs.config), look_interval(runs.config))
        if event.kind in ("log", "end") or (event.kind == "step" and not self._due(event)):
            return
        for k, folder in enumerate(runs.folders):
            log = self._logs.get(k) or self._logs.setdefault(k, _logbook(folder, runs.configs[k]))
            if k in runs.diverged:
                if not log.broken:
                    step, network = runs.diverged[k]
                    log.add({"step": step, "nonfinite": network, "module": "loss"})
                    log.write_verdicts()
            elif event.kind != "diverged":
                self._look(runs, k, log)
                if runs.step == runs.config.steps and log.last_step >= 0:
                    log.write_verdicts()
        runs.verdicts = {k: [v.label for v in log.standing] for k, log in self._logs.items()}

    def verdicts(self, k: int) -> list[Verdict]:
        """What is wrong with run k now."""
        return self._logs[k].judge()[0]

    def compares(self, step: int) -> bool:
        """Whether the probe of a step compares sample sets, which most verdicts wait for."""
        return step % (self._intervals.probe * WIDE_EVERY) == 0

    def _due(self, event: Event) -> bool:
        """Whether there is anything to do after a step."""
        step, (probe, look) = event.step, self._intervals
        point_due = step % look == 0
        probe_due = step % probe == 0
        copy_due = (step + 1) % probe == 0  # of the weights, before the step that a probe follows
        return point_due or probe_due or copy_due or step == event.steps

    def _look(self, runs: Runs, k: int, log: Logbook) -> None:
        step, (interval, look) = runs.step, self._intervals
        new, copies, probes = log.last_step < step, (step + 1) % interval == 0, step % interval == 0
        first = log.last_step < 0  # step 0, or where a healed run goes on
        game = runs.game
        with undisturbed(game.generator.module, game.discriminator.module):
            probe = self._probes.get(k) or self._probes.setdefault(k, self._prepare(runs, k))
            generator = _player(runs, game.generator, k)
            if new and not first and step % look == 0:
                log.add({"step": step, "point": probe.track(generator)})
            if not copies and not probes and not first:
                return
            players = generator, _player(runs, game.discriminator, k)
            if copies:
                self._before[k] = probe.snapshot(*players)
            if not first and not (new and probes):
                return
            number = 0 if first else step // interval
            row = probe.row(*players, self._before.get(k), number, _average(runs, k))
            if first:
                probe.write_exemplars(runs.folders[k] / layout.EXEMPLARS)
                row = {"format": files.FORMAT, "about": {**probe.about(), "wiring": []}, **row}
            log.add({"step": step, **row})
            if number and number % WIDE_EVERY == 0:
                log.write_verdicts()

    def _prepare(self, runs: Runs, k: int) -> Probe:
        config = runs.configs[k]
        latent = evaluation_latents(config.seed, MOST_ROWS, config.latent_dim, runs.held_out.dtype)
        rows = min(ROWS, max(8, config.batch_size))
        condition, written = runs.held_out_condition, writer(runs.about)
        inputs = Inputs((latent,), runs.held_out, written=written)
        if condition is not None:
            given = (latent, in_turn(condition, len(latent)))
            inputs = Inputs(given, runs.held_out, (condition,), written)
        probe = Probe(
            inputs,
            runs.game.objective,
            facts_of(config, runs.game.discriminator.module),
            self._train,
            rows,
            self._pool,
            self._diversity,
            self._floor,
        )
        self._diversity, self._floor = probe.diversity, probe.floor
        return probe


def _logbook(folder: Path, config: RunConfig) -> Logbook:
    return Logbook(folder, functools.partial(advised, config=config)).read()


def facts_of(config: RunConfig, discriminator: nn.Module | None = None) -> Facts:
    """What the verdicts must know of a run, from its configuration and the user's own discriminator."""
    of_its_own = "discriminator" in config.own
    spectral = config.d_lipschitz != "none" and not of_its_own
    if of_its_own and discriminator is not None:
        spectral = bounded_by_its_layers(discriminator)
    constraint = (
        config.penalties[0]
        if config.penalties
        else "clipping"
        if config.clip
        else "spectral-norm"
        if spectral
        else "none"
    )
    weight = config.penalty_weight if config.penalties else None
    return Facts(
        config.objective,
        constraint,
        weight,
        probability=False,
        pack=config.pack,
        target=config.penalty_target,
        every=probe_interval(config),
        batch=config.batch_size,
        average=config.ema or None,
    )


def writer(data: Mapping[str, Any]) -> Callable[[Tensor], Tensor] | None:
    """Return what becomes of samples when they are written; None where they stay as they are.

    Args:
        data: what `config.json` says of them.
    """
    units = data.get("units")
    return None if units is None else functools.partial(as_written, units=units)


def pooled(held_out: Tensor, train: Tensor) -> Tensor:
    """Real rows for the comparison of samples: the held-out ones, and as many as are wanted of the others."""
    return torch.cat([held_out, train.to(held_out)[: max(0, 2 * MOST_ROWS - len(held_out))]])


def some_rows(count: int) -> Tensor:
    """Indices of training rows that serve every run as "what the discriminator trains on"."""
    return torch.randperm(count, generator=streams.generator(0, "diagnosis"))[:MOST_ROWS]


def _average(runs: Runs, k: int) -> Player | None:
    """The generator that samples are drawn with, where it is another one than the one that trains."""
    if runs.average is None:
        return None
    number = k if runs.game.stacked else None
    network = runs.game.generator
    average, buffers = member(runs.average, number), member(network.buffers, number)
    return player(network.module, network.parameters.keys(), average, buffers)


def _player(runs: Runs, network: Network, k: int) -> Player:
    number = k if runs.game.stacked else None
    parameters, buffers = member(network.parameters, number), member(network.buffers, number)
    return player(network.module, network.parameters.keys(), parameters, buffers)
