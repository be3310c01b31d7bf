"""Compiled steps: their numbers are those of the step without, for every kind of constraint."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.build import device
from ganscope.training.compiled import compiled, compiler
from ganscope.training.loop import advance
from tests.games import runs, weights

GAMES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "R1 and R2, stack": (
        (0, 1),
        {"objective": "relativistic", "penalty": "r1+r2", "penalty_weight": 1.0, "instance_noise": 0.1},
    ),
    "lazy DRAGAN": (
        (0,),
        {"objective": "hinge", "penalty": "dragan", "penalty_weight": 1.0, "penalty_every": 2},
    ),
}


def check(folder: Path, backend: str, seeds: tuple[int, ...], **given: Any) -> None:
    """Take three steps of a game without and with compilation, and compare all they leave."""
    eager, program = (
        runs(folder / name, "minimax", seeds, **given, precision="float64", g_depth=1, d_depth=1)
        for name in ("eager", "compiled")
    )
    program.game = compiled(program.game, backend)
    for _ in range(3):
        for seen, expected in zip(advance(program), advance(eager), strict=True):
            torch.testing.assert_close(tuple(seen), tuple(expected), rtol=1e-10, atol=1e-10)
        program.step, eager.step = program.step + 1, eager.step + 1
    for player in ("generator", "discriminator"):
        for a, b in zip(weights(program, player), weights(eager, player), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("game", GAMES)
def test_traced_steps_equal_the_step(tmp_path: Path, game: str) -> None:
    seeds, given = GAMES[game]
    check(tmp_path, "aot_eager", seeds, **given)


@pytest.mark.skipif(not compiler(), reason="no C++ compiler")
def test_a_compiled_step_equals_the_step(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # of what torch calls in itself
        check(
            tmp_path,
            "inductor",
            (0,),
            objective="wasserstein",
            penalty="gradient-penalty",
            penalty_weight=10.0,
        )


def test_without_a_compiler_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "compiler", lambda: "")
    with pytest.raises(gs.BadInput, match="C\\+\\+ compiler"):
        gs.train({"data": "ring", "recipe": "r1", "compile": True})
