"""Seconds and samples until samples are good, per recipe and data set, over seeds that count when they fail.

    python -m validation.time_to_quality [--data ring ...] [--recipes fast ...] [--seeds 8]

Writes `docs/validation/time_to_quality.json` after every block, a block being one recipe on one data set, and
fills the table in `docs/validation/README.md` from it. What is finished is not done again; a block that was
interrupted goes on from its checkpoint.

The seeds of a block train as one stack, and a run's seconds are the stack's divided by its size. Samples are
judged on fixed latents at the same numbers of real rows for every recipe, a hundred times in the budget. A
quality has to *hold*: it is reached at the second of two evaluations in a row that both show it, so a lucky
moment does not count. A run that does not get there within the budget, or diverges, never reached it: it is
infinitely late in the median. Processor seconds leave out what other programs took of a shared machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ganscope.build.check import check
from ganscope.build.settings import load_recipe, resolve
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Interrupted, RunFailed
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.folder import files
from ganscope.folder.read import read
from ganscope.metrics import METRICS
from ganscope.running import Hooks, Prepared, execute, reopen

Row = Mapping[str, Any]
HELD = 2
"""Evaluations in a row that have to show a quality."""
EVALUATIONS = 100
JUDGED = 2_500
"""Samples of a mixture over which modes are counted, as in VEEGAN and PacGAN."""
LATENT = {"ring": 2, "grid": 2}
"""The mixtures' latent, for every recipe, as in PacGAN and WGAN-GP's toy code; at our 32 none gets near."""
OURS, REFERENCE = "fast", "wgan-gp"
RECIPES = (OURS, REFERENCE, "r1", "non-saturating", "rpgan-r1r2", "pacgan")
"""What is measured unless other names are given, first what an interrupted validation shall say at least."""
HEADER = ("recipe", "reached", "samples, median", "seconds a run", "processor seconds a run", "at the end")
MARKS = ("<!-- time-to-quality -->", "<!-- /time-to-quality -->")


class Quality(NamedTuple):
    """What samples of a data set have to be, and how many real rows a run may see until then."""

    words: str
    good: Callable[[Row, float], bool]
    """(an evaluation, the data's EMD floor) -> whether the samples are good."""
    budget: int


QUALITIES = {
    "ring": Quality(
        "8 modes captured, 90 % of samples of high quality",
        lambda row, floor: row["captured"] == 8 and row["high_quality"] >= 0.9,
        768_000,
    ),
    "grid": Quality(
        "25 modes captured, 90 % of samples of high quality",
        lambda row, floor: row["captured"] == 25 and row["high_quality"] >= 0.9,
        768_000,
    ),
    "digits": Quality(
        "EMD less than 0.4 above the floor",
        lambda row, floor: row["emd"] is not None and row["emd"] - floor < 0.4,
        512_000,
    ),
}


class Reach(NamedTuple):
    """When a run reached its quality: real rows seen, and seconds it had trained."""

    samples: int
    seconds: float
    processor_seconds: float


def held_since(rows: Sequence[Row], good: Callable[[Row], bool]) -> int | None:
    """Find the step at which a quality has held for two evaluations; None when it never did.

    Example:
        >>> rows = [{"step": s, "q": q} for s, q in enumerate([1, 0, 1, 1, 0])]
        >>> held_since(rows, lambda row: row["q"] == 1), held_since(rows[:3], lambda row: row["q"] == 1)
        (3, None)
    """
    streak = 0
    for row in rows:
        streak = streak + 1 if good(row) else 0
        if streak == HELD:
            return int(row["step"])
    return None


def median(values: Sequence[float | None]) -> float:
    """Median in which a run that never got there (None) is infinitely late.

    Example:
        >>> median([3.0, None, 1.0]), median([3.0, None, None])
        (3.0, inf)
    """
    return statistics.median(math.inf if value is None else value for value in values)


def configs_of(data: str, recipe: str, seeds: Sequence[int]) -> list[RunConfig]:
    """Configurations of a block: the recipe as shipped, in the data's budget, judged on the common raster.

    A recipe that sets its own number of steps keeps it where that is less than the budget.
    """
    budget = QUALITIES[data].budget
    plain = resolve(recipe, {"data": data})
    rows_per_step = plain.n_critic * plain.batch_size
    steps = budget // rows_per_step
    values = load_recipe(recipe)
    if "steps" in values | values.get("on", {}).get(data, {}):
        steps = min(steps, plain.steps)
    every = max(1, budget // EVALUATIONS // rows_per_step)
    intervals = {"evaluate_every": every, "log_every": every, "checkpoint_every": 5 * every}
    fields = {"data": data, "steps": steps, "threads": 1, "diagnose": False, **intervals}
    fields |= {"latent_dim": LATENT[data]} if data in LATENT else {}
    return [resolve(recipe, {**fields, "seed": seed}) for seed in seeds]


def cheaply(evaluation: Evaluation) -> Evaluation:
    """Measure only what the quality asks for: modes where their centres are known, else the EMD."""
    known = evaluation.data.centres is not None
    metrics = {name: metric for name, metric in METRICS.items() if (metric.needs == "modes") == known}
    return Evaluation(
        evaluation.data,
        metrics=metrics if known else {"emd": METRICS["emd"]},
        about=evaluation.about,
        samples=JUDGED if known else len(evaluation.compared),
    )


def evaluations(folder: Path) -> list[dict[str, Any]]:
    """Evaluations of a run so far, oldest first, without the one of the untrained networks."""
    rows = files.read_rows(folder / "history.jsonl")
    return [row for row in rows if ("emd" in row or "captured" in row) and row["step"] > 0]


def reach_of(folder: Path, good: Callable[[Row], bool], stacked: int) -> Reach | None:
    """Read from a run folder when the run reached its quality.

    Args:
        folder: the run folder.
        good: whether an evaluation is good.
        stacked: runs in its stack, among which the stack's seconds are shared.
    """
    rows = evaluations(folder)
    step = held_since(rows, good)
    if step is None:
        return None
    samples = next(row["samples_seen"] for row in rows if row["step"] == step)
    time = next(row for row in files.read_rows(folder / "timing.jsonl") if row["step"] == step)
    return Reach(samples, time["seconds"] / stacked, time["processor_seconds"] / stacked)


def measure_block(
    data: str, recipe: str, seeds: Sequence[int], on: Evaluation, place: Path, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Train a recipe over seeds until all of them reached their quality or the budget is spent.

    Args:
        data: name of the data set.
        recipe: name of the recipe.
        seeds: one run each; more than one makes a stack.
        on: the data with its cheap judge.
        place: where the run folders go, or are.
        tell: told in a line how far it is.

    Returns:
        The block for the record.
    """
    configs = configs_of(data, recipe, seeds)
    folders = [place / f"seed-{seed}" for seed in seeds]
    floor = on.about["emd_floor"]

    def good(row: Row) -> bool:
        return QUALITIES[data].good(row, floor)

    begun = all((folder / "config.json").exists() for folder in folders)
    if begun and any(read(folder).config != config for folder, config in zip(folders, configs, strict=True)):
        shutil.rmtree(place)  # left by an older form of the recipe
        begun = False
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    reached = [False]

    def progress(event: dict[str, Any]) -> None:
        held = [held_since(evaluations(folder), good) is not None for folder in folders]
        reached[0] = all(held)
        tell(
            f"{data}, {recipe}: step {event['step']} of {event['steps']}, {event['seconds']:.0f} s, "
            f"{sum(held)} of {len(held)} there"
        )

    try:
        if begun:
            prepared = reopen([read(folder) for folder in folders], evaluation=cheaply(on))
        else:
            prepared = Prepared(tuple(configs), tuple(folders), cheaply(on))
        execute(prepared, Hooks(progress, stop=lambda: reached[0], tell=tell))
    except (Interrupted, RunFailed) as ended:
        tell(f"{data}, {recipe}: {'all there' if isinstance(ended, Interrupted) else ended}")
    found = [reach_of(folder, good, len(folders)) for folder in folders]
    rows = [evaluations(folder) for folder in folders]
    spent = max(
        (files.read_rows(folder / "timing.jsonl")[-1] for folder in folders), key=lambda row: row["step"]
    )
    return {
        "data": data,
        "recipe": recipe,
        "seeds": list(seeds),
        "config": _essential(configs[0]),
        "reached": sum(reach is not None for reach in found),
        **{name: [reach and getattr(reach, name) for reach in found] for name in Reach._fields},
        "spent": {
            "samples": spent["step"] * configs[0].n_critic * configs[0].batch_size,
            **{name: spent[name] / len(folders) for name in Reach._fields[1:]},
        },
        "last": {
            name: [run[-1][name] - (floor if name == "emd" else 0.0) if run else None for run in rows]
            for name in (("emd",) if data == "digits" else ("captured", "high_quality"))
        },
    }  # fmt: skip


def _essential(config: RunConfig) -> dict[str, Any]:
    """What decides a block: not the seed, and not what is the same for all."""
    usual = resolve(None, {}).flat()
    idle = {"seed", "data", "recipe", "log_every", "checkpoint_every", "threads", "diagnose"}
    kept = {name: value for name, value in config.flat().items() if name not in idle}
    return {name: value for name, value in kept.items() if value != usual.get(name)}


def is_current(block: Mapping[str, Any], data: str, recipe: str, seeds: Sequence[int]) -> bool:
    """Tell whether a block of the record is of this recipe as it is now, and of these seeds."""
    config = _essential(configs_of(data, recipe, seeds[:1])[0])
    asked = (data, recipe, list(seeds), files.jsonable(config))
    return (block["data"], block["recipe"], block["seeds"], block["config"]) == asked


def table(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write the blocks as Markdown: per data set the soonest first, with what the others had in the end."""
    lines = []
    for data, quality in QUALITIES.items():
        of_data = [block for block in blocks if block["data"] == data]
        stacks = sorted((b for b in of_data if len(b["seeds"]) > 1), key=_order)
        if not stacks:
            continue
        lines += [
            f"**{data}**: {quality.words}, within {quality.budget:,} real rows.",
            "",
            f"| {' | '.join(HEADER)} |",
            "|---|---|---|---|---|---|",
            *(_table_row(block) for block in stacks),
            "",
            *_ratios(stacks),
            *_alone([block for block in of_data if len(block["seeds"]) == 1]),
        ]
    return "\n".join(lines).strip()


def _order(block: Mapping[str, Any]) -> tuple[float, int, str]:
    return median(block["processor_seconds"]), -block["reached"], block["recipe"]


def _table_row(block: Mapping[str, Any]) -> str:
    samples, seconds, processor = (median(block[name]) for name in Reach._fields)
    cells = [
        f"`{block['recipe']}`",
        f"{block['reached']} of {len(block['seeds'])}",
        "never" if math.isinf(samples) else f"{samples:,.0f}",
        _seconds(seconds, block["spent"]["seconds"]),
        _seconds(processor, block["spent"]["processor_seconds"]),
        _last(block["last"]),
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(value: float, spent: float) -> str:
    return f"never ({spent:.1f} spent)" if math.isinf(value) else f"{value:.1f}"


def _last(last: Mapping[str, Sequence[float | None]]) -> str:
    """Median over seeds of the last evaluation; a diverged run's stays what it was before."""
    middle = {name: median(values) for name, values in last.items()}
    if "emd" in middle:
        return f"gap {middle['emd']:.2f}"
    return f"{middle['captured']:g} modes, {100 * middle['high_quality']:.0f} %"


def _ratios(stacks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how much sooner ours is than the reference; where that never got there, how much at least."""
    by_name = {block["recipe"]: block for block in stacks}
    if OURS not in by_name or REFERENCE not in by_name:
        return []
    ours, reference = by_name[OURS], by_name[REFERENCE]
    if math.isinf(median(ours["samples"])):
        return []
    parts, never = [], math.isinf(median(reference["samples"]))
    for name, words in (("samples", "samples"), ("processor_seconds", "processor seconds")):
        theirs = reference["spent"][name] if never else median(reference[name])
        parts.append(f"{theirs / median(ours[name]):.1f} times fewer {words}")
    least = f"`{REFERENCE}` did not get there at all; what it spent gives at least " if never else ""
    verb = "" if never else f"`{OURS}` takes "
    tail = " for `" + OURS + "`" if never else f" than `{REFERENCE}`"
    return [f"{least}{verb}{' and '.join(parts)}{tail}.", ""]


def _alone(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Report the single runs that were trained outside a stack."""
    words = [
        f"`{b['recipe']}` "
        + ("never" if not b["reached"] else f"{b['samples'][0]:,} samples, {b['processor_seconds'][0]:.1f} s")
        for b in blocks
    ]
    return [f"Seed 0 trained alone (processor seconds): {'; '.join(words)}.", ""] if words else []


def brief(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write ours beside the reference, a line a data set, for a page that has little room."""
    stacks = {(b["data"], b["recipe"]): b for b in blocks if len(b["seeds"]) > 1}
    lines = []
    for data, quality in QUALITIES.items():
        pair = [stacks[data, name] for name in (OURS, REFERENCE) if (data, name) in stacks]
        if len(pair) == 2:
            lines.append(f"| {data} | {quality.words} | {_brief_cell(pair[0])} | {_brief_cell(pair[1])} |")
    header = [f"| data | quality | `{OURS}` | `{REFERENCE}` |", "|---|---|---|---|"]
    return "\n".join(header + lines) if lines else ""


def _brief_cell(block: Mapping[str, Any]) -> str:
    samples, _, seconds = (median(block[name]) for name in Reach._fields)
    runs = f"{block['reached']} of {len(block['seeds'])} runs"
    if math.isinf(samples):
        spent = block["spent"]
        return f"{runs} in {spent['samples']:,} samples, {spent['processor_seconds']:.1f} s"
    return f"{samples:,.0f} samples, {seconds:.1f} s ({runs})"


def fill(page: Path, text: str) -> None:
    """Put text between the marks of a page; a page without marks stays as it is."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    if not mark:
        return
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def write(path: Path, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Write the record; what is never reached is null."""
    command = "python -m validation.time_to_quality"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, one thread"
    rules = {
        name: {"quality": q.words, "budget": q.budget, "judged_every": q.budget // EVALUATIONS}
        for name, q in QUALITIES.items()
    }
    written = {"command": command, "machine": machine, "held": HELD, "data": rules, "blocks": list(blocks)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.whole_file(path) as file:
        file.write(json.dumps(files.jsonable(written), indent=1).encode() + b"\n")


def fill_pages(out: Path, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Bring the page beside the record up to date, and the page on training one folder up."""
    for page, text in (
        (out.parent / "README.md", table(blocks)),
        (out.parents[1] / "training.md", brief(blocks)),
    ):
        if page.exists():
            fill(page, text)


def main() -> None:
    """Measure what is not measured yet, and write record and table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(QUALITIES), default=list(QUALITIES))
    parser.add_argument("--recipes", nargs="+", metavar="NAME", default=RECIPES)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--alone", nargs="*", metavar="NAME", default=[OURS, REFERENCE], help="also outside a stack"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/validation/time_to_quality.json").absolute())
    parser.add_argument("--work", type=Path, default=Path("runs/time-to-quality"), help="run folders")
    options = parser.parse_args()
    blocks = json.loads(options.out.read_text())["blocks"] if options.out.exists() else []
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    asked = [(name, seeds, "stack") for name in options.recipes]
    asked += [(name, seeds[:1], "alone") for name in options.alone if name in options.recipes]
    for data in options.data:
        on = Evaluation(load_data(data))
        for recipe, chosen, form in asked:
            if any(is_current(block, data, recipe, chosen) for block in blocks):
                continue
            try:
                check(configs_of(data, recipe, chosen)[0], on.data)
            except BadInput as why:
                print(f"{data}, {recipe}: left out, {why}", flush=True)
                continue
            place = options.work / data / f"{recipe}-{form}"
            found = measure_block(data, recipe, chosen, on, place, lambda line: print(line, flush=True))
            same = (data, recipe, len(chosen))
            blocks = [b for b in blocks if (b["data"], b["recipe"], len(b["seeds"])) != same] + [found]
            write(options.out, blocks)
            fill_pages(options.out, blocks)
    fill_pages(options.out, blocks)
    print(table(blocks))


if __name__ == "__main__":
    main()
