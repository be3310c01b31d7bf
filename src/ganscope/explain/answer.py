"""What an answer is made of, and how it travels through JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ganscope.figures.drawing import Figure

Progress = Callable[[int, int], None]
"""Called with the number of pieces of work done and their total, as a question is being answered."""

Row = Mapping[str, str | int | float]
"""One row of a question's data; rows of one question may have different columns."""


class Table(NamedTuple):
    """Measured numbers for reading: cells are text already, mean ± standard deviation where seeds differ."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Published(NamedTuple):
    """A figure or a number of the literature, measured again here."""

    source: str
    """Paper, year and figure."""
    protocol: str
    """How it is measured here, and where that departs from the paper or the paper is silent."""
    criterion: str
    """What counts as success, fixed before the measurement."""
    measured: str
    reached: bool


class Answer(NamedTuple):
    """The answer to one question, complete: the page, the summary and the CSV draw from nothing else."""

    number: int
    question: str
    """In the asker's words."""
    answer: str
    """A few sentences, made from the measurements."""
    formulas: tuple[str, ...]
    """One line each, Unicode; `a_{i}` and `a^{i}` are set as indices on the page."""
    protocol: str
    """How it was measured: networks, data, steps."""
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    mistakes: tuple[str, ...]
    """What people get wrong, one or two sentences each."""
    published: tuple[Published, ...]
    rows: tuple[Row, ...]
    """The data behind figures and tables, as they go into the CSV."""
    seeds: tuple[int, ...]
    """The seeds measured; empty where nothing is random."""
    full: bool = False
    seconds: float = 0.0
    """Wall time of one worker."""


def to_json(answer: Answer) -> dict[str, Any]:
    """Return the answer as an object for `record.write_json`.

    Example:
        >>> blank = Answer(1, "Why?", "So. Thus.", (), "", (), (Table("t", ("a",), ()),), (), (), (), ())
        >>> from_json(to_json(blank)) == blank
        True
    """
    return answer._asdict() | {
        "figures": [figure._asdict() for figure in answer.figures],
        "tables": [table._asdict() for table in answer.tables],
        "published": [entry._asdict() for entry in answer.published],
    }


def from_json(stored: Mapping[str, Any]) -> Answer:
    """Return the answer that `to_json` wrote.

    Raises:
        KeyError, TypeError: it is not one.
    """

    def tables(entries: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
        return tuple(
            Table(entry["title"], tuple(entry["columns"]), tuple(tuple(row) for row in entry["rows"]))
            for entry in entries
        )

    fields = {name: stored[name] for name in Answer._fields}
    return Answer(
        **fields
        | {name: tuple(stored[name]) for name in ("formulas", "mistakes", "rows", "seeds")}
        | {
            "figures": tuple(Figure(**entry) for entry in stored["figures"]),
            "tables": tables(stored["tables"]),
            "published": tuple(Published(**entry) for entry in stored["published"]),
        }
    )
