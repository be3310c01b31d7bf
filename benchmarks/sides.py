"""What the benchmarks share: the games they time, both sides of a comparison, how times are taken."""

from __future__ import annotations

import copy
import functools
import gc
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import ganscope
from ganscope.build import game
from ganscope.build.settings import options_of, resolve
from ganscope.config import RunConfig
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.training import Runs, streams
from ganscope.training.loop import advance

from . import by_hand
from .peers.turns import Times, Worker

CRITIC_STEPS = {"wgan": 5, "wgan-gp": 5}
"""Discriminator steps a step, as in the papers; 1 for all other recipes."""
PATH = [Path(__file__).parents[1], Path(ganscope.__file__).parents[1]]
"""Where benchmarks and ganscope lie, for processes in other environments."""
LONG = 1_000_000
"""Steps of a configuration no benchmark reaches the end of."""
STARTED = time.perf_counter()
"""When the benchmark began."""


class Spread(NamedTuple):
    """Median of a measured quantity over blocks, and the range that holds the middle 80 % of them."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Show as `1.02 (0.98-1.07)`."""
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


Turn = Callable[[int], Times]
"""Takes a number of steps and tells the seconds of one."""


def spread(values: Sequence[float]) -> Spread:
    """Median, 10 % and 90 % quantile."""
    low, *_, high = statistics.quantiles(values, n=10, method="inclusive")
    return Spread(statistics.median(values), low, high)


def images(side: int = 32, rows: int = 1_000) -> Tensor:
    """Colour noise in [-1, 1]: what a picture shows does not change what a step costs."""
    return torch.rand(rows, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def without_metrics(data: str | Tensor) -> Evaluation:
    """A data set without metrics, for timing the step alone."""
    loaded = load_data(data)
    return Evaluation(loaded, metrics={}, about={"mode_names": []})


def configs_of(recipe: str, seeds: Sequence[int], **given: Any) -> list[RunConfig]:
    """Configurations that differ in their seeds."""
    pinned = {"steps": LONG, "optimizer": "adam", "n_critic": CRITIC_STEPS.get(recipe, 1)}
    return [resolve(recipe, {**pinned, **given, "seed": seed}) for seed in seeds]


def runs_of(recipe: str, on: Evaluation, folder: Path, seeds: Sequence[int] = (0,), **given: Any) -> Runs:
    """Build runs as ganscope builds anybody's."""
    configs = configs_of(recipe, seeds, **given)
    return game.build(configs, [folder] * len(configs), on)


def by_hand_like(runs: Runs) -> tuple[by_hand.Step, nn.Module, nn.Module]:
    """Write a plain run's step by hand: same initial weights, same random numbers, nothing shared.

    Returns:
        The step, its generator and its discriminator.
    """
    config, rows = runs.config, runs.rows
    assert isinstance(rows, Tensor)
    generator = copy.deepcopy(runs.game.generator.module)
    discriminator = copy.deepcopy(runs.game.discriminator.module)
    draws = by_hand.Draws(
        noise=streams.generator(config.seed, "noise"),
        penalty=streams.generator(config.seed, "penalty"),
        order=lambda epoch: torch.randperm(
            len(rows), generator=streams.generator(config.seed, "data", epoch)
        ),
    )
    step = by_hand.STEPS[config.recipe](generator, discriminator, rows, config, draws)
    return step, generator, discriminator


def case_of(runs: Runs, **more: Any) -> dict[str, Any]:
    """Describe a game to a worker in another environment, which has no ganscope or no torch."""
    config = runs.config
    return {
        **config.flat(),
        "width": options_of(config).g_width,
        "shape": list(runs.held_out.shape[1:]),
        "rows": len(runs.rows),
        "bounded": any(isinstance(module, nn.Tanh) for module in runs.game.generator.module.modules()),
        **more,
    }


def in_scans(worker: Worker, length: int) -> Turn:
    """Ask a JAX worker for steps: it takes them in scans of a fixed length, at times more than asked for."""
    return lambda steps: worker.run(length * math.ceil(steps / length))


def stepping(runs: Runs) -> Callable[[], None]:
    """Ganscope's step as a function of nothing."""

    def step() -> None:
        advance(runs)
        runs.step += 1

    return step


def counting(step: by_hand.Step) -> Callable[[], None]:
    """A hand-written step as a function of nothing."""
    number = 0

    def next_step() -> None:
        nonlocal number
        step(number)
        number += 1

    return next_step


def timed(step: Callable[[], None], times: int) -> Times:
    """Seconds a step takes, over a block of some."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        step()
    return Times((time.perf_counter() - wall) / times, (time.process_time() - cpu) / times)


def interleaved(
    steps: Sequence[Callable[[], None]], blocks: int, block_seconds: float = 0.01
) -> list[list[Times]]:
    """Time several steps in turn, so that what else the machine does meets all of them alike.

    Args:
        steps: what to time.
        blocks: how many times each gets its turn; the order is reversed every other time.
        block_seconds: roughly how long a turn lasts, at least one step.

    Returns:
        For each step its seconds per call, by block.
    """
    return taking_turns([functools.partial(timed, step) for step in steps], blocks, block_seconds)


def taking_turns(turns: Sequence[Turn], blocks: int, block_seconds: float = 0.01) -> list[list[Times]]:
    """Do the same with whatever times its own steps, be it in another process.

    Args:
        turns: number of steps -> seconds per step.
        blocks: see `interleaved`.
        block_seconds: see `interleaved`.

    Returns:
        See `interleaved`.
    """
    calls = [_steps_within(block_seconds, turn) for turn in turns]
    measured: list[list[Times]] = [[] for _ in turns]
    gc.collect()
    for block in range(blocks):
        order = range(len(turns)) if block % 2 == 0 else reversed(range(len(turns)))
        for i in order:
            measured[i].append(turns[i](calls[i]))
    return measured


def _steps_within(seconds: float, turn: Turn) -> int:
    """Warm a side up, and see how many of its steps fit into a time; at least one."""
    turn(2)
    steps = min(5, max(1, round(seconds / turn(1).cpu)))
    return max(1, round(seconds / turn(steps).cpu))


def ratios(measured: Sequence[float], reference: Sequence[float]) -> Spread:
    """How many times as long as the reference, block by block."""
    return spread([a / b for a, b in zip(measured, reference, strict=True)])


def in_own_process(benchmark: str, threads: int, quick: bool) -> dict[str, Any]:
    """Measure with a number of threads in a fresh process: torch sets up its threads once.

    Args:
        benchmark: its module, which takes `--threads`, `--json` and `--quick`.
        threads: of torch.
        quick: fewer blocks.

    Returns:
        What is in its JSON file.
    """
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "results.json"
        command = [sys.executable, "-m", benchmark, "--threads", str(threads), "--json", str(file)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        subprocess.run(
            [*command, *(["--quick"] if quick else [])],
            check=True,
            env=environment,
            cwd=PATH[0],
            stdout=subprocess.DEVNULL,
        )
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result


def machine() -> dict[str, str]:
    """Describe the machine and the versions, for the head of a table."""
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores seen",
        "threads": str(torch.get_num_threads()),
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f} (1-minute average at the start)",
    }


def show(result: dict[str, Any], report: Callable[[dict[str, Any]], str], file: Path | None) -> None:
    """Print the machine, the table and the duration of a benchmark, and write all numbers where wanted.

    Args:
        result: JSON values with an entry `machine`.
        report: lays them out as a table.
        file: where to write them.
    """
    seconds = round(time.perf_counter() - STARTED)
    for name, text in result["machine"].items():
        print(f"{name}: {text}")
    print(f"\n{report(result)}\n\ntook {seconds} s")
    if file is not None:
        text = json.dumps({**result, "seconds": seconds}, indent=2)
        file.write_text(text + "\n", encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay a table out as Markdown with aligned columns."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or sys.platform
    models = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.machine()
