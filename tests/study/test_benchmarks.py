"""What the benchmarks compute, as against what they measure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks import marks, roofline, same_work, sides, tables
from benchmarks.peers.turns import Worker
from tests.games import evaluation_of

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
    runs = sides.runs_of(recipe, evaluation_of("ring"), tmp_path, **SIZES)
    assert roofline.counted(sides.stepping(runs)) == roofline.needed(runs)


def test_operations_needed_with_a_penalty_are_those_a_stack_takes(tmp_path: Path) -> None:
    runs = sides.runs_of("wgan-gp", evaluation_of("ring"), tmp_path, range(3), **SIZES)
    assert roofline.counted(sides.stepping(runs)) == 3 * roofline.needed(runs)


def test_page_is_filled_between_its_marks_only() -> None:
    page = "a <!-- x -->\n\nold | 1\n\n<!-- /x --> b <!-- y --><!-- /y -->"
    filled = marks.filled(page, {"x": "new"})
    assert filled == "a <!-- x -->\n\nnew\n\n<!-- /x --> b <!-- y --><!-- /y -->"
    assert marks.filled(filled, {"x": "new"}) == filled
    with pytest.raises(ValueError, match="no block <!-- z -->"):
        marks.filled(page, {"z": "new"})


def test_page_has_a_block_for_every_benchmark() -> None:
    page = (tables.HERE / "README.md").read_text(encoding="utf-8")
    for name in tables.REPORTS:
        assert page.count(f"<!-- {name} -->") == page.count(f"<!-- /{name} -->") == 1, name


def test_every_benchmark_of_the_makefile_has_a_table() -> None:
    makefile = (tables.HERE.parent / "Makefile").read_text(encoding="utf-8")
    (names,) = [line.split()[2:] for line in makefile.splitlines() if line.startswith("BENCHMARKS :=")]
    assert sorted([*names, *tables.NEED_A_CHECKOUT]) == sorted(tables.REPORTS)


def test_table_of_speeds_names_what_was_left_out() -> None:
    row = {
        "recipe": "wgan-gp", "network": "dcgan", "width": 32, "batch_size": 64, "threads": 2,
        "steps_per_second": 1.25,
        "by_hand": [1.0, 0.9, 1.1], "torchgan": [1.5, 1.4, 1.6], "mimicry": [1.2, 1.1, 1.3],
    }  # fmt: skip
    text = same_work.report({"machine": {}, "rows": [row]})
    cells = [cell.strip() for cell in text.splitlines()[2].split("|")[1:-1]]
    assert cells[:5] == ["wgan-gp", "dcgan", "32", "64", "2"]
    assert cells[6:] == ["1.00 (0.90-1.10)", "1.50 (1.40-1.60)", "1.20 (1.10-1.30)", ""]


WORKER = """
from benchmarks.peers import turns
def train(case, taken):
    done = 0
    for steps in taken:
        print("noise of a library")
        for _ in range(steps):
            done += 1
        if done > case["limit"]:
            raise ValueError(f"{done} steps are more than {case['limit']}")
turns.serve(train)
"""


def test_worker_takes_turns_and_new_cases_and_tells_why_it_ended(tmp_path: Path) -> None:
    (tmp_path / "side.py").write_text(WORKER, encoding="utf-8")
    with Worker(sys.executable, "side", 1, [tmp_path, *sides.PATH]) as worker:
        worker.prepare({"limit": 3, "steps": 7})
        assert worker.run(2).wall > 0
        worker.prepare({"limit": 2})
        worker.run(2)
        with pytest.raises(RuntimeError, match=r"(?s)side ended: .*3 steps are more than 2"):
            worker.run(1)
