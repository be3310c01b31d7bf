"""What the two old libraries are given: ganscope's networks, batches in memory, and an import that works."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ganscope.nets import NETS

from . import turns


def networks(case: turns.Case) -> tuple[nn.Module, nn.Module]:
    """Build generator and discriminator of a case with ganscope's code."""
    pair = NETS[case["network"]]
    shape = tuple(case["shape"])
    options = pair.options(**{name: case[name] for name in pair.options.model_fields})
    generator = pair.generator(shape, case["latent_dim"], 0, options, nn.Tanh() if case["bounded"] else None)
    return generator, pair.discriminator(shape, 0, options)


def rates(case: turns.Case, player: str) -> dict[str, Any]:
    """Arguments of torch's Adam for one player."""
    return {"lr": case[f"{player}_lr"], "betas": (case["beta1"], case["beta2"]), "fused": True}


class Batches:
    """Stands in for a `DataLoader`: real rows for one critic step after another, as turns ask for steps.

    Rows come from memory by one index operation, the way ganscope takes them. A `DataLoader`, which puts a
    batch together row by row, would only add to the time of the library.
    """

    def __init__(self, case: turns.Case, taken: Iterator[int], labels: bool) -> None:
        generator = torch.Generator().manual_seed(0)
        self._rows = torch.rand(case["rows"], *case["shape"], generator=generator) * 2 - 1
        self.batch_size: int = case["batch_size"]
        self._n_critic: int = case["n_critic"]
        self._taken = taken
        self._labels = torch.zeros(self.batch_size, dtype=torch.int64) if labels else None

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self._rows) // self.batch_size

    def __iter__(self) -> Iterator[Tensor | tuple[Tensor, Tensor]]:
        """Begin an epoch, which lasts for ever: what an epoch's end costs is not timed."""
        order, at = torch.empty(0, dtype=torch.int64), 0
        for steps in self._taken:
            for _ in range(steps * self._n_critic):
                if at + self.batch_size > len(order):
                    order, at = torch.randperm(len(self._rows)), 0
                real = self._rows[order[at : at + self.batch_size]]
                at += self.batch_size
                yield real if self._labels is None else (real, self._labels)


def let_torchvision_load() -> torch.library.Library:
    """Name the two operators that torchvision's wheel brings compiled for another torch; nothing calls them.

    Returns:
        Their library; they are there as long as it is kept.
    """
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor boxes, Tensor scores, float threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


def leave_out(*modules: str) -> None:
    """Put empty modules where a library imports what nobody calls here and does not load any more."""
    for name in modules:
        sys.modules[name] = types.ModuleType(name)
