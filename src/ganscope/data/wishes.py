"""What a user says of a column: its kind, the order of its words, or the format of its dates."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ganscope.contracts import BadInput
from ganscope.data.column import Kind
from ganscope.words.complaints import unknown

KINDS: tuple[Kind, ...] = typing.get_args(Kind)
OF_WORDS = ("category", "ordered", "boolean", "identifier")


class Wish(NamedTuple):
    """What one column is said to be."""

    kind: Kind
    order: tuple[str, ...] = ()
    """Words of an ordered category, the least first."""
    format: str = ""
    """Of dates, as Python's strftime writes it."""


def wish(text: str) -> Wish:
    """Read what is said of a column.

    Args:
        text: a kind, words with < between them, or a date format.

    Raises:
        BadInput: none of these.

    Example:
        >>> wish("integer").kind, wish("S<M<L").order, wish("%d/%m/%Y").kind
        ('integer', ('S', 'M', 'L'), 'datetime')
    """
    if "%" in text:
        return Wish("datetime", format=text)
    if "<" in text:
        order = tuple(word.strip() for word in text.split("<"))
        if len(set(order)) < len(order) or not all(order):
            raise BadInput(f"the order '{text}' repeats a word or has an empty one: give each word once.")
        return Wish("ordered", order)
    for kind in KINDS:
        if text == kind:
            return Wish(kind)
    raise BadInput(unknown("kind of column", text, KINDS, f"Known: {', '.join(KINDS)}, S<M<L, %d.%m.%Y"))


def wishes(columns: Mapping[str, str], name: str, known: Sequence[str]) -> dict[str, Wish]:
    """Read what is said of the columns of a table.

    Args:
        columns: column -> what it is.
        name: name of the table.
        known: its columns.

    Raises:
        BadInput: a column that is not there, or an unknown kind.
    """
    for column in columns:
        if column not in known:
            raise BadInput(unknown(f"column of {name}", column, known))
    return {column: wish(text) for column, text in columns.items()}
