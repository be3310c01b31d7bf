"""Kill real training processes at random moments, resume them, and compare with runs that were left alone.

`python -m validation.kills --kills 200` writes `docs/validation/kills.json`. Each kill comes at a uniformly
random moment of the process's life: start-up, steps, checkpoints, evaluations and the report are hit as often
as the run spends time in them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch

RUNS = {
    "minimax": ["minimax", "--ema", "0.9"],
    "non-saturating": ["non-saturating", "--data", "digits"],
    "wgan": ["wgan"],
    "wgan-gp": ["wgan-gp", "--decay", "0"],
    "r1-dcgan": [
        "r1",
        "--data",
        "digits",
        "--network",
        "dcgan",
        "--g-norm",
        "batch",
        "--g-width",
        "4",
        "--d-width",
        "4",
    ],
    "healed": [
        "minimax", "--heal", "--d-lr", "0.05", "--n-critic", "2", "--diagnose-every", "4",
    ],
}  # fmt: skip
COMMON = ["--steps", "150", "--checkpoint-every", "7", "--log-every", "2", "--evaluate-every", "50"]
MLP = ["--g-width", "16", "--d-width", "16"]


def command(name: str) -> list[str]:
    """Arguments of one kind of run."""
    recipe, *options = RUNS[name]
    data = "ring"
    if "--data" in options:
        place = options.index("--data")
        data = options[place + 1]
        options = options[:place] + options[place + 2 :]
    return ["train", data, recipe, *COMMON, *options, *([] if "dcgan" in options else MLP)]


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start ganscope as a user would, silently."""
    return subprocess.Popen(
        [sys.executable, "-m", "ganscope", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def hashes(folder: Path) -> dict[str, str]:
    """What has to be equal: weights, all state, history, metrics."""
    files = [
        *folder.glob("checkpoints/step-*"),
        *(folder / n for n in ("generator.safetensors", "history.jsonl")),
        *(path for path in (folder / "healings.json",) if path.exists()),
        *folder.glob("abandoned/*/*.json*"),
    ]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*files, folder / "metrics.json"]
        if path.name != "timing.jsonl"
    }


def phase(folder: Path) -> str:
    """What the process was doing when it was killed, as far as its folder tells."""
    if not (folder / "config.json").exists():
        return "before the first file"
    if (folder / "metrics.json").exists():
        return "after training, while reporting"
    if any(folder.glob("**/.*.tmp")):
        return "while writing a file"
    return "while training" if (folder / "history.jsonl").exists() else "while building"


def one_run(
    name: str, rng: random.Random, folder: Path, whole: dict[str, str], seconds: float
) -> tuple[Counter[str], bool]:
    """Kill a run again and again at random moments until it gets through; say whether it is the same run."""
    phases: Counter[str] = Counter()
    while True:
        begun = (folder / "config.json").exists()
        process = start(["resume", str(folder)] if begun else [*command(name), "--out", str(folder)])
        try:
            # what a process does in its first third is import torch: most moments lie after it
            process.wait(rng.uniform(0.3 * seconds, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            phases[phase(folder)] += 1
            continue
        _, complaint = process.communicate()
        if process.returncode:
            raise SystemExit(f"{name}: resume failed with {process.returncode}: {complaint.decode()}")
        return phases, hashes(folder) == whole


def record(
    options: argparse.Namespace, phases: Counter[str], outcomes: dict[str, dict[str, int]]
) -> dict[str, Any]:
    """Write what has been seen so far: a validation that is cut short counts for what it did."""
    written = {
        "command": " ".join(
            ["python -m validation.kills --kills", str(options.kills), "--seed", str(options.seed)]
            + (["--only", *options.only] if options.only else [])
        ),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        "kills": phases.total(),
        "phases": dict(phases.most_common()),
        "runs": outcomes,
        "all_equal": all(o["equal"] == o["runs"] for o in outcomes.values()),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(written, indent=2) + "\n")
    return written


def main() -> None:
    """Run the validation and write its record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(RUNS), help="kinds of runs; all by default")
    parser.add_argument("--out", type=Path, default=Path("docs/validation/kills.json"))
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311 - moments, not secrets
    phases: Counter[str] = Counter()
    names = options.only or list(RUNS)
    outcomes: dict[str, dict[str, int]] = {name: {"kills": 0, "runs": 0, "equal": 0} for name in names}
    with tempfile.TemporaryDirectory() as place:
        wholes: dict[str, tuple[dict[str, str], float]] = {}
        for name in names:
            begin = time.monotonic()
            process = start([*command(name), "--out", f"{place}/{name}"])
            process.communicate()
            wholes[name] = hashes(Path(place) / name), time.monotonic() - begin
        number = 0
        while sum(phases.values()) < options.kills:
            name = names[number % len(names)]
            number += 1
            begin = time.monotonic()
            whole, seconds = wholes[name]
            killed, equal = one_run(name, rng, Path(place) / f"{name}-{number}", whole, seconds)
            if not killed:  # the machine has become faster: moments have to come sooner
                wholes[name] = whole, min(seconds, time.monotonic() - begin)
            phases += killed
            result = outcomes[name]
            result["kills"] += killed.total()
            result["runs"] += 1
            result["equal"] += equal
            print(f"{phases.total()} kills, {name}: {'equal' if equal else 'DIFFERENT'}", flush=True)
            record(options, phases, outcomes)
    if not record(options, phases, outcomes)["all_equal"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
