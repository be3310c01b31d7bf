"""Whether the losses are still numbers: noted at every step, checked where that costs nothing."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from ganscope.training.step import DiscriminatorStep, GeneratorStep

CHECK_EVERY = 100
"""Steps between two checks on a GPU, where a check waits for all work under way."""


class Failure(NamedTuple):
    """The first loss of a run that is NaN or infinite."""

    run: int
    step: int
    network: str


class LossCheck:
    """The losses of the steps since the last check, which is due before anything is written.

    Args:
        every: steps from one check to the next where nothing is written.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._noted: list[tuple[int, Tensor, Tensor]] = []
        self._sum: Tensor | None = None

    def note(self, step: int, seen: DiscriminatorStep, by_generator: GeneratorStep) -> None:
        """Take note of a step's losses, without waiting for them."""
        d_loss, g_loss = seen.loss + seen.penalty, by_generator.loss
        self._noted.append((step, d_loss, g_loss))
        total = d_loss + g_loss
        self._sum = total if self._sum is None else self._sum + total

    @property
    def due(self) -> bool:
        """Whether it is time for a check."""
        return len(self._noted) >= self._every

    def failures(self) -> list[Failure]:
        """Say which runs failed since the last check, each with its first step that did."""
        noted, total = self._noted, self._sum
        self._noted, self._sum = [], None
        if total is None or math.isfinite(float(total.sum())):
            return []
        failures: dict[int, Failure] = {}
        for step, d_loss, g_loss in noted:
            sound = d_loss.mean(-1).reshape(-1).isfinite().tolist()
            for run, finite in enumerate((d_loss + g_loss).sum(-1).reshape(-1).isfinite().tolist()):
                if not finite and run not in failures:
                    failures[run] = Failure(run, step, "generator" if sound[run] else "discriminator")
        return list(failures.values())
