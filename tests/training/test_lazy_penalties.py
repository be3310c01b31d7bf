"""Lazy penalties: every k-th critic step, k times as heavy, so that k steps add up to the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import ganscope as gs
from ganscope.training import Runs
from ganscope.training.loop import advance
from tests.games import runs

K = 3


class Adding(torch.optim.Optimizer):
    """Moves nothing, and adds up the gradients it is given, one entry a step."""

    def __init__(self, parameters: list[Tensor]) -> None:
        super().__init__(parameters, {"initial_lr": 0.0})
        self.given: list[list[Tensor]] = []

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        assert closure is None
        self.given.append([p.grad.clone() for g in self.param_groups for p in g["params"]])


def standing_still(folder: Path, steps: int, **given: Any) -> tuple[Runs, list[list[Tensor]], list[float]]:
    """Gradients of the critic's steps, and logged penalties, of a game in which nobody moves."""
    # the whole of the data in every batch, so that R1 is the same each time
    settings: dict[str, Any] = {"n_critic": 2, "precision": "float64", "steps": 20}
    built = runs(folder, "minimax", **{**settings, **given})
    built.rows = built.held_out[:8]
    built.batches = [lambda position: torch.arange(8) for _ in built.batches]  # type: ignore[misc]
    critic = Adding(list(built.game.discriminator.parameters.values()))
    generator = Adding(list(built.game.generator.parameters.values()))
    built.game = built.game._replace(d_optimizer=critic, g_optimizer=generator)
    logged = []
    for _ in range(steps):
        d_step, _ = advance(built)
        built.step += 1
        logged.append(float(d_step.penalty.mean()))
    return built, critic.given, logged


def test_k_lazy_steps_add_up_to_k_usual_ones(tmp_path: Path) -> None:
    r1 = {"penalty": "r1", "penalty_weight": 2.0}
    _, usual, logged = standing_still(tmp_path / "usual", 2 * K, **r1)
    _, lazy, lazily_logged = standing_still(tmp_path / "lazy", 2 * K, penalty_every=K, **r1)
    _, without, _ = standing_still(tmp_path / "none", 2 * K)
    assert len(usual) == len(lazy) == 4 * K
    for first in range(0, 4 * K, K):
        for parameter in range(len(usual[0])):
            sums = [sum(step[parameter] for step in g[first : first + K]) for g in (usual, lazy)]
            assert_close(sums[0], sums[1], rtol=1e-10, atol=1e-13)
    for step in range(len(lazy)):
        alike = all(torch.equal(a, b) for a, b in zip(lazy[step], without[step], strict=True))
        assert alike == (step % K > 0)
    # the history shows what it would be in every step
    assert lazily_logged == pytest.approx(logged, rel=1e-12)


def test_noise_is_drawn_only_where_it_is_used(tmp_path: Path) -> None:
    given = {"penalty": "gradient-penalty", "penalty_weight": 1.0, "penalty_every": K, "n_critic": 1}
    built, _, _ = standing_still(tmp_path, 1, **given)
    after_first = built.generators[0]["penalty"].get_state()
    for expected in (True, True, False):
        advance(built)
        built.step += 1
        assert torch.equal(after_first, built.generators[0]["penalty"].get_state()) == expected


def test_the_history_holds_the_last_penalty_there_was(tmp_path: Path) -> None:
    settings = {"recipe": "r1", "data": "ring", "steps": 6, "penalty_every": 4, "log_every": 1, "g_width": 8}
    rows = gs.train({**settings, "d_width": 8}, out=tmp_path / "run").history[1:]
    shown = [row["penalty"] for row in rows]
    assert all(value > 0 for value in shown)
    assert len(set(shown[:4])) == 1
    assert shown[4] == shown[5] != shown[3]
