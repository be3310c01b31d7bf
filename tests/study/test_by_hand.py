"""The benchmark's hand-written steps compute what ganscope computes, so that comparing their time is fair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import sides
from ganscope.training.loop import advance
from tests.games import evaluation_of

STEPS = 25


@pytest.mark.parametrize("recipe", ["non-saturating", "r1", "wgan", "wgan-gp"])
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_by_hand_equals_ganscope(tmp_path: Path, recipe: str, network: str) -> None:
    # 5 critic steps over 21 batches an epoch: epochs end within a step
    given: dict[str, Any] = {"network": network, "g_width": 8, "d_width": 8, "latent_dim": 4}
    ours = sides.runs_of(recipe, evaluation_of("digits"), tmp_path, **given, precision="float64", steps=STEPS)
    step, generator, discriminator = sides.by_hand_like(ours)
    while ours.step < STEPS:
        step(ours.step)
        advance(ours)
        ours.step += 1
    for theirs, network_of in ((generator, ours.game.generator), (discriminator, ours.game.discriminator)):
        for name, parameter in theirs.named_parameters():
            torch.testing.assert_close(
                parameter.detach(), network_of.parameters[name].detach(), rtol=1e-9, atol=1e-9
            )
