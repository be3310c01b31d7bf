"""A running hash over the rows of a file, so that a row that is changed, moved, added or lost shows.

Every row ends with `"check"`: the hash of the row before it and of its own text. Files of early versions have
none; rows that are added to them begin a chain that covers the old ones too.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

START = ""
"""The check before the first row."""
CHANGED = "where a row was changed, moved, doubled or removed"
_END = re.compile(rb', "check": "([0-9a-f]{16})"\}')
_LENGTH = len(b', "check": "0123456789abcdef"}')


class Damage(NamedTuple):
    """What is wrong with the first row that is not as it was written."""

    line: int
    step: int | None
    """Of that row, where it can still be read."""
    after: int | None
    """The step of the row before it."""
    what: str
    """What happened to it, as a clause."""
    torn: bool = False
    """The last line breaks off, as a kill leaves it."""

    @property
    def place(self) -> str:
        """Name the line and the step."""
        if self.step is not None:
            return f"in line {self.line} (step {self.step})"
        return f"in line {self.line}" + ("" if self.after is None else f" (after step {self.after})")


class Rows(NamedTuple):
    """The rows of a file up to the first that is damaged."""

    rows: list[dict[str, Any]]
    lines: list[bytes]
    """Their text, each with its end."""
    checks: list[str]
    """The running hash after each."""
    damage: Damage | None


def link(before: str, text: bytes) -> str:
    """Hash a row and all that stand before it.

    Args:
        before: what this returned for the row before, `START` for the first.
        text: the row without its check.

    Example:
        >>> link(START, b'{"step": 0}'), link("00", b'{"step": 0}') == link(START, b'{"step": 0}')
        ('5a855661c73e0e1b', False)
    """
    return hashlib.blake2b(text, digest_size=8, key=before.encode()).hexdigest()


def sealed(before: str, row: str) -> tuple[str, bytes]:
    """Give a row its check.

    Args:
        before: see `link`.
        row: one JSON object, not empty.

    Returns:
        Its check, and the line that holds both.
    """
    text = row.encode()
    check = link(before, text)
    return check, text[:-1] + f', "check": "{check}"}}\n'.encode()


def stated(line: bytes) -> tuple[bytes, str | None]:
    """Take a line apart into its row and the check that it states, None where it states none.

    Example:
        >>> stated(b'{"step": 0, "check": "0123456789abcdef"}')
        (b'{"step": 0}', '0123456789abcdef')
    """
    line = line.removesuffix(b"\r")  # an editor may have put one at the end of every line
    said = _END.fullmatch(line[-_LENGTH:])
    return (line, None) if said is None else (line[:-_LENGTH] + b"}", said[1].decode())


def read(content: bytes) -> Rows:
    """Read rows up to the first that is not as it was written.

    Args:
        content: of a file; one without checks is read as far as its lines are objects with a step.
    """
    *lines, rest = content.split(b"\n")
    if _row(rest):  # whole but for its end
        lines, rest = [*lines, rest], b""
    any_checked = any(stated(line)[1] is not None for line in lines)
    whole = Rows([], [], [], None)
    check, begun = START, False
    for number, line in enumerate(lines, 1):
        if not line.strip() and not any_checked:
            continue
        text, said = stated(line)
        check, row = link(check, text), _row(text)
        step, after = row["step"] if row else None, whole.rows[-1]["step"] if whole.rows else None
        what = ""
        if said is not None and said != check:
            what = CHANGED if begun or number == 1 else f"{CHANGED}, or in one before it"
        elif not row:
            what = "which is no object with a whole step"
        elif said is None and begun:
            what = "which carries no check though earlier ones do"
        if what:
            return whole._replace(damage=Damage(number, step, after, what))
        begun = begun or said is not None
        whole.rows.append(row)
        whole.lines.append(line + b"\n")
        whole.checks.append(check)
    return whole._replace(damage=_torn(len(lines) + 1, whole)) if rest.strip() else whole


def _torn(number: int, whole: Rows) -> Damage:
    after = whole.rows[-1]["step"] if whole.rows else None
    return Damage(number, None, after, "which breaks off", torn=True)


def _row(text: bytes) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) and type(row.get("step")) is int else {}
