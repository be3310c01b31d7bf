"""Samples that swing, told from drift and from noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import ganscope as gs
from ganscope.diagnose.rows import PointRow
from ganscope.diagnose.rules.oscillation import evenly, sustained
from ganscope.diagnose.rules.verdict import judge
from ganscope.diagnose.watch import Scope
from tests.diagnose.rules.planted import REAL, Sampler, Score, normal
from tests.diagnose.rules.recorded import BAD, GOOD, run


def swinging(shift: Callable[[int], float]) -> Scope:
    generator = Sampler(normal(500, 2, 1))
    scope = gs.watch(generator, Score(0.1, 0.1), real=REAL, latent=torch.arange, every=100)
    for step in range(1600):
        with torch.no_grad():
            generator.shift.fill_(shift(step))
        scope.step()
    return scope


def test_a_swing_is_told_from_a_drift() -> None:
    (found,) = [v for v in swinging(lambda t: 0.6 * math.sin(t / 10)).verdicts() if v.name == "oscillation"]
    assert found.pattern == "sustained"
    assert found.evidence["period"] == pytest.approx(20 * math.pi, rel=0.1)
    assert found.evidence["amplitude"] == pytest.approx(0.6, rel=0.1)
    still = swinging(lambda t: 2 * math.exp(-t / 400))
    assert still.status()["oscillation"] == "fine"


def noise(kind: str, rng: np.random.Generator, looks: int) -> Any:
    drawn = rng.normal(size=(looks, 2))
    if kind == "walk":
        return np.cumsum(drawn, 0)
    smooth = float(kind)
    for i in range(1, looks):
        drawn[i] += smooth * drawn[i - 1]
    return drawn


@pytest.mark.parametrize("kind", ["walk", "0", "0.5", "0.8", "0.9", "0.95", "0.98"])
def test_noise_does_not_swing(kind: str) -> None:
    """A random walk and AR(1) noise of every colour: 2 alarms in 10,500 such draws at 150 to 600 looks."""
    rng = np.random.default_rng(0)
    found = [sustained(noise(kind, rng, 300), 10) for _ in range(60)]
    assert sum(f is not None for f in found) <= 1


def test_a_swing_whose_period_drifts_is_found() -> None:
    """Within an octave, in bursts, no lag repeats: as Adam plays a game of two small networks."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        pace, size = (np.exp(s * np.sin(np.cumsum(rng.normal(size=400) * 0.05))) for s in (0.3, 0.6))
        angle = np.cumsum(2 * np.pi / 9 * pace)
        points = 0.5 * size[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        found = sustained(points + 0.05 * rng.normal(size=(400, 2)), 10)
        assert found is not None
        weight = size**2  # a spectrum counts the loud parts
        assert found.period == pytest.approx(90 * weight.sum() / (weight * pace).sum(), rel=0.1)


def test_looks_of_two_distances_are_one_swing() -> None:
    """`watch` looks every fifth step at first and every tenth later: without care, a sine has two periods."""
    steps = [*range(5, 1501, 5), *range(1510, 3001, 10)]
    looks = [PointRow(step=step, point=(2 * math.sin(step / 20),)) for step in steps]
    kept = evenly(looks)
    assert [look.step for look in kept] == list(range(10, 3001, 10))
    points, mixed = ([[float(look.point[0] or 0.0)] for look in some] for some in (kept, looks))
    seen = sustained(points, 10)
    assert seen is not None
    assert seen.period == pytest.approx(40 * math.pi, rel=0.05)
    assert seen.concentration > 0.95
    wrong = sustained(mixed, 10)
    assert wrong is None or wrong.period > 60 * math.pi


@pytest.mark.parametrize(
    ("amplitude", "samples", "said"),
    [(0.3, GOOD, "fine"), (0.3, BAD, "fault"), (0.6, GOOD, "fault")],
)
def test_latents_that_change_places_are_no_swing(amplitude: float, samples: Any, said: str) -> None:
    """The mean of 16 samples moves by up to sqrt(2 / 16) where their latents change places."""
    rows = [row for row in run(lambda number: samples, probes=90) if "point" not in row]
    swung = [{"step": step, "point": [amplitude * math.sin(step / 15), 0.0]} for step in range(0, 900, 5)]
    assert judge([*rows, *swung]).status["oscillation"] == said
