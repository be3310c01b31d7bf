"""Bytes that nobody wrote, the same ones for the same seed."""

from __future__ import annotations

import random

DAMAGES = 200
"""How often each format is damaged."""


def damaged(content: bytes, seed: int) -> bytes:
    """Some bytes changed, cut, repeated or put in, most often near the start or end, where headers are."""
    rng = random.Random(seed)  # noqa: S311 - damage, no secret
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        near = min(len(changed), 200)
        at = rng.choice(
            [rng.randrange(near), len(changed) - 1 - rng.randrange(near), rng.randrange(len(changed))]
        )
        kind = rng.randrange(5)
        if kind == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at] = rng.choice(b"\x00\xff([{\"'9-,")
        elif kind == 2:
            del changed[at : at + rng.randint(1, 40)]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.randint(1, 40)]
        else:
            changed[at:at] = rng.randbytes(rng.randint(1, 8))
        changed = changed or bytearray(b"0")
    return bytes(changed)
