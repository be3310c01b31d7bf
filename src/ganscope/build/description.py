"""What `config.json` of a run holds: all it takes to repeat and to understand it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ganscope import __version__
from ganscope.build.settings import command_of
from ganscope.config import RunConfig
from ganscope.evaluation import Evaluation


def description(
    config: RunConfig, on: Evaluation, stack: Sequence[RunConfig], folders: Sequence[str], threads: int
) -> dict[str, Any]:
    """Return what `config.json` of a run holds: all it takes to repeat and to understand it.

    Args:
        config: the run's own.
        on: the data.
        stack: the configurations of all runs that train as one program, this one among them.
        folders: their folders as seen from the run's own.
        threads: of the processor.
    """
    together = len(stack) > 1
    return {
        "ganscope": __version__,
        "torch": torch.__version__,
        "config": config.grouped(),
        "command": command_of(config),
        "data": on.about,
        "execution": {
            "form": "stacked" if together else "plain",
            "stack": [member.seed for member in stack],
            **({"folders": list(folders)} if together else {}),
            "threads": threads,
            "device": config.device,
        },
    }
