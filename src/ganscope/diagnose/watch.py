"""Attach the diagnosis to any training loop: the run ends with the same weights, to the bit."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.contracts import BadInput, Objective
from ganscope.diagnose.logbook import Logbook
from ganscope.diagnose.measure.own_numbers import given_loss, kept_gradients
from ganscope.diagnose.measure.players import (
    Inputs,
    Player,
    Unreadable,
    objective_of,
    player,
    trainable,
    undisturbed,
)
from ganscope.diagnose.measure.probe import TRAIN_ROWS, Probe, Snapshot
from ganscope.diagnose.preflight import CONSTRAINTS, distinct, inputs_of, inspected, training_rows
from ganscope.diagnose.rules.conclusion import Answer, lacking_words
from ganscope.diagnose.rules.history import State
from ganscope.diagnose.rules.verdict import Verdict
from ganscope.diagnose.schedule import Schedule
from ganscope.folder import files, layout
from ganscope.objectives import OBJECTIVES
from ganscope.words.complaints import unknown

GIVE_UP = 3
"""Failed probes in a row after which no more are tried."""
log = logging.getLogger("ganscope")

LossPair = tuple[Callable[..., Any], Callable[..., Any]]


def watch(
    generator: nn.Module,
    discriminator: nn.Module,
    objective: str | Objective | LossPair = "non-saturating",
    real: Any = None,
    latent: Callable[[int], Any] | None = None,
    out: str | Path | None = None,
    *,
    constraint: str | Callable[..., Any] | None = None,
    constraint_weight: float | None = None,
    train: Any = None,
    optimizers: Sequence[torch.optim.Optimizer] | None = None,
    every: int | None = None,
) -> Scope:
    """Watch a GAN train, in any loop, and say what is wrong with it.

    Call `step()` once per generator step. Nothing is changed: weights, gradients, buffers, modes, hooks and
    random states stay as they would be without it, and no error of a probe reaches the loop; `notes` tells
    of it. In data-parallel training only the process of rank 0 probes.

    Args:
        generator: called as `generator(latent(n))`, or `generator(*latent(n))` for a tuple.
        discriminator: rows to raw scores `[B]`, `[B, 1]`, patches, or a list of them by scale. A conditional
            one is called as `discriminator(rows, *conditions)`.
        objective: a name, an `Objective`, or functions `(d_loss(real, fake), g_loss(fake))` of scores.
        real: held-out rows `[N, *shape]`, N at least 80, better 1,000; for a conditional discriminator a
            tuple of rows and conditions.
        latent: `n ->` the generator's input for n samples: a tensor, or a tuple of arguments, the last of
            which are the conditions of a conditional discriminator. Called once, here.
        out: folder for `diagnosis.jsonl` and `verdicts.json`; None keeps them in memory.
        constraint: what holds the critic's slope: a name of `PENALTIES`, "r1+r2", "spectral-norm",
            "clipping", the name of a recipe such as "wgan-gp", or your own penalty
            `(critic, real, fake) -> cost`, which is tried on linear critics.
        constraint_weight: weight of the penalty.
        train: rows the discriminator trains on, to see whether it remembers them (with conditions a tuple,
            as `real`); by default the first 250 that `step(real=...)` brings.
        optimizers: the generator's and the discriminator's, to check that each moves its own.
        every: steps between probes; by default 10, later a twentieth of the steps so far, at most 100.
            In between, every tenth step or more often, looks at 16 fixed samples.

    Returns:
        The scope.

    Raises:
        BadInput: an unknown objective or constraint, or an argument that is no module.

    Example:
        >>> generator, discriminator = nn.Linear(4, 2), nn.Linear(2, 1)
        >>> real, latent = torch.randn(200, 2), lambda n: torch.randn(n, 4)
        >>> scope = watch(generator, discriminator, real=real, latent=latent)
        >>> scope.step()
        >>> scope.verdicts(), scope.status()["wiring"]
        ([], 'fine')
    """
    for name, module in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(module, nn.Module):
            raise BadInput(f"{name}= is a {type(module).__name__}, but a torch.nn.Module is needed.")
    if isinstance(objective, str) and objective not in OBJECTIVES:
        raise BadInput(unknown("objective", objective, OBJECTIVES))
    if isinstance(constraint, str) and constraint not in CONSTRAINTS:
        raise BadInput(unknown("constraint", constraint, CONSTRAINTS))
    if every is not None and (not isinstance(every, int) or every < 1):
        raise BadInput(f"every={every!r} cannot be used: give the steps between two probes, at least 1.")
    if constraint_weight is not None and not isinstance(constraint_weight, int | float):
        raise BadInput(f"constraint_weight={constraint_weight!r} is no number: give the penalty's weight.")
    if optimizers is not None and not (isinstance(optimizers, Sequence) and len(optimizers) == 2):
        raise BadInput("optimizers= is not a pair: give the generator's optimiser and the discriminator's.")
    scope = Scope(generator, discriminator, None if out is None else Path(out), every)
    if os.environ.get("RANK", "0") == "0":
        named = CONSTRAINTS[constraint] if isinstance(constraint, str) else constraint
        scope._begin(objective, real, latent, named, constraint_weight, train, optimizers)
    return scope


class Scope:
    """A watched run: made by `watch`."""

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, out: Path | None, every: int | None
    ) -> None:
        self._notes: list[str] = []
        self._modules = (generator, discriminator)
        self._trained = (trainable(generator), trainable(discriminator))
        self._out, self._schedule = out, Schedule(every)
        self._log = Logbook(out)
        self._step = 0
        self._probes = 0
        self._failures = 0
        self._probe: Probe | None = None
        self._before: Snapshot | None = None
        self._gradients: dict[str, Tensor] = {}
        self._told: set[tuple[str, str | None, str | None]] = set()
        self._collected: list[tuple[Tensor, ...]] | None = None

    def step(
        self,
        real: Any = None,
        fake: Any = None,  # noqa: ARG002 - part of the interface; probes make their own
        d_loss: Any = None,
        g_loss: Any = None,
    ) -> None:
        """Take note of one generator step. Most calls do nothing; one in some dozens probes.

        Args:
            real: the batch the discriminator was just trained on.
            fake: the generator's batch; not used so far.
            d_loss: the discriminator's loss, a number or tensor: NaN in it is reported.
            g_loss: the generator's.
        """
        self._step += 1
        if self._probe is None:
            return
        try:
            self._look(real, {"discriminator": d_loss, "generator": g_loss})
        except Exception as error:
            self._failed(error)

    def verdicts(self) -> list[Verdict]:
        """Say what is wrong now: faults only, upstream cause first."""
        return self._log.judge().verdicts

    def status(self) -> dict[str, State]:
        """Say for every check whether it is a fault, fine or unknown; `unconverged` gives no verdict."""
        return self._log.judge().status

    def answer(self) -> Answer:
        """Say in a sentence whether the run is healthy, faulty, not there yet, or cannot be judged yet."""
        return self._log.judge().answer

    @property
    def notes(self) -> list[str]:
        """What could not be measured, and why, a sentence each; last, which checks still lack evidence."""
        lacking = self.answer().lacking if self._step and self._probe is not None else {}
        return [*self._notes, *([f"At step {self._step:,}: {lacking_words(lacking)}"] if lacking else [])]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What verdicts are judged by: the first 13 and the newest 400 probes, and the newest 600 points."""
        return self._log.rows

    def _begin(
        self,
        objective: str | Objective | LossPair,
        real: Any,
        latent: Callable[[int], Any] | None,
        constraint: str | Callable[..., Any] | None,
        constraint_weight: float | None,
        train: Any,
        optimizers: Sequence[torch.optim.Optimizer] | None,
    ) -> None:
        """Draw the fixed inputs, check the wiring, and take the first probe."""
        try:
            with undisturbed(*self._modules):
                rules = OBJECTIVES[objective] if isinstance(objective, str) else objective_of(objective)
                inputs = inputs_of(real, latent)
                name = objective if isinstance(objective, str) else "own"
                findings, facts = inspected(
                    self._players(),
                    inputs,
                    rules,
                    name,
                    constraint,
                    constraint_weight,
                    optimizers,
                    self._modules,
                )
                facts = facts._replace(every=self._schedule.first)
                self._probe = Probe(inputs, rules, facts, self._known(train, inputs))
                about = {**self._probe.about(), "wiring": [f._asdict() for f in findings]}
                row = {"format": files.FORMAT, "step": 0, "about": about}
                self._open(self._probe)
                try:
                    row |= self._probe.row(*self._players())
                finally:
                    self._keep(row)  # what the wiring was seen to be stands, even where a probe fails
        except Exception as error:
            self._failed(error)

    def _known(self, train: Any, inputs: Inputs) -> tuple[Tensor, ...] | None:
        """The training rows that were handed over; without any those of the first batches are collected."""
        if train is not None:
            try:
                return training_rows(train, inputs)
            except Unreadable as error:
                self._note(str(error))
        self._collected = []
        return None

    def _open(self, probe: Probe) -> None:
        """Empty the folder's record, or go without where it cannot be written."""
        if self._out is None:
            return
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            (self._out / layout.DIAGNOSIS).write_text("")
            probe.write_exemplars(self._out / layout.EXEMPLARS)
        except OSError as error:
            self._note(f"out={self._out} cannot be written ({error.strerror}): the record stays in memory.")
            self._log = Logbook(None)

    def _players(self) -> tuple[Player, Player]:
        g, d = (player(m, names) for m, names in zip(self._modules, self._trained, strict=True))
        return g, d

    def _look(self, real: Any, given: Mapping[str, Any]) -> None:
        step, probe, schedule = self._step, self._probe, self._schedule
        assert probe is not None  # noqa: S101 - for the type checker
        tracks, probes, copies = (due(step) for due in (schedule.tracks, schedule.probes, schedule.copies))
        if not (tracks or probes or copies):
            return
        if probes:
            schedule.advance()
        with undisturbed(*(self._modules if probes else self._modules[:1])):
            if tracks:
                self._collect(real)
                for name, loss in given.items():
                    if not self._log.broken and self._is_broken(name, loss):
                        self._keep({"step": step, "nonfinite": name, "module": "loss"})
                generator = player(self._modules[0], self._trained[0])
                self._log.add({"step": step, "point": probe.track(generator)})
            if copies:
                self._before = probe.snapshot(*self._players())
            if probes:
                self._probes += 1
                left = self._gradients, kept_gradients(self._modules[0])
                row = probe.row(*self._players(), self._before, self._probes, left=left)
                if "nonfinite" not in row:
                    row |= given_loss(given["discriminator"])
                self._keep({"step": step, **row})
            self._gradients = kept_gradients(self._modules[0]) if copies else {}
        self._failures = 0

    def _collect(self, real: Any) -> None:
        """Remember the first rows the discriminator trains on, and fit the probe to the size of a batch."""
        if self._collected is None or self._probe is None:
            return
        batch, *conditions = real if isinstance(real, tuple) else (real,)
        if not isinstance(batch, Tensor) or batch.shape[1:] != self._probe.shape:
            return
        bad = int((~batch.detach().flatten(1).isfinite().all(1)).sum())
        if bad:
            self._note(
                f"step(real=) holds NaN or infinity in {bad} of {len(batch)} rows: leave such rows out of "
                "the training data."
            )
            return
        self._probe.rows = max(8, min(self._probe.rows, len(batch)))
        given = conditions[: len(self._probe.inputs.conditions)]
        if len(given) < len(self._probe.inputs.conditions) or not all(
            isinstance(part, Tensor) and part.shape[:1] == batch.shape[:1] for part in given
        ):
            return  # a conditional discriminator cannot score rows without their conditions
        left = max(0, TRAIN_ROWS - sum(len(rows) for rows, *_ in self._collected))
        self._collected.append(tuple(part.detach()[:left].clone() for part in (batch, *given)))
        if sum(len(rows) for rows, *_ in self._collected) >= min(TRAIN_ROWS, len(self._probe.inputs.real)):
            self._probe.train = distinct([torch.cat(parts) for parts in zip(*self._collected, strict=True)])
            self._collected = None

    def _keep(self, row: Mapping[str, Any]) -> None:
        self._log.add(row)
        if not row.get("wide") and not row.get("nonfinite"):
            return
        self._log.write_verdicts()
        for verdict in self._log.standing:
            kind = (verdict.name, verdict.factor, verdict.pattern)
            if kind not in self._told:
                self._told.add(kind)
                log.warning("%s", verdict)

    def _is_broken(self, name: str, loss: Any) -> bool:
        """Whether a loss that was handed over is no number any more."""
        if loss is None:
            return False
        try:
            return not bool(torch.as_tensor(loss).isfinite().all())
        except (TypeError, ValueError, RuntimeError):
            self._note(f"{name[0]}_loss= is a {type(loss).__name__}: give a number or a tensor.")
            return False

    def _note(self, said: str) -> None:
        if said not in self._notes and len(self._notes) < 10:
            self._notes.append(said)
            log.warning("ganscope watch, step %d: %s The training goes on.", self._step, said)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        said = (
            reason
            if isinstance(error, Unreadable | BadInput)
            else f"a probe failed ({type(error).__name__}: {reason})."
        )
        self._note(said)
        if self._failures >= GIVE_UP:
            self._probe = None
