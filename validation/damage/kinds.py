"""Kinds of damage: each changes the bytes of a file at a random place."""

from __future__ import annotations

import random
from collections.abc import Callable

Damage = Callable[[bytes, random.Random], bytes]


def flip(content: bytes, rng: random.Random) -> bytes:
    """Turn one bit."""
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(content: bytes, rng: random.Random) -> bytes:
    """Break off somewhere."""
    return content[: rng.randrange(len(content))]


def delete_line(content: bytes, rng: random.Random) -> bytes:
    """Take a line out."""
    lines = content.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def swap_lines(content: bytes, rng: random.Random) -> bytes:
    """Exchange two lines."""
    lines = content.splitlines(keepends=True)
    one, other = rng.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def repeat_line(content: bytes, rng: random.Random) -> bytes:
    """Write a line twice."""
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def edit_digit(content: bytes, rng: random.Random) -> bytes:
    """Put another digit in the place of one."""
    changed = bytearray(content)
    at = rng.choice([place for place, byte in enumerate(changed) if chr(byte).isdigit()])
    changed[at] = rng.choice([digit for digit in b"0123456789" if digit != changed[at]])
    return bytes(changed)


KINDS: tuple[Damage, ...] = (flip, cut, delete_line, swap_lines, repeat_line, edit_digit)
