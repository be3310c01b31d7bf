"""Writes what was measured: one line a run, rates by verdict, and the page between its marks."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganscope.diagnose.rules.verdict import RULES
from ganscope.folder import files

from .ablate import Effect
from .conditions import SEVERITIES
from .score import Judged, Rates, Share, confusion, false_alarms, rates, relabelled, written
from .truth import TRUTHS

COMMAND = "python -m validation.diagnosis"
MARKS = ("<!-- diagnosis -->", "<!-- /diagnosis -->")
HALVES = {"reporting": "reporting half", "tuning": "tuning half"}
AIM = 0.95


def write(out: Path, runs: Sequence[Judged], effects: Sequence[Effect], seconds: float) -> None:
    """Write `diagnosis/runs.jsonl`, `diagnosis.json` and the tables of `diagnosis.md`.

    Args:
        out: the folder, `docs/validation`.
        runs: all that stand.
        effects: of switching rules off; empty keeps what was measured before.
        seconds: of one core that the runs took.
    """
    (out / "diagnosis").mkdir(parents=True, exist_ok=True)
    with files.whole_file(out / "diagnosis" / "runs.jsonl") as file:
        for j in runs:
            file.write(json.dumps(files.jsonable(line_of(j))).encode() + b"\n")
    path = out / "diagnosis.json"
    kept = json.loads(path.read_text()).get("ablation", []) if path.exists() else []
    ablation = [e._asdict() for e in effects] or kept
    summary = {"command": COMMAND, **summarised(runs), "ablation": ablation, "core_seconds": round(seconds)}
    files.write_json(path, summary)
    page = out / "diagnosis.md"
    if page.exists():
        before, mark, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
        if mark:
            after = rest.partition(MARKS[1])[2]
            body = "\n".join(tables(runs, ablation, seconds))
            page.write_text(f"{before}{MARKS[0]}\n{body}\n{MARKS[1]}{after}", encoding="utf-8")


def line_of(j: Judged) -> dict[str, Any]:
    """One run as it is committed."""
    r = j.run
    found = [[*label, since] for label, since in zip(j.found, j.since, strict=True)]
    return {
        "id": r.id, "condition": r.name, "planted": r.planted, "severity": r.severity or None,
        "strength": r.strength, "data": r.data, "objective": r.objective, "loop": r.loop, "seed": r.seed,
        "half": r.half, "happened": j.happened, "found": found, "unknown": j.unknown,
        "true": j.true, "wrong": j.wrong, "delay": j.delay,
        "measured": {k: float(f"{v:.3g}") for k, v in j.panel.items() if not math.isnan(v)},
    }  # fmt: skip


def summarised(runs: Sequence[Judged]) -> dict[str, Any]:
    """Rates of the reporting half by verdict, and of the tuning half beside."""
    found: dict[str, Any] = {}
    for key, half in (("verdicts", "reporting"), ("tuning", "tuning")):
        these = [j for j in runs if j.run.half == half]
        found[key] = {name: _entry(these, name) for name in RULES}
        found[f"{half}_false_alarms"] = _share(false_alarms(these))
    found["runs"] = {half: sum(j.run.half == half for j in runs) for half in HALVES}
    return found


def _entry(runs: Sequence[Judged], name: str) -> dict[str, Any]:
    r = rates(runs, name)
    healthy = [j for j in runs if j.run.planted is None and j.happened]
    alarms = Share(sum(any(label[0] == name for label in j.found) for j in healthy), len(healthy))
    kinds = dict.fromkeys(p[1] for j in runs if (p := j.run.planted) is not None and p[0] == name)
    return {
        "recall": _share(r.recall), "precision": _share(r.precision), "kind": _share(r.kind),
        "upstream": _share(r.upstream), "unknown": r.unknown.value,
        "delay_median": statistics.median(r.delays) if r.delays else None,
        "false_alarms": {**_share(alarms), "runs": alarms.hits},
        "confused_with": dict(r.confused),
        "by_severity": {s: _share(rates(runs, name, s).recall) for s in (*SEVERITIES, "")},
        "by_factor": {
            str(kind): _share(_of_kind(runs, name, kind))
            for kind in kinds
        },
    }  # fmt: skip


def _of_kind(runs: Sequence[Judged], name: str, kind: str | None) -> Share:
    """Recall of one factor or pattern, the right one named."""
    planted = [j for j in runs if j.run.planted == (name, kind) and j.happened]
    hits = [j for j in planted if any(f[0] == name and kind in (None, f[1]) for f in j.found)]
    return Share(len(hits), len(planted))


def _share(s: Share) -> dict[str, Any]:
    low, high = s.interval
    return {"hits": s.hits, "of": s.of, "low": low, "high": high}


def tables(runs: Sequence[Judged], ablation: Sequence[Mapping[str, Any]], seconds: float) -> list[str]:
    """Everything between the marks."""
    lines = _opening(runs, seconds)
    for half, words in HALVES.items():
        these = [j for j in runs if j.run.half == half]
        lines += ["", f"### Rates, {words}", "", *_rates(these)]
    lines += ["", "### Recall by severity and by kind, reporting half", ""]
    these = [j for j in runs if j.run.half == "reporting"]
    lines += _by_kind(these)
    lines += ["", "### What was said of what, reporting half", "", *_confusion(these)]
    lines += [
        "",
        "### What was missed, and what was said without reason, reporting half",
        "",
        *_errors(these),
    ]
    lines += ["", "### What did not happen", "", *_relabelled(runs)]
    lines += ["", "### What each rule contributes, both halves", "", *_ablation(ablation)]
    lines += ["", "### When a verdict counts as true", "", *_truths()]
    return lines


def _opening(runs: Sequence[Judged], seconds: float) -> list[str]:
    lines = []
    for half, words in HALVES.items():
        these = [j for j in runs if j.run.half == half]
        planted = sum(j.run.planted is not None and j.happened for j in these)
        alarms = false_alarms(these)
        low, high = alarms.interval
        lines.append(
            f"- {words.capitalize()}: {len(these)} runs, {planted} planted failures that happened, "
            f"{alarms.of} healthy runs, of which **{alarms.hits}** got a verdict "
            f"({alarms.value:.1%}, 95 % interval {low:.1%} to {high:.1%}; the aim is 5 %)."
        )
    foreign = sum(j.run.loop != "ganscope" for j in runs)
    lines.append(
        f"- {foreign} of {len(runs)} runs are loops without ganscope's training; "
        f"{seconds / 60:.0f} minutes of one core in all."
    )
    return lines


def _rates(runs: Sequence[Judged]) -> list[str]:
    rows = []
    for name in RULES:
        r = rates(runs, name)
        delay = f"{statistics.median(r.delays):.0f}" if r.delays else ""
        rows.append([
            f"`{name}`", _cell(r.recall), _cell(r.precision), _brief(r.kind), _brief(r.upstream),
            f"{r.unknown.value:.0%}" if r.unknown.of else "", delay,
        ])  # fmt: skip
    header = ("verdict", "recall", "precision", "right kind", "first", "undecided", "delay, steps")
    return _table(header, rows)


def _by_kind(runs: Sequence[Judged]) -> list[str]:
    planted = [j for j in runs if j.run.planted is not None]
    rows = []
    for label in dict.fromkeys(j.run.planted for j in planted if j.run.planted is not None):
        mine = [j for j in planted if j.run.planted == label and j.happened]
        cells = [_said(j for j in mine if j.run.severity == s) for s in SEVERITIES]
        once = _said(j for j in mine if not j.run.severity)
        right = Share(
            sum(label in j.found or label[1] is None for j in mine if _hit(j)), sum(map(_hit, mine))
        )
        rows.append([f"`{written(label)}`", *cells, once, _brief(right)])
    return _table(("planted", *SEVERITIES, "there or not", "right kind"), sorted(rows))


def _hit(j: Judged) -> bool:
    return j.run.planted is not None and any(label[0] == j.run.planted[0] for label in j.found)


def _said(runs: Iterable[Judged]) -> str:
    these = list(runs)
    return _brief(Share(sum(map(_hit, these)), len(these)))


def _confusion(runs: Sequence[Judged]) -> list[str]:
    table = confusion(runs)
    names = list(RULES)
    rows = []
    for planted in sorted(table):
        counts: Counter[str] = Counter()
        for label, count in table[planted].items():
            counts[label.split(" (")[0]] += count
        cells = [str(counts[name]) if counts[name] else "" for name in names]
        rows.append([f"`{planted}`", str(counts["runs"]), *cells, str(counts["nothing"] or "")])
    short = [
        name.replace("discriminator-", "d-").replace("vanishing-gradient", "vanishing") for name in names
    ]
    return _table(("planted", "runs", *short, "nothing"), rows)


def _errors(runs: Sequence[Judged]) -> list[str]:
    missed: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for j in runs:
        if j.happened and j.run.planted is not None and not _hit(j):
            said = ", ".join(written(f) for f in j.found) or "nothing"
            missed[f"{j.run.name}, {j.run.severity or 'there'}, {j.run.data}", said] += 1
        if not j.happened and j.run.planted is not None and _hit(j):
            wrong[f"{j.run.name}, {j.run.severity}, {j.run.data}, relabelled", j.run.planted[0]] += 1
        for label in j.wrong if j.happened or j.run.planted is not None else ():
            wrong[f"{j.run.name}, {j.run.data}", written(label)] += 1
    rows = [[case, "missed", said, str(n)] for (case, said), n in missed.most_common()]
    rows += [[case, "said without reason", said, str(n)] for (case, said), n in wrong.most_common()]
    return _table(("condition", "error", "said", "runs"), rows) if rows else ["None."]


def _relabelled(runs: Sequence[Judged]) -> list[str]:
    rows = [[name, f"{s.hits} of {s.of}"] for name, s in relabelled(runs).items() if s.hits]
    return _table(("condition", "relabelled"), rows) if rows else ["None."]


def _ablation(effects: Sequence[Mapping[str, Any]]) -> list[str]:
    if not effects:
        return [f"Not measured yet: `{COMMAND} --judge --ablate`."]
    header = ("change", "planted found", "right kind", "false verdicts", "healthy runs with a verdict")
    rows = [
        [e["words"], *(f"{e[key]:+d}" if e[key] else "0" for key in ("hits", "kinds", "wrong", "healthy"))]
        for e in effects
    ]
    return _table(header, rows)


def _truths() -> list[str]:
    return _table(("verdict", "true when the loop itself measures that"),
                  [[f"`{written(label)}`", words] for label, (words, _) in TRUTHS.items()])  # fmt: skip


def _cell(s: Share) -> str:
    if not s.of:
        return ""
    low, high = s.interval
    bold = "**" if s.value < AIM else ""
    return f"{bold}{s.value:.2f}{bold} ({s.hits}/{s.of}; {low:.2f} to {high:.2f})"


def _brief(s: Share) -> str:
    return f"{s.hits}/{s.of}" if s.of else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        "|" + "---|" * len(header),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def said(r: Rates) -> str:
    """Rates in a line, for a terminal."""
    return f"recall {r.recall.hits}/{r.recall.of}, precision {r.precision.hits}/{r.precision.of}"
