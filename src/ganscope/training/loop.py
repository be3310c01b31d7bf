"""The loop around the step: batches, noise, learning rates, history, evaluations, checkpoints, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganscope.contracts import Batch, Interrupted, RunFailed
from ganscope.folder import checkpoint, files, layout
from ganscope.lipschitz import certified_lower
from ganscope.metrics import METRICS
from ganscope.training import ema, state, streams
from ganscope.training.finite import LOOK_EVERY, Failure, Watch
from ganscope.training.moves import MOVES
from ganscope.training.stacks.stacking import evaluating
from ganscope.training.state import Runs
from ganscope.training.step import (
    DiscriminatorStep,
    GeneratorStep,
    logits,
    shown,
)

Progress = Callable[[dict[str, Any]], None]
OF_THE_CRITIC = ("critic_gap_held_out", "certified_lower")
"""What an evaluation says of the critic; the rest of it are metrics of samples."""
SAMPLES_SHOWN = {"image": 64, "other": 512}


def train(
    runs: Runs, progress: Progress = lambda event: None, stop: Callable[[], bool] = lambda: False
) -> None:
    """Train to the configured number of steps, from wherever the runs stand.

    Args:
        runs: one run or a stack, fresh or restored; changed in place, and its folders written.
        progress: called with a small dict (step, steps, seconds, last evaluation) at every row of history.
        stop: asked after every step; when it answers True, all state is saved and `Interrupted` raised.

    Raises:
        Interrupted: `stop` asked for it.
        RunFailed: every run turned NaN or infinite.
    """
    clock, watch = _Clock(runs), Watch(1 if runs.held_out.device.type == "cpu" else LOOK_EVERY)
    if runs.monitor is not None:
        runs.monitor(runs)
    if runs.step == 0:
        _record(runs, clock, None, None, progress)
    while runs.step < runs.config.steps:
        d_step, g_step = advance(runs)
        runs.step += 1
        watch.note(runs.step, d_step, g_step)
        if watch.due:
            _retire(runs, watch.look())
        if runs.monitor is not None:
            runs.monitor(runs)
        done = runs.step == runs.config.steps
        if done or runs.step % runs.config.logging_interval == 0 or _evaluation_due(runs):
            _retire(runs, watch.look())
            _record(runs, clock, d_step, g_step, progress)
        stopped = stop() and not done
        if done or stopped or runs.step % runs.config.checkpoint_interval == 0:
            _retire(runs, watch.look())
            _checkpoint(runs)
        if stopped:
            raise Interrupted(runs.folders[0])
    _finish(runs)


def learning_rate_factor(step: int, steps: int, decay: float) -> float:
    """Factor on the learning rates of a step: 1, then falling linearly to 0 over the last share `decay`.

    Example:
        >>> [learning_rate_factor(step, 100, 0.5) for step in (0, 50, 75, 100)]
        [1.0, 1.0, 0.5, 0.0]
    """
    return 1.0 if decay == 0 else min(1.0, (steps - step) / (decay * steps))


def advance(runs: Runs) -> tuple[DiscriminatorStep, GeneratorStep]:
    """Take one step of every run, as its dynamics have it."""
    config, game = runs.config, runs.game
    factor = learning_rate_factor(runs.step, config.steps, config.decay)
    for optimizer in (game.g_optimizer, game.d_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
    d_step, g_step = MOVES[config.dynamics](runs)
    if runs.average is not None:
        ema.update_(runs.average, game.generator.parameters, config.ema)
    return d_step, g_step


def _evaluation_due(runs: Runs) -> bool:
    return runs.step % runs.config.evaluation_interval == 0 or runs.step == runs.config.steps


def _retire(runs: Runs, failures: Sequence[Failure]) -> None:
    """Retire runs whose losses are no numbers any more; a run has no use for the steps that would follow."""
    retired = {f.run: (f.step, f.network) for f in failures if f.run not in runs.diverged}
    runs.diverged |= retired
    if not runs.alive and runs.monitor is not None:
        runs.monitor(runs)  # before anything says that the run has ended, for it may be healed
    for k in retired:
        _write_metrics(runs, k)
    if not runs.alive:
        raise RunFailed("; ".join(_describe(runs, k) for k in runs.diverged))


def _describe(runs: Runs, k: int) -> str:
    step, network = runs.diverged[k]
    saved = checkpoint.steps(runs.folders[k])
    good = (
        f"the last good checkpoint is {checkpoint.path_of(runs.folders[k], saved[-1])}"
        if saved
        else ("there is no checkpoint from before")
    )
    return (
        f"the {network}'s loss turned NaN or infinite at step {step} (seed {runs.configs[k].seed}); {good}. "
        "Lower --d-lr and --g-lr, or add --penalty r1 --penalty-weight 1"
    )


def _record(
    runs: Runs,
    clock: _Clock,
    d_step: DiscriminatorStep | None,
    g_step: GeneratorStep | None,
    progress: Progress,
) -> None:
    first = {"format": files.FORMAT} if runs.step == 0 else {}
    rows: list[dict[str, Any]] = [
        {**first, "step": runs.step, "samples_seen": runs.samples_seen} for _ in runs.configs
    ]
    if d_step is not None and g_step is not None:
        rows = [row | losses for row, losses in zip(rows, _losses(runs, d_step, g_step), strict=True)]
    evaluated = _evaluation_due(runs) or runs.step == 0
    if evaluated:
        with clock.evaluating():
            for k, measured in _evaluate(runs).items():
                rows[k] |= measured
    for k in runs.alive:
        files.append_rows(runs.folders[k] / layout.HISTORY, [rows[k]])
        files.append_rows(runs.folders[k] / layout.TIMING, [{**first, "step": runs.step, **clock.read()}])
    progress(
        {
            "step": runs.step,
            "steps": runs.config.steps,
            "samples_seen": runs.samples_seen,
            **clock.read(),
            "evaluation": [rows[k] for k in runs.alive] if evaluated else None,
            "diverged": len(runs.diverged),
            "verdicts": None
            if runs.monitor is None
            else [list(runs.monitor.found.get(k, ())) for k in runs.alive],
        }
    )


def _losses(runs: Runs, d_step: DiscriminatorStep, g_step: GeneratorStep) -> list[dict[str, Any]]:
    squares = [g.square().flatten(1 if runs.game.stacked else 0).sum(-1) for g in g_step.gradient]
    real, fake = (scores.flatten(runs.game.batch_dims - 1).mean(-1) for scores in d_step[2:])
    values = {
        "d_loss": d_step.loss.mean(-1),
        "g_loss": g_step.loss.mean(-1),
        "penalty": d_step.penalty.mean(-1),
        "critic_gap": real - fake,
        "logit_slope": g_step.logit_slope.abs().median(-1).values,
        "generator_gradient": torch.stack(squares).sum(0).sqrt(),
    }
    columns = {name: value.reshape(-1).tolist() for name, value in values.items()}
    return [{name: column[k] for name, column in columns.items()} for k in range(len(runs.configs))]


def _evaluate(runs: Runs) -> dict[int, dict[str, Any]]:
    """Judge each living run on its own fixed latents, and the critic on the same points.

    The fakes of a conditional run have the conditions of the held-out rows, in turn.
    """
    game, held_out, condition = runs.game, runs.held_out, None
    if runs.held_out_condition is not None:
        condition = in_turn(runs.held_out_condition, runs.samples)
        condition = condition.expand(len(runs.configs), *condition.shape) if game.stacked else condition
    drawn = [evaluation_latents(c.seed, runs.samples, c.latent_dim, held_out.dtype) for c in runs.configs]
    latents = (torch.stack(drawn) if game.stacked else drawn[0]).to(held_out.device)
    with evaluating(game.generator), evaluating(game.discriminator):
        fake = game.generator.call_with(runs.sampling_parameters(), latents, condition)
        whole_packs = len(held_out) // game.pack * game.pack
        compared = _first(runs, fake, whole_packs)
        judged = None if condition is None else _first(runs, condition, whole_packs)
        real = held_out[:whole_packs].expand_as(compared)
        scores = _scores(runs, Batch(real, judged)), _scores(runs, Batch(compared, judged))
    by_run = fake if game.stacked else fake[None]
    results = {}
    for k in runs.alive:
        samples = by_run[k].float().cpu()
        _write_samples(runs.folders[k], runs.step, samples)
        real_scores, fake_scores = (s[k] for s in scores)
        results[k] = {
            **runs.measure(samples),
            "critic_gap_held_out": float(real_scores.mean() - fake_scores.mean()),
        }
        if game.objective.needs_lipschitz and game.pack == 1:
            results[k]["certified_lower"] = certified_lower(
                held_out, samples[: len(held_out)], real_scores, fake_scores
            )
    return results


def in_turn(condition: Tensor, count: int) -> Tensor:
    """Repeat the conditions of held-out rows, in their order, for as many samples as are wanted.

    Example:
        >>> in_turn(torch.tensor([3, 1, 4]), 5)
        tensor([3, 1, 4, 3, 1])
    """
    return condition[torch.arange(count, device=condition.device) % len(condition)]


def _first(runs: Runs, values: Tensor, count: int) -> Tensor:
    return values[:, :count] if runs.game.stacked else values[:count]


def evaluation_latents(seed: int, rows: int, latent_dim: int, dtype: torch.dtype) -> Tensor:
    """The latents a run is always judged on: the same at every step and for every recipe of one seed."""
    return torch.randn((rows, latent_dim), generator=streams.generator(seed, "evaluation"), dtype=dtype)


def _scores(runs: Runs, batch: Batch) -> Tensor:
    """Scores `[K, B]`, or one a pack, patches averaged."""
    scores = logits(runs.game, *shown(runs.game, batch))
    packs = batch.rows.shape[runs.game.batch_dims - 1] // runs.game.pack
    return scores.reshape(len(runs.configs), packs, -1).mean(-1)


def _write_samples(folder: Path, step: int, samples: Tensor) -> None:
    kept = samples[: SAMPLES_SHOWN["image" if samples.ndim == 4 else "other"]]
    (folder / layout.SAMPLES).mkdir(exist_ok=True)
    with files.whole_file(layout.samples_file(folder, step)) as file:
        np.save(file, kept.numpy(), allow_pickle=False)


def _checkpoint(runs: Runs) -> None:
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
        _write_metrics(runs, k)


def _write_metrics(runs: Runs, k: int) -> None:
    """The last evaluation, once more on its own: the run is finished when this file stands."""
    rows = files.read_rows(runs.folders[k] / layout.HISTORY)
    last: dict[str, Any] = next((row for row in reversed(rows) if OF_THE_CRITIC[0] in row), {})
    wanted = ("step", "samples_seen", *METRICS, "missing", *OF_THE_CRITIC)
    values = {key: last[key] for key in wanted if key in last}
    floors = [f"{name}_floor" for name in METRICS]
    values |= {key: runs.about[key] for key in floors if key in runs.about}
    if "missing" in last:
        names = runs.about["mode_names"]
        values |= {"modes": len(names), "missing": [names[mode] for mode in last["missing"]]}
    step, network = runs.diverged.get(k, (None, None))
    values |= {"diverged_at": step, "diverged_network": network}
    files.write_json(runs.folders[k] / layout.METRICS, values)


class _Clock:
    """Seconds spent so far, training and evaluating apart, summed over interruptions.

    Beside those on the wall stand the processor's, over all threads: they leave out what other programs took.
    """

    def __init__(self, runs: Runs) -> None:
        rows = files.read_rows(runs.folders[0] / layout.TIMING)
        last = rows[-1] if rows else {}
        self._before = last.get("seconds", 0.0)
        self._processor_before = last.get("processor_seconds", 0.0)
        self._evaluation = last.get("evaluation_seconds", 0.0)
        self._entered = self._processor_entered = 0.0
        self._paused = self._processor_paused = 0.0
        self._start = time.perf_counter()
        self._processor_start = time.process_time()

    def evaluating(self) -> _Clock:
        """Count the block that follows as evaluation, not as training."""
        return self

    def __enter__(self) -> None:
        """Stop the training clock."""
        self._entered = time.perf_counter()
        self._processor_entered = time.process_time()

    def __exit__(self, *_: object) -> None:
        """Start the training clock again."""
        self._paused += time.perf_counter() - self._entered
        self._processor_paused += time.process_time() - self._processor_entered

    def read(self) -> dict[str, float]:
        """Seconds of training and of evaluation, over all sessions of the run."""
        elapsed = time.perf_counter() - self._start
        processor = time.process_time() - self._processor_start
        return {
            "seconds": round(self._before + elapsed - self._paused, 3),
            "processor_seconds": round(self._processor_before + processor - self._processor_paused, 3),
            "evaluation_seconds": round(self._evaluation + self._paused, 3),
        }
