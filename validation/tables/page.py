"""The page of the study, filled from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "validation" / "tables.md"
MARKS = ("<!-- tables -->", "<!-- /tables -->")
NAMES = {"real": "real rows", "auto": "`auto`", "ctgan": "recipe `ctgan`", "package": "PyPI `ctgan`"}
MEASURES = ("columns", "pairs", "classifier", "closest", "copies", "seconds")


def table(results: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> str:
    """Write the table: the median over seeds, and its extremes in brackets.

    Example:
        >>> row = {"columns": 0.1, "pairs": 0.2, "classifier": 0.9, "closest": 1.0, "copies": 0.0}
        >>> print(table({"adult": {"real": [row]}}).splitlines()[-1])
        | adult | real rows | 0.100 | 0.200 | 0.900 | 1.00 | 0.0 % |  |
    """
    lines = [
        "| table | rows | columns | pairs | classifier | closest | copies | seconds |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    forms = {"closest": "{:.2f}", "copies": "{:.1%}", "seconds": "{:.0f}"}
    for name, by_recipe in results.items():
        for recipe, runs in by_recipe.items():
            cells = [
                _cell([float(run[m]) for run in runs if m in run], forms.get(m, "{:.3f}")) for m in MEASURES
            ]
            lines.append(f"| {name} | {NAMES[recipe]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def fill(results: Mapping[str, Any]) -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n{table(results)}\n{MARKS[1]}{after}", encoding="utf-8")


def _cell(values: Sequence[float], form: str) -> str:
    if not values:
        return ""
    middle = _percent(form.format(statistics.median(values)))
    if len(values) == 1 or min(values) == max(values):
        return middle
    return f"{middle} ({_percent(form.format(min(values)))} to {_percent(form.format(max(values)))})"


def _percent(text: str) -> str:
    return text.replace("%", " %")
