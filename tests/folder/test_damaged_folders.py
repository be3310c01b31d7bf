"""Damaged files of a run folder, with a hash or without: read, or one sentence, and no other exception."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ganscope.comparison import plan
from ganscope.comparison.plan_file import read_plan, write_plan
from ganscope.contracts import BadInput
from ganscope.folder import checkpoint, files, healings
from ganscope.folder.read import read
from ganscope.folder.records import load_record
from ganscope.running import train
from ganscope.running.examine import judged
from tests.damage import DAMAGES, damaged

VALUES: tuple[Any, ...] = (None, "x", -1, 1e308, [], {}, [[1]], {"a": 1}, True)
HEALED = {
    "healings": [
        {**dict.fromkeys(healings.Healing._fields, 1), "changes": {"g_lr": [1, 2]}, "idle": ["ema"]},
    ],
    "unhealed": [dict.fromkeys(healings.Unhealed._fields, 1)],
}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    given = {"data": "ring", "recipe": "r1", "steps": 12, "g_width": 8, "d_width": 8, "diagnose_every": 3}
    train(given, out=folder)
    files.write_json(folder / "healings.json", HEALED)
    write_plan(plan("ring", ["r1"], seeds=1, steps=2, out=folder))
    return folder


@pytest.fixture
def run(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "run"))


READERS: dict[str, tuple[Callable[[Path], Any], ...]] = {
    "config.json": (read, load_record),
    "history.jsonl": (load_record, lambda folder: files.keep_rows(folder / "history.jsonl", 3)),
    "timing.jsonl": (load_record,),
    "metrics.json": (load_record,),
    "diagnosis.jsonl": (judged, lambda folder: judged(folder, again=True)),
    "verdicts.json": (judged,),
    "healings.json": (healings.read,),
    "comparison.json": (read_plan,),
}


def attempt(name: str, folder: Path) -> None:
    for reader in READERS[name]:
        with suppress(BadInput):
            reader(folder)


@pytest.mark.parametrize("name", READERS)
def test_no_damaged_byte_escapes(name: str, run: Path) -> None:
    content = (run / name).read_bytes()
    for seed in range(DAMAGES):
        (run / name).write_bytes(damaged(content, seed))
        attempt(name, run)


@pytest.mark.parametrize("name", READERS)
def test_no_value_of_a_wrong_kind_escapes(name: str, run: Path) -> None:
    lines = (run / name).read_text().splitlines() if name.endswith("l") else [(run / name).read_text()]
    for seed in range(DAMAGES):
        rng = random.Random(seed)  # noqa: S311 - damage, no secret
        at = rng.randrange(len(lines))
        value = json.loads(lines[at])
        value.pop("sha256", None)
        within = value
        while True:
            key = rng.choice(list(within) if isinstance(within, dict) else range(len(within)))
            if not isinstance(within[key], dict | list) or not within[key] or rng.random() < 0.3:
                break
            within = within[key]
        if isinstance(within, dict) and rng.random() < 0.2:
            del within[key]
        else:
            within[key] = rng.choice(VALUES)
        (run / name).write_text("\n".join([*lines[:at], json.dumps(value), *lines[at + 1 :]]) + "\n")
        attempt(name, run)


def test_no_damage_of_a_checkpoint_escapes(run: Path) -> None:
    path = checkpoint.path_of(run, 12)
    content = path.read_bytes()
    for seed in range(DAMAGES):
        path.write_bytes(damaged(content, seed))
        with suppress(checkpoint.Damaged):
            checkpoint.load(path)


@pytest.mark.parametrize("row", ["{}", "[1]", '{"step": "x"}', '{"step": null}', "3"])
def test_a_row_without_a_step_is_named(run: Path, row: str) -> None:
    path = run / "history.jsonl"
    path.write_text(f'{{"step": 0}}\n{row}\n{{"step": 2}}\n')
    with pytest.raises(BadInput, match=r"history\.jsonl is damaged in line 2 "):
        files.read_rows(path)
