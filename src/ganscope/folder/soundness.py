"""What a run folder lacks of what was written into it, in sentences: for all who read what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ganscope.contracts import BadInput
from ganscope.folder import checkpoint, files, healings, layout
from ganscope.folder.chain import START, Rows
from ganscope.folder.read import read_comparison, read_config, read_metrics
from ganscope.words.remedies import refusal

WITNESSED = (layout.HISTORY, layout.DIAGNOSIS)
"""Files of rows whose end checkpoints and `metrics.json` know; the wall clock's differ from run to run."""
_OBJECTS = {
    layout.METRICS: lambda path: read_metrics(path.parent),
    layout.VERDICTS: files.read_json,
    layout.HEALINGS: lambda path: healings.read(path.parent),
}


def ends(folder: Path) -> dict[str, str]:
    """The running hash at the end of each file of rows, for what is written next to know."""
    return {name: files.last_check(folder / name) for name in WITNESSED}


def damages(folder: Path) -> list[str]:
    """Say what of a run folder is not as it was written, a sentence a file; folders of any version.

    Rows that were appended after the newest checkpoint and cut off whole cannot be told from rows that were
    never written.

    Args:
        folder: of a run, or of a comparison: then its runs are looked at too.

    Example:
        >>> damages(Path("nowhere"))
        []
    """
    if layout.is_comparison(folder) and not layout.is_run(folder):
        said = _said(partial(read_comparison, folder))
        return said + [sentence for run in layout.run_folders(folder) for sentence in damages(run)]
    if not layout.is_run(folder):
        return []
    said = _said(partial(read_config, folder))
    for name, read in _OBJECTS.items():
        if (folder / name).is_file():
            said += _said(partial(read, folder / name))
    return said + _of_ends(folder) + _of_rows(folder)


def lost(folder: Path, name: str, check: str | None) -> str:
    """Say that a file of rows lacks rows that were there once; nothing where it has them all.

    Args:
        folder: of the run.
        name: of the file.
        check: see `ends`; None where nothing knows.
    """
    path = folder / name
    read = files.whole_rows(path)
    if check in (None, START) or check in read.checks:
        return ""
    if read.damage is not None:
        return files.damage_of(path, read.damage)
    if not path.exists():
        return f"{path} is missing: restore it from a copy, or do without it."
    at = f"ends at step {read.rows[-1]['step']}" if read.rows else "is empty"
    return f"{path} lacks rows that the run wrote (it {at}): restore it from a copy, or do without them."


def _of_ends(folder: Path) -> list[str]:
    """A run that has ended has its generator and its last evaluation; one that diverged, the latter alone."""
    drawn, judged = ((folder / name).is_file() for name in (layout.GENERATOR, layout.METRICS))
    if drawn == judged or (judged and _diverged(folder)):
        return []
    path = folder / (layout.METRICS if drawn else layout.GENERATOR)
    return [f"{path} is missing: ganscope resume {folder} writes it anew."]


def _diverged(folder: Path) -> bool:
    try:
        return read_metrics(folder).get("diverged_at") is not None
    except (BadInput, OSError):
        return False


def _of_rows(folder: Path) -> list[str]:
    ended, known = (folder / layout.METRICS).is_file(), _known_ends(folder)
    said = []
    for name in WITNESSED:
        sentence = next(filter(None, (lost(folder, name, check) for check in known[name])), "")
        damage = files.whole_rows(folder / name).damage
        if not sentence and damage is not None and (ended or not damage.torn):
            sentence = files.damage_of(folder / name, damage)
        said += [sentence] if sentence else []
    clock, history = (files.whole_rows(folder / name) for name in (layout.TIMING, layout.HISTORY))
    return said + _of_clock(folder / layout.TIMING, clock, history, ended)


def _of_clock(path: Path, clock: Rows, history: Rows, ended: bool) -> list[str]:
    """The clock has a row for each of history, the last of which a kill may have come before."""
    if clock.damage is not None and (ended or not clock.damage.torn):
        return [files.damage_of(path, clock.damage)]
    there = {row["step"] for row in clock.rows}
    rows = history.rows if ended else history.rows[:-1]
    absent = [row["step"] for row in rows if row["step"] not in there]
    if not absent:
        return []
    if not path.exists():
        return [f"{path} is missing: restore it from a copy, or do without it."]
    return [f"{path} lacks the row of step {absent[0]}: restore it from a copy, or do without it."]


def _known_ends(folder: Path) -> dict[str, list[str | None]]:
    """What the files that were last written after rows know of their ends."""
    known: dict[str, list[str | None]] = {name: [] for name in WITNESSED}
    for step in reversed(checkpoint.steps(folder)):
        with suppress(checkpoint.Damaged):
            state = checkpoint.state(checkpoint.path_of(folder, step))
            for file, check in witnessed(folder, state).items():
                known[file].append(check)
            break
    for name in (layout.METRICS, layout.VERDICTS):
        with suppress(BadInput, OSError, KeyError, AttributeError):
            for file, check in files.read_json(folder / name).get("rows", {}).items():
                known[file].append(check)
    return known


def witnessed(folder: Path, state: Mapping[str, Any]) -> Mapping[str, str | None]:
    """What a checkpoint knows of the ends of the files of rows: probes begin anew where a run was healed.

    Args:
        folder: of the run.
        state: of one of its checkpoints.
    """
    known = state.get("rows")
    if not isinstance(known, dict):
        return {}
    try:
        healed = healings.read(folder).healings
    except (BadInput, OSError):
        return {**known, layout.DIAGNOSIS: None}
    anew = bool(healed) and state["step"] <= healed[-1].from_step
    return {**known, layout.DIAGNOSIS: None} if anew else known


def unfit(folder: Path, state: Mapping[str, Any]) -> list[str]:
    """Say which rows a run that goes on from a checkpoint would lack; a file that is gone is not asked for.

    Args:
        folder: of the run.
        state: of the checkpoint.
    """
    known, said = witnessed(folder, state), []
    for name in WITNESSED:
        path, read = folder / name, files.whole_rows(folder / name)
        if not path.exists() or not state["step"]:  # a run at step 0 writes all of its rows again
            continue
        if name in known:
            said += [sentence for sentence in [lost(folder, name, known[name])] if sentence]
        elif read.damage is not None and not read.damage.torn and not _reach(read, state["step"]):
            said.append(files.damage_of(path, read.damage))  # an early version wrote the checkpoint
    return said


def _reach(read: Rows, step: int) -> bool:
    return any(row["step"] >= step for row in read.rows)


def _said(read: Callable[[], object]) -> list[str]:
    try:
        read()
    except BadInput as error:
        return [str(error)]
    except OSError as error:
        return [refusal(f"{error.filename} cannot be read", error)]
    return []
