"""The arithmetic of the study of verdicts: intervals, counts, relabelling, resumption."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from ganscope.config import RunConfig
from ganscope.diagnose.rules.verdict import RULES
from validation.diagnosis import __main__ as study
from validation.diagnosis import score, truth
from validation.diagnosis.conditions import PLANTS, Run, every_run
from validation.diagnosis.conditions_own import CUSTOM, fields_of
from validation.diagnosis.plants import healthy
from validation.diagnosis.rows import REPORTING, TUNING, rows_of

COLLAPSED = {"pairwise": 0.1, "missing": 0.5, "on": 1.0, "imbalance": 0.5, "narrow": 1.0, "distinct": 1.0}
FINE = {
    "finite": 1.0, "scale": 1.0, "logit_slope": 0.5, "auc": 0.55, "auc_train": 0.5, "slope": 1.0,
    "energy": 0.0,
    "critic_slope": 1.0, "critic_kept": 0.5, "generator_kept": math.nan, "apart": 0.5, "missing": 0.0,
    "imbalance": 0.05, "narrow": 1.0, "distinct": 1.0, "pairwise": 1.0, "on": 1.0, "w1": 0.1, "proven": 0.0,
    "stalled": 1.0, "amplitude": 0.0, "periods": 0.0, "purity": 0.0,
    "floor_energy": 0.0, "floor_imbalance": 0.05, "floor_w1": 0.1,
}  # fmt: skip


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (20, 20), (1, 3), (50, 50), (7, 90)])
def test_wilson_bounds_are_where_a_score_test_turns(hits: int, of: int) -> None:
    low, high = score.wilson(hits, of)

    def beyond(p: float) -> float:
        return abs(hits / of - p) / math.sqrt(p * (1 - p) / of) - score.Z95

    if hits < of:
        assert high == pytest.approx(brentq(beyond, hits / of + 1e-9, 1 - 1e-12))
    if hits:
        assert low == pytest.approx(brentq(beyond, 1e-12, hits / of - 1e-9))
    assert (low == 0.0) == (hits == 0)


def run(planted: tuple[str, str | None] | None, follows: Any = (), name: str = "x") -> Run:
    return Run(
        name, name, planted, "mild", 1.0, "ring", "hinge", "plain", 0, "tuning", healthy, follows, False
    )


def stored(of: Run, rows: list[dict[str, Any]], **panel: float) -> score.Stored:
    about = {"weight": 10.0, "injected_at": 10}
    return score.Stored(of, rows, {**FINE, **panel}, {**FINE, **panel}, about, [], 1.0)


NAN = [{"step": 20, "nonfinite": "generator", "module": "0.weight"}]
SILENT = [{"step": 20, "auc": 0.5}]


def test_a_planted_failure_that_did_not_happen_is_relabelled_and_its_verdict_a_false_alarm() -> None:
    planted = run(("diverged", None))
    happened = score.judge_run(stored(planted, NAN, finite=0.0))
    recovered = score.judge_run(stored(planted, NAN))
    assert (happened.happened, recovered.happened) == (True, False)
    counted = score.rates([happened, recovered], "diverged")
    assert counted.recall == (1, 1)
    assert counted.precision == (1, 2)
    assert score.relabelled([happened, recovered])["x"] == (1, 2)


def test_a_consequence_counts_as_true_only_where_it_was_foreseen_and_measured() -> None:
    foreseen = run(("mode-collapse", "total"), follows=(("diverged", None),))
    broken = {**COLLAPSED, "scale": 99.0}
    assert score.judge_run(stored(foreseen, NAN, **broken)).true == (("diverged", "generator"),)
    assert score.judge_run(stored(foreseen, NAN, **COLLAPSED)).wrong == (("diverged", "generator"),)
    unforeseen = run(("mode-collapse", "total"))
    assert score.judge_run(stored(unforeseen, NAN, **broken)).wrong == (("diverged", "generator"),)


def test_confusion_and_false_alarms_by_hand() -> None:
    judged = [
        score.judge_run(stored(run(None), SILENT)),
        score.judge_run(stored(run(None), NAN)),
        score.judge_run(stored(run(None), NAN, finite=0.0)),  # not healthy by its own measurement: left out
        score.judge_run(stored(run(("diverged", None)), NAN, finite=0.0)),
        score.judge_run(stored(run(("diverged", None)), SILENT, finite=0.0)),
    ]
    assert score.false_alarms(judged) == (1, 2)
    table = score.confusion(judged)
    assert table["healthy"] == {"runs": 2, "nothing": 1, "diverged (generator)": 1}
    assert table["diverged"] == {"runs": 2, "nothing": 1, "diverged (generator)": 1}
    assert score.rates(judged, "diverged").confused == {"nothing": 1}


def test_the_delay_counts_from_the_injection() -> None:
    of = run(("diverged", None))._replace(injected=True)
    assert score.judge_run(stored(of, [{"step": 5, "auc": 0.5}, *NAN], finite=0.0)).delay == 10


def test_a_swing_is_found_by_its_spectrum() -> None:
    found = truth.swing_of([0.5 * math.sin(n / 3) for n in range(200)])
    assert found["amplitude"] == pytest.approx(0.5, rel=0.1)
    assert found["periods"] == pytest.approx(120 / (6 * math.pi), abs=1)
    assert found["purity"] > 0.9
    assert truth.swing_of(list(np.random.default_rng(0).normal(size=200)))["purity"] < 0.5


def test_both_halves_hold_every_verdict_and_no_condition_is_in_both() -> None:
    runs = list(every_run())
    assert len({r.id for r in runs}) == len(runs)
    for half, names in (("tuning", TUNING), ("reporting", REPORTING)):
        these = [r for r in runs if r.half == half]
        assert {r.data for r in these} <= set(names)
        assert {r.planted[0] for r in these if r.planted} == set(RULES)
    for plant in PLANTS:
        assert {"tuning", "reporting"} == {r.half for r in runs if r.name == plant.name}, plant.name


def test_own_conditions_are_configurations() -> None:
    for own in CUSTOM:
        for data in own.data:
            for severity in (None, *own.broken):
                RunConfig(**fields_of(own, severity, data, 0))


def test_a_killed_study_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chosen,) = [r for r in every_run() if r.id == "no-constraint,-early_once_ring_00"]
    torch.manual_seed(0)
    study.work_through([chosen], tmp_path, 0)
    first = (tmp_path / chosen.id / "run.json").read_bytes()
    study.work_through([chosen], tmp_path, 0)
    assert (tmp_path / chosen.id / "run.json").read_bytes() == first
    assert "1 of 1" in capsys.readouterr().out
    (again,) = score.judged(score.load([chosen], tmp_path))
    assert again.happened
    assert json.loads(first)["notes"] == []


def test_rows_are_drawn_apart() -> None:
    a, b = rows_of("digits", 0), rows_of("digits", 1)
    assert len(a.train) + len(a.held_out) + len(a.replayed) + len(a.unseen) == 1797
    assert not torch.equal(a.train, b.train)
    assert rows_of("digits", 3) is a
