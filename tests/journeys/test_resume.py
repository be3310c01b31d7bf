"""N steps straight equal k steps, a crash and N - k more: weights, optimisers and records, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.build.settings import resolve
from ganscope.config import RunConfig
from ganscope.contracts import BadInput, Interrupted
from ganscope.folder import checkpoint
from ganscope.running import resume, train
from tests.crashes import Crash, contents, crash_at
from tests.games import SMALL, evaluation_of, train_here

STEPS = 24
CASES: list[tuple[str, dict[str, Any]]] = [
    ("minimax", {"data": "ring", "ema": 0.9}),
    ("non-saturating", {"data": "grid", "decay": 0.0}),
    ("wgan", {"data": "gaussians", "n_critic": 3}),
    ("wgan-gp", {"data": "swiss-roll", "n_critic": 2, "ema": 0.5}),
    ("r1", {"data": "segments", "optimizer": "rmsprop"}),
    ("r1", {"data": "digits", "network": "dcgan", "g_norm": "batch", "g_width": 4, "d_width": 4}),
    ("minimax", {"data": "digits", "network": "dcgan", "g_width": 4, "d_width": 4, "d_norm": "batch"}),
    ("wgan-gp", {"data": "digits", "d_norm": "layer", "penalty": "dragan"}),
    ("minimax", {"data": "ring", "objective": "hinge", "d_lipschitz": "spectral"}),
    ("minimax", {"data": "ring", "objective": "wasserstein", "d_lipschitz": "orthogonal"}),
    (
        "minimax",
        {
            "data": "digits",
            "network": "dcgan",
            "g_width": 4,
            "d_width": 4,
            "d_lipschitz": "spectral-operator",
        },
    ),
    ("r1", {"data": "ring", "objective": "relativistic-average", "penalty": "r1+r2"}),
    ("r1", {"data": "ring", "penalty_every": 4, "pack": 2, "instance_noise": 0.5, "dynamics": "optimistic"}),
    ("wgan-gp", {"data": "ring", "n_critic": 1, "dynamics": "extra-gradient", "penalty_target": 2.0}),
    ("r1", {"data": "ring", "dynamics": "consensus", "optimizer": "sgd", "instance_noise": 0.5}),
]


def configs(recipe: str, given: dict[str, Any], seeds: tuple[int, ...]) -> list[RunConfig]:
    small = {k: v for k, v in SMALL.items() if given.get("network") != "dcgan" or not k.endswith("depth")}
    timing = {"log_every": 2, "evaluate_every": 12, "checkpoint_every": 5}
    return [resolve(recipe, {**small, **timing, **given, "steps": STEPS, "seed": seed}) for seed in seeds]


def start(folder: Path, wanted: list[RunConfig], **options: Any) -> list[Path]:
    folders = [folder / f"seed-{c.seed}" for c in wanted]
    for place in folders:
        place.mkdir(parents=True, exist_ok=True)
    train_here(wanted, folders, evaluation_of(wanted[0].data), **options)
    return folders


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)], ids=["plain", "stacked"])
@pytest.mark.parametrize(
    ("recipe", "given"), CASES, ids=[f"{r}-{'-'.join(map(str, g.values()))}" for r, g in CASES]
)
def test_crash_and_resume_equal_an_uninterrupted_run(
    tmp_path: Path, recipe: str, given: dict[str, Any], seeds: tuple[int, ...]
) -> None:
    wanted = configs(recipe, given, seeds)
    straight = start(tmp_path / "straight", wanted)
    # before the first checkpoint, between two, right at one
    for crash, name in ((4, "a"), (14, "b"), (20, "c")):
        with pytest.raises(Crash):
            start(tmp_path / name, wanted, progress=crash_at(crash))
        broken = start(tmp_path / name, wanted, resuming=True)
        for one, other in zip(straight, broken, strict=True):
            assert contents(one) == contents(other)


def test_stopping_on_request_saves_and_goes_on(tmp_path: Path) -> None:
    wanted = configs("wgan-gp", {"data": "ring"}, (0,))
    (straight,) = start(tmp_path / "straight", wanted)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == 7

    with pytest.raises(Interrupted, match="ganscope resume"):
        start(tmp_path / "stopped", wanted, stop=stop)
    folder = tmp_path / "stopped" / "seed-0"
    assert checkpoint.steps(folder)[-1] == 7
    start(tmp_path / "stopped", wanted, resuming=True)
    theirs, ours = contents(straight), contents(folder)
    assert theirs == ours


def test_the_newest_sound_checkpoint_is_used_when_the_newest_is_damaged(tmp_path: Path) -> None:
    wanted = configs("r1", {"data": "ring"}, (0, 1))
    straight = start(tmp_path / "straight", wanted)
    with pytest.raises(Crash):
        start(tmp_path / "broken", wanted, progress=crash_at(17))
    damaged = checkpoint.path_of(tmp_path / "broken" / "seed-1", 15)
    raw = bytearray(damaged.read_bytes())
    raw[-3] ^= 1
    damaged.write_bytes(raw)
    told: list[str] = []
    broken = start(tmp_path / "broken", wanted, resuming=True, tell=told.append)
    assert len(told) == 1
    assert "step-00000015" in told[0]
    assert "going on from an older one" in told[0]
    for one, other in zip(straight, broken, strict=True):
        assert contents(one) == contents(other)


def test_a_torn_last_line_of_history_is_repaired(tmp_path: Path) -> None:
    wanted = configs("r1", {"data": "ring"}, (0,))
    (straight,) = start(tmp_path / "straight", wanted)
    with pytest.raises(Crash):
        start(tmp_path / "torn", wanted, progress=crash_at(17))
    history = tmp_path / "torn" / "seed-0" / "history.jsonl"
    history.write_bytes(history.read_bytes() + b'{"step": 18, "samp')
    (torn,) = start(tmp_path / "torn", wanted, resuming=True)
    assert contents(straight) == contents(torn)


def test_a_diverged_run_keeps_its_place_when_its_stack_is_resumed(tmp_path: Path) -> None:
    from ganscope.training import loop

    def poison(folder: Path, **options: Any) -> list[Path]:
        original = loop.advance

        def advance(runs: Any) -> Any:
            if runs.step == 8:
                with torch.no_grad():
                    next(iter(runs.game.discriminator.parameters.values()))[1] = float("inf")
            return original(runs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "advance", advance)
            return start(folder, wanted, **options)

    wanted = configs("wgan-gp", {"data": "ring"}, (0, 1, 2))
    straight = poison(tmp_path / "straight")
    with pytest.raises(Crash):
        poison(tmp_path / "broken", progress=crash_at(17))
    broken = start(tmp_path / "broken", wanted, resuming=True)
    for one, other in zip(straight, broken, strict=True):
        assert contents(one) == contents(other)
    assert not (straight[1] / "generator.safetensors").exists()
    assert '"diverged_at": 9' in (straight[1] / "metrics.json").read_text()
    assert (straight[0] / "generator.safetensors").exists()


def test_resume_of_a_finished_run_says_so(tmp_path: Path) -> None:
    start(tmp_path, configs("r1", {"data": "ring"}, (0,)))
    before = contents(tmp_path)
    told: list[str] = []
    run = resume(tmp_path / "seed-0", tell=told.append)
    assert "finished" in told[0]
    assert contents(tmp_path) == before
    assert run.sample(3).shape == (3, 2)


def test_resume_goes_to_step_0_without_a_checkpoint(tmp_path: Path) -> None:
    (wanted,) = configs("r1", {"data": "ring"}, (0,))
    train(wanted, out=tmp_path / "straight")
    with pytest.raises(Crash):
        train(wanted, out=tmp_path / "broken", progress=crash_at(2))
    resume(tmp_path / "broken", tell=lambda text: None)
    assert contents(tmp_path / "straight") == contents(tmp_path / "broken")


def test_two_runs_of_one_seed_are_identical(tmp_path: Path) -> None:
    wanted = configs("wgan-gp", {"data": "digits", "ema": 0.9}, (0, 1))
    one, other = start(tmp_path / "a", wanted), start(tmp_path / "b", wanted)
    assert [contents(folder) for folder in one] == [contents(folder) for folder in other]


def test_observing_does_not_disturb(tmp_path: Path) -> None:
    # the same run, measured at every step and hardly ever: the weights must not know
    wanted = configs(
        "r1", {"data": "digits", "network": "dcgan", "g_norm": "batch", "g_width": 4, "d_width": 4}, (0,)
    )
    often = [
        c.model_copy(update={"log_every": 1, "evaluate_every": 1, "checkpoint_every": 1}) for c in wanted
    ]
    rarely = [
        c.model_copy(update={"log_every": 99, "evaluate_every": 99, "checkpoint_every": 99}) for c in wanted
    ]
    (a,), (b,) = start(tmp_path / "often", often), start(tmp_path / "rarely", rarely)
    first, second = (checkpoint.load(checkpoint.path_of(folder, STEPS)) for folder in (a, b))
    assert first[0].keys() == second[0].keys()
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])


def test_retention_keeps_the_newest(tmp_path: Path) -> None:
    wanted = [c.model_copy(update={"keep_checkpoints": 3}) for c in configs("r1", {"data": "ring"}, (0,))]
    (folder,) = start(tmp_path, wanted)
    assert checkpoint.steps(folder) == [15, 20, 24]


def test_retention_by_interval_and_by_metric(tmp_path: Path) -> None:
    options = {"keep_checkpoints": 1, "checkpoint_every": 3, "evaluate_every": 3}
    wanted = [
        c.model_copy(update={**options, "keep_every": 9}) for c in configs("r1", {"data": "ring"}, (0,))
    ]
    (every,) = start(tmp_path / "every", wanted)
    assert checkpoint.steps(every) == [9, 18, 24]
    # at rates so high that the last step is rarely the best one
    wild = {"keep_best": True, "keep_every": 0, "d_lr": 0.3, "g_lr": 0.3, "decay": 0.0}
    (best,) = start(tmp_path / "best", [c.model_copy(update={**options, **wild}) for c in wanted])
    rows = {row["step"]: row["emd"] for row in gs.load(best).history if row.get("emd") and row["step"]}
    assert checkpoint.steps(best) == sorted({min(rows, key=lambda step: rows[step]), 24})


@pytest.mark.parametrize("bit", [0, 9, 700, -1])
def test_any_flipped_bit_of_a_checkpoint_is_noticed(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "step-00000001.safetensors"
    checkpoint.save(path, {"a": torch.arange(200.0), "b": torch.zeros(())}, {"step": 1})
    tensors, state = checkpoint.load(path)
    assert torch.equal(tensors["a"], torch.arange(200.0))
    assert state["step"] == 1
    raw = bytearray(path.read_bytes())
    raw[bit] ^= 64
    path.write_bytes(raw)
    with pytest.raises(checkpoint.Damaged, match="damaged"):
        checkpoint.load(path)


def test_a_cut_checkpoint_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "step-00000001.safetensors"
    checkpoint.save(path, {"a": torch.arange(200.0)}, {"step": 1})
    for length in (0, 5, 100, 600):
        cut = tmp_path / "cut.safetensors"
        cut.write_bytes(path.read_bytes()[:length])
        with pytest.raises(checkpoint.Damaged):
            checkpoint.load(cut)


def test_resuming_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no run folder"):
        resume(tmp_path)
