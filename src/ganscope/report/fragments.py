"""What sections are made of: the report's contents, and small pieces of HTML with every string escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ganscope.diagnose.logbook import Judgement, judgement
from ganscope.figures.pictures import Samples
from ganscope.folder.records import RunRecord
from ganscope.metrics import METRICS
from ganscope.report.summary import RecipeSummary
from ganscope.words.numerals import NONE

Judged = Callable[[Path], Judgement | None]


class Report(NamedTuple):
    """Everything the sections draw from."""

    runs: Mapping[str, Sequence[RunRecord]]
    """Recipe -> its runs, in seed order."""
    summaries: Sequence[RecipeSummary]
    colours: Mapping[str, str]
    comparison: Mapping[str, Any]
    """`comparison.json`; empty for a single run."""
    real: Samples | None
    judged: Judged = judgement
    """Says what is wrong with the run in a folder."""
    damages: Sequence[str] = ()
    """What of the folder is not as it was written, a sentence a file."""

    @property
    def first(self) -> RunRecord:
        """The first run, for what all share."""
        return next(iter(self.runs.values()))[0]

    @property
    def by(self) -> str:
        """Name of the metric that decides which run is best."""
        name = str(self.first.config.get("best_by") or "emd")
        return name if name in METRICS else "emd"

    @property
    def swept(self) -> list[str]:
        """Fields that vary within a sweep, whose points stand in the place of recipes; else none."""
        fields = self.comparison.get("swept")
        return [str(field) for field in fields] if isinstance(fields, list) else []


def section(name: str, body: str, caption: str = "") -> str:
    """Wrap a section; one without content leaves no heading behind."""
    below = f'<p class="caption">{escape(caption)}</p>' if caption else ""
    return f"<section><h2>{escape(name)}</h2>{below}{body}</section>" if body else ""


def grid(kind: str, cells: Sequence[str]) -> str:
    """Lay out cells in a grid of the style sheet; nothing without cells."""
    return f'<div class="{kind}">{"".join(cells)}</div>' if any(cells) else ""


def glossary(words: Mapping[str, str]) -> str:
    """List words with what they mean."""
    entries = "".join(f"<dt>{escape(word)}</dt><dd>{escape(said)}</dd>" for word, said in words.items())
    return f"<dl>{entries}</dl>"


def folded(summary: str, body: str) -> str:
    """Fold away what few readers need."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def chip(colour: str) -> str:
    """Draw a recipe's colour."""
    return f'<i class="chip" style="background:{escape(colour)}"></i>'


def heading(recipe: str, colour: str, note: str = "") -> str:
    """Name a recipe above its own figure."""
    small = f" <small>{escape(note)}</small>" if note else ""
    return f"<h3>{chip(colour)}{escape(recipe)}{small}</h3>"


def columns_table(columns: Sequence[tuple[str, Sequence[str]]], colours: Mapping[str, str]) -> str:
    """Lay out `(header, cells)` columns, the first one recipes; a column without a value is left out."""
    kept = [(header, cells) for header, cells in columns[1:] if any(cell != NONE for cell in cells)]
    if not kept:
        return ""
    heads = [(header, escape(header).replace("(floor ", "(floor&nbsp;")) for header, _ in kept]
    head = "".join(f"<th scope=col{_kind(header)}>{text}</th>" for header, text in heads)
    rows = []
    for index, recipe in enumerate(columns[0][1]):
        cells = "".join(f"<td{_kind(header)}>{escape(texts[index])}</td>" for header, texts in kept)
        rows.append(f"<tr><th scope=row>{chip(colours[recipe])}{escape(recipe)}</th>{cells}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr><th scope=col>{escape(columns[0][0])}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def plot(figure: Any, name: str, caption: str = "", above: str = "") -> str:
    """Embed a Plotly figure as data for the page's own script to draw; nothing for None."""
    if figure is None:
        return ""
    data = figure.to_json()  # Plotly escapes <, > and /, so no string in it can end the script element
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure>{above}<div class="plot" id="{name}" style="height:{figure.layout.height}px"></div>'
        f'<script type="application/json" data-figure="{name}">{data}</script>{below}</figure>'
    )


def _kind(header: str) -> str:
    """Set words flush left; numbers stay flush right."""
    return " class=text" if header.startswith("missing") else ""
