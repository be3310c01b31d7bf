"""The frame of a report: headline, what is incomplete, configuration, command and definitions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from ganscope.folder.records import RunRecord, diverged_at, number
from ganscope.report import definitions as words
from ganscope.report.fragments import Report, chip, folded, glossary, section
from ganscope.report.two_sentences import sentences
from ganscope.words.lists import listed
from ganscope.words.numerals import NONE


def title(report: Report) -> str:
    """Return the page's title as plain text."""
    data = str(report.first.data.get("name") or report.comparison.get("data") or "data")
    seeds = {run.seed for runs in report.runs.values() for run in runs}
    count = f"seed {min(seeds)}" if len(seeds) == 1 else f"{len(seeds)} seeds"
    what = next(iter(report.runs)) if len(report.runs) == 1 else f"{len(report.runs)} recipes"
    return f"{what} on {data}, {count}"


def headline(report: Report) -> str:
    """Title, what happened in two sentences, what the data are, and what is incomplete."""
    said = "".join(
        f'<p class="lead">{escape(sentence)}</p>' for sentence in sentences(report.summaries, report.by)
    )
    seen = report.first.data.get("notes")
    noticed = [str(note) for note in seen] if isinstance(seen, list) else []
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in [*noticed, *incomplete(report)])
    return (
        f'<p class="kicker">ganscope report</p><h1>{escape(title(report))}</h1>{said}'
        f'<p class="facts">{escape(" · ".join(facts(report)))}</p>{notes}'
    )


def configuration(report: Report) -> str:
    """Every resolved field per recipe; what differs comes first and is marked."""
    every = [run for runs in report.runs.values() for run in runs]
    fields = [key for key in dict.fromkeys(key for run in every for key in run.config) if key != "recipe"]
    rows = [(field, [_values(runs, field) for runs in report.runs.values()]) for field in fields]
    rows.sort(key=lambda row: len(set(row[1])) == 1)
    body = "".join(
        f'<tr{" class=differs" if len(set(cells)) > 1 else ""}><th scope="row">{escape(field)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for field, cells in rows
    )
    head = "".join(f"<th scope=col>{chip(report.colours[r])}{escape(r)}</th>" for r in report.runs)
    table = (
        f'<div class="scroll"><table class="config"><thead><tr><th scope=col>field</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    marked = "Highlighted: settings in which the recipes differ." if len(report.runs) > 1 else ""
    return section("Configuration", f'{table}<p class="facts">{escape(_environment(every))}</p>', marked)


def command(report: Report) -> str:
    """Show the command that runs all of this again."""
    line = str(report.comparison.get("command") or "") or ("" if report.comparison else report.first.command)
    commands = [run.command for runs in report.runs.values() for run in runs if run.command]
    shown = (
        f'<div class="copy"><pre>{escape(line)}</pre><button type="button" class="copies">copy</button></div>'
        if line
        else ""
    )
    each = (
        folded("Each run by itself", f"<pre>{escape(chr(10).join(commands))}</pre>")
        if len(commands) > 1
        else ""
    )
    return section("Run it again", shown + each)


def definitions(_: Report) -> str:
    """Explain the terms of the page."""
    return section("Terms", glossary(words.definitions()))


def facts(report: Report) -> list[str]:
    """Say what the data are and on which terms recipes were compared."""
    data, facts = report.first.data, []
    shape, accuracy = data.get("shape"), number(data.get("judge_accuracy"))
    rows, held_out = number(data.get("train_rows")), number(data.get("held_out_rows"))
    if isinstance(shape, list) and shape:
        size = "×".join(str(side) for side in (shape[1:] if len(shape) == 3 else shape))
        facts.append(f"{size} images" if len(shape) == 3 else f"{size}-dimensional points")
    if rows is not None:
        facts.append(f"{rows:,.0f} training rows")
    if held_out is not None:
        facts.append(f"{held_out:,.0f} held out")
    if accuracy is not None:
        facts.append(f"modes named by a classifier that is right on {100 * accuracy:.1f} % of held-out rows")
    if report.comparison.get("budget") and "steps" not in report.swept:
        each = "point" if report.swept else "recipe"
        facts.append(f"the same budget of {report.comparison['budget']} for every {each}")
    return facts


def incomplete(report: Report) -> list[str]:
    """Say what is missing, unfinished or damaged: a mean over fewer seeds must not pass for a full one."""
    notes = [f"Left out: {sentence}" for sentence in report.damages]
    recipes, seeds = report.comparison.get("recipes"), report.comparison.get("seeds")
    if isinstance(recipes, list) and isinstance(seeds, list):
        there = {(recipe, run.seed) for recipe, runs in report.runs.items() for run in runs}
        absent = [
            f"{name} seed {seed}" for name in recipes for seed in seeds if (str(name), seed) not in there
        ]
        if absent:
            notes.append(f"Not run yet: {listed(absent, 8)}.")
    short = []
    for recipe, runs in report.runs.items():
        for run in runs:
            planned, reached = number(run.config.get("steps")), number(run.final.get("step")) or 0
            if planned and diverged_at(run) is None and reached < planned:
                short.append(f"{recipe} seed {run.seed} (step {reached:,.0f} of {planned:,.0f})")
    if short:
        notes.append(f"Evaluated before the end: {listed(short, 8)}.")
    return notes


def _values(runs: Sequence[RunRecord], field: str) -> str:
    """Write a field's value, or its values where the seeds of a recipe differ in it."""
    return ", ".join(dict.fromkeys(_text(run.config.get(field)) for run in runs))


def _text(value: object) -> str:
    if value is None:
        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _environment(runs: Sequence[RunRecord]) -> str:
    """Name versions and execution, each value once over all runs."""
    values_of: dict[str, dict[str, None]] = {}
    for run in runs:
        stated: dict[str, Any] = {**run.versions, **run.execution}
        stated.pop("folders", None)
        if stated.get("form") != "stacked":
            stated.pop("stack", None)
        for key, value in stated.items():
            values_of.setdefault(str(key), {})[_text(value)] = None
    return " · ".join(f"{key} {' or '.join(values)}" for key, values in values_of.items())
