"""The second kept half of the loops of strangers: what it holds, that it runs, and its own numbers."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

import ganscope as gs
from ganscope.diagnose.rules.verdict import RULES
from validation.strangers import __main__ as study
from validation.strangers import holds, run
from validation.strangers.data import rows_of
from validation.strangers.halves import ALL_HALVES, ALL_LOOPS, SECOND_KEPT, half_of
from validation.strangers.loops import LOOPS, halves
from validation.strangers.score import intended
from validation.strangers.second import SECOND

FEW = {(loop.script, loop.settings.mistake): name for name, loop in SECOND.items()}
"""One loop of every script and mistake."""


def test_it_holds_every_verdict_and_healthy_loops() -> None:
    count = Counter(loop.kind.split(" (")[0] for loop in SECOND.values())
    assert set(count) == {*RULES, "healthy", "unconverged"}
    assert min(count.values()) >= 3
    assert count["healthy"] >= 12
    assert count.total() - count["healthy"] >= 32
    for factor in ("loss", "critic", "generator"):
        assert any(loop.kind == f"vanishing-gradient ({factor})" for loop in SECOND.values())
    for loop in SECOND.values():
        assert 450 <= loop.settings.steps <= 5000
        assert 16 <= loop.settings.batch <= 256
        assert set(loop.also) <= {*holds.HOLDS, "wiring"}
        assert loop.kind == "wiring" or loop.kind in holds.HOLDS


def test_it_is_apart_from_the_other_halves() -> None:
    dealt = half_of()
    assert set(dealt) == set(ALL_LOOPS)
    assert not set(SECOND) & set(LOOPS)
    assert {name: half for name, half in dealt.items() if name in LOOPS} == halves(LOOPS)
    assert {dealt[name] for name in SECOND} == {SECOND_KEPT} <= set(ALL_HALVES)
    used = {loop.settings.data for loop in LOOPS.values()}
    assert not {loop.settings.data for loop in SECOND.values()} & used
    assert not {loop.script for loop in SECOND.values()} & {loop.script for loop in LOOPS.values()}


@pytest.mark.parametrize("name", FEW.values())
def test_each_script_takes_steps_under_watch(name: str) -> None:
    loop = SECOND[name]
    torch.manual_seed(0)
    rows = rows_of(loop.settings.data, 0)
    yielded = list(loop.script(loop.settings._replace(steps=2, n_critic=2), rows))
    assert len(yielded) == 2
    played = yielded[-1]
    assert isinstance(played.scope, gs.Scope)
    arguments = played.latent(6)
    x = played.generator(*(arguments if isinstance(arguments, tuple) else (arguments,)))
    assert x.shape == (6, *played.rows.held.shape[1:])


def test_a_loop_measures_the_same_of_itself_watched_or_not() -> None:
    loop = LOOPS["heavy-shared"]
    watched = run.play(loop, steps=24)
    with run.unwatched():
        alone = run.play(loop, steps=24)
    assert alone["truth"] == watched["truth"]
    assert (alone["verdicts"], alone["status"], alone["rows"]) == ([], {}, [])
    assert gs.watch.__name__ == "watch"


def test_truth_only_prints_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.json.gz"
    options = ["--half", SECOND_KEPT, "--only", "mixtures-generator-sign", "--truth-only", "--steps", "12"]
    monkeypatch.setattr(sys, "argv", ["strangers", *options, "--out", str(out)])
    study.main()
    printed = capsys.readouterr().out
    assert printed.startswith("as intended")
    assert "told" not in printed
    assert not out.exists()


def test_a_discriminator_that_should_stand_still_does() -> None:
    loop = next(loop for loop in SECOND.values() if loop.settings.mistake == "frozen")
    with run.unwatched():
        numbers = run.play(loop, steps=12)["truth"]
    assert numbers["d_moved"] == 0 < numbers["g_moved"]
    assert intended(loop, numbers)
    assert not intended(loop, numbers | {"d_moved": 0.1})


def test_rows_in_bytes_run_from_0_to_255() -> None:
    rows = rows_of("hands", 0)
    wide = rows.in_bytes()
    assert float(wide.train.min()) >= 0
    assert 200 < float(wide.judge.max()) <= 255
    torch.testing.assert_close(wide.held / 127.5 - 1, rows.held)
