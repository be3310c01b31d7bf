"""Good and bad samples against answers: what is bad, how answers are counted, what is kept of a run."""

from __future__ import annotations

import math
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from ganscope.diagnose.rules.verdict import RULES, judge
from validation.crossed import __main__ as study
from validation.crossed import answers, page, stored
from validation.crossed.quality import End
from validation.crossed.runs import DATA, SEEDS, Setting, settings, write_table

GOOD = End(emd=1.4, emd_floor=1.0, recall=0.6, recall_real=0.9, captured=8, modes=8)


def setting(recipe: str = "r1", data: str = "ring", steps: int = 400, name: str = "as shipped") -> Setting:
    return Setting(recipe, data, steps, name, {})


def case(kind: str, end: End, labels: tuple[str, ...] = (), **fields: Any) -> answers.Case:
    return answers.Case(stored.Stored(setting(**fields), 0, end, []), answers.Said(kind, labels))


def diverged_rows() -> list[dict[str, Any]]:
    about = {"objective": "non-saturating", "nulls": {"recall": [0.123456, 0.01]}}
    first = {"step": 0, "about": about, "wide": True, "auc": 0.5123456, "critic_layers": [["0", 0.98765432]]}
    return [
        {"format": 1, **first},
        {"step": 1, "point": [0.25, -0.123456]},
        {"step": 2, "point": [0.5, None]},
        {"step": 2, "nonfinite": "generator", "module": "0.weight"},
    ]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, ()),
        ({"emd": 1.5}, ()),
        ({"emd": 1.51}, ("far",)),
        ({"recall": 0.45}, ()),
        ({"recall": 0.44}, ("narrow",)),
        ({"captured": 7}, ("modes missing",)),
        ({"captured": None, "modes": None}, ()),
        ({"emd": 3.0, "recall": 0.0, "captured": 0}, ("far", "narrow", "modes missing")),
        ({"emd": None, "recall": None, "captured": None}, ("diverged",)),
    ],
)
def test_samples_are_bad_where_one_of_three_measures_is(
    changes: dict[str, Any], faults: tuple[str, ...]
) -> None:
    end = GOOD._replace(**changes)
    assert end.faults == faults
    assert end.bad == bool(faults)


def test_a_run_that_diverged_is_infinitely_far() -> None:
    assert GOOD._replace(emd=None).floors == math.inf
    assert GOOD.floors == 1.4


def test_answers_are_counted_by_good_and_bad() -> None:
    far, farther = GOOD._replace(emd=2.0), GOOD._replace(emd=3.0)
    cases = [
        case("healthy", GOOD), case("healthy", far), case("healthy", farther),
        case("faulty", GOOD, ("oscillation (sustained)",)), case("faulty", far), case("cannot tell", far),
    ]  # fmt: skip
    assert answers.counted(cases) == {
        True: Counter({"healthy": 2, "faulty": 1, "cannot tell": 1}),
        False: Counter({"healthy": 1, "faulty": 1}),
    }
    assert answers.share(cases, True, "healthy") == (2, 4)
    assert answers.share(cases, False, "faulty") == (1, 2)
    assert [c.run.end.emd for c in answers.worst(cases)] == [3.0, 2.0]
    assert [c.run.end.emd for c in answers.worst(cases, 1)] == [3.0]
    assert answers.false_alarms(cases) == [cases[3]]


def test_the_page_shows_each_half_and_lists_single_runs_of_the_tuning_half_alone() -> None:
    halves = {s.half: s for s in (setting(steps=n) for n in range(100, 120))}
    steps = {half: of_half.steps for half, of_half in halves.items()}
    far = GOOD._replace(emd=2.25)
    cases = [case("healthy", far, steps=number) for number in steps.values()]
    cases += [case("faulty", GOOD, ("a verdict",), steps=steps["tuning"])]
    written = page.text(cases)
    assert "| tuning | 1 of 1, **100.0%**" in written
    assert "| held-out | 1 of 1, **100.0%**" in written
    assert "no such run" in written
    assert written.count("| 2.25 |") == 1
    assert "| 1.40 | 0.60, 0.90 | 8 of 8 | a verdict |" in written


def test_an_answer_is_a_verdict_or_all_is_fine_or_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_answer", lambda rows: None)
    verdicts = judge(diverged_rows())[0]
    for kind, state in (("healthy", "fine"), ("cannot tell", "unknown")):
        states = {**dict.fromkeys(RULES, "fine"), "oscillation": state}
        monkeypatch.setattr(answers, "judge", lambda rows, states=states: ([], states))
        assert answers.say([]) == (kind, ())
        monkeypatch.setattr(answers, "judge", lambda rows, states=states: (verdicts, states))
        assert answers.say([]) == ("faulty", ("diverged (generator)",))


def test_the_answer_of_the_rules_takes_the_place_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Judged(NamedTuple):
        verdicts: tuple[Any, ...] = ()
        states: tuple[Any, ...] = ()
        answer: Any = None

    there = SimpleNamespace(kind="not there yet")
    monkeypatch.setattr(answers, "_answer", lambda rows: there)
    monkeypatch.setattr(answers, "judge", lambda rows: ([], {}))
    assert answers.say([]) == ("not there yet", ())
    monkeypatch.setattr(answers, "_answer", lambda rows: None)
    monkeypatch.setattr(answers, "judge", lambda rows: Judged(answer=there))
    assert answers.say([]) == ("not there yet", ())


def test_rows_are_kept_in_columns_and_rounded() -> None:
    rows = stored.unpacked(stored.packed(diverged_rows()))
    assert [row["step"] for row in rows] == [0, 1, 2, 2]
    assert rows[0]["auc"] == 0.5123
    assert rows[0]["about"]["nulls"]["recall"] == [0.1235, 0.01]
    assert rows[0]["critic_layers"] == [["0", 0.9877]]
    assert rows[1]["point"] == [0.25, -0.1235]
    assert rows[2] == {"step": 2, "nonfinite": "generator", "module": "0.weight"}
    assert rows[3]["point"] == [0.5, None]


def test_kept_rows_are_judged_again_without_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [stored.Stored(setting(steps=n), 0, GOOD._replace(emd=None), diverged_rows()) for n in (100, 101)]
    stored.write(tmp_path / "crossed", runs)
    again = stored.read(tmp_path / "crossed")
    assert sorted(run.setting.steps for run in again) == [100, 101]
    assert {run.end for run in again} == {runs[0].end}
    assert {c.said.kind for c in answers.judged(again)} == {"faulty"}
    before = {path.name: path.read_bytes() for path in (tmp_path / "crossed").iterdir()}
    stored.write(tmp_path / "crossed", runs)
    assert {path.name: path.read_bytes() for path in (tmp_path / "crossed").iterdir()} == before
    monkeypatch.setattr(sys, "argv", ["crossed", "--rejudge", "--out", str(tmp_path)])
    study.main()
    assert "2 runs of 2 settings" in (tmp_path / "crossed.md").read_text(encoding="utf-8")


def test_seeds_of_a_setting_share_its_half_and_settings_differ() -> None:
    every = settings()
    keys = [s[:4] for s in every]
    assert len(set(keys)) == len(keys)
    assert {s.data for s in every} == set(DATA)
    share = sum(s.half == "tuning" for s in every) / len(every)
    assert 0.4 < share < 0.6
    assert len(SEEDS) == 2


def test_every_setting_is_a_configuration(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    write_table(table)
    assert len(table.read_text().splitlines()) == 1_501
    for s in settings(quick=True) + settings()[::20]:
        assert s.config(3, table).steps == s.steps
