"""What an adapter reads and writes: one log a line on standard input, one answer a line on standard output.

It runs in the doctors' environment and imports nothing of ganscope.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import NamedTuple


class Log(NamedTuple):
    """The curves of one network, as if it were a model that is trained on one loss."""

    name: str
    steps: list[int]
    loss: list[float]
    grad_norm: list[float]


class Alert(NamedTuple):
    """One thing a doctor raised."""

    severity: str
    """The doctor's own word, in small letters: critical, warning or info."""
    words: str
    """Title and evidence, as it shows them."""
    step: float | None = None


def answer(ask: Callable[[Log], list[Alert]]) -> None:
    """Ask a doctor about every log.

    Args:
        ask: log to what the doctor raises.
    """
    for line in sys.stdin:
        log = Log(**json.loads(line))
        sys.stdout.write(json.dumps([log.name, ask(log)]) + "\n")
