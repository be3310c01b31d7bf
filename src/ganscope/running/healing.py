"""Healing: where a verdict stands, a run goes back to its last good checkpoint and on with a remedy in force.

What is decided depends on the run folder and the step alone, and is written down before anything is moved: a
run that is killed while it heals, or after, ends with the same bits as one that was left alone. What the
healed run does not keep stands in `abandoned/`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from ganscope.build.advice import change_of, remedies_of
from ganscope.build.intervals import probe_interval
from ganscope.build.monitor import Monitor
from ganscope.build.settings import INHERITED, completed
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Event
from ganscope.diagnose.rows import WIDE_EVERY
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.verdict import Verdict
from ganscope.folder import checkpoint, files, healings, layout
from ganscope.folder.healings import Healing, Record, Unhealed
from ganscope.folder.read import Description, read
from ganscope.running.prepared import Prepared, start_of
from ganscope.training import Runs
from ganscope.training.state import save
from ganscope.words.sentences import uncapitalised

MOST = 3
"""Healings of one run."""
ROWS = (layout.HISTORY, layout.TIMING)
Check = Callable[[RunConfig], object]
"""Raises `BadInput` where a configuration cannot be."""


class GoBack(Exception):  # noqa: N818
    """A healing was written down: the run goes on from an earlier checkpoint, with another configuration."""


class Healer:
    """The observer that acts on verdicts: where one stands, it ends the run so that a remedy can be applied.

    It acts whenever the monitor, which comes before it, has compared sample sets.

    Args:
        monitor: who judges the run.
        check: refuses a configuration that cannot be.
        tell: told of every decision, in a sentence.
        fixed: why the networks' shapes cannot change, as far as the configuration does not say it.
    """

    def __init__(self, monitor: Monitor, check: Check, tell: Callable[[str], None], fixed: str = "") -> None:
        self._monitor, self._check, self._tell, self._fixed = monitor, check, tell, fixed

    def __call__(self, event: Event, runs: Runs) -> None:
        """Act on what stands after a step, or where the run diverged.

        Raises:
            GoBack: a remedy is to be applied; the folder says which.
        """
        if not event.step or event.kind in ("log", "end"):
            return
        last = event.step == event.steps
        if event.kind == "diverged" or last or self._monitor.compares(event.step):
            verdicts = self._monitor.verdicts(0)
            if verdicts:
                self._consider(runs, verdicts[0])

    def _consider(self, runs: Runs, verdict: Verdict) -> None:
        folder = runs.folders[0]
        before = healings.read(folder)
        if verdict.label in {stays.verdict for stays in before.unhealed}:
            return
        step = runs.diverged[0][0] if runs.diverged else runs.step
        decided = decide(
            verdict, step, runs.config, before, checkpoint.steps(folder), self._check, self._fixed
        )
        if isinstance(decided, Healing):
            healings.write(folder, before._replace(healings=(*before.healings, decided)))
        else:
            healings.write(folder, before._replace(unhealed=(*before.unhealed, decided)))
        self._tell(str(decided))
        if isinstance(decided, Healing):
            raise GoBack


def attend(runs: Runs, prepared: Prepared, tell: Callable[[str], None]) -> None:
    """Have a run healed while it trains; a new one first saves what a healing goes back to at the worst."""
    folder = runs.folders[0]
    if runs.step == 0 and not checkpoint.steps(folder):
        save(runs, 0)
    monitor = next((observer for observer in runs.observers if isinstance(observer, Monitor)), None)
    if monitor is not None:
        fixed = "its weights come from another run" if prepared.fine_tuned else ""
        runs.observers = (*runs.observers, Healer(monitor, prepared.check, tell, fixed))


def decide(
    verdict: Verdict,
    step: int,
    config: RunConfig,
    before: Record,
    saved: Sequence[int],
    check: Check,
    fixed: str = "",
) -> Healing | Unhealed:
    """Choose what to change: the first remedy that was not in vain before and can be applied.

    Args:
        verdict: the most upstream one that stands.
        step: now.
        config: in force now.
        before: earlier healings of the run.
        saved: steps of its checkpoints.
        check: see `Healer`.
        fixed: see `Healer`.
    """
    if len(before.healings) >= MOST:
        return Unhealed(step, verdict.label, f"{MOST} healings are the most.")
    in_vain = {healing.remedy for healing in before.healings if healing.verdict == verdict.label}
    whys = []
    for remedy in remedies_of(verdict, config):
        if remedy.change in in_vain:
            whys.append(f"this was in vain: {uncapitalised(remedy.change)}")
            continue
        tried = attempt(remedy, verdict, step, config, saved, check, fixed)
        if isinstance(tried, Healing):
            return tried
        whys.append(tried)
    return Unhealed(step, verdict.label, " ".join(whys))


def attempt(
    remedy: Remedy,
    verdict: Verdict,
    step: int,
    config: RunConfig,
    saved: Sequence[int],
    check: Check,
    fixed: str = "",
) -> Healing | str:
    """Work out what a remedy makes of a run, which sees as many real rows as it would have seen.

    Args:
        remedy: what to change.
        verdict: see `decide`, likewise the other arguments.
        step: now.
        config: in force now.
        saved: steps of checkpoints.
        check: see `Healer`.
        fixed: see `Healer`.

    Returns:
        The healing; or in a sentence why there is none: no setting makes the change, it is in force already,
        it is out of reach, or the configuration it makes cannot be.
    """
    change = change_of(remedy, config, fixed)
    if isinstance(change, str):
        return change
    altered = list(change.altered)
    start = 0 if remedy.anew else _start(altered, saved, verdict.since_step, config)
    new = _with_steps(config, change.config, start)
    try:
        check(new)
    except BadInput as impossible:
        return str(impossible)
    altered += ["steps"] if new.steps != config.steps else []
    before, after = completed(config).flat(), new.flat()
    return Healing(
        step, verdict.label, verdict.since_step, verdict.cause, remedy.change,
        {name: (before.get(name), after[name]) for name in altered}, change.idle, start, new.grouped(),
    )  # fmt: skip


def _start(altered: Sequence[str], saved: Sequence[int], since: int, config: RunConfig) -> int:
    """Find the newest checkpoint from when all was well; networks of other shapes begin anew.

    Sample sets are compared at wide probes alone: what one of them shows may have come at any time since the
    one before.
    """
    if any(field in INHERITED for field in altered):
        return 0
    apart = probe_interval(config) * WIDE_EVERY
    well = max(0, since - 1) // apart * apart
    return max((step for step in saved if step <= well), default=0)


def _with_steps(config: RunConfig, new: RunConfig, start: int) -> RunConfig:
    """Let a run see as many real rows from a step on as it would have seen."""
    rows = (config.steps - start) * config.batches_per_step * config.batch_size
    steps = max(1, round(rows / (new.batches_per_step * new.batch_size)))
    return new.model_copy(update={"steps": start + steps})


def settled(prepared: Prepared) -> Prepared:
    """Return the run as it goes on after the last healing on its record; other runs stay as they are."""
    if not prepared.config.heal:
        return prepared
    described = settle(prepared.folders[0])
    return dataclasses.replace(
        prepared, configs=(described.config,), start=start_of(described), earlier=described
    )


def settle(folder: Path) -> Description:
    """Bring a run folder to where the last healing of its record goes on, however far that had come.

    Returns:
        What the folder then says, its configuration the one now in force.
    """
    described, done = read(folder), healings.read(folder).healings
    if described.healings == len(done):
        return described
    last = done[-1]
    _set_aside(folder, layout.healing_folder(folder, len(done)), last)
    written = described.written
    asked = written.get("asked", written["config"])
    files.write_json(
        folder / layout.CONFIG,
        {**written, "config": dict(last.config), "asked": asked, "healings": len(done)},
    )
    return read(folder)


def _set_aside(folder: Path, aside: Path, last: Healing) -> None:
    """Move what the run did after the step it goes on from; what stands aside already was moved whole."""
    fresh = any(field in INHERITED for field in last.changes)  # networks of other shapes keep nothing
    kept = -1 if fresh else last.from_step
    (aside / layout.SAMPLES).mkdir(parents=True, exist_ok=True)
    (aside / layout.CHECKPOINTS).mkdir(exist_ok=True)
    for name in (*ROWS, layout.DIAGNOSIS):
        if (folder / name).exists() and not (aside / name).exists():
            with files.whole_file(aside / name) as file:
                file.write((folder / name).read_bytes())
        # probes begin anew: what held before must not count against the new settings
        files.keep_rows(folder / name, last.from_step or -1 if name in ROWS else -1)
    for name in (layout.VERDICTS, layout.METRICS):
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    for step in checkpoint.steps(folder):
        if step > kept:
            layout.checkpoint_file(folder, step).replace(layout.checkpoint_file(aside, step))
    for step, path in layout.samples_files(folder).items():
        if step > kept:
            path.replace(layout.samples_file(aside, step))
