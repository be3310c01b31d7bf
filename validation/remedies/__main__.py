"""Whether advice helps: planted failures healed by it, by a placebo, and left alone, over seeds.

    python -m validation.remedies [--plants NAME ...] [--seeds 16]

Writes `docs/validation/remedies.json` after every plant and fills the tables of `docs/validation/remedies.md`
from it. What is finished is not done again; a plant that was interrupted goes on where it was.

A plant is a healthy configuration with a few fields changed for the worse, run over seeds as one stack with
its probes. Where a run's most upstream verdict first stands at a wide probe, where `--heal` looks, the
run is healed from its last good checkpoint by the code of `--heal`, once per arm: the first remedy, further
ones, and a placebo, both learning rates times 0.95. `nothing` is the ill run left to its end. From the
checkpoint on all arms see as many real rows as the ill run did.

Recovered: at the end the exact EMD is not above the 95 % quantile of the healthy twins' (same seeds and data,
without the plant), and no fewer modes are captured than at their 5 % quantile. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganscope.build.check import check
from ganscope.config import RunConfig
from ganscope.contracts import RunFailed
from ganscope.data.find import load_data
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.verdict import Verdict, judge
from ganscope.evaluation import Evaluation
from ganscope.folder import checkpoint, files, healings, layout
from ganscope.folder.healings import Healing, Record
from ganscope.folder.read import read
from ganscope.running import Hooks, Prepared, execute, healing, reopen
from ganscope.training.stacks.differences import program

from .plants import PLANTS, TWINS, Plant, config_of, definition, words
from .tables import brief, by_verdict, fill, tables

Tell = Callable[[str], None]
PLACEBO = Remedy("Lower both learning rates by a twentieth.", "placebo", factors={"g_lr": 0.95, "d_lr": 0.95})
QUANTILE = 0.95


class Ill(NamedTuple):
    """A run whose diagnosis would have had it healed."""

    seed: int
    verdict: Verdict
    found_at: int


def first_verdict(folder: Path, config: RunConfig) -> tuple[Verdict, int] | None:
    """Find what `--heal` would have acted on first, and when: at a wide probe, at the end or at NaN."""
    rows = files.read_rows(folder / layout.DIAGNOSIS)
    ends = [row["step"] for row in rows if row.get("wide") and row["step"]]
    ends += [row["step"] for row in rows if row.get("nonfinite")] + [config.steps]
    for end in sorted(set(ends)):
        standing = judge([row for row in rows if row["step"] <= end]).verdicts
        if standing:
            return standing[0], end
    return None


def train(configs: Sequence[RunConfig], folders: Sequence[Path], on: Evaluation, tell: Tell) -> None:
    """Train runs as stacks where they can be, new or from where they are; NaN is an ending too."""
    groups: dict[Any, list[int]] = {}
    for k, (config, folder) in enumerate(zip(configs, folders, strict=True)):
        if layout.is_run(folder) and read(folder).config != config:
            shutil.rmtree(folder)  # left by an older form of the plant
        if not (folder / "metrics.json").exists():
            saved = checkpoint.steps(folder)
            alone = k if config.options["g_norm"] == "batch" else None  # its statistics cannot be stacked
            groups.setdefault((program(config), saved[-1] if saved else 0, alone), []).append(k)
    for members in groups.values():
        places = [folders[k] for k in members]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        begun = all((place / "config.json").exists() for place in places)
        try:
            if begun:
                prepared = reopen([read(place) for place in places], evaluation=on)
            else:
                prepared = Prepared(tuple(configs[k] for k in members), tuple(places), on)
            execute(prepared, Hooks(tell=tell))
        except RunFailed as ended:
            tell(str(ended)[:150])


def ending(folder: Path) -> dict[str, Any]:
    """How good a run's samples were at its end; a run that diverged has no quality."""
    metrics = files.read_json(folder / "metrics.json")
    if metrics["diverged_at"] is not None or metrics.get("emd") is None:
        return {"emd": None, "captured": 0, "high_quality": 0.0}
    return {name: metrics[name] for name in ("emd", "captured", "high_quality")}


class Band(NamedTuple):
    """What the healthy twins reach, but for one in twenty."""

    emd: float
    captured: float

    def holds(self, end: Mapping[str, Any]) -> bool:
        """Whether a run ended as the twins do."""
        return end["emd"] is not None and end["emd"] <= self.emd and end["captured"] >= self.captured


def band(ends: Sequence[Mapping[str, Any]]) -> Band:
    """Quantiles of the twins."""
    emds = [math.inf if end["emd"] is None else end["emd"] for end in ends]
    modes = [end["captured"] for end in ends]
    return Band(float(np.quantile(emds, QUANTILE)), float(np.quantile(modes, 1 - QUANTILE)))


def heal(folder: Path, ill: Ill, config: RunConfig, remedy: Remedy, on: Evaluation, to: Path) -> Path | str:
    """Copy an ill run and heal the copy, up to where it goes on; a sentence where it cannot be healed."""
    saved = checkpoint.steps(folder)
    prescribed = healing.attempt(
        remedy, ill.verdict, ill.found_at, config, saved, lambda c: check(c, on.data)
    )
    if not isinstance(prescribed, Healing):
        return prescribed
    healed = Record((prescribed._replace(config={**prescribed.config, "diagnose": False}),))
    if healings.read(to) == healed:
        return to
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    healings.write(to, healed)
    healing.settle(to)
    return to


def measure(
    name: str,
    twins: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    on: Evaluation,
    place: Path,
    tell: Tell,
) -> dict[str, Any]:
    """Run one plant in all arms.

    Args:
        name: of the plant.
        twins: how the healthy twins ended.
        seeds: one ill run each.
        on: the plant's data.
        place: where the run folders go, or are.
        tell: told in a line how far it is.

    Returns:
        The block for the record.
    """
    plant, within = PLANTS[name], band(twins)
    configs = {seed: config_of(plant, seed) for seed in seeds}
    folders = {seed: place / "nothing" / f"seed-{seed}" for seed in seeds}
    tell(f"{name}: {len(seeds)} ill runs")
    train(list(configs.values()), list(folders.values()), on, tell)
    ills = [
        Ill(seed, *seen)
        for seed in seeds
        if (seen := first_verdict(folders[seed], configs[seed])) is not None
    ]
    remedies: dict[str, Remedy] = {}
    refused: dict[str, str] = {}
    healed: dict[str, dict[int, Path]] = {}
    for ill in ills:
        for arm, remedy in arms_of(ill.verdict, plant).items():
            remedies[arm] = remedy
            to = place / slug(arm) / f"seed-{ill.seed}"
            done = heal(folders[ill.seed], ill, configs[ill.seed], remedy, on, to)
            if isinstance(done, Path):
                healed.setdefault(arm, {})[ill.seed] = done
            else:
                refused[arm] = done
    ends = {"nothing": {seed: ending(folder) for seed, folder in folders.items()}}
    for arm, places in healed.items():
        tell(f"{name}: {len(places)} runs with {arm}")
        new = [read(folder).config for folder in places.values()]
        train(new, list(places.values()), on, tell)
        ends[arm] = {seed: ending(folder) for seed, folder in places.items()}
    return {
        "plant": name,
        "definition": definition(plant),
        "seeds": list(seeds),
        "band": within._asdict(),
        "verdicts": {str(ill.seed): found(ill) for ill in ills},
        "remedies": {arm: remedy._asdict() for arm, remedy in remedies.items()},
        "refused": refused,
        "ends": {
            arm: {str(seed): {**end, "recovered": within.holds(end)} for seed, end in by_seed.items()}
            for arm, by_seed in ends.items()
        },
    }


def found(ill: Ill) -> dict[str, Any]:
    """What the record says of a verdict."""
    kept = ("name", "factor", "pattern", "severity", "since_step")
    values = {name: getattr(ill.verdict, name) for name in kept}
    return {**values, "found_at": ill.found_at, "first": words(ill.verdict.remedies[0])}


def arms_of(verdict: Verdict, plant: Plant) -> dict[str, Remedy]:
    """The placebo, the remedies of a verdict and those of the plant, by what they set."""
    every = [remedy for remedy in (*verdict.remedies, *plant.further) if remedy.is_setting]
    return {"placebo": PLACEBO, **{words(remedy): remedy for remedy in every}}


def slug(text: str) -> str:
    """Make a folder's name of words."""
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in text)


def write(path: Path, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Write the record, and the page beside it."""
    written = {
        "command": "python -m validation.remedies",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, one thread",
        "verdicts": by_verdict(blocks),
        "plants": list(blocks),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.whole_file(path) as file:
        file.write(json.dumps(files.jsonable(written), indent=1).encode() + b"\n")
    for page, text in (
        (path.parent / "remedies.md", tables(blocks)),
        (path.parents[1] / "diagnosing.md", brief(blocks)),
    ):
        if page.exists():
            fill(page, text)


def first_rows(on: Evaluation, rows: int) -> Evaluation:
    """Train on the first rows only, judged as before; all of them for 0."""
    if not rows:
        return on
    return on.for_training_rows(on.data.train[torch.arange(rows)])


def main() -> None:
    """Measure what is not measured yet, and write record and tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plants", nargs="+", metavar="NAME", default=list(PLANTS))
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=32, help="advice was chosen on 0 to 31")
    parser.add_argument("--out", type=Path, default=Path("docs/validation/remedies.json").absolute())
    parser.add_argument("--work", type=Path, default=Path("runs/remedies"), help="run folders")
    options = parser.parse_args()
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    blocks: list[dict[str, Any]] = (
        json.loads(options.out.read_text())["plants"] if options.out.exists() else []
    )
    for name in options.plants:
        plant = PLANTS[name]
        asked = files.jsonable(definition(plant))
        if any(b["definition"] == asked and b["seeds"] == seeds for b in blocks if b["plant"] == name):
            continue
        whole = load_data(TWINS[plant.twin]["data"])
        folders = [options.work / "twins" / plant.twin / f"seed-{seed}" for seed in seeds]
        on = Evaluation(whole)
        train([config_of(None, seed, plant.twin) for seed in seeds], folders, on, _say)
        twins = [ending(folder) for folder in folders]
        block = measure(name, twins, seeds, first_rows(on, plant.rows), options.work / slug(name), _say)
        blocks = sorted([b for b in blocks if b["plant"] != name] + [block], key=_order)
        write(options.out, blocks)
        print(tables([block]), flush=True)
    write(options.out, blocks)


def _order(block: Mapping[str, Any]) -> int:
    return list(PLANTS).index(block["plant"]) if block["plant"] in PLANTS else len(PLANTS)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
