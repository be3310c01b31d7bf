"""Training the runs that are not trained yet, those of one program as one stack."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from ganscope.build.check import check
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, RunFailed
from ganscope.data.find import load_data
from ganscope.diagnose.rules.verdict import judge
from ganscope.evaluation import Evaluation
from ganscope.folder import files, layout
from ganscope.running import Hooks, Prepared, execute
from ganscope.training.stacks.differences import program

from .quality import Judge
from .runs import SEEDS, TABLE, Setting, write_table
from .stored import Stored, as_line, from_line

LARGEST = 50
"""Runs of a stack."""
Tell = Callable[[str], None]


class Member(NamedTuple):
    """One run of a stack."""

    setting: Setting
    seed: int
    config: RunConfig
    kept: Path
    """The file that holds the run when it is finished."""


def run(settings: Sequence[Setting], work: Path, tell: Tell) -> list[Stored]:
    """Train what is not trained yet, and return all runs in the order of their settings.

    Args:
        settings: each is trained once for every seed.
        work: keeps a file for every finished run, so that a study that is stopped goes on.
        tell: told in a line how far it is, and what could not be trained.
    """
    torch.set_num_threads(1)
    logging.getLogger("ganscope").setLevel(logging.ERROR)
    table = (work / f"{TABLE}.csv").absolute()
    write_table(table)
    begun, changed = time.monotonic(), 0
    for data in dict.fromkeys(setting.data for setting in settings):
        loaded = load_data(str(table) if data == TABLE else data)
        evaluation = Evaluation(loaded)
        measured = Judge(evaluation)
        for stack in stacks([s for s in settings if s.data == data], work, table):
            waiting = [member for member in stack if not member.kept.exists()]
            if not waiting:
                continue
            try:
                check(waiting[0].config, loaded)
            except BadInput as refusal:
                tell(f"{_named(waiting)}: refused, {refusal}")
                continue
            started = time.monotonic()
            changed += _train(waiting, evaluation, measured, work, tell)
            now = time.monotonic()
            tell(f"{_named(waiting)}: {now - started:.1f} s, {now - begun:.0f} s in all")
    tell(f"rounding changes the verdicts of {changed} runs")
    return collect(settings, work)


def collect(settings: Sequence[Setting], work: Path) -> list[Stored]:
    """Read the finished runs, in the order of their settings."""
    kept = (place(work, setting, seed) for setting in settings for seed in SEEDS)
    return [from_line(path.read_text(encoding="utf-8")) for path in kept if path.exists()]


def place(work: Path, setting: Setting, seed: int) -> Path:
    """Name the file of a finished run."""
    words = setting.name.replace(", ", "_").replace(" ", "-")
    return work / f"{setting.recipe}_{setting.data}_{setting.steps}_{words}_{seed}.json"


def stacks(settings: Sequence[Setting], work: Path, table: Path) -> Iterator[list[Member]]:
    """Put the runs of one data set together that can train as one program."""
    programs: dict[Hashable, list[Member]] = {}
    for setting in settings:
        for seed in SEEDS:
            config = setting.config(seed, table)
            member = Member(setting, seed, config, place(work, setting, seed))
            programs.setdefault((setting.recipe, program(config)), []).append(member)
    for members in programs.values():
        for start in range(0, len(members), LARGEST):
            yield members[start : start + LARGEST]


def _train(stack: Sequence[Member], evaluation: Evaluation, judge_end: Judge, work: Path, tell: Tell) -> int:
    """Train a stack and keep its runs; return how many are judged differently after rounding."""
    folders = [work / "training" / str(number) for number in range(len(stack))]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with contextlib.suppress(RunFailed):
        execute(
            Prepared(tuple(member.config for member in stack), tuple(folders), evaluation),
            Hooks(tell=lambda sentence: None),
        )
    changed = 0
    for member, folder in zip(stack, folders, strict=True):
        if not (folder / layout.METRICS).exists():
            tell(f"{member.kept.stem} did not finish")
            continue
        rows = files.read_rows(folder / layout.DIAGNOSIS)
        line = as_line(Stored(member.setting, member.seed, judge_end.end_of(folder), rows))
        before, after = judge(rows)[0], judge(from_line(line).rows)[0]
        changed += [verdict.label for verdict in before] != [verdict.label for verdict in after]
        member.kept.write_text(line, encoding="utf-8")
        shutil.rmtree(folder)
    return changed


def _named(stack: Sequence[Member]) -> str:
    first = stack[0].setting
    return f"{first.data}, {first.recipe}, {first.steps} steps, {first.name} ({len(stack)} runs)"
