"""Samples that cover less than the data: dropped modes, narrow ones, one half of everything."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.diagnose.rules.planted import Score, normal, observed


def grid(n: int, seed: int, weights: Tensor | None = None, std: float = 0.05) -> Tensor:
    """Rows of a 5 x 5 mixture, each mode with its exact share."""
    centres = torch.cartesian_prod(*[torch.arange(-2.0, 3.0)] * 2)
    weights = torch.ones(25) if weights is None else weights
    counts = (n * weights / weights.sum()).round().long()
    return centres.repeat_interleave(counts, 0) + std * normal(int(counts.sum()), 2, seed)


GRID = grid(1000, 0)
DROPPED = torch.ones(25).index_fill(0, torch.tensor([0, 6, 12, 18, 24]), 0.0)
ONE_HALF = torch.ones(25).index_fill(0, torch.tensor([7]), 24.0)


def mixture(n: int, seed: int, std: float = 0.3) -> Tensor:
    centres = normal(10, 64, 77)
    return centres.repeat(n // 10, 1) + std * normal(n // 10 * 10, 64, seed)


@pytest.mark.parametrize(
    ("fake", "real", "pattern"),
    [
        (grid(500, 1), GRID, "fine"),
        (mixture(500, 1), mixture(1000, 0), "fine"),
        (grid(500, 1, DROPPED), GRID, "dropped-modes"),
        (mixture(500, 1)[torch.arange(500) % 10 != 3], mixture(1000, 0), "dropped-modes"),
        (grid(500, 1, ONE_HALF), GRID, "imbalance"),
        (mixture(500, 1, 0.15), mixture(1000, 0), "within-mode"),
        (grid(50, 1).repeat(10, 1) + 1e-5 * normal(500, 2, 3), GRID, "within-mode"),
        (GRID[:1] + 0.05 * normal(500, 2, 1), GRID, "total"),
        (mixture(500, 1, 0.45), mixture(1000, 0), "unknown"),  # blurred: diverse, and off every mode
        (grid(500, 1, std=0.15), GRID, "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_collapse_is_told_from_blur(fake: Tensor, real: Tensor, pattern: str) -> None:
    fake = fake[torch.randperm(len(fake), generator=torch.Generator().manual_seed(0))]
    scope = observed(fake, Score(*[0.01] * fake.shape[1]), real=real, objective="hinge")
    found = [v.pattern for v in scope.verdicts() if v.name == "mode-collapse"]
    assert (found or [scope.status()["mode-collapse"]]) == [pattern]
