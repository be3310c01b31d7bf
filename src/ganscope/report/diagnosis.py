"""The section that says what is wrong: verdicts first, then what the probes measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ganscope.diagnose.rules.verdict import RULES, Verdict, judge
from ganscope.figures import probes
from ganscope.figures.pictures import load_samples, picture
from ganscope.figures.waterfall import waterfall
from ganscope.folder import files, layout
from ganscope.folder.records import RunRecord, healings_of, number
from ganscope.report.fragments import Report, grid, heading, plot, section
from ganscope.words.numerals import digits

SHOWN_EVIDENCE = 6
CAPTIONS = (
    (
        waterfall,
        "The generator's gradient by the chain rule, from the loss back to its first layer: hollow at the "
        "start, filled now. Layers relative to the last of their network; |ds/dx| per spread of the data.",
    ),
    (
        probes.balance,
        "AUC: how often a real row scores above a fake one. The fresh discriminator starts anew each time.",
    ),
    (
        probes.diversity,
        "Samples beside real rows: what they cover, and how many lie where the data is.",
    ),
    (probes.dynamics, "The same 16 latents at every look, before any averaging of weights."),
    (probes.slopes, "|ds/dx| on points between real and fake rows."),
)


def diagnosis(report: Report) -> str:
    """Show, for every recipe, what is wrong with its runs and the numbers behind it."""
    blocks = []
    for recipe, runs in report.runs.items():
        blocks.append(_healings(report, recipe, runs))
        rows = {run.seed: found for run in runs if (found := rows_of(run))}
        if rows:
            blocks.append(_block(report, recipe, [run for run in runs if run.seed in rows], rows))
    return section(
        "Diagnosis",
        "".join(blocks),
        "Judged from probes of the networks on fixed inputs, at the last probe of each run. "
        "Red: a fault, amber: a mild one, green: fine, grey: not enough evidence.",
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
    """What the probes of a run wrote; nothing for a run without them, or where the file is damaged."""
    try:
        rows = files.read_rows(run.folder / layout.DIAGNOSIS)
    except (ValueError, OSError):
        return []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("step"), int)]


def _block(
    report: Report, recipe: str, runs: Sequence[RunRecord], rows: Mapping[int, Sequence[Mapping[str, Any]]]
) -> str:
    judged = {run.seed: judge(rows[run.seed]) for run in runs}
    found = {seed: verdicts for seed, (verdicts, _) in judged.items()}
    shown = max(runs, key=lambda run: sum(2 if v.severity == "severe" else 1 for v in found[run.seed]))
    colour = report.colours[recipe]
    lamps = "".join(_lamp(name, [judged[run.seed] for run in runs]) for name in RULES)
    cells = [
        plot(draw(rows[shown.seed], colour), f"probe-{list(report.runs).index(recipe)}-{n}", caption)
        for n, (draw, caption) in enumerate(CAPTIONS)
    ]
    return (
        f'<div class="block">{heading(recipe, colour)}<p class="lamps">{lamps}</p>'
        f"{_cards(found)}{grid('cells', [*cells, _missing(report, shown, rows[shown.seed], colour)])}"
        f'<p class="caption">Figures: seed {shown.seed}.</p></div>'
    )


def _lamp(name: str, judged: Sequence[tuple[Sequence[Verdict], Mapping[str, str]]]) -> str:
    """One verdict's lamp over all seeds: the worst there is."""
    states = [states[name] for _, states in judged]
    severities = [v.severity for verdicts, _ in judged for v in verdicts if v.name == name]
    kind = (
        "severe" if "severe" in severities
        else "mild" if severities
        else "fine" if "fine" in states
        else "unknown"
    )  # fmt: skip
    faults = states.count("fault")
    count = f" {faults}/{len(states)}" if faults and len(states) > 1 else ""
    return f'<span class="lamp {kind}" title="{kind}">{escape(name)}{count}</span> '


def _cards(found: Mapping[int, Sequence[Verdict]]) -> str:
    """One card a kind of verdict, with the seeds it concerns, told by the worst of them."""
    kinds: dict[tuple[str, str], list[tuple[int, Verdict]]] = {}
    order = list(RULES)
    for seed, verdicts in found.items():
        for verdict in verdicts:
            kinds.setdefault((verdict.name, verdict.label), []).append((seed, verdict))
    cards = []
    for (_, label), concerned in sorted(kinds.items(), key=lambda kind: order.index(kind[0][0])):
        worst = max((v for _, v in concerned), key=lambda v: v.severity == "severe")
        seeds = f", {len(concerned)} of {len(found)} seeds" if len(found) > 1 else ""
        since = min(v.since_step for _, v in concerned)
        cards.append(
            f'<div class="verdict {worst.severity}"><a href="{worst.page}"><b>{escape(label)}</b></a> '
            f"<small>{worst.severity}, since step {since:,}{seeds}</small><p>{escape(worst.cause)}</p>"
            f"<p><b>Do first:</b> {escape(worst.advice)}</p>"
            f'<p class="caption">{escape(evidence_words(worst.evidence))}</p></div>'
        )
    return "".join(cards)


def evidence_words(evidence: Mapping[str, float | None]) -> str:
    """Write evidence as numbers beside what they are compared with.

    Example:
        >>> evidence_words({"coverage": 0.5, "coverage_null": 0.97, "coverage_null_sd": 0.008, "w1": 2.0})
        'coverage 0.500 (real rows 0.970 ± 0.00800), w1 2.00'
    """
    words = []
    for name, value in evidence.items():
        if name.endswith(("_null", "_null_sd", "_start", "_error")) or number(value) is None:
            continue
        null, sd = number(evidence.get(f"{name}_null")), number(evidence.get(f"{name}_null_sd"))
        start, error = number(evidence.get(f"{name}_start")), number(evidence.get(f"{name}_error"))
        beside = ""
        if null is not None:
            beside = f" (real rows {digits(null)}{'' if sd is None else f' ± {digits(sd)}'})"
        elif start is not None:
            beside = f" (at the start {digits(start)})"
        elif error is not None:
            beside = f" ± {digits(error)}"
        words.append(f"{name.replace('_', ' ')} {digits(value)}{beside}")
    return ", ".join(words[:SHOWN_EVIDENCE])


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
