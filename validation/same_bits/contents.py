"""What runs left behind, as values that can be compared: hashes of tensors, and numbers of records.

Nothing of ganscope is imported, so that folders written by any version are read alike: tensors by their name
in a safetensors file, records as JSON. Words are left out, and so is `config.json`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

RECORDS = ("history", "diagnosis", "metrics", "verdicts")
"""Files of a run that hold numbers."""
WORDLESS = ("format", "sha256")
"""Keys that say how a file was written, not what was measured."""
Contents = dict[str, Any]
"""Of the runs below a folder: `tensors` (hash by name) and rows of numbers, one list per record; `ended`,
where it is known, is the exit status they ended with."""


def contents(folder: Path) -> Contents:
    """Read all runs below a folder.

    Args:
        folder: a run folder, or one with run folders somewhere below.

    Returns:
        JSON values; names of tensors and records begin with the place of their run.
    """
    result: Contents = {"tensors": {}, **{record: {} for record in RECORDS}}
    for history in sorted(folder.rglob("history.jsonl")):
        run = history.parent
        place = run.relative_to(folder).as_posix()
        result["tensors"] |= {f"{place}/{name}": digest for name, digest in tensors_of(run).items()}
        for record in ("history", "diagnosis"):
            result[record][place] = [numbers(row) for row in _rows(run / f"{record}.jsonl")]
        result["metrics"][place] = [numbers(row) for row in _rows(run / "metrics.json")]
        result["verdicts"][place] = [row for file in _rows(run / "verdicts.json") for row in verdicts(file)]
    return result


def tensors_of(run: Path) -> dict[str, str]:
    """SHA-256 of every tensor of a run's trained generator and of its newest checkpoint, by name."""
    files = {"generator": run / "generator.safetensors"}
    checkpoints = sorted((run / "checkpoints").glob("step-*.safetensors"))
    if checkpoints:
        files[f"checkpoint {checkpoints[-1].stem}"] = checkpoints[-1]
    hashes = {}
    for what, path in files.items():
        if path.exists():
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - no mapping
                    hashes[f"{what}: {name}"] = digest(file.get_tensor(name))
    return hashes


def digest(tensor: torch.Tensor) -> str:
    """SHA-256 of a tensor's type, shape and bytes."""
    told = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    told.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return told.hexdigest()


def numbers(value: Any) -> dict[str, float]:
    """Every number in a JSON value, by its place; words and nulls are left out.

    Example:
        >>> numbers({"step": 3, "about": {"rows": [5, None], "name": "ring"}})
        {'step': 3, 'about.rows.0': 5}
    """
    return dict(_leaves(value, ""))


def verdicts(file: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The verdicts of a `verdicts.json`, without their sentences, then the state of every question."""
    told = [
        {**{key: found.get(key) for key in ("name", "severity", "factor", "pattern")}, **numbers(found)}
        for found in file.get("verdicts", [])
    ]
    return [*told, dict(file.get("status", {}))]


def differences(before: Contents, after: Contents) -> dict[str, Any]:
    """Compare what two versions left behind.

    Args:
        before: of the old version.
        after: of the new one.

    Returns:
        Under `tensors` and under each record only what differs; an empty dict where nothing does.
    """
    told: dict[str, Any] = {}
    if before.get("ended") != after.get("ended"):
        told["ended"] = f"{before.get('ended')}, now {after.get('ended')}"
    old, new = before["tensors"], after["tensors"]
    parts = {
        "different": [name for name in old if name in new and old[name] != new[name]],
        "only before": sorted(old.keys() - new.keys()),
        "only after": sorted(new.keys() - old.keys()),
    }
    if any(parts.values()):
        told["tensors"] = {part: names for part, names in parts.items() if names}
    for record in RECORDS:
        places = sorted(before[record].keys() | after[record].keys())
        pairs = {place: (before[record].get(place, []), after[record].get(place, [])) for place in places}
        differing = {place: rows_differ(*pair) for place, pair in pairs.items()}
        if any(differing.values()):
            told[record] = {place: how for place, how in differing.items() if how}
    return told


def rows_differ(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say where two lists of rows differ: in number, or in which key, first at which step.

    Example:
        >>> rows_differ([{"step": 0, "emd": 1.0}, {"step": 5, "emd": 2.0}], [{"step": 0, "emd": 1.0}])
        {'rows': [2, 1]}
        >>> rows_differ([{"step": 5, "emd": 2.0}], [{"step": 5, "emd": 2.5, "w1": 1}])
        {'emd': 'first at step 5: 2.0, now 2.5', 'w1': 'first at step 5: nothing, now 1'}
    """
    told: dict[str, Any] = {"rows": [len(before), len(after)]} if len(before) != len(after) else {}
    for old, new in zip(before, after, strict=False):
        where = f"first at step {old['step']}: " if "step" in old else ""
        for key in [*old, *(key for key in new if key not in old)]:
            a, b = old.get(key, "nothing"), new.get(key, "nothing")
            if key not in told and not _same(a, b):
                told[key] = f"{where}{a}, now {b}"
    return told


def _same(a: Any, b: Any) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)
    return bool(a == b) or both_nan


def _leaves(value: Any, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, int | float):
        yield place, value
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        if key not in WORDLESS:
            yield from _leaves(entry, f"{place}.{key}" if place else str(key))


def _rows(path: Path) -> list[Any]:
    """Rows of a JSON or JSON-lines file; none where there is no file."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
