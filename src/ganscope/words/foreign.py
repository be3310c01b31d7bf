"""Names and texts of others, written so that a terminal or a page shows them and does nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is obeyed, not seen: controls, formats (right-to-left marks, zero width), ends
of lines and paragraphs, and halves of surrogate pairs, which are bytes of a file name that are no UTF-8."""
LONGEST = 60
"""Characters of a name in a list or a table."""


def shown(text: object, keep: str = "") -> str:
    r"""Write what is not seen as its escape, so that nothing but letters and signs is sent.

    Args:
        text: a name, a path, or a sentence that holds some.
        keep: characters that stay as they are, such as the ends of lines of a text of several.

    Example:
        >>> print(shown("red\x1b[31m\nx\u202egpj.exe\u200b"))
        red\x1b[31m\nx\u202egpj.exe\u200b
    """
    said = str(text)
    if said.isascii() and said.isprintable():
        return said
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _UNSEEN and char not in keep
        else char
        for char in said
    )


def named(name: object, length: int = LONGEST) -> str:
    """Write a name in one line of at most `length` characters, its middle left out where it has more.

    Example:
        >>> named("x" * 100, 9)
        'xxx...xxx'
    """
    text = shown(name)
    kept = (length - 3) // 2
    return text if len(text) <= length else f"{text[:kept]}...{text[-kept:]}"


def all_shown(value: Any) -> Any:
    r"""Write every text within lists and mappings as `shown` does.

    Example:
        >>> print(all_shown({"a\n": ["b\x07", 1]}))
        {'a\\n': ['b\\x07', 1]}
    """
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {shown(key) if isinstance(key, str) else key: all_shown(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [all_shown(entry) for entry in value]
    return value


def tell(sentence: str) -> None:
    """Print a sentence."""
    print(shown(sentence))


def encodable(json: str) -> str:
    r"""Escape halves of surrogate pairs in JSON, which no encoding takes and every JSON reader understands.

    Example:
        >>> print(encodable('"\udcff.csv"'))
        "\udcff.csv"
    """
    return re.sub(r"[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", json)
