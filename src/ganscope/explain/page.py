"""All answers on one self-contained page: no network, no second file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ganscope.explain.answer import Answer, Published, Table
from ganscope.explain.markdown import as_markdown
from ganscope.explain.store import data_path
from ganscope.figures.drawing import Figure, thinned
from ganscope.folder import files
from ganscope.report.assets import POLICY, SCRIPT, STYLE
from ganscope.report.fragments import folded, plot

PAGE = "index.html"
TITLE = "Questions about GAN losses, answered by measurement"

PAGE_STYLE = """
body { max-width: 900px }
h2 { margin-top: 3rem; scroll-margin-top: 10px }
h2 .number { color: var(--soft); font-weight: 400; margin-right: .5em }
h3 { margin-top: 1.4rem }
ol.contents { padding-left: 1.6em; margin: 1.2rem 0 0 }
ol.contents li { margin-bottom: .3rem }
a { color: #0b5c94 }
.formula { background: #f5f6f8; border-radius: 6px; padding: .6rem .9rem; margin-bottom: .9rem;
  overflow-x: auto; font: 1.02rem/1.7 "STIX Two Text", "Cambria Math", Georgia, serif }
.formula div { white-space: pre }
.formula sub, .formula sup { font-size: .72em; line-height: 0 }
figure { margin: 1.1rem 0 1.4rem }
figcaption { color: var(--ink); font-size: .92rem; max-width: 62em }
th.words, td.words { text-align: left }
ul.mistakes { padding-left: 1.2em; margin: 0 0 .7rem }
ul.mistakes li { margin-bottom: .4rem }
.published { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .9rem; margin-bottom: .9rem;
  font-size: .92rem }
.published p { margin-bottom: .35rem }
.reached { color: #00664a; font-weight: 600 }
.missed { color: #9a3b00; font-weight: 600 }
"""


def write_page(folder: Path, answers: Sequence[Answer]) -> Path:
    """Write `index.html`, and `answers.md` without the figures, into the folder of the answers.

    Args:
        folder: of the answers.
        answers: in order; whatever is finished.

    Returns:
        The page's path.
    """
    path = folder / PAGE
    with files.whole_file(path) as file:
        file.write(render(answers, folder).encode())
    with files.whole_file(folder / "answers.md") as file:
        file.write(as_markdown(answers).encode())
    return path


def render(answers: Sequence[Answer], folder: Path = Path()) -> str:
    """Return the whole page as text.

    Args:
        answers: in order.
        folder: of the answers, for links to their data.
    """
    from plotly.offline import get_plotlyjs

    contents = "".join(
        f'<li value="{a.number}"><a href="#q{a.number}">{words(a.question)}</a></li>' for a in answers
    )
    body = (
        f'<p class="kicker">ganscope explain</p><h1>{TITLE}</h1>'
        '<p class="lead">Every number on this page was measured by the command below its answer. '
        "Where chance plays a part, bands and ± show the spread over seeds.</p>"
        f'<ol class="contents">{contents}</ol>' + "".join(_section(answer, folder) for answer in answers)
    )
    library = get_plotlyjs().replace("</script", "<\\/script")
    icon = '<link rel="icon" href="data:,">'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"{icon}<title>{TITLE} – ganscope</title><style>{STYLE}{PAGE_STYLE}</style></head>"
        f"<body><main>{body}</main>\n<script>{library}</script>\n<script>{SCRIPT}</script></body></html>\n"
    )


def maths(formula: str) -> str:
    """Set `a_{i}` and `a^{i}` as indices.

    Example:
        >>> maths("W_{1} < e^{-x}")
        'W<sub>1</sub> &lt; e<sup>-x</sup>'
    """
    text = re.sub(r"_\{([^{}]*)\}", r"<sub>\1</sub>", escape(formula))
    return re.sub(r"\^\{([^{}]*)\}", r"<sup>\1</sup>", text)


def minus(text: str) -> str:
    """Write a minus sign where a hyphen stands for one: browsers break lines after hyphens.

    Example:
        >>> minus("non-saturating -log a, 1e-3, a - y, -0.5")
        'non-saturating −log a, 1e−3, a − y, −0.5'
    """
    return re.sub(r"(?<![\w)])-(?=[\w(∞])|(?<=\de)-(?=\d)|(?<= )-(?= )", "−", text)


def words(text: str) -> str:
    """Set prose: escaped, with true minus signs."""
    return escape(minus(text))


def _section(answer: Answer, folder: Path) -> str:
    formulas = "".join(f"<div>{maths(formula)}</div>" for formula in answer.formulas)
    mistakes = "".join(f"<li>{words(text)}</li>" for text in answer.mistakes)
    return (
        f'<section><h2 id="q{answer.number}"><span class="number">{answer.number}</span>'
        f'{words(answer.question)}</h2><p class="lead">{words(answer.answer)}</p>'
        f'<div class="formula">{formulas}</div>'
        + "".join(_figure(f, f"q{answer.number}-{i}") for i, f in enumerate(answer.figures))
        + "".join(map(_table, answer.tables))
        + "".join(map(_published, answer.published))
        + f'<h3>What people get wrong</h3><ul class="mistakes">{mistakes}</ul>'
        + folded("How it was measured", f"<p>{words(answer.protocol)}</p>")
        + f'<p class="facts">{_facts(answer, folder)}</p></section>'
    )


def _figure(figure: Figure, name: str) -> str:
    import plotly.graph_objects as go

    return plot(go.Figure(thinned(figure.plot)), name, minus(figure.caption))


def _table(table: Table) -> str:
    kinds = [_kind([row[index] for row in table.rows]) for index in range(len(table.columns))]
    titles = zip(table.columns, kinds, strict=True)
    head = "".join(f"<th scope=col{kind}>{words(column)}</th>" for column, kind in titles)
    body = ""
    for name, *cells in table.rows:
        numbers = zip(cells, kinds[1:], strict=True)
        inner = "".join(f"<td{kind}>{words(cell)}</td>" for cell, kind in numbers)
        body += f"<tr><th scope=row>{words(name)}</th>{inner}</tr>"
    return (
        f'<h3>{words(table.title)}</h3><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(cells: Sequence[str]) -> str:
    """Set a column of words flush left; numbers stay flush right."""
    return "" if any(map(str.isdigit, "".join(cells))) else ' class="words"'


def _published(entry: Published) -> str:
    verdict = (
        '<span class="reached">reached</span>' if entry.reached else '<span class="missed">not reached</span>'
    )
    return (
        f'<div class="published"><p><b>{escape(entry.source)}</b>, measured again. '
        f"{words(entry.protocol)}</p>"
        f"<p>Criterion: {words(entry.criterion)} Measured: {words(entry.measured)} {verdict}.</p></div>"
    )


def _facts(answer: Answer, folder: Path) -> str:
    """Say which command repeats the numbers, over which seeds, and where they lie."""
    seeds = (
        f"{len(answer.seeds)} seeds"
        if len(answer.seeds) > 1
        else "one seed"
        if answer.seeds
        else "no randomness"
    )
    command = f"ganscope explain {answer.number}" + (f" --seeds {len(answer.seeds)}" if answer.seeds else "")
    command += " --full" if answer.full else ""
    data = data_path(folder, answer.number).relative_to(folder).as_posix()
    facts = [f"<code>{command}</code>", seeds, f"{answer.seconds:g} s on one core"]
    return " · ".join([*facts, f'<a href="{data}">data as CSV</a>'])
