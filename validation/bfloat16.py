"""Whether samples are as good with `--precision bfloat16` as in float32: same seeds, same data, same noise.

    python -m validation.bfloat16 [--seeds N] [--steps N]

R1 and WGAN-GP on digits, perceptrons 64 units wide. The command line refuses bfloat16 where the processor
lacks its instructions; here runs are built past that check, and torch computes the same rounded products
slowly: quality is asked after, not time. Every seed is a pair, and the pairs' differences are what counts.
Writes `docs/validation/bfloat16.json` and the table in the page beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import marks, sides
from ganscope.build import game
from ganscope.build.settings import resolve
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.training import train
from ganscope.training.precision import has_bfloat16

RECIPES = ("r1", "wgan-gp")
PRECISIONS = ("float32", "bfloat16")
WIDTH = 64
PAGE = Path(__file__).parents[1] / "docs" / "validation" / "README.md"
HEADER = ("recipe", "EMD, float32", "EMD, bfloat16", "difference by seed", "floor")


def main() -> None:
    """Train all pairs, and write record and table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8, help="2 or more; default 8")
    parser.add_argument("--steps", type=int, default=1_000, help="default 1000")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table goes, the record beside it")
    given = parser.parse_args()
    torch.set_num_threads(1)
    on = Evaluation(load_data("digits"))
    blocks = []
    for recipe in RECIPES:
        emds = {p: trained(on, recipe, p, range(given.seeds), given.steps) for p in PRECISIONS}
        blocks.append({"recipe": recipe, "emd": emds, "floor": on.about["emd_floor"]})
    emulated = not has_bfloat16(torch.device("cpu"))
    result = {
        "command": f"python validation/bfloat16.py --seeds {given.seeds} --steps {given.steps}",
        "steps": given.steps,
        "emulated": emulated,
        "blocks": blocks,
    }
    record = given.page.with_name("bfloat16.json")
    record.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    page = given.page.read_text(encoding="utf-8")
    given.page.write_text(marks.filled(page, {"bfloat16": table(result)}), encoding="utf-8")
    print(table(result))


def trained(on: Evaluation, recipe: str, precision: str, seeds: Sequence[int], steps: int) -> list[float]:
    """EMD of every seed after training, to the held-out rows."""
    print(f"{recipe}, {precision} ...", file=sys.stderr, flush=True)
    given: dict[str, Any] = {
        "data": "digits", "steps": steps, "g_width": WIDTH, "d_width": WIDTH, "precision": precision,
        "diagnose": False,
    }  # fmt: skip
    configs = [resolve(recipe, {**given, "seed": seed}) for seed in seeds]
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / f"seed-{seed}" for seed in seeds]
        for folder in folders:
            folder.mkdir()
        train(game.build(configs, folders, on))
        metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in folders]
    return [values["emd"] for values in metrics]


def table(result: dict[str, Any]) -> str:
    """Lay the record out: medians, with the range over seeds."""
    rows = [
        (
            block["recipe"],
            *(_told(block["emd"][precision]) for precision in PRECISIONS),
            _told([b - a for a, b in zip(*(block["emd"][p] for p in PRECISIONS), strict=True)], "+"),
            f"{block['floor']:.2f}",
        )
        for block in result["blocks"]
    ]
    products = "products emulated" if result["emulated"] else "products of the processor"
    return f"{result['command']}; {products}:\n\n{sides.table(HEADER, rows)}"


def _told(values: Sequence[float], sign: str = "") -> str:
    median, low, high = statistics.median(values), min(values), max(values)
    return f"{median:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


if __name__ == "__main__":
    main()
