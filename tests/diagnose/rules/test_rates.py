"""Rates that are far from usual: by the optimisers of a watched loop, or by how far a step goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import ganscope as gs
from ganscope.diagnose.rules.rates import Rates, judged, rate_remedies
from ganscope.diagnose.rules.verdict import RULES, Verdict, from_json, verdicts
from ganscope.folder import files
from tests.diagnose.watched import REAL, latent, pair


@pytest.mark.parametrize(
    ("rates", "g", "d"),
    [
        (Rates(1e-3, 1e-3), "usual", "usual"),
        (Rates(1e-5, 1e-3), "too low", "usual"),
        (Rates(5e-5, 2e-4), "usual", "usual"),  # BigGAN
        (Rates(1e-4, 4e-4), "usual", "usual"),  # SAGAN
        (Rates(3e-3, 3e-5), "usual", "too low"),
        (Rates(1e-3, 0.5), "usual", "too high"),
        (Rates(0.05, 0.05, "sgd"), "usual", "usual"),
        (Rates(1e-5, 0.5, "sgd"), "too low", "too high"),
        (Rates(), "usual", "usual"),
    ],
)
def test_rates_are_judged_by_what_is_usual(rates: Rates, g: str, d: str) -> None:
    assert (judged("g_lr", rates), judged("d_lr", rates)) == (g, d)


@pytest.mark.parametrize("name", [*RULES, "unconverged"])
def test_a_low_rate_is_never_lowered_nor_a_high_one_raised(name: str) -> None:
    for g in (1e-6, 1e-3, 0.3):
        for d in (1e-6, 1e-3, 0.3):
            for remedy in rate_remedies(name, "loss" if name == "vanishing-gradient" else None, Rates(g, d)):
                for field, value in remedy.settings.items():
                    old = g if field == "g_lr" else d
                    assert (value > old) == (old == 1e-6)
                    assert 1e-4 <= value <= 1e-2


def probes(about: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    """A discriminator that wins against a generator that stands still."""
    told = {
        "auc": 1.0, "logit_slope": 0.001, "fresh_auc": 1.0, "wide": True, "energy": 0.9, "critic_slope": 1.0,
        "g_update": 1e-5, "d_update": 1e-2, **values,
    }  # fmt: skip
    first = {"step": 0, "about": {"objective": "non-saturating", "fresh_error": 0.01, **about}, **told}
    return [first, *({"step": 10 * k, **told} for k in range(1, 13))]


def test_a_watched_loop_is_told_the_rate_it_has() -> None:
    known = {"g_lr": 1e-5, "d_lr": 1e-3, "optimizer": "adam"}
    said = {v.label: v for v in verdicts(probes(known))}
    for label in ("discriminator-too-strong", "vanishing-gradient (loss)"):
        verdict = said[label]
        assert verdict.advice.startswith("Raise the generator's learning rate from 1e-05 to 0.001.")
        assert verdict.changes == {"g_lr": 1e-3}
        assert verdict.as_json()["settings"] == {"g_lr": 1e-3}
        assert (verdict.command, verdict.helped) == ("", None)
        assert from_json(verdict.as_json()) == verdict


def test_without_optimisers_the_length_of_a_step_tells() -> None:
    said = {v.label: v for v in verdicts(probes({}))}
    told = said["discriminator-too-strong"].advice
    assert told.startswith("Raise the generator's learning rate: a step changes its weights by 1e-05")
    moving = {v.label: v for v in verdicts(probes({}, g_update=1e-3))}
    assert moving["discriminator-too-strong"].advice.startswith("Begin again with the non-saturating loss")


def test_optimisers_are_asked_for_their_rates(tmp_path: Path) -> None:
    generator, discriminator = pair()
    optimizers = (
        torch.optim.Adam(generator.parameters(), lr=1e-5),
        torch.optim.RMSprop(discriminator.parameters(), lr=1e-3),
    )
    gs.watch(generator, discriminator, real=REAL, latent=latent, optimizers=optimizers, out=tmp_path)
    about = files.read_rows(tmp_path / "diagnosis.jsonl")[0]["about"]
    assert (about["g_lr"], about["d_lr"], about["optimizer"]) == (1e-5, 1e-3, "adam")
    gs.watch(nn.Linear(4, 2), discriminator, real=REAL, latent=latent, out=tmp_path)
    assert files.read_rows(tmp_path / "diagnosis.jsonl")[0]["about"]["g_lr"] is None


def test_verdicts_of_earlier_versions_are_read() -> None:
    old = {
        "name": "wiring", "severity": "severe", "since_step": 0, "factor": None, "pattern": "swapped-labels",
        "evidence": {}, "cause": "A cause.", "advice": "Swap them.", "settings": {},
    }  # fmt: skip
    assert from_json(old) == Verdict(
        "wiring", "severe", 0, None, "swapped-labels", {}, "A cause.", "Swap them."
    )
