"""What the benchmarks compute, as against what they measure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from games import bench_of

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import roofline
import sides

SIZES: dict[str, Any] = {
    "g_width": 6,
    "d_width": 7,
    "g_depth": 2,
    "d_depth": 3,
    "latent_dim": 5,
    "batch_size": 4,
}


def test_operations_of_one_layer_are_counted_as_by_hand() -> None:
    layer, x = nn.Linear(3, 5), torch.randn(4, 3, requires_grad=True)
    forward = 2 * 4 * 3 * 5
    assert roofline.counted(lambda: layer(x)) == forward
    # back: one product for the weights' gradient, one for the input's
    assert roofline.counted(lambda: layer(x).sum().backward()) == 3 * forward


@pytest.mark.parametrize("recipe", ["minimax", "wgan"])
def test_operations_needed_are_those_seen(tmp_path: Path, recipe: str) -> None:
    runs = sides.runs_of(recipe, bench_of("ring"), tmp_path, **SIZES)
    assert roofline.counted(sides.stepping(runs)) == roofline.needed(runs)


def test_operations_needed_with_a_penalty_are_those_a_stack_takes(tmp_path: Path) -> None:
    runs = sides.runs_of("wgan-gp", bench_of("ring"), tmp_path, range(3), **SIZES)
    assert roofline.counted(sides.stepping(runs)) == 3 * roofline.needed(runs)
