"""What the options of the step gain or cost on this machine, as ratios to the step as it is by default.

    python -m benchmarks.step_options [--quick] [--json FILE] [--threads N]

Below 1 an option is faster. All variants of a game take turns in blocks within one process; times are those
of the processor. What compiling takes before the first step, with nothing compiled before, is left out and
has a column of its own, by the clock on the wall.

- torch's activations: the second derivatives of (leaky) ReLU, all zero, are computed where a penalty's slope
  is differentiated; by default they are left out.
- compiled: `--compile`.
- bfloat16: `--precision bfloat16`, which the command line refuses where the processor lacks the instructions.
- channels last: the layout of convolutions' weights and inputs; no option, for what it gains here is little.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor

from ganscope.training import Runs, step
from ganscope.training.compiled import compiled
from ganscope.training.precision import has_bfloat16, in_bfloat16

from . import sides


class Row(NamedTuple):
    """One game of the table."""

    recipe: str
    network: str
    width: int
    batch_size: int


ROWS = [
    Row("non-saturating", "mlp", 64, 64),
    Row("wgan-gp", "mlp", 64, 64),
    Row("wgan-gp", "mlp", 128, 64),
    Row("wgan-gp", "mlp", 512, 256),
    Row("wgan-gp", "dcgan", 16, 32),
]
QUICK = ROWS[:2]
COMPILED = (*ROWS[:2], ROWS[3])
"""Small and large; compiling takes most of the time here."""
EMULATED = ROWS[1]
"""The game in which bfloat16 is timed even where the processor has to emulate it."""
HEADER = (
    "recipe", "network", "width", "batch", "ms", "torch's activations", "compiled", "compiling, s",
    "bfloat16", "channels last",
)  # fmt: skip


def main() -> None:
    """Measure every game and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few blocks, small games: for development")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there as well")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    machine = sides.machine()
    rows = [_measure(row, 5 if given.quick else 11) for row in (QUICK if given.quick else ROWS)]
    sides.show({"machine": machine, "rows": rows}, report, given.json)


def report(result: dict[str, Any]) -> str:
    """Lay out what `main` measured, as text."""
    return sides.table(HEADER, [_cells(row) for row in result["rows"]])


def _measure(row: Row, blocks: int) -> dict[str, Any]:
    print(f"{' '.join(map(str, row))} ...", file=sys.stderr, flush=True)
    on = sides.without_metrics(sides.images() if row.network == "dcgan" else "digits")
    given: dict[str, Any] = {"network": row.network, "g_width": row.width, "d_width": row.width}
    with tempfile.TemporaryDirectory() as name:

        def runs() -> Runs:
            return sides.runs_of(row.recipe, on, Path(name), **given, batch_size=row.batch_size)

        steps = {"default": sides.stepping(runs())}
        if row.recipe == "wgan-gp":
            steps["torch's activations"] = _with_torchs_activations(sides.stepping(runs()))
        if row in COMPILED:
            program = runs()
            program.game = compiled(program.game)
            steps["compiled"] = sides.stepping(program)
        if row == EMULATED or has_bfloat16(torch.device("cpu")):
            half = runs()
            half.game = half.game._replace(
                generator=in_bfloat16(half.game.generator), discriminator=in_bfloat16(half.game.discriminator)
            )
            steps["bfloat16"] = sides.stepping(half)
        if row.network == "dcgan":
            steps["channels last"] = sides.stepping(_channels_last(runs()))
        compiling = None
        if "compiled" in steps:
            with patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=name):
                compiling = sides.timed(steps["compiled"], 1).wall
        measured = sides.interleaved(list(steps.values()), blocks)
    times = {name: [t.cpu for t in taken] for name, taken in zip(steps, measured, strict=True)}
    ratios = {name: sides.ratios(taken, times["default"]) for name, taken in times.items()}
    milliseconds = 1e3 * statistics.median(times["default"])
    return {**row._asdict(), "ms": milliseconds, "compiling": compiling, "ratios": ratios}


def _with_torchs_activations(step_once: Callable[[], None]) -> Callable[[], None]:
    def one() -> None:
        with patch.object(step, "PiecewiseLinear", contextlib.nullcontext):
            step_once()

    return one


def _channels_last(runs: Runs) -> Runs:
    """Lay convolutions' weights and the discriminator's inputs out with the channels of a pixel together."""
    game = runs.game
    for network in (game.generator, game.discriminator):
        for parameter in network.parameters.values():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    judge = game.discriminator.call

    def call(x: Tensor, condition: Tensor | None = None) -> Tensor:
        return judge(x.contiguous(memory_format=torch.channels_last), condition)

    runs.game = game._replace(discriminator=game.discriminator._replace(call=call))
    return runs


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    ratios = {name: str(sides.Spread(*ratio)) for name, ratio in row["ratios"].items()}
    compiling = "" if row["compiling"] is None else f"{row['compiling']:.0f}"
    return (
        row["recipe"], row["network"], str(row["width"]), str(row["batch_size"]), f"{row['ms']:.2f}",
        ratios.get("torch's activations", ""), ratios.get("compiled", ""), compiling,
        ratios.get("bfloat16", ""), ratios.get("channels last", ""),
    )  # fmt: skip


if __name__ == "__main__":
    main()
