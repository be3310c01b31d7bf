"""How the diagnosis of a run is put into words: the same in the terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ganscope.diagnose.logbook import Judgement
from ganscope.words.numerals import digits

SHOWN_EVIDENCE = 6


def summary_of_runs(judged: Sequence[Judgement]) -> str:
    """Say in a sentence or two what is wrong with several runs, and how many are healthy.

    Example:
        >>> from ganscope.diagnose.rules.conclusion import Answer
        >>> summary_of_runs([Judgement(9, [], {}, Answer("healthy", "Healthy."))] * 2)
        '2 of 2 runs are healthy.'
        >>> summary_of_runs([Judgement(9, [], {}, Answer("cannot tell", "Cannot tell yet."))])
        'Cannot tell yet.'
    """
    if len(judged) == 1:
        return _alone(judged[0])
    runs = f"{len(judged)} runs"
    labels = counted([[verdict.label for verdict in j.verdicts] for j in judged])
    sentences = [", ".join(_of(label, count, runs) for label, count in labels) + "."] if labels else []
    kinds = [j.answer.kind for j in judged]
    told = {
        "healthy": ("is healthy", "are healthy"),
        "not there yet": ("is not there yet", "are not there yet"),
        "cannot tell": ("cannot be judged yet", "cannot be judged yet"),
    }
    others = [
        f"{kinds.count(kind)} of {runs} {words[kinds.count(kind) > 1]}"
        for kind, words in told.items()
        if kind in kinds
    ]
    if others:
        sentences.append(f"{'; '.join(others)}.")
    lacking = counted([list(j.answer.lacking) for j in judged if j.answer.kind == "cannot tell"])
    if lacking:
        names = ", ".join(_of(name, count, runs) for name, count in lacking)
        sentences.append(f"Evidence is lacking for {names}.")
    return " ".join(sentences)


def counted(names_by_run: Sequence[Sequence[str]]) -> list[tuple[str, int]]:
    """Count in how many runs each name stands, the most frequent first.

    Example:
        >>> counted([["oscillation"], ["wiring", "oscillation"], []])
        [('oscillation', 2), ('wiring', 1)]
    """
    names = [name for names in names_by_run for name in dict.fromkeys(names)]
    return sorted(((name, names.count(name)) for name in dict.fromkeys(names)), key=lambda pair: -pair[1])


def evidence_words(evidence: Mapping[str, float | None]) -> str:
    """Write evidence as numbers beside what they are compared with.

    Example:
        >>> evidence_words({"coverage": 0.5, "coverage_null": 0.97, "coverage_null_sd": 0.008, "w1": 2.0})
        'coverage 0.500 (real rows 0.970 ± 0.00800), w1 2.00'
    """
    known = {name: value for name, value in evidence.items() if value is not None and math.isfinite(value)}
    words = []
    for name, value in known.items():
        if name.endswith(("_null", "_null_sd", "_start", "_error")):
            continue
        null, sd, start, error = (
            known.get(f"{name}_{kind}") for kind in ("null", "null_sd", "start", "error")
        )
        beside = ""
        if null is not None:
            beside = f" (real rows {digits(null)}{'' if sd is None else f' ± {digits(sd)}'})"
        elif start is not None:
            beside = f" (at the start {digits(start)})"
        elif error is not None:
            beside = f" ± {digits(error)}"
        words.append(f"{name.replace('_', ' ')} {digits(value)}{beside}")
    return ", ".join(words[:SHOWN_EVIDENCE])


def _alone(judged: Judgement) -> str:
    if not judged.verdicts:
        return judged.answer.sentence
    return ", ".join(verdict.label for verdict in judged.verdicts) + "."


def _of(name: str, count: int, runs: str) -> str:
    return f"{name} ({count} of {runs})"
