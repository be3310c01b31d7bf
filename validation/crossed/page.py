"""The page of the study, written from the stored runs: no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ganscope.folder import files
from validation.diagnosis.score import Share

from . import quality
from .answers import FAULTY, HEALTHY, KINDS, WORDS, Case, by, counted, false_alarms, share, worst

HALVES = ("tuning", "held-out")


def text(cases: Sequence[Case]) -> str:
    """Write the page."""
    halves = by(cases, lambda case: case.run.setting.half)
    lines = ["# Good and bad samples against answers", "", *_about(cases), "", *_headline(halves), ""]
    for half in HALVES:
        lines += [f"## The {half} half", "", *_tables(halves.get(half, [])), ""]
    tuning = halves.get("tuning", [])
    return "\n".join([*lines, *_missed(tuning), "", *_alarmed(tuning)]) + "\n"


def write(path: Path, cases: Sequence[Case]) -> None:
    """Write the page to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.whole_file(path) as file:
        file.write(text(cases).encode())


def _about(cases: Sequence[Case]) -> list[str]:
    settings = {case.run.setting[:4] for case in cases}
    return [
        f"{len(cases):,} runs of {len(settings)} settings, none of them planted: every recipe as shipped, on "
        "four data sets and over three budgets; both learning rates over four decades; narrow and wide "
        "networks; moving averages longer than the run. Written by `python -m validation.crossed`, which "
        "judges the stored rows of every run by the rules as they are.",
        "",
        f"A run is *bad* where its samples are, at its end, more than {quality.EMD_FLOORS:g} floors of the "
        f"EMD from held-out rows, or reach less than {quality.RECALL_SHARE:.0%} of the recall of real rows, "
        "or miss a mode; a run that diverged is bad. All others are *good*. Both are measured on the "
        "generator that would be sampled. Settings fall into halves by a hash: thresholds may be chosen on "
        "the tuning half, and single runs are listed of that half alone.",
    ]  # fmt: skip


def _headline(halves: dict[str, list[Case]]) -> list[str]:
    lines = [
        "| half | bad runs called healthy | good runs called faulty | good runs called healthy |",
        "|---|--:|--:|--:|",
    ]
    for half in HALVES:
        cases = halves.get(half, [])
        cells = [share(cases, *asked) for asked in ((True, HEALTHY), (False, FAULTY), (False, HEALTHY))]
        lines.append(f"| {half} | {' | '.join(map(_said, cells))} |")
    return lines


def _said(counts: Share) -> str:
    if not counts.of:
        return "no such run"
    low, high = counts.interval
    return f"{counts.hits} of {counts.of}, **{counts.value:.1%}** ({low:.1%} to {high:.1%})"


def _tables(cases: Sequence[Case]) -> list[str]:
    def why(case: Case) -> str:
        return ", ".join(case.run.end.faults) or "nothing"

    bad = [case for case in cases if case.run.end.bad]
    return [
        *_table("samples", [("all", cases)]),
        "",
        *_table("data", _groups(cases, lambda case: case.run.setting.data)),
        "",
        *_table(
            "steps", sorted(_groups(cases, lambda case: case.run.setting.steps), key=lambda g: int(g[0]))
        ),
        "",
        *_table("recipe", sorted(_groups(cases, lambda case: case.run.setting.recipe))),
        "",
        *_table("what is bad", sorted(_groups(bad, why))),
    ]


def _groups(cases: Sequence[Case], key: Callable[[Case], object]) -> list[tuple[str, Sequence[Case]]]:
    return [(str(name), group) for name, group in by(cases, lambda case: str(key(case))).items()]


def _table(head: str, groups: Sequence[tuple[str, Sequence[Case]]]) -> list[str]:
    lines = [f"| {head} | | runs | {' | '.join(KINDS)} |", f"|---|---|--:|{'--:|' * len(KINDS)}"]
    for name, cases in groups:
        for bad, row in counted(cases).items():
            if row:
                cells = " | ".join(str(row[kind]) for kind in KINDS)
                lines.append(f"| {name} | {WORDS[bad]} | {row.total()} | {cells} |")
    return lines


def _missed(cases: Sequence[Case]) -> list[str]:
    chosen = worst(cases)
    lines = ["## Bad samples called healthy: the worst", ""]
    if not chosen:
        return [*lines, "None."]
    lines += ["| run | EMD, floors | recall, real | modes | what is bad |", "|---|--:|--:|--:|---|"]
    return [*lines, *(f"{_numbers(case)} {', '.join(case.run.end.faults)} |" for case in chosen)]


def _alarmed(cases: Sequence[Case]) -> list[str]:
    chosen = false_alarms(cases)
    lines = ["## Good samples called faulty", ""]
    if not chosen:
        return [*lines, "None."]
    lines += ["| run | EMD, floors | recall, real | modes | verdicts |", "|---|--:|--:|--:|---|"]
    return [*lines, *(f"{_numbers(case)} {', '.join(case.said.labels)} |" for case in chosen)]


def _numbers(case: Case) -> str:
    end = case.run.end
    recall = "-" if end.recall is None else f"{end.recall:.2f}"
    modes = "-" if end.modes is None else f"{end.captured} of {end.modes}"
    return f"| {case.run.words} | {end.floors:.2f} | {recall}, {end.recall_real:.2f} | {modes} |"
