"""How a complaint about the configuration is worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ganscope.contracts import BadInput


class BadField(BadInput):
    """Bad input in one field of the configuration."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def unknown(kind: str, name: object, known: Iterable[str], listed: str = "") -> str:
    """Say in one sentence that `name` is no `kind`, and which known name is nearest.

    Args:
        kind: what it should have been.
        name: what was given.
        known: all names there are.
        listed: where they are listed, in place of the list itself.

    Example:
        >>> unknown("recipe", "wgn", ["minimax", "wgan"])
        "unknown recipe 'wgn': did you mean 'wgan'? Known: minimax, wgan."
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f": did you mean '{near[0]}'?" if near else "."
    known_names = f"Known: {', '.join(names)}"
    if near and len(known_names) > 120:
        known_names = "ganscope list shows all"
    return f"unknown {kind} '{shortened(name)}'{hint} {listed or known_names}."


def shortened(value: object, length: int = 40) -> str:
    """Write a value in at most `length` characters, its middle left out where it has more.

    Example:
        >>> shortened("x" * 100, 9)
        'xxx...xxx'
    """
    text = " ".join(str(value).split())
    kept = (length - 3) // 2
    return text if len(text) <= length else f"{text[:kept]}...{text[-kept:]}"


def flag(field: str) -> str:
    """Write a field as it stands on the command line.

    Example:
        >>> flag("g_lr")
        '--g-lr'
    """
    return "--" + field.replace("_", "-")


def uncapitalised(text: str) -> str:
    """Write a sentence's start as the middle of another."""
    return text[:1].lower() + text[1:]
