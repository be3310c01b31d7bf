"""Planted failures and their healthy twins: what is built wrong is named, what is right is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import ganscope as gs
from ganscope.diagnose.rules.verdict import RULES, judge
from ganscope.objectives import OBJECTIVES
from tests.diagnose.rules.planted import EVERY, PLANTED, REAL, Sampler, Score, names, normal, observed


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure_is_named_and_its_twin_is_not(name: str) -> None:
    failure, expected, twin, healthy = PLANTED[name]
    assert [label for label in names(failure()) if not label.startswith("mode-collapse")] == expected
    assert [label for label in names(twin()) if not label.startswith("mode-collapse")] == healthy


def test_a_finished_run_with_small_gradients_is_fine() -> None:
    """At equilibrium every factor of the critic may be 0: nothing is left to learn."""
    scope = observed(normal(500, 2, 1), Score(1e-9, 1e-9), objective="minimax")
    assert scope.verdicts() == []
    for name in ("vanishing-gradient", "discriminator-too-weak", "mode-collapse"):
        assert scope.status()[name] == "fine"


def test_nan_is_told_at_once_with_the_array_it_is_in() -> None:
    generator = Sampler(normal(500, 2, 1))
    scope = gs.watch(generator, Score(0.1, 0.1), real=REAL, latent=torch.arange, every=2)
    with torch.no_grad():
        generator.shift.fill_(math.nan)
    for _ in range(2):
        scope.step()
    (found,) = scope.verdicts()
    assert (found.name, found.factor, found.severity, found.since_step) == (
        "diverged",
        "generator",
        "severe",
        2,
    )
    assert "shift" in found.cause


def test_who_runs_away_unseen_has_not_diverged() -> None:
    """A discriminator that looks the other way is at fault, which takes longer to tell than the distance."""
    away = normal(500, 2, 1) + torch.tensor([100.0, 0.0])
    assert observed(away, Score(-1, 0), steps=5 * EVERY).status()["diverged"] == "fault"
    assert observed(away, Score(0, 1), steps=5 * EVERY).status()["diverged"] == "unknown"
    assert "discriminator-too-weak" in names(observed(away, Score(0, 1)))
    blind = observed(away, Score(-0.001, 0.1), objective="wasserstein", constraint="clipping")
    assert names(blind) == ["critic-underfit"]


def test_a_gradient_that_is_no_number_in_the_file_stops_no_rule() -> None:
    """JSON has no infinity: such a number is read back as None."""
    rows = [
        {"step": 10 * k, "g_update": 0.0, "d_update": 0.1, "generator_gradient": None} for k in range(1, 8)
    ]
    assert [v.label for v in judge(rows)[0]] == ["wiring (detached-generator)"]


def test_a_healthy_run_of_100_000_steps_stays_quiet() -> None:
    """1,000 probes whose statistics scatter as real rows' do: no look among them raises an alarm."""
    scope = observed(normal(500, 2, 1), Score(0.1, 0.1), train=normal(500, 2, 2), steps=0)
    start = scope.rows[0]
    nulls = start["about"]["nulls"]
    rng = np.random.default_rng(0)
    rows = [start]
    alarms = []
    for probe in range(1, 1001):
        row = {**start, "step": 100 * probe, "d_update": 1e-3, "g_update": 1e-3}
        row.pop("about")
        row["auc"] = 0.5 + start["auc_error"] * rng.normal()
        row |= {name: mean + sd * rng.normal() for name, (mean, sd) in nulls.items()}
        row["fresh_auc"] = 0.5 + start["about"]["fresh_error"] * rng.normal()
        row["auc_train"] = 0.5 + start["auc_train_error"] * rng.normal()
        row["wide"] = probe % 5 == 0
        rows.append(row)
        rows.append({"step": 100 * probe, "point": list(rng.normal(size=2) * 0.1)})
        if probe % 5 == 0:
            alarms += judge([start, *rows[-400:]])[0]
    assert alarms == []


def test_every_verdict_has_a_planted_failure_here() -> None:
    told = {label.split(" (")[0] for _, expected, _, _ in PLANTED.values() for label in expected}
    assert told | {"wiring", "diverged", "oscillation", "mode-collapse"} == set(RULES)
    assert set(OBJECTIVES) >= {"minimax", "wasserstein"}
