"""Damage each file of a finished run at random, and count the damages that pass in silence.

`python -m validation.damage` writes `docs/validation/damage.json`. A damage is *noticed* where `report`,
`diagnose`, `evaluate`, `resume` and `gs.load` say so; *without effect* where every value is read as it was,
such as another order of the keys of an object; else it is *silent*.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganscope.contracts import BadInput
from ganscope.folder import files, soundness
from ganscope.running import train
from validation.damage.kinds import KINDS

NAMES = (
    "history.jsonl", "diagnosis.jsonl", "timing.jsonl", "metrics.json", "verdicts.json", "healings.json",
    "config.json",
)  # fmt: skip
HEALED: Mapping[str, Any] = {
    "data": "ring", "recipe": "minimax", "heal": True, "d_lr": 0.05, "n_critic": 2, "diagnose_every": 4,
    "steps": 150, "checkpoint_every": 7, "log_every": 2, "evaluate_every": 50, "g_width": 16, "d_width": 16,
}  # fmt: skip
"""A run that writes every file there is."""


def values(path: Path) -> Any:
    """What a reader gets from a file; None where it refuses it."""
    try:
        return files.read_rows(path) if path.suffix == ".jsonl" else files.read_json(path)
    except BadInput:
        return None


def outcomes(folder: Path, name: str, times: int, seed: int) -> dict[str, dict[str, int]]:
    """Damage one file again and again, each kind in turn.

    Args:
        folder: of a finished run; left as it was.
        name: of the file.
        times: damages in all.
        seed: of the damages.

    Returns:
        By kind of damage, how often it was noticed, without effect or silent.
    """
    path = folder / name
    content, whole = path.read_bytes(), values(path)
    counts: dict[str, Counter[str]] = {kind.__name__: Counter() for kind in KINDS}
    for number in range(times):
        rng = random.Random(f"{seed} {name} {number}")  # noqa: S311 - damage, no secret
        kind = KINDS[number % len(KINDS)]
        damaged = content
        while damaged == content:
            damaged = kind(content, rng)
        path.write_bytes(damaged)
        if any(name in sentence for sentence in soundness.damages(folder)):
            outcome = "noticed"
        else:
            outcome = "without effect" if values(path) == whole else "silent"
        counts[kind.__name__][outcome] += 1
    path.write_bytes(content)
    return {kind: dict(count) for kind, count in counts.items()}


def study(folder: Path, times: int, seed: int) -> dict[str, Any]:
    """Damage every file of a finished run.

    Args:
        folder: of the run.
        times: damages of each file.
        seed: of the damages.
    """
    by_file = {name: outcomes(folder, name, times, seed) for name in NAMES}
    silent = sum(count.get("silent", 0) for kinds in by_file.values() for count in kinds.values())
    return {
        "command": f"python -m validation.damage --times {times} --seed {seed}",
        "damages": times * len(NAMES),
        "silent": silent,
        "files": by_file,
    }


def main() -> None:
    """Run the study and write its record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/validation/damage.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        run = train(dict(HEALED), out=Path(place) / "run")
        told = study(run.folder, options.times, options.seed)
    options.out.write_text(json.dumps(told, indent=2) + "\n")
    print(f"{told['silent']} of {told['damages']} damages passed in silence")
    if told["silent"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
