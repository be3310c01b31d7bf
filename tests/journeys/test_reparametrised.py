"""Discriminators whose weights torch computes from others: spectral norm and weight norm, old and new."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ganscope as gs
from ganscope.build.settings.recipes import recipe_names
from tests.crashes import Crash, contents, crash_at
from tests.journeys.place import generator

Wrap = Callable[[nn.Module], nn.Module]


def _old_weight_norm(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(layer)


NORMS: dict[str, Wrap] = {
    "spectral norm": nn.utils.parametrizations.spectral_norm,
    "spectral norm of old": nn.utils.spectral_norm,
    "weight norm": nn.utils.parametrizations.weight_norm,
    "weight norm of old": _old_weight_norm,
}
CLIPPING = {"wgan"}
SETTINGS: dict[str, Any] = {"data": "ring", "latent_dim": 4, "batch_size": 8, "steps": 12}


def networks(norm: Wrap, inputs: int = 2) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(5)
    return generator(), nn.Sequential(norm(nn.Linear(inputs, 8)), nn.LeakyReLU(0.2), norm(nn.Linear(8, 1)))


@pytest.mark.parametrize("recipe", sorted({*recipe_names()} - CLIPPING))
def test_every_recipe_that_does_not_clip_takes_them(tmp_path: Path, recipe: str) -> None:
    for name, norm in NORMS.items():
        pack = 2 if recipe == "pacgan" else 1
        settings = {**SETTINGS, "recipe": recipe, "steps": 1, "pack": pack, "diagnose": False}
        run = gs.train(settings, *networks(norm, 2 * pack), out=tmp_path / name)
        assert run.metrics["diverged_at"] is None


@pytest.mark.parametrize("norm", NORMS)
def test_they_resume_to_the_bit_after_a_crash_and_a_stop(tmp_path: Path, norm: str) -> None:
    settings = {**SETTINGS, "recipe": "wgan-gp", "n_critic": 2, "checkpoint_every": 4, "log_every": 1}
    whole = gs.train(settings, *networks(NORMS[norm]), out=tmp_path / "whole")
    with pytest.raises(Crash):
        gs.train(settings, *networks(NORMS[norm]), out=tmp_path / "crashed", progress=crash_at(7))
    calls = iter(range(100))
    with pytest.raises(gs.Interrupted):
        gs.train(settings, *networks(NORMS[norm]), out=tmp_path / "stopped", stop=lambda: next(calls) == 5)
    for name in ("crashed", "stopped"):
        gs.resume(tmp_path / name, *networks(NORMS[norm]), tell=lambda text: None)
        assert contents(tmp_path / name) == contents(whole.folder)


@pytest.mark.parametrize("norm", NORMS)
def test_the_diagnosis_knows_a_spectral_norm_and_disturbs_none(tmp_path: Path, norm: str) -> None:
    settings = {**SETTINGS, "recipe": "sngan", "n_critic": 1, "diagnose_every": 3}
    watched = gs.train(settings, *networks(NORMS[norm]), out=tmp_path / "watched")
    alone = gs.train({**settings, "diagnose": False}, *networks(NORMS[norm]), out=tmp_path / "alone")
    weights = [(run.folder / "generator.safetensors").read_bytes() for run in (watched, alone)]
    assert weights[0] == weights[1]
    rows = (watched.folder / "diagnosis.jsonl").read_text().splitlines()
    told = json.loads(rows[0])["about"]["constraint"]
    assert told == ("spectral-norm" if norm.startswith("spectral") else "none")


def test_a_spectral_norm_holds_a_wasserstein_critic(tmp_path: Path) -> None:
    settings = {**SETTINGS, "objective": "wasserstein", "steps": 2}
    for name, norm in NORMS.items():
        if name.startswith("spectral"):
            gs.train(settings, *networks(norm), out=tmp_path / name)
        else:
            with pytest.raises(gs.BadInput, match="needs a Lipschitz critic"):
                gs.train(settings, *networks(norm), out=tmp_path / name)


@pytest.mark.parametrize("norm", NORMS)
def test_a_recipe_that_clips_says_that_it_cannot(tmp_path: Path, norm: str) -> None:
    with pytest.raises(gs.BadInput, match=r"layer '0' is computed.*clipping cannot bound it.*--clip 0"):
        gs.train({**SETTINGS, "recipe": "wgan"}, *networks(NORMS[norm]), out=tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


def test_a_recurrent_critic_is_clipped(tmp_path: Path) -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.last = nn.GRU(1, 6, batch_first=True), nn.Linear(6, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.cell(x.unsqueeze(-1))[0][:, -1])  # type: ignore[no-any-return]

    torch.manual_seed(0)
    critic = Recurrent()
    gs.train(
        {**SETTINGS, "recipe": "wgan", "steps": 2, "clip": 0.01}, generator(), critic, out=tmp_path / "run"
    )
    assert max(float(p.detach().abs().max()) for p in critic.parameters()) <= 0.01
