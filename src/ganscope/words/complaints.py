"""How a complaint about the configuration is worded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
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


def flags(field: str, value: object) -> list[str]:
    """Write a setting as the words of a command line.

    Example:
        >>> flags("g_lr", 0.1), flags("heal", True), flags("columns", {"age": "integer"})
        (['--g-lr', '0.1'], ['--heal'], ['--column', 'age=integer'])
    """
    if isinstance(value, bool):
        return [flag(field if value else f"no_{field}")]
    if isinstance(value, Mapping):
        return [word for name, kind in value.items() for word in (flag(field), f"{name}={kind}")]
    return [flag(field), str(value)]


def flag(field: str) -> str:
    """Write a field as it stands on the command line.

    Example:
        >>> flag("g_lr")
        '--g-lr'
    """
    return "--column" if field == "columns" else "--" + field.replace("_", "-")
