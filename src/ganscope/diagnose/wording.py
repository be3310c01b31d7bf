"""How the diagnosis of a run is put into words: the same in the terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ganscope.diagnose.logbook import Judgement
from ganscope.diagnose.rules.history import State
from ganscope.words.numerals import digits

SHOWN_EVIDENCE = 6


def summary(faults: int, status: Mapping[str, State]) -> str:
    """Say in one sentence how many checks of a run found a fault, passed, or could not decide.

    "No fault" is said only of checks that had the evidence for it.

    Args:
        faults: number of verdicts.
        status: of every verdict, in the order of `RULES`.

    Example:
        >>> summary(0, {"wiring": "fine", "diverged": "fine"})
        'No fault: all 2 checks pass.'
        >>> summary(0, {"wiring": "fine", "diverged": "unknown", "oscillation": "unknown"})
        'Too early to tell: 1 of 3 checks passes, 2 lack evidence (diverged, oscillation).'
        >>> summary(1, {"wiring": "fine", "diverged": "fault", "oscillation": "unknown"})
        '1 verdict; 1 of 3 checks passes, 1 lacks evidence (oscillation).'
    """
    states = list(status.values())
    count, passed = len(states), states.count("fine")
    undecided = [name for name, state in status.items() if state == "unknown"]
    if not undecided:
        return _verdicts(faults) + "." if faults else f"No fault: all {count} checks pass."
    told = f"{passed} of {count} checks {'passes' if passed == 1 else 'pass'}"
    lacking = f"{len(undecided)} {'lacks' if len(undecided) == 1 else 'lack'} evidence"
    if faults:
        opening = f"{_verdicts(faults)}; "
    else:
        opening = "No fault so far: " if 2 * passed > count else "Too early to tell: "
    return f"{opening}{told}, {lacking} ({', '.join(undecided)})."


def summary_of_runs(judged: Sequence[Judgement]) -> str:
    """Say in one sentence what is wrong with several runs, the most frequent verdict first.

    Example:
        >>> summary_of_runs([Judgement(9, [], {"wiring": "fine"}), Judgement(9, [], {"wiring": "unknown"})])
        'No fault so far in 2 runs; some lack evidence: wiring (1 of 2 runs).'
    """
    runs = f"{len(judged)} run{'' if len(judged) == 1 else 's'}"
    labels = counted([[verdict.label for verdict in j.verdicts] for j in judged])
    if labels:
        return ", ".join(_of(label, count, runs) for label, count in labels) + "."
    undecided = counted([[name for name, state in j.status.items() if state == "unknown"] for j in judged])
    if not undecided:
        return f"No fault in {runs}: all checks pass."
    if len(judged) == 1:
        return summary(0, judged[0].status)
    return f"No fault so far in {runs}; some lack evidence: " + (
        ", ".join(_of(name, count, runs) for name, count in undecided) + "."
    )


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


def _verdicts(count: int) -> str:
    return f"{count} verdict{'' if count == 1 else 's'}"


def _of(name: str, count: int, runs: str) -> str:
    return f"{name} ({count} of {runs})"
