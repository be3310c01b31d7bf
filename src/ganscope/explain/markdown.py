"""The answers as Markdown, for reading where a page of figures is not shown."""

from __future__ import annotations

from collections.abc import Sequence

from ganscope.explain.answer import Answer, Table


def as_markdown(answers: Sequence[Answer]) -> str:
    """Return questions, answers, formulas, tables and judgements on published figures; no figure.

    Args:
        answers: in order.
    """
    lines = [
        "# Questions about GAN losses, answered by measurement",
        "",
        "Written by `ganscope explain`; `index.html` beside this file holds the figures, `data/` the data.",
    ]
    for answer in answers:
        lines += ["", f"## {answer.number}. {_safe(answer.question)}", "", _safe(answer.answer), "", "```"]
        lines += [
            *(formula.replace("_{", "_").replace("^{", "^").replace("}", "") for formula in answer.formulas)
        ]
        lines += ["```"]
        for table in answer.tables:
            lines += ["", f"**{_safe(table.title)}**", "", *_table(table)]
        for entry in answer.published:
            verdict = "Reached" if entry.reached else "**Not reached**"
            text = _safe(f"*{entry.source}*: {entry.measured} Criterion: {entry.criterion}")
            lines += ["", f"{text} {verdict}."]
        lines += ["", "What people get wrong:", "", *(f"- {_safe(text)}" for text in answer.mistakes)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    rows = [table.columns, tuple(["---"] + ["---:"] * (len(table.columns) - 1)), *table.rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def _safe(text: str) -> str:
    """Keep a less-than sign from starting a tag."""
    return text.replace("<", "&lt;")
