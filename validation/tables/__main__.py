"""Recipes on mixed tables, beside what real rows score: `python -m validation.tables [--tables NAME ...]`.

Each table of 2,000 rows is written as CSV and trained on as anybody would; samples are written as CSV, and
these files are compared with 2,000 other real rows. With `--theirs PYTHON`, an interpreter that has PyPI's
`ctgan`, that package is trained on the same files (`validation/tables/theirs.py`). What stands in
`docs/validation/tables.json` already is not done again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ganscope.export.table_files import write_table
from ganscope.running import Prepared, execute
from ganscope.running.prepared import prepare
from ganscope.running.run import load

from . import data, measures, page

RESULTS = Path(__file__).parents[2] / "docs" / "validation" / "tables.json"
SEEDS = 4
EPOCHS, BATCH = 100, 500
"""Of recipe ctgan and of the package, a third of what they were published with."""
STEPS = 3_000
"""Of recipe auto: about as many real rows as the others see."""
RECIPES = ("auto", "ctgan")
THEIRS = Path(__file__).with_name("theirs.py")


def main(given: Sequence[str] | None = None) -> None:
    """Do what is not done yet, and fill in the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="*", default=list(data.TABLES))
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES))
    parser.add_argument("--theirs", type=Path, help="interpreter that has PyPI's ctgan")
    wanted = parser.parse_args(given)
    torch.set_num_threads(1)
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in wanted.tables:
        done = results.setdefault(name, {})
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            for part, seed in (("train", 0), ("test", 1), ("other", 2)):
                data.write(place / f"{part}.csv", data.TABLES[name](data.ROWS, seed))
            train, test = (data.read(place / f"{part}.csv") for part in ("train", "test"))

            def measured(
                path: Path, train: Any = train, test: Any = test, name: str = name
            ) -> dict[str, float]:
                return measures.all_of(train, test, data.read(path), data.TARGETS[name])

            if "real" not in done:
                done["real"] = [measured(place / "other.csv")]
            for recipe in wanted.recipes:
                if recipe not in done:
                    done[recipe] = ours(place, recipe, measured)
                    keep(results)
            if wanted.theirs is not None and "package" not in done:
                done["package"] = theirs(place, wanted.theirs, measured)
            keep(results)
    page.fill(results)


def keep(results: dict[str, Any]) -> None:
    """Write down what has been measured so far."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def ours(place: Path, recipe: str, measured: Any) -> list[dict[str, Any]]:
    """Train a recipe of ours over the seeds, as a stack where it can be one, and measure its samples."""
    steps = EPOCHS * (data.ROWS // BATCH) if recipe == "ctgan" else STEPS
    given: dict[str, Any] = {"recipe": recipe, "data": str(place / "train.csv"), "steps": steps}
    prepared = prepare({**given, "diagnose": False, "threads": 1})
    configs = [prepared.config.changed(seed=seed) for seed in range(SEEDS)]
    groups = [configs] if recipe != "ctgan" else [[config] for config in configs]
    begun = time.process_time()
    for group in groups:
        folders = tuple(place / f"{recipe}-{config.seed}" for config in group)
        for folder in folders:
            folder.mkdir()
        execute(Prepared(tuple(group), folders, prepared.evaluation))
    seconds = (time.process_time() - begun) / SEEDS
    rows = []
    for config in configs:
        run = load(place / f"{recipe}-{config.seed}")
        units = prepared.data.units
        assert units is not None  # noqa: S101 - a table has units
        path = place / f"{recipe}-{config.seed}.csv"
        write_table(path, run.sample(data.ROWS, seed=config.seed), units)
        of_run = run.metrics["emd"] / run.metrics["emd_floor"]
        rows.append({**measured(path), "emd": of_run, "seconds": seconds, "steps": config.steps})
        told(recipe, rows[-1])
    return rows


def theirs(place: Path, python: Path, measured: Any) -> list[dict[str, Any]]:
    """Train PyPI's ctgan on the same file in an environment of its own, and measure its samples."""
    rows = []
    for seed in range(SEEDS):
        path = place / f"package-{seed}.csv"
        command = [str(python), str(THEIRS), str(place / "train.csv"), str(path), str(seed), str(EPOCHS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=place)
        rows.append({**measured(path), **json.loads(done.stdout.splitlines()[-1])})
        told("package", rows[-1])
    return rows


def told(recipe: str, row: dict[str, Any]) -> None:
    """Say how a run ended."""
    words = " ".join(f"{name} {value:.3g}" for name, value in row.items() if isinstance(value, int | float))
    print(f"{recipe}: {words}", flush=True)


if __name__ == "__main__":
    main()
