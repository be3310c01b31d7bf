"""Sentences taken apart and put into others: their first, their start, a reason in brackets."""

from __future__ import annotations

import re

from ganscope.words.foreign import named, shown


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, with its full stop.

    Example:
        >>> first_sentence("Share of samples near the data. Near is within 3 standard deviations.")
        'Share of samples near the data.'
    """
    return re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]


def uncapitalised(text: str) -> str:
    """Write a sentence's start as the middle of another.

    Example:
        >>> uncapitalised("Input should be a number.")
        'input should be a number.'
    """
    return text[:1].lower() + text[1:]


def shortened(value: object, length: int = 40) -> str:
    """Write a value in at most `length` characters, its middle left out where it has more.

    Example:
        >>> shortened("x" * 100, 9)
        'xxx...xxx'
    """
    return named(" ".join(str(value).split()), length)


def reason(error: BaseException, length: int = 100) -> str:
    """Return the first sentence of what another library says went wrong, to be put in brackets.

    Args:
        error: what was raised.
        length: characters at most.

    Example:
        >>> reason(ValueError("No magic found. Is this a table?")), reason(KeyError())
        ('No magic found', 'KeyError')
    """
    said = re.split(r"[.!?]\s|\n", str(error).strip())[0].rstrip(".:") or type(error).__name__
    text = shown(said)
    return text if len(text) <= length else f"{text[: length - 3]}..."


def counted(count: int, what: str) -> str:
    """Write a number of things.

    Example:
        >>> counted(1, "row"), counted(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"
