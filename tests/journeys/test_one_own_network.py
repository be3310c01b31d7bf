"""A generator of one's own against our discriminator, and the reverse: trained, resumed, diagnosed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ganscope as gs
from ganscope.build.networks import networks
from ganscope.config import RunConfig
from ganscope.data.in_memory import from_rows
from ganscope.running.examine import examine

ROWS = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
SETTINGS: dict[str, Any] = {
    "steps": 24,
    "batch_size": 16,
    "latent_dim": 3,
    "checkpoint_every": 6,
    "diagnose_every": 6,
}
PLAYERS = ("generator", "discriminator")


def own(player: str) -> dict[str, Any]:
    torch.manual_seed(0)
    sizes = (3, 4) if player == "generator" else (4, 1)
    return {
        player: nn.Sequential(nn.Linear(sizes[0], 16), nn.Dropout(0.1), nn.Tanh(), nn.Linear(16, sizes[1]))
    }


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("recipe", ["r1", "wgan-gp"])
def test_one_network_of_ones_own_trains_against_ours(player: str, recipe: str, tmp_path: Path) -> None:
    mine = own(player)
    before = [p.detach().clone() for p in mine[player].parameters()]
    run = gs.train({**SETTINGS, "recipe": recipe}, data=ROWS, out=tmp_path / "run", **mine)
    assert not all(torch.equal(a, b) for a, b in zip(before, mine[player].parameters(), strict=True))
    assert run.config.network == ("own+mlp" if player == "generator" else "mlp+own")
    assert run.config.own == (player,)
    ours, theirs = ("d_", "g_") if player == "generator" else ("g_", "d_")
    assert any(name.startswith(ours) for name in run.config.options)
    assert not any(name.startswith(theirs) for name in run.config.options)
    loaded = gs.load(run.folder, generator=own(player).get("generator"))
    assert loaded.sample(5).shape == (5, 4)
    assert loaded.evaluate(ROWS)["emd"] > 0
    (examined,) = examine(run.folder)
    assert examined.step == 24


@pytest.mark.parametrize("player", PLAYERS)
def test_it_resumes_to_the_bit(player: str, tmp_path: Path) -> None:
    whole = gs.train(SETTINGS, data=ROWS, out=tmp_path / "whole", **own(player))
    calls = iter(range(100))
    with pytest.raises(gs.Interrupted):
        gs.train(SETTINGS, data=ROWS, out=tmp_path / "cut", stop=lambda: next(calls) == 9, **own(player))
    with pytest.raises(gs.BadInput, match=f"with a {player} of your own: resume it in Python by .*{player}="):
        gs.resume(tmp_path / "cut", data=ROWS)
    part = gs.resume(tmp_path / "cut", data=ROWS, tell=lambda text: None, **own(player))
    for name in ("generator.safetensors", "history.jsonl", "metrics.json", "diagnosis.jsonl"):
        assert (whole.folder / name).read_bytes() == (part.folder / name).read_bytes()


@pytest.mark.parametrize("player", PLAYERS)
def test_options_of_ones_own_network_are_refused_and_those_of_ours_taken(player: str, tmp_path: Path) -> None:
    idle, used = ("g_width", "d_width") if player == "generator" else ("d_width", "g_width")
    with pytest.raises(gs.BadInput, match=f"--{idle[0]}-width 8 has no effect on a {player} of your own"):
        gs.train({**SETTINGS, idle: 8}, data=ROWS, out=tmp_path / "no", **own(player))
    run = gs.train({**SETTINGS, used: 8}, data=ROWS, out=tmp_path / "run", **own(player))
    assert run.config.options[used] == 8
    sizes = {tuple(p.shape) for p in networks_of(run.config)[player != "discriminator"].parameters()}
    assert (8, 8) in sizes
    assert not (tmp_path / "no").exists()


def networks_of(config: RunConfig) -> tuple[nn.Module, nn.Module]:
    lacking = {name: own(name)[name] if name in config.own else None for name in PLAYERS}
    return networks(config, from_rows(ROWS), lacking["generator"], lacking["discriminator"])


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "generator's output": (
        lambda: gs.train(SETTINGS, nn.Linear(3, 5), data=ROWS),
        r"the generator turns .*\[2, 5\]",
    ),
    "critic's input": (
        lambda: gs.train(SETTINGS, discriminator=nn.Linear(5, 1), data=ROWS),
        "the discriminator cannot take",
    ),
    "BatchNorm": (
        lambda: gs.train(
            {**SETTINGS, "recipe": "r1"},
            discriminator=nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)),
            data=ROWS,
        ),
        "BatchNorm, which mixes the rows",
    ),
    "one row": (
        lambda: gs.train({**SETTINGS, "batch_size": 1, "g_norm": "batch"}, data=ROWS, **own("discriminator")),
        "generator has BatchNorm.*--batch-size 1",
    ),
    "construction": (
        lambda: gs.train({**SETTINGS, "d_lipschitz": "spectral"}, data=ROWS, **own("discriminator")),
        "--d-lipschitz spectral has no effect on a discriminator of your own",
    ),
    "asked for on the command line": (
        lambda: gs.train({**SETTINGS, "network": "own+mlp"}, data=ROWS),
        "needs a generator of your own: hand over generator=",
    ),
    "compiled": (lambda: gs.train({**SETTINGS, "compile": True}, data=ROWS, **own("generator")), "--compile"),
    "no such family": (lambda: gs.train({**SETTINGS, "network": "own+cnn"}, data=ROWS), "cnn"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_is_one_sentence(kind: str) -> None:
    call, words = WRONG[kind]
    with pytest.raises(gs.BadInput, match=words):
        call()


def test_a_bounded_critic_of_ours_holds_against_ones_own_generator(tmp_path: Path) -> None:
    settings = {**SETTINGS, "objective": "wasserstein", "d_lipschitz": "spectral-operator"}
    run = gs.train(settings, data=ROWS, out=tmp_path / "run", **own("generator"))
    assert run.metrics["certified_lower"] <= run.metrics["emd"]
