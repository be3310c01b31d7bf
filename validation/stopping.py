"""When to stop: is the generator that a run keeps as its best really about its best one?

    python -m validation.stopping [--seeds 4] [--tables adult ...] [--recipes auto ctgan]

Every run trains on one of the mixed tables of `validation.tables` and is evaluated twenty times, as a user's
run is: by the distance of some hundred samples to some hundred held-out rows. Each time 1,500 samples of its
own latents are put aside, and their exact Earth Mover's Distance to 1,500 rows is taken that were made by the
same law and that no run has seen. By this *true distance* the kept step is compared with the best of the
twenty, with the last, and with those that the losses would choose. Writes `docs/validation/stopping.json`,
where other runs stay.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganscope as gs
from ganscope.contracts import Event
from ganscope.data import as_written, decoded, encoded, load
from ganscope.folder import checkpoint, files, layout
from ganscope.metrics import emd
from ganscope.training import streams
from validation.tables.data import ROWS, TABLES, write

OUT = Path(__file__).parents[1] / "docs" / "validation" / "stopping.json"
JUDGED = 1_500
"""Samples and unseen rows of a true distance."""
LOOKS = 20
STEPS = {"auto": 3_000, "ctgan": 1_000}
CLOSE = 1.05
"""A true distance at most this many times the best one counts as close."""


def main() -> None:
    """Train, judge every look, and write down where each rule would have stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--recipes", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = json.loads(options.out.read_text())["runs"] if options.out.exists() else []
    asked = set(itertools.product(options.tables, options.recipes, range(options.seeds)))
    runs = [run for run in done if (run["table"], run["recipe"], run["seed"]) not in asked]
    for name in options.tables:
        for recipe in options.recipes:
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    runs.append(judged(name, recipe, seed, Path(folder)))
                print(sentence(runs[-1]), flush=True)
    runs.sort(key=in_order)
    close = {rule: share(runs, rule) for rule in RULES}
    record = {
        "command": "python -m validation.stopping", "looks": LOOKS, "judged": JUDGED, "steps": STEPS,
        "close": close, "runs": runs,
    }  # fmt: skip
    with files.whole_file(options.out) as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")
    for rule, (count, of) in close.items():
        print(f"{rule}: within {CLOSE - 1:.0%} of the best look in {count} of {of} runs")


def in_order(run: dict[str, Any]) -> tuple[int, int, int]:
    """Place a run in the record."""
    return list(STEPS).index(run["recipe"]), list(TABLES).index(run["table"]), int(run["seed"])


def judged(name: str, recipe: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train one run, and take the true distance of its samples at every look."""
    table, fresh = folder / f"{name}.csv", folder / "fresh.csv"
    write(table, TABLES[name](ROWS, seed))
    write(fresh, TABLES[name](2 * JUDGED, 1_000 + seed))
    data = load(table)
    units = data.units or {}
    unseen = in_terms_of(fresh, units)[: 2 * JUDGED]
    samples: dict[int, Tensor] = {}
    began = time.monotonic()
    run = gs.train(
        {
            "recipe": recipe, "data": str(table), "seed": seed, "steps": STEPS[recipe],
            "evaluate_every": STEPS[recipe] // LOOKS, "log_every": STEPS[recipe] // LOOKS,
        },
        out=folder / "run",
        observers=[put_aside(samples, seed)],
    )  # fmt: skip
    seconds = time.monotonic() - began
    distances = {
        step: emd(unseen[:JUDGED], as_written(rows, units)) for step, rows in sorted(samples.items())
    }
    _, about = checkpoint.load(run.folder / layout.BEST)
    return {
        "table": name, "recipe": recipe, "seed": seed, "seconds": round(seconds, 1),
        "kept": about["step"],
        "distances": {step: round(distance, 5) for step, distance in distances.items()},
        "floor": round(emd(unseen[:JUDGED], unseen[JUDGED:]), 5),
        "history": [
            {key: row[key] for key in ("step", "emd", "d_loss", "g_loss")}
            for row in run.history if row["step"] in distances
        ],
    }  # fmt: skip


def in_terms_of(path: Path, units: Mapping[str, Any]) -> Tensor:
    """Read a table and write its rows as another one's are learnt."""
    other = load(path)
    rows = torch.cat([other.train[torch.arange(len(other.train))], other.held_out])
    return encoded(decoded(rows, other.units or {}), units)


def put_aside(samples: dict[int, Tensor], seed: int) -> Callable[[Event, Any], None]:
    """Make an observer that draws samples at every evaluation, of latents that no evaluation uses."""

    def observe(event: Event, runs: Any) -> None:
        if event.kind != "log" or event.evaluation is None or event.step == 0:
            return
        stream = streams.generator(seed, "sample")
        latent = torch.randn((JUDGED, runs.config.latent_dim), generator=stream)
        condition = None
        if runs.held_out_condition is not None:
            condition = runs.held_out_condition[torch.arange(JUDGED) % len(runs.held_out_condition)]
        with torch.no_grad():
            fake = runs.game.generator.call_with(runs.sampling_parameters(), latent, condition)
        samples[event.step] = fake.clone()

    return observe


def kept(run: dict[str, Any]) -> int:
    """Choose the step whose generator is kept."""
    return int(run["kept"])


def last(run: dict[str, Any]) -> int:
    """Choose the last step."""
    return max(map(int, run["distances"]))


def lowest_g_loss(run: dict[str, Any]) -> int:
    """Choose the step of the generator's lowest loss."""
    return int(min(run["history"], key=lambda row: float(row["g_loss"]))["step"])


def lowest_d_loss(run: dict[str, Any]) -> int:
    """Choose the step of the discriminator's lowest loss."""
    return int(min(run["history"], key=lambda row: float(row["d_loss"]))["step"])


RULES: dict[str, Callable[[dict[str, Any]], int]] = {
    "kept": kept,
    "last": last,
    "lowest g_loss": lowest_g_loss,
    "lowest d_loss": lowest_d_loss,
}


def times_the_best(run: dict[str, Any], rule: str) -> float:
    """Compare the true distance at the step of a rule with the smallest of the run."""
    distances = {int(step): float(value) for step, value in run["distances"].items()}
    return distances[RULES[rule](run)] / min(distances.values())


def share(runs: list[dict[str, Any]], rule: str) -> tuple[int, int]:
    """Count the runs in which a rule stops close to the best look, and all runs."""
    return sum(times_the_best(run, rule) <= CLOSE for run in runs), len(runs)


def sentence(run: dict[str, Any]) -> str:
    """Say how one run went."""
    told = ", ".join(f"{rule} {times_the_best(run, rule):.3f}" for rule in RULES)
    distances = run["distances"].values()
    return (
        f"{run['table']} {run['recipe']} {run['seed']}: true distance {min(distances):.3f} at best (floor "
        f"{run['floor']:.3f}); times the best: {told}; {run['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
