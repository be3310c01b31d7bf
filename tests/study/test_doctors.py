"""Asking general training doctors about GAN runs: what is handed over, what counts, what the table says."""

from __future__ import annotations

import doctest
import importlib.util
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import environments
from ganscope.diagnose.rules.verdict import RULES
from validation.doctors import __main__ as doctors
from validation.doctors import adapters
from validation.doctors.adapters import logs

FALLING = [5.0 * math.exp(-n / 40) + 0.1 for n in range(200)]
RUN: dict[str, Any] = {
    "id": "a", "planted": "diverged", "step": list(range(0, 1000, 5)), "said": [],
    "g_loss": [*FALLING[:150], *[None] * 50], "g_grad_norm": [1.0] * 200,
    "d_loss": FALLING, "d_grad_norm": [1.0] * 200,
}  # fmt: skip
HAS_DOCTORS = (environments.ENVIRONMENTS / "doctors" / ".ready").exists()


def test_examples() -> None:
    assert doctest.testmod(doctors).failed == 0


def test_each_network_of_a_run_is_a_log_of_its_own() -> None:
    generator, discriminator = doctors.logs_of(RUN)
    assert (generator["name"], discriminator["name"]) == ("a generator", "a discriminator")
    assert all(math.isnan(value) for value in generator["loss"][150:])
    assert discriminator["loss"] == FALLING
    long = {key: value * 10 if isinstance(value, list) else value for key, value in RUN.items()}
    assert [len(log["loss"]) for log in doctors.logs_of(long)] == [500, 500]


@pytest.mark.parametrize(
    ("words", "verdicts"),
    [
        ("non_finite · `loss` became NaN/inf at step 9", {"diverged", "wiring"}),
        ("Gradient instability detected · Vanishing gradients (<0.01): 50/100",
         {"vanishing-gradient", "discriminator-too-strong", "discriminator-too-weak", "diverged", "wiring",
          "oscillation", "lipschitz-violation"}),
        ("Overfitting detected", {"discriminator-overfit", "discriminator-too-strong", "wiring"}),
        ("plateau · Loss plateau: no improvement for 100 steps",
         {"vanishing-gradient", "discriminator-too-strong", "discriminator-too-weak", "critic-underfit",
          "mode-collapse", "wiring"}),
        ("something else", {"wiring"}),
    ],
)  # fmt: skip
def test_words_are_about_verdicts(words: str, verdicts: set[str]) -> None:
    assert {name for name in RULES if doctors.is_about(name, [["warning", words, 0]])} == verdicts
    assert not any(doctors.is_about(name, [["info", words, 0]]) for name in RULES)
    assert not any(doctors.is_about(name, []) for name in RULES)


def test_hits_and_false_alarms_are_counted_on_the_same_runs() -> None:
    loud, beside, quiet = (
        [["critical", "loss is NaN", 3]],
        [["warning", "Overfitting", 3]],
        [["info", "NaN", 1]],
    )
    asked = [
        doctors.Asked("diverged", ["diverged"], {"x": loud}),
        doctors.Asked("diverged", ["wiring"], {"x": beside}),
        doctors.Asked("diverged", [], {"x": quiet}),
        doctors.Asked(None, [], {"x": loud}),
        doctors.Asked(None, ["wiring"], {"x": quiet}),
    ]
    found = doctors.scored(asked, ["x"])
    assert found["verdicts"] == {"diverged": {"runs": 3, "ganscope": 1, "x": {"right": 1, "raised": 2}}}
    assert found["healthy"] == {"runs": 2, "ganscope": 1, "x": 1}
    assert found["informedness"] == {"ganscope": -0.167, "x": -0.167}
    told = doctors.table({**found, "versions": {}, "command": "c"})
    assert "| `diverged` | 3 | **33 %** |" in told


def test_an_adapter_answers_log_by_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = "".join(json.dumps(log) + "\n" for log in doctors.logs_of(RUN))
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    logs.answer(lambda log: [logs.Alert("warning", "NaN", 1)] if any(map(math.isnan, log.loss)) else [])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [["a generator", [["warning", "NaN", 1]]], ["a discriminator", []]]


def test_every_doctor_has_an_adapter_and_a_version() -> None:
    for doctor in doctors.DOCTORS:
        assert importlib.util.find_spec(f"{adapters.__name__}.{doctor.replace('-', '_')}")
        assert doctors.VERSIONS[doctor]
    assert set(doctors.ABOUT) == set(RULES)


@pytest.mark.skipif(not HAS_DOCTORS, reason="validation.doctors has not made their environment")
def test_real_doctors_see_a_loss_turn_nan(tmp_path: Path) -> None:
    for doctor in ("runmedic", "training-doctor", "trainpulse"):
        raised = doctors.consult(doctor, [RUN], tmp_path / doctor)
        assert doctors.is_about("diverged", raised["a"])
        assert doctors.consult(doctor, [RUN], tmp_path / doctor) == raised
