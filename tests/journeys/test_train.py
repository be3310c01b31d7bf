"""`gs.train`, `gs.load` and the run folder, as a user meets them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.contracts import RunFailed
from ganscope.folder import checkpoint
from ganscope.training.loop import learning_rate_factor

TINY = {"g_width": 8, "d_width": 8, "steps": 6, "batch_size": 16, "evaluate_every": 3}


def test_the_run_folder_holds_what_the_design_says(tmp_path: Path) -> None:
    run = gs.train({**TINY, "recipe": "wgan-gp", "ema": 0.9}, out=tmp_path / "run")
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {
        "config.json", "history.jsonl", "timing.jsonl", "metrics.json", "samples", "checkpoints",
        "generator.safetensors", "report.html",
    }  # fmt: skip
    rows = run.history
    assert [row["step"] for row in rows] == list(range(7))
    assert set(rows[-1]) >= {
        "step", "samples_seen", "d_loss", "g_loss", "penalty", "critic_gap", "logit_slope",
        "generator_gradient", "emd", "captured", "high_quality", "reverse_kl", "missing",
        "critic_gap_held_out",
    }  # fmt: skip
    assert rows[-1]["samples_seen"] == 6 * 5 * 16
    # one sign, no mixing: the Wasserstein loss is minus the gap, the penalty apart
    for row in rows[1:]:
        assert math.isclose(row["d_loss"], -row["critic_gap"], rel_tol=1e-5, abs_tol=1e-6)
        assert row["penalty"] >= 0
        assert "seconds" not in row
    assert all(
        "seconds" in json.loads(line) for line in (run.folder / "timing.jsonl").read_text().splitlines()
    )
    metrics = run.metrics
    assert metrics["emd"] == rows[-1]["emd"]
    assert metrics["modes"] == 10
    assert 0 < metrics["emd_floor"] < metrics["emd"]
    stored = json.loads((run.folder / "config.json").read_text())
    assert stored["format"] == 1
    assert stored["data"]["judge_accuracy"] >= 0.97
    assert stored["execution"]["threads"] >= 1
    samples = np.load(run.folder / "samples" / "step-00000006.npy", allow_pickle=False)
    assert samples.shape == (64, 1, 8, 8)


def test_samples_come_from_the_weights_that_were_judged(tmp_path: Path) -> None:
    # with a moving average, the average is what is evaluated, saved and sampled
    run = gs.train({**TINY, "recipe": "r1", "ema": 0.5}, out=tmp_path / "run")
    tensors, _ = checkpoint.load(checkpoint.path_of(run.folder, 6))
    for name, tensor in run.generator().state_dict().items():
        assert torch.equal(tensor, tensors[f"average/{name}"])
        assert not torch.equal(tensor, tensors[f"generator/{name}"])
    a, b, c = run.sample(5), gs.load(run.folder).sample(5), run.sample(5, seed=1)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_emd_in_the_history_is_that_of_the_public_function(tmp_path: Path) -> None:
    run = gs.train({**TINY, "recipe": "r1", "data": "digits"}, out=tmp_path / "run")
    from ganscope.training.judging import evaluation_latents

    held_out = gs.data.DATASETS["digits"]().held_out
    latent = evaluation_latents(0, 1000, run.config.latent_dim, torch.float32)
    with torch.no_grad():
        fake = run.generator()(latent)[: len(held_out)]
    assert run.metrics["emd"] == pytest.approx(gs.metrics.emd(held_out, fake), rel=1e-6)


@pytest.mark.parametrize("given", [{}, {"data": "ring", "clip": 0.1}], ids=["images", "points"])
def test_a_wasserstein_critic_is_certified_at_every_evaluation(tmp_path: Path, given: dict[str, Any]) -> None:
    run = gs.train({**TINY, "recipe": "wgan", **given}, out=tmp_path / "run")
    rows = [row for row in run.history if "emd" in row]
    assert [row["step"] for row in rows] == [0, 3, 6]
    assert all(row["certified_lower"] <= row["emd"] * (1 + 1e-12) for row in rows)
    assert run.metrics["certified_lower"] == rows[-1]["certified_lower"]
    # the public function on the same points: the certificate does not depend on the critic's scale
    assert all(row["certified_lower"] * row["critic_gap_held_out"] > 0 for row in rows)
    other = gs.train({**TINY, "data": "ring", "recipe": "r1"}, out=tmp_path / "other")
    assert not any("certified_lower" in row for row in other.history)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 4))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)  # type: ignore[no-any-return]


def critic() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Flatten(0))


def test_own_modules_data_and_objective(tmp_path: Path) -> None:
    torch.manual_seed(0)
    rows = torch.randn(300, 4) * 0.3 + torch.tensor([1.0, 2.0, 3.0, 4.0])
    squared = gs.Objective(
        d_loss=lambda real, fake: (real - 1) ** 2 + fake**2,
        g_loss=lambda real, fake: (fake - 1) ** 2,
        equilibrium=0.5, bounded=False, needs_lipschitz=False, coupled=False,
    )  # fmt: skip
    generator, discriminator = Generator(), critic()
    before = [p.detach().clone() for p in generator.parameters()]
    settings = {"steps": 30, "batch_size": 16, "latent_dim": 3, "penalty": "r1", "penalty_weight": 0.1}
    run = gs.train(settings, generator, discriminator, rows, squared, out=tmp_path / "run")
    assert not any(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    assert (run.config.network, run.config.data, run.config.objective) == ("own", "own", "own")
    loaded = gs.load(run.folder, generator=Generator())
    generator.eval()
    z = torch.randn(4, 3)
    assert torch.equal(loaded.generator()(z), generator(z))
    assert run.history[-1]["d_loss"] != 0


@pytest.mark.parametrize("bounded", [gs.lipschitz.spectral_norm, lambda c: gs.lipschitz.orthogonal(c, (4,))])
def test_own_critics_of_bounded_layers_need_no_penalty(
    tmp_path: Path, bounded: Callable[[nn.Module], nn.Module]
) -> None:
    rows = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    settings: dict[str, Any] = {"steps": 4, "batch_size": 16, "latent_dim": 3, "objective": "wasserstein"}
    layers = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    with pytest.raises(gs.BadInput, match="needs a Lipschitz critic"):
        gs.train(settings, Generator(), layers, rows, out=tmp_path / "refused")
    discriminator = bounded(layers)
    before = {name: buffer.clone() for name, buffer in discriminator.named_buffers()}
    run = gs.train(settings, Generator(), discriminator, rows, out=tmp_path / "run")
    assert run.metrics["certified_lower"] <= run.metrics["emd"]
    # u and v were kept current
    assert not any(
        torch.equal(old, discriminator.get_buffer(name)) for name, old in before.items() if "0" in name
    )


def test_own_modules_resume_to_the_bit_dropout_included(tmp_path: Path) -> None:
    rows = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    settings = {"steps": 20, "batch_size": 16, "latent_dim": 3, "checkpoint_every": 4}

    def networks() -> tuple[nn.Module, nn.Module]:
        torch.manual_seed(5)
        return Generator(), critic()

    whole = gs.train(settings, *networks(), rows, out=tmp_path / "whole")
    calls = iter(range(100))
    with pytest.raises(gs.Interrupted):
        gs.train(settings, *networks(), rows, out=tmp_path / "part", stop=lambda: next(calls) == 9)
    part = gs.resume(tmp_path / "part", *networks(), rows, tell=lambda text: None)
    for name in ("generator.safetensors", "history.jsonl", "metrics.json"):
        assert (whole.folder / name).read_bytes() == (part.folder / name).read_bytes()
    with pytest.raises(gs.BadInput, match="generator"):
        gs.resume(interrupted(tmp_path / "again", settings, networks(), rows))


def interrupted(
    folder: Path, settings: dict[str, int], networks: tuple[nn.Module, nn.Module], rows: Tensor
) -> Path:
    with pytest.raises(gs.Interrupted):
        gs.train(settings, *networks, rows, out=folder, stop=lambda: True)
    return folder


def test_a_run_that_diverges_stops_at_that_step_and_names_network_and_checkpoint(tmp_path: Path) -> None:
    reached = [0]

    def poisoned(real: Tensor, fake: Tensor) -> Tensor:
        return fake * (torch.nan if reached[-1] >= 8 else 1.0) - real

    objective = gs.Objective(poisoned, lambda real, fake: -fake, None, False, False, False)
    with pytest.raises(
        RunFailed, match=r"discriminator's loss.*step 9 .*step-00000006\.safetensors"
    ) as failure:
        gs.train(
            {**TINY, "data": "ring", "steps": 40, "checkpoint_every": 3, "log_every": 1},
            objective=objective,
            out=tmp_path / "run",
            progress=lambda event: reached.append(event["step"]),
        )
    assert str(failure.value).count("\n") == 0
    metrics = gs.load(tmp_path / "run").metrics
    assert (metrics["diverged_at"], metrics["diverged_network"]) == (9, "discriminator")
    with pytest.raises(gs.BadInput, match="diverged"):
        gs.load(tmp_path / "run").sample(3)


def test_learning_rates_fall_to_zero() -> None:
    assert [learning_rate_factor(s, 10, 1.0) for s in (0, 5, 10)] == [1.0, 0.5, 0.0]
    assert [learning_rate_factor(s, 10, 0.0) for s in (0, 9)] == [1.0, 1.0]


def test_training_learns(tmp_path: Path) -> None:
    # two modes on a line: much nearer than at the start, and both modes found
    settings = {"data": "gaussians", "recipe": "r1", "steps": 600, "g_lr": 1e-3, "d_lr": 1e-3}
    run = gs.train(settings, out=tmp_path / "run")
    assert run.history[0]["emd"] > 2 * run.metrics["emd"]
    assert run.metrics["captured"] == 2


def test_float64_in_float64_out(tmp_path: Path) -> None:
    run = gs.train({**TINY, "data": "ring", "precision": "float64"}, out=tmp_path / "run")
    assert {p.dtype for p in run.generator().parameters()} == {torch.float64}
