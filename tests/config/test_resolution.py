"""The command a run records is the command that repeats it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from ganscope.build.settings import command_of, resolve
from ganscope.cli import app

CASES: list[tuple[str | None, dict[str, Any]]] = [
    ("r1", {"data": "ring", "seed": 7, "steps": 30}),
    ("wgan-gp", {"data": "digits", "n_critic": 2, "penalty": "one-sided", "keep_best": True}),
    ("wgan", {"data": "digits", "optimizer": "rmsprop", "network": "dcgan", "g_norm": "batch"}),
    ("minimax", {"data": "grid", "ema": 0.99, "penalty": "r1+r2", "penalty_weight": 0.5, "threads": 1}),
    ("gan", {"data": "ring", "label_smoothing": 0.1, "dynamics": "optimistic", "pack": 4}),
    ("r1", {"data": "ring", "penalty_every": 4, "instance_noise": 0.2, "instance_noise_decay": 0.5}),
    ("wgan-lp", {"n_critic": 1, "dynamics": "consensus", "consensus_weight": 3.0, "penalty_target": 2.0}),
    (None, {"data": "swiss-roll", "objective": "hinge", "clip": 0.2, "precision": "float64"}),
]


@pytest.mark.parametrize(("recipe", "given"), CASES, ids=[str(recipe) for recipe, _ in CASES])
def test_the_recorded_command_gives_the_same_configuration(
    recipe: str | None, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    config = resolve(recipe, given)
    words = shlex.split(command_of(config))
    assert words[0] == "ganscope"
    assert app.main([*words[1:], "--dry-run", "--json"]) == 0
    printed = capsys.readouterr().out
    again = json.loads(printed)
    again = next(iter(again.values())) if "steps" not in again else again
    expected = config.flat() | ({"recipe": "minimax"} if recipe is None else {})
    assert {key: again[key] for key in expected} == expected
