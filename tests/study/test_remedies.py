"""The arithmetic of the study of remedies: intervals, bands, who counts as recovered, what is pooled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from ganscope.build.check import check
from ganscope.diagnose.rules.recovered import FEWEST, RECOVERED
from ganscope.diagnose.rules.verdict import remedies_for
from ganscope.folder import files
from tests.games import evaluation_of
from validation.remedies import __main__ as study
from validation.remedies import plants
from validation.remedies import tables as counted


@pytest.mark.parametrize(("hits", "of"), [(0, 16), (1, 3), (16, 16), (7, 20)])
def test_wilson_intervals_are_those_of_scipy(hits: int, of: int) -> None:
    theirs = binomtest(hits, of).proportion_ci(method="wilson")
    assert counted.wilson(hits, of) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_a_run_recovers_within_the_band_of_its_twins() -> None:
    within = study.band([{"emd": 0.01 * k, "captured": 8 - (k == 1)} for k in range(101)])
    assert within.emd == pytest.approx(0.95)
    assert within.captured == 8
    assert within.holds({"emd": 0.94, "captured": 8})
    assert not within.holds({"emd": 0.96, "captured": 8})
    assert not within.holds({"emd": 0.5, "captured": 7})
    assert not within.holds({"emd": None, "captured": 8})


def block(verdict: tuple[str, str | None], **arms: tuple[int, ...]) -> dict[str, Any]:
    first = plants.words(remedies_for(*verdict, None, False)[0])
    named = {first if arm == "healed" else arm: values for arm, values in arms.items()}
    name, factor = verdict
    found = {"name": name, "factor": factor, "pattern": None, "first": first}
    return {
        "plant": "planted", "definition": {"fault": {"d_lr": 1}, "rows": 0, "twin": "ring"},
        "band": {"emd": 1.0, "captured": 1},
        "verdicts": {str(seed): found for seed in range(4)},
        "ends": {
            arm: {str(seed): {"emd": 1.0, "recovered": bool(value)} for seed, value in enumerate(values)}
            for arm, values in named.items()
        },
    }  # fmt: skip


def test_recoveries_are_paired_with_doing_nothing_and_pooled_over_plants() -> None:
    loss = ("vanishing-gradient", "loss")
    one = block(loss, nothing=(1, 0, 0, 0), placebo=(0, 0, 0, 1), healed=(0, 1, 1, 0))
    two = block(loss, nothing=(0, 0, 0, 0), placebo=(0, 0, 0, 0), healed=(1, 1, 1, 1))
    pooled = counted.by_verdict([one, two])["vanishing-gradient/loss"]
    rates = [(pooled[arm]["recovered"], pooled[arm]["of"]) for arm in ("nothing", "placebo", "healed")]
    assert rates == [(1, 8), (1, 8), (6, 8)]
    assert (pooled["gained"], pooled["lost"]) == (6, 1)
    assert "6 of 8 (41–93 %)" in counted.tables([one, two])


@pytest.mark.parametrize("name", list(plants.PLANTS))
def test_every_plant_and_twin_is_a_valid_configuration(name: str) -> None:
    plant = plants.PLANTS[name]
    for config in (plants.config_of(plant, 3), plants.config_of(None, 3, plant.twin)):
        check(config, evaluation_of(config.data).data)
        assert config.steps * config.n_critic == plants.COMMON["steps"]


def test_few_rows_are_trained_on_and_all_rows_judge() -> None:
    whole = evaluation_of("digits")
    few = study.first_rows(whole, 150)
    assert len(few.data.train) == 150
    assert few.judge is whole.judge
    assert files.jsonable(dict(few.about))["digest"] != whole.about["digest"]


def test_the_package_tells_the_recoveries_of_the_record() -> None:
    record = json.loads((Path(__file__).parents[2] / "docs/validation/remedies.json").read_text())
    measured = {
        verdict: (row["healed"]["recovered"], row["healed"]["of"])
        for verdict, row in record["verdicts"].items()
        if row["healed"]["of"] >= FEWEST
    }
    assert measured == RECOVERED
