"""The loop around the step: learning rates, history, evaluations, checkpoints, observers, stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from ganscope.contracts import Interrupted, RunFailed
from ganscope.folder import checkpoint, files, layout
from ganscope.training import best_generator, ema, record, state
from ganscope.training.clock import Clock
from ganscope.training.finite import CHECK_EVERY, Failure, LossCheck
from ganscope.training.judging import evaluate, finer
from ganscope.training.moves import MOVES
from ganscope.training.observers import Progress, reporting, tell
from ganscope.training.state import Runs
from ganscope.training.step import DiscriminatorStep, GeneratorStep

Seen = tuple[DiscriminatorStep, GeneratorStep]


def train(runs: Runs, progress: Progress | None = None, stop: Callable[[], bool] = lambda: False) -> None:
    """Train to the configured number of steps, from wherever the runs stand.

    Args:
        runs: one run or a stack, fresh or restored; changed in place, and its folders written.
        progress: the last of the observers, called with a small dict (step, steps, seconds, last evaluation)
            at every row of history.
        stop: asked after every step; when it answers True, all state is saved and `Interrupted` raised.

    Raises:
        Interrupted: `stop` asked for it.
        RunFailed: every run turned NaN or infinite.
    """
    if progress is not None:
        runs.observers = (*runs.observers, reporting(progress))
    clock, check = Clock(runs), LossCheck(1 if runs.held_out.device.type == "cpu" else CHECK_EVERY)
    tell(runs, "start")
    if runs.step == 0:
        _log(runs, clock)
    while runs.step < runs.config.steps:
        seen = advance(runs)
        runs.step += 1
        check.note(runs.step, *seen)
        if check.due:
            _retire(runs, check.failures())
        tell(runs, "step")
        done = runs.step == runs.config.steps
        if done or runs.step % runs.config.logging_interval == 0 or _evaluation_due(runs):
            _retire(runs, check.failures())
            _log(runs, clock, seen)
        stopped = stop() and not done
        if done or stopped or runs.step % runs.config.checkpoint_interval == 0:
            _retire(runs, check.failures())
            _checkpoint(runs)
        if stopped:
            tell(runs, "end", seconds=clock.read())
            raise Interrupted(runs.folders[0])
    _finish(runs)
    tell(runs, "end", seconds=clock.read())


def advance(runs: Runs) -> Seen:
    """Take one step of every run, as its dynamics have it."""
    config, game = runs.config, runs.game
    factor = learning_rate_factor(runs.step, config.steps, config.decay)
    for optimizer in (game.g_optimizer, game.d_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
    seen = MOVES[config.dynamics](runs)
    if runs.average is not None:
        ema.update_(runs.average, game.generator.parameters, config.ema)
    return seen


def learning_rate_factor(step: int, steps: int, decay: float) -> float:
    """Factor on the learning rates of a step: 1, then falling linearly to 0 over the last share `decay`.

    Example:
        >>> [learning_rate_factor(step, 100, 0.5) for step in (0, 50, 75, 100)]
        [1.0, 1.0, 0.5, 0.0]
    """
    return 1.0 if decay == 0 else min(1.0, (steps - step) / (decay * steps))


def _evaluation_due(runs: Runs) -> bool:
    return runs.step % runs.config.evaluation_interval == 0 or runs.step == runs.config.steps


def _log(runs: Runs, clock: Clock, seen: Seen | None = None) -> None:
    """Write a row of history for each living run, with an evaluation where one is due, and tell of it."""
    values = [{} for _ in runs.configs] if seen is None else record.losses(runs, *seen)
    head = {"step": runs.step, "samples_seen": runs.samples_seen}
    rows = {k: {**head, **values[k]} for k in runs.alive}
    evaluation = None
    if _evaluation_due(runs) or runs.step == 0:
        with clock.evaluating():
            evaluation = evaluate(runs)
        for k, measured in evaluation.items():
            rows[k] |= measured
            runs.evaluations[k][runs.step] = files.jsonable({**head, **measured})
        with clock.evaluating():
            for k in best_generator.improved(runs, evaluation, finer(runs)):
                by, best = runs.configs[k].best_by, runs.best[k]._asdict()
                state.save_generator(runs, k, layout.BEST, {"by": by, **best})
    seconds = clock.read()
    record.write(runs, rows, seconds)
    tell(runs, "log", values=rows, evaluation=evaluation, seconds=seconds)


def _retire(runs: Runs, failures: Sequence[Failure]) -> None:
    """Retire runs whose losses are no numbers any more: further steps would change nothing about that."""
    retired = {f.run: (f.step, f.network) for f in failures if f.run not in runs.diverged}
    if not retired:
        return
    runs.diverged |= retired
    tell(runs, "diverged")  # before anything says that a run has ended, for it may be healed
    for k in retired:
        record.write_metrics(runs, k)
    if not runs.alive:
        tell(runs, "end")
        raise RunFailed("; ".join(_describe(runs, k) for k in runs.diverged))


def _describe(runs: Runs, k: int) -> str:
    step, network = runs.diverged[k]
    saved = checkpoint.steps(runs.folders[k])
    good = "there is no earlier checkpoint"
    if saved:
        good = f"the last good checkpoint is {checkpoint.path_of(runs.folders[k], saved[-1])}"
    return (
        f"the {network}'s loss turned NaN or infinite at step {step} (seed {runs.configs[k].seed}); {good}. "
        "Lower --d-lr and --g-lr, or add --penalty r1 --penalty-weight 1"
    )


def _checkpoint(runs: Runs) -> None:
    """Save each living run whose weights are finite."""
    parameters = [*runs.game.generator.parameters.values(), *runs.game.discriminator.parameters.values()]
    finite = torch.stack(
        [p.isfinite().flatten(1 if runs.game.stacked else 0).all(-1) for p in parameters]
    ).all(0)
    for k, sound in enumerate(finite.reshape(-1).tolist()):
        if sound and k not in runs.diverged:
            for name in (layout.HISTORY, layout.DIAGNOSIS):
                files.sync(runs.folders[k] / name)
            state.save(runs, k)


def _finish(runs: Runs) -> None:
    for k in runs.alive:
        state.save_generator(runs, k)
        record.write_metrics(runs, k)
