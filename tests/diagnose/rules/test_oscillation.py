"""Samples that swing, told from drift and from noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import ganscope as gs
from ganscope.diagnose.rules.oscillation import sustained
from ganscope.diagnose.watch import Scope
from tests.diagnose.rules.planted import REAL, Sampler, Score, normal


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
