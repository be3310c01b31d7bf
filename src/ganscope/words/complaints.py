"""How a complaint about the configuration is worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral

from ganscope.contracts import BadInput
from ganscope.words.sentences import shortened


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


def refuse_fraction(name: str, value: object) -> None:
    """Refuse what is no whole number where something is counted.

    Raises:
        BadInput: naming what was given, the value and what is allowed.

    Example:
        >>> refuse_fraction("--seed", 3)
        >>> refuse_fraction("--seed", 1.5)
        Traceback (most recent call last):
        ganscope.contracts.BadInput: --seed 1.5 cannot be used: give a whole number.
    """
    if not isinstance(value, Integral):
        raise BadInput(f"{name} {shortened(repr(value))} cannot be used: give a whole number.")


def flag(field: str) -> str:
    """Write a field as it stands on the command line.

    Example:
        >>> flag("g_lr")
        '--g-lr'
    """
    return "--" + field.replace("_", "-")
