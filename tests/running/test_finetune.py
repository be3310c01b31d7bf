"""Fine-tuning: which weights a run begins at, what it inherits, and what it needs of the earlier run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ganscope as gs
from ganscope.folder import checkpoint
from tests.crashes import Crash, contents, crash_at

SMALL: dict[str, Any] = {
    "data": "ring", "recipe": "r1", "g_width": 16, "d_width": 12, "g_depth": 2, "d_depth": 1,
    "latent_dim": 5, "batch_size": 8, "steps": 6, "checkpoint_every": 2, "evaluate_every": 50,
}  # fmt: skip
STILL = {"recipe": "minimax", "steps": 1, "batch_size": 8, "g_lr": 1e-30, "d_lr": 1e-30}
"""A run that stays where it begins: its one step is smaller than any weight can show."""


def tensors(folder: Path, step: int) -> dict[str, torch.Tensor]:
    return checkpoint.load(checkpoint.path_of(folder, step))[0]


def weights(folder: Path, step: int, player: str) -> dict[str, torch.Tensor]:
    return {n: t for n, t in tensors(folder, step).items() if n.startswith(f"{player}/")}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert one
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gs.train({**SMALL, "ema": 0.5}, out=tmp_path_factory.mktemp("first") / "run").folder


def test_both_networks_begin_at_the_raw_weights_of_the_newest_checkpoint(first: Path, tmp_path: Path) -> None:
    run = gs.train({**STILL, "data": "ring"}, start=first, out=tmp_path / "run")
    for player in ("generator", "discriminator"):
        assert_equal(weights(run.folder, 1, player), weights(first, 6, player))
    stored = json.loads((run.folder / "config.json").read_text())
    assert stored["from"] == {"run": str(first), "step": 6, "weights": "raw"}
    # the shapes come from there too, although neither the recipe nor the user named them
    for field in ("g_width", "d_width", "g_depth", "d_depth", "latent_dim"):
        assert run.config.flat()[field] == SMALL[field]
    assert run.config.objective == "minimax"


def test_the_moving_average_goes_along_where_both_keep_one(first: Path, tmp_path: Path) -> None:
    still = {**STILL, "data": "ring", "ema": 0.999}
    run = gs.train(still, start=str(first), out=tmp_path / "a")
    before = {n.split("/", 1)[1]: t for n, t in weights(first, 6, "average").items()}
    raw = {n.split("/", 1)[1]: t for n, t in weights(first, 6, "generator").items()}
    after = {n.split("/", 1)[1]: t for n, t in weights(run.folder, 1, "average").items()}
    for name, average in after.items():
        torch.testing.assert_close(average, 0.999 * before[name] + 0.001 * raw[name])
    assert run.description["from"]["weights"] == "raw, and the moving average"
    # without an earlier average the new one begins at the raw weights
    plain = gs.train({**SMALL, "steps": 2}, out=tmp_path / "plain")
    again = gs.train(still, start=plain, out=tmp_path / "b")
    raw = weights(plain.folder, 2, "generator")
    for name, average in weights(again.folder, 1, "average").items():
        torch.testing.assert_close(average, raw[name.replace("average", "generator")])
    assert again.description["from"]["weights"] == "raw"


def test_buffers_of_batchnorm_go_along(tmp_path: Path) -> None:
    first = gs.train({**SMALL, "g_norm": "batch"}, out=tmp_path / "first")
    run = gs.train({**STILL, "data": "grid"}, start=first, out=tmp_path / "run")
    means = [n for n in tensors(first.folder, 6) if n.startswith("generator/") and "num_batches" in n]
    assert means
    for name in means:
        # two passes a step, each counted
        assert tensors(run.folder, 1)[name] == tensors(first.folder, 6)[name] + 2


def test_a_run_of_a_comparison_can_be_fine_tuned(tmp_path: Path) -> None:
    small = {k: v for k, v in SMALL.items() if k not in ("data", "recipe")}
    gs.compare("ring", ["r1"], seeds=2, out=tmp_path / "both", **small)
    for seed in (0, 1):
        start = tmp_path / "both" / "r1" / f"seed-{seed}"
        run = gs.train({**STILL, "data": "ring"}, start=start, out=tmp_path / f"run-{seed}")
        newest = checkpoint.steps(start)[-1]
        assert_equal(weights(run.folder, 1, "generator"), weights(start, newest, "generator"))


def test_own_modules_can_be_fine_tuned(tmp_path: Path) -> None:
    def networks() -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Linear(5, 2)), nn.Sequential(nn.Linear(2, 1))

    settings = {"data": "ring", "steps": 2, "batch_size": 8, "latent_dim": 5}
    first = gs.train(settings, *networks(), out=tmp_path / "first")
    still = {**settings, "steps": 1, "g_lr": 1e-30, "d_lr": 1e-30}
    run = gs.train(still, *networks(), start=first, out=tmp_path / "run")
    assert_equal(weights(run.folder, 1, "generator"), weights(first.folder, 2, "generator"))


def test_a_damaged_checkpoint_is_passed_over(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ganscope.cli import app

    shutil.copytree(first, tmp_path / "first")
    newest = checkpoint.path_of(tmp_path / "first", 6)
    newest.write_bytes(newest.read_bytes()[:-5])
    command = ["train", "ring", "r1", "--from", str(tmp_path / "first"), "--steps", "1", "--batch-size", "8"]
    assert app.main([*command, "--out", str(tmp_path / "run")]) == 0
    err = capsys.readouterr().err
    assert "damaged" in err
    assert "taking an older one" in err
    assert "step 4" in err
    assert json.loads((tmp_path / "run" / "config.json").read_text())["from"]["step"] == 4


def test_resume_needs_the_earlier_run_only_until_the_first_checkpoint(first: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    shutil.copytree(first, earlier)
    second = {**SMALL, "recipe": "minimax", "steps": 12, "checkpoint_every": 5, "log_every": 1, "seed": 1}
    straight = gs.train(second, start=earlier, out=tmp_path / "straight")
    for name, crash in (("early", 3), ("late", 8)):
        with pytest.raises(Crash):
            gs.train(second, start=earlier, out=tmp_path / name, progress=crash_at(crash))
    # meanwhile the earlier run goes on: the step it was taken at is what counts
    for step in (8, 9):
        other = {n: t + 1 if t.is_floating_point() else t for n, t in tensors(earlier, 6).items()}
        checkpoint.save(checkpoint.path_of(earlier, step), other, {"step": step})
    gs.resume(tmp_path / "early", tell=lambda text: None)
    assert contents(tmp_path / "early") == contents(straight.folder)
    with pytest.raises(Crash):
        gs.train(second, start=earlier, out=tmp_path / "lost", progress=crash_at(3))
    shutil.rmtree(earlier)
    gs.resume(tmp_path / "late", tell=lambda text: None)
    assert contents(tmp_path / "late") == contents(straight.folder)
    with pytest.raises(gs.BadInput, match="earlier is no run folder"):
        gs.resume(tmp_path / "lost")
