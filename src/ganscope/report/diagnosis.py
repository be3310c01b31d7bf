"""The section that says what is wrong: verdicts first, then what the probes measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ganscope.contracts import BadInput
from ganscope.diagnose.logbook import Judgement
from ganscope.diagnose.rules.verdict import CHECKS, RULES, Verdict
from ganscope.diagnose.wording import evidence_words, summary_of_runs
from ganscope.figures import over_steps
from ganscope.figures.pictures import load_samples, picture
from ganscope.figures.waterfall import waterfall
from ganscope.folder import files, layout
from ganscope.folder.records import RunRecord, healings_of
from ganscope.report.fragments import Report, grid, heading, plot, section

CAPTIONS = (
    (
        waterfall,
        "The generator's gradient by the chain rule, from the loss back to its first layer: hollow at the "
        "start, filled now. Layers relative to the last of their network; |ds/dx| per spread of the data.",
    ),
    (
        over_steps.balance,
        "AUC: how often a real row scores above a fake one. The fresh discriminator starts anew each time.",
    ),
    (
        over_steps.diversity,
        "Samples beside real rows: what they cover, and how many lie where the data is.",
    ),
    (over_steps.dynamics, "The same 16 latents at every look, before any averaging of weights."),
    (over_steps.slopes, "|ds/dx| on points between real and fake rows."),
)


def diagnosis(report: Report) -> str:
    """Show, for every recipe, what is wrong with its runs and the numbers behind it."""
    blocks = []
    for recipe, runs in report.runs.items():
        blocks.append(_healings(report, recipe, runs))
        answers = {run.seed: _judgement_of(report, run) for run in runs}
        judged = {seed: said for seed, said in answers.items() if isinstance(said, Judgement)}
        blocks += [
            f'<p class="note">{escape(said)}</p>' for said in answers.values() if isinstance(said, str)
        ]
        if judged:
            blocks.append(_block(report, recipe, [run for run in runs if run.seed in judged], judged))
    return section(
        "Diagnosis",
        "".join(blocks),
        "Judged from probes of the networks on fixed inputs, as of the end of each run. "
        "Red: a severe fault; amber: a mild one; green: the check passes; grey: not enough evidence.",
    )


def _healings(report: Report, recipe: str, runs: Sequence[RunRecord]) -> str:
    """Say what was changed while runs trained, a sentence a healing."""
    told = [(run.seed, sentence) for run in runs for sentence in healings_of(run).sentences]
    seeds = len(runs) > 1
    said = "".join(f"<p>{f'Seed {seed}: ' if seeds else ''}{escape(text)}</p>" for seed, text in told)
    return (
        f'<div class="block">{heading(recipe, report.colours[recipe], "healed")}{said}</div>' if told else ""
    )


def rows_of(run: RunRecord) -> list[dict[str, Any]]:
    """What the probes of a run wrote, up to where the file is damaged; nothing for a run without them."""
    return files.whole_rows(run.folder / layout.DIAGNOSIS).rows


def _judgement_of(report: Report, run: RunRecord) -> Judgement | str | None:
    """What was said of a run; None for a run without probes, a sentence where it cannot be told."""
    try:
        return report.judged(run.folder)
    except (BadInput, OSError) as error:
        return str(error)


def _block(report: Report, recipe: str, runs: Sequence[RunRecord], judged: Mapping[int, Judgement]) -> str:
    shown = max(
        runs, key=lambda run: sum(2 if v.severity == "severe" else 1 for v in judged[run.seed].verdicts)
    )
    rows, colour = rows_of(shown), report.colours[recipe]
    lamps = "".join(_lamp(name, list(judged.values())) for name in CHECKS)
    cells = [
        plot(draw(rows, colour), f"probe-{list(report.runs).index(recipe)}-{n}", caption)
        for n, (draw, caption) in enumerate(CAPTIONS)
    ]
    return (
        f'<div class="block">{heading(recipe, colour)}<p class="lamps">{lamps}</p>'
        f"<p>{escape(summary_of_runs(list(judged.values())))}</p>{_away(judged)}"
        f"{_cards({seed: said.verdicts for seed, said in judged.items()})}"
        f"{grid('cells', [*cells, _missing(report, shown, rows, colour)])}"
        f'<p class="caption">Figures: seed {shown.seed}.</p></div>'
    )


def _away(judged: Mapping[int, Judgement]) -> str:
    """Say of each run whose samples are not there yet how far it is, and what to do first."""
    away = [(seed, said.answer) for seed, said in judged.items() if said.answer.kind == "not there yet"]
    alone = len(judged) == 1
    told = [] if alone else [f'<p class="caption">Seed {n}: {escape(a.sentence)}</p>' for n, a in away]
    for seed, answer in away[:1]:  # what to do about one of them does for the others
        of = "" if alone else f" (seed {seed})"
        told += [f"<p><b>Do first{of}:</b> {escape(answer.advice)}</p>"] if answer.advice else []
        told += [f"<p><code>{escape(answer.command)}</code></p>"] if answer.command else []
    return "".join(told)


def _lamp(name: str, judged: Sequence[Judgement]) -> str:
    """One verdict's lamp over all seeds: the worst there is."""
    states = [said.status[name] for said in judged]
    severities = [v.severity for said in judged for v in said.verdicts if v.name == name]
    kind = (
        "severe" if "severe" in severities
        else "mild" if severities
        else "mild" if "fault" in states
        else "unknown" if "unknown" in states
        else "fine"
    )  # fmt: skip
    faults = states.count("fault")
    count = f" {faults}/{len(states)}" if faults and len(states) > 1 else ""
    return f'<span class="lamp {kind}" title="{kind}">{escape(name)}{count}</span> '


def _cards(by_seed: Mapping[int, Sequence[Verdict]]) -> str:
    """One card a kind of verdict, with the seeds it concerns, told by the worst of them."""
    kinds: dict[tuple[str, str], list[tuple[int, Verdict]]] = {}
    order = list(RULES)
    for seed, verdicts in by_seed.items():
        for verdict in verdicts:
            kinds.setdefault((verdict.name, verdict.label), []).append((seed, verdict))
    cards = []
    for (_, label), concerned in sorted(kinds.items(), key=lambda kind: order.index(kind[0][0])):
        worst = max((v for _, v in concerned), key=lambda v: v.severity == "severe")
        seeds = f", {len(concerned)} of {len(by_seed)} seeds" if len(by_seed) > 1 else ""
        since = min(v.since_step for _, v in concerned)
        cards.append(
            f'<div class="verdict {worst.severity}"><a href="{worst.page}"><b>{escape(label)}</b></a> '
            f"<small>{worst.severity}, since step {since:,}{seeds}</small><p>{escape(worst.cause)}</p>"
            f"<p><b>Do first:</b> {escape(' '.join(filter(None, (worst.advice, worst.likelihood))))}</p>"
            f"{f'<p><code>{escape(worst.command)}</code></p>' if worst.command else ''}"
            f'<p class="caption">{escape(evidence_words(worst.evidence))}</p></div>'
        )
    return "".join(cards)


def _missing(report: Report, run: RunRecord, rows: Sequence[Mapping[str, Any]], colour: str) -> str:
    """Real rows that stand for what the samples lack."""
    wide = [row for row in rows if row.get("missing")]
    last = max((row["step"] for row in rows if row.get("wide")), default=None)
    if not wide or wide[-1]["step"] != last:
        return ""
    exemplars = load_samples(run.folder / layout.EXEMPLARS)
    if exemplars is None:
        return ""
    places = [k for k in wide[-1]["missing"] if isinstance(k, int) and 0 <= k < len(exemplars)]
    rows_of_kinds = np.asarray(exemplars[places])
    drawn = picture(rows_of_kinds, report.real, colour, "missing kinds of real rows", run.data)
    if not places or drawn is None:
        return ""
    return (
        f"<figure>{drawn}<figcaption>Real rows of the kinds that are missing from the "
        "samples.</figcaption></figure>"
    )
