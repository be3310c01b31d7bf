"""The study of loops of strangers: how it is halved, what it measures, and one loop from end to end."""

from __future__ import annotations

import doctest
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ganscope.diagnose.rules.verdict import RULES
from validation.strangers import __main__ as study
from validation.strangers import holds, run, truth
from validation.strangers.data import DRAWS, PICTURES, TABLES, rows_of
from validation.strangers.loops import HALVES, LOOPS, halves
from validation.strangers.page import page
from validation.strangers.score import outcome, silent, true_names

FINE = {
    "finite": 1.0, "ratio": 1.1, "recall": 0.9, "recall_real": 0.95, "precision": 0.9, "precision_real": 0.95,
    "missing": 0.0, "imbalance": 0.05, "imbalance_real": 0.02,
    "distinct": 1.0, "pairwise": 1.0, "apart": 0.55,
    "auc": 0.55, "auc_train": 0.5, "auc_known": 0.55, "logit_slope": 0.5, "slope": 1.0, "slope_fake": 1.0,
    "generator_kept": 0.1, "swing": 0.0, "octave": 0.0, "turns": 0.0, "late": 0.0,
    "outside": 0.0, "reach": 1.0,
    "d_loss": 1.4, "g_loss": 0.7, "progress": 0.0, "g_moved": 0.1,
}  # fmt: skip


def test_examples() -> None:
    for module in (truth, run):
        assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_both_halves_hold_every_kind_and_stay_as_they_are() -> None:
    dealt = halves(LOOPS)
    assert dealt == halves(dict(sorted(LOOPS.items())))
    for kind in {loop.kind for loop in LOOPS.values()}:
        count = Counter(dealt[name] for name, loop in LOOPS.items() if loop.kind == kind)
        assert abs(count["tuning"] - count["kept"]) <= 1, kind
        assert set(count) == set(HALVES), kind


def test_there_are_enough_loops_of_every_verdict() -> None:
    count = Counter(loop.kind.split(" (")[0] for loop in LOOPS.values())
    assert set(count) == {*RULES, "healthy", "unconverged"}
    assert count["healthy"] >= 12
    assert min(count.values()) >= 3
    for loop in LOOPS.values():
        assert 450 <= loop.settings.steps <= 5000
        assert 16 <= loop.settings.batch <= 256
        assert set(loop.also) <= {*holds.HOLDS, "wiring"}
        assert loop.kind == "wiring" or loop.kind in holds.HOLDS


@pytest.mark.parametrize("name", [*DRAWS, *TABLES, *PICTURES])
def test_rows_are_drawn_alike_and_apart(name: str) -> None:
    rows, again = rows_of(name, 3), rows_of(name, 3)
    assert torch.equal(rows.train, again.train)
    assert bool(rows.train.isfinite().all())
    assert len(rows.held) >= 80
    assert rows.train[0].shape == rows.held[0].shape == rows.judge[0].shape
    assert not torch.equal(rows.train[:50], rows.held[:50])
    assert set(rows.train_kinds.tolist()) == set(rows.held_kinds.tolist())
    if name in PICTURES:
        assert rows.train.ndim == 4
        assert float(rows.train.abs().max()) <= 1 + 1e-6


def test_a_distance_between_shifted_sets_is_the_shift() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    assert truth.emd(x, x + np.array([3.0, 0.0, 4.0])) == pytest.approx(5.0)


def test_neighbours_tell_apart_what_is_apart() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 2)), rng.normal(size=(200, 2))
    assert truth.apart(x, y + 20) == pytest.approx(1.0)
    assert 0.4 < truth.apart(x, y) < 0.6
    recall, precision = truth.shares(x, np.repeat(x[:1], 200, 0) + 1e-6 * y)
    assert recall < 0.01
    assert precision == 1


def test_a_swing_is_told_from_a_drift_and_from_noise() -> None:
    rng = np.random.default_rng(0)
    wave = [[math.sin(k / 4), 0.0] for k in range(300)]
    noise = [[float(v), 0.0] for v in rng.normal(size=300)]
    assert holds.swings(FINE | truth.moved(wave))
    assert not holds.swings(FINE | truth.moved([[k / 100, 0.0] for k in range(300)]))
    assert not holds.swings(FINE | truth.moved(noise))
    assert not holds.swings(FINE | truth.moved([*wave[:220], *[[0.0, 0.0]] * 80]))


def test_untouched_leaves_buffers_and_mode() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    before = [b.clone() for b in net.buffers()]
    with truth.untouched(net):
        net(torch.randn(8, 2))
    assert all(torch.equal(a, b) for a, b in zip(before, net.buffers(), strict=True))
    assert net.training


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("mode-collapse", {"missing": 0.3}),
        ("mode-collapse", {"distinct": 0.1}),
        ("discriminator-overfit", {"auc_train": 0.9}),
        ("diverged", {"outside": 0.9}),
        ("diverged", {"finite": 0.0}),
        ("discriminator-too-strong", {"auc_known": 1.0, "ratio": 3.0}),
        ("discriminator-too-weak", {"apart": 0.95, "ratio": 3.0}),
        ("critic-underfit", {"proven": 0.1, "ratio": 3.0}),
        ("lipschitz-violation", {"proven": 0.5, "slope": 50.0}),
        ("vanishing-gradient (loss)", {"logit_slope": 0.001, "auc_known": 1.0, "ratio": 3.0}),
        ("vanishing-gradient (critic)", {"slope_fake": 0.001, "ratio": 3.0}),
        ("vanishing-gradient (generator)", {"generator_kept": 1e-5, "ratio": 3.0}),
        ("unconverged", {"ratio": 3.0}),
    ],
)
def test_each_failure_is_told_by_its_number(name: str, numbers: dict[str, float]) -> None:
    assert holds.HOLDS[name]({**FINE, **numbers})
    assert [held for held in holds.HOLDS if holds.HOLDS[held](FINE)] == ["healthy"]


def record(told: list[str], **numbers: float) -> run.Record:
    return {
        "kind": "", "steps": 100, "seconds": 1.0, "truth": {**FINE, **numbers}, "verdicts": told,
        "first": dict.fromkeys(told, 100), "status": {}, "answer": "healthy", "notes": [], "rows": [],
    }  # fmt: skip


def test_outcomes() -> None:
    collapse, healthy = LOOPS["s-curve-one-latent"], LOOPS["moons-r1"]
    assert outcome(collapse, record([])) == "not as intended"
    assert outcome(collapse, record([], missing=0.5)) == "missed"
    assert silent(collapse, record([], missing=0.5))
    assert outcome(collapse, record(["mode-collapse"], missing=0.5)) == "seen"
    assert outcome(healthy, record([])) == "quiet"
    assert outcome(healthy, record(["oscillation"])) == "false alarm"
    assert "oscillation" not in true_names(collapse, record([], missing=0.5)["truth"])
    written = page({"tuning": {"moons-r1": record(["oscillation"])}, "kept": {}})
    assert "oscillation (100), wrong" in written
    assert "The half named kept" not in written


def test_a_loop_runs_is_stored_and_judged_again(tmp_path: Path) -> None:
    loop = LOOPS["heavy-shared"]
    played = run.play(loop, steps=40)
    assert played["verdicts"] == ["wiring"]
    assert played["steps"] == 40
    assert played["truth"]["finite"] == 1
    study.write(tmp_path / "a.json.gz", {"heavy-shared": played})
    kept = study.read(tmp_path / "a.json.gz")["heavy-shared"]
    assert kept["answer"] == "faulty"
    assert kept == json.loads(json.dumps(played))
    assert run.rejudged(kept)["verdicts"] == ["wiring"]
    assert outcome(loop, kept) == "seen"
