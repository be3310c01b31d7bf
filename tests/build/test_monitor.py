"""Every run is probed while it trains: same weights with and without, and verdicts where people look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.contracts import RunFailed
from ganscope.folder import files, layout
from ganscope.training import train
from ganscope.training.observers import tell
from tests.games import runs, weights

GIVEN: dict[str, Any] = {"steps": 21, "diagnose_every": 5, "evaluate_every": 100}


@pytest.mark.parametrize("seeds", [(0,), (0, 1)], ids=["plain", "stack"])
@pytest.mark.parametrize(
    ("recipe", "given"),
    [
        ("r1", {}),
        ("wgan-gp", {"n_critic": 2, "ema": 0.9}),
        ("minimax", {"data": "digits", "g_norm": "batch"}),
        ("non-saturating", {"pack": 2}),
    ],
)
def test_monitored_runs_end_with_the_same_weights(
    recipe: str, given: dict[str, Any], seeds: tuple[int, ...], tmp_path: Path
) -> None:
    if given.get("g_norm") == "batch" and len(seeds) > 1:
        pytest.skip("BatchNorm runs are not stacked")
    ends = []
    for diagnose in (True, False):
        built = runs(tmp_path / str(diagnose), recipe, seeds, **GIVEN, **given, diagnose=diagnose)
        torch.manual_seed(0)
        train(built)
        ends.append([*weights(built, "generator"), *weights(built, "discriminator"), torch.rand(1)])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
    for seed in seeds:
        folder = tmp_path / "True" / f"seed-{seed}"
        rows = files.read_rows(folder / "diagnosis.jsonl")
        assert [row["step"] for row in rows if "auc" in row] == [0, 5, 10, 15, 20]
        assert [row["step"] for row in rows if "point" in row] == list(range(1, 22))
        assert files.read_json(folder / "verdicts.json")["step"] == 21
        assert (folder / "exemplars.npy").is_file()
        assert not (tmp_path / "False" / f"seed-{seed}" / "diagnosis.jsonl").exists()


def test_runs_of_a_stack_are_probed_as_if_alone(tmp_path: Path) -> None:
    stack = runs(tmp_path / "stack", "r1", (0, 1), **GIVEN)
    alone = runs(tmp_path / "alone", "r1", (1,), **GIVEN)
    for built in (stack, alone):
        tell(built, "start")
    ours, theirs = (
        files.read_rows(tmp_path / place / "seed-1" / "diagnosis.jsonl")[0] for place in ("stack", "alone")
    )
    for key in (
        "logit_slope",
        "critic_slope",
        "signal",
        "generator_gradient",
        "auc",
        "coverage",
        "fresh_auc",
    ):
        assert ours[key] == pytest.approx(theirs[key], rel=1e-4), key


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    built = runs(tmp_path, "non-saturating", **{**GIVEN, "steps": 500, "g_lr": 1e30, "d_lr": 1e30})
    events: list[dict[str, Any]] = []
    with pytest.raises(RunFailed):
        train(built, events.append)
    (verdict, *_) = files.read_json(tmp_path / "seed-0" / "verdicts.json")["verdicts"]
    assert verdict["name"] == "diverged"
    assert verdict["since_step"] == built.diverged[0][0]
    assert verdict["factor"] == built.diverged[0][1]


def test_progress_carries_the_verdicts(tmp_path: Path) -> None:
    built = runs(tmp_path, "r1", (0, 1), **GIVEN)
    events: list[dict[str, Any]] = []
    train(built, events.append)
    assert events[-1]["verdicts"] == [[], []]


@pytest.mark.parametrize(
    ("data", "given"), [("ring", {}), ("digits", {"ema": 0.9})], ids=["many held-out rows", "few, averaged"]
)
def test_a_probe_and_an_evaluation_of_the_same_samples_agree(
    data: str, given: dict[str, Any], tmp_path: Path
) -> None:
    """Recall, precision and coverage are one function of the same held-out rows and the same latents."""
    settings = {"data": data, "recipe": "r1", "steps": 20, "diagnose_every": 4, **given}
    run = gs.train(settings, out=tmp_path / "run")
    *_, last = (row for row in files.read_rows(run.folder / layout.DIAGNOSIS) if row.get("wide"))
    assert last["step"] == 20
    evaluated, probed = run.evaluate()["prdc"], last.get("sampled") or last
    for name in ("recall", "precision", "coverage"):
        assert probed[name] == pytest.approx(evaluated[name], abs=1e-12)
