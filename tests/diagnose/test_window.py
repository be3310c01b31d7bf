"""One run, one answer: what the training process remembers and what is read back give the same verdicts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganscope.diagnose.logbook import Logbook, judgement
from ganscope.diagnose.rows import PointRow, ProbeRow, as_json, made, read
from ganscope.diagnose.rules.verdict import RULES, judge
from ganscope.diagnose.window import FIRST_PROBES, NEWEST_POINTS, NEWEST_PROBES, Window
from ganscope.folder import files, layout

HISTORIES = 2_000
LONG = 40
"""Every so manyth history is longer than the window."""
NULLS = {
    "coverage": [0.97, 0.01], "recall": [0.95, 0.01], "precision": [0.96, 0.01], "density": [1.0, 0.03],
    "duplicates": [0.01, 0.01], "pairwise": [1.0, 0.02], "energy": [0.0, 0.002], "starved": [0.0, 0.0],
    "imbalance": [0.06, 0.01],
}  # fmt: skip
SICK: dict[str, dict[str, Any]] = {
    "vanished loss": {"logit_slope": 1e-4, "auc": 0.999, "fresh_auc": 0.99},
    "vanished critic": {"critic_slope": 1e-3, "critic_layers": [["4", 1.0], ["0", 1e-4]], "fresh_auc": 0.9},
    "vanished generator": {"generator_layers": [["4", 1.0], ["0", 1e-5]], "fresh_auc": 0.9},
    "weak": {"auc": 0.5, "fresh_auc": 0.95, "energy": 0.5},
    "overfit": {"auc_train": 0.9},
    "steep": {"slope_real": [50.0] * 3, "slope_between": [60.0] * 3, "slope_fake": [60.0] * 3},
    "underfit": {"certified_share": 0.02, "certified": 0.05, "w1": 3.0},
    "collapsed": {"pairwise": 0.1, "starved": 0.8, "coverage": 0.1, "recall": 0.05},
    "narrow": {"recall": 0.1},
    "swapped": {"auc": 0.1, "d_alignment": -0.2},
    "stuck": {"g_update": 0.0},
    "far": {"fake_scale": 100.0, "auc": 0.99},
}
WIDE_ONLY = {*NULLS, "fresh_auc", "auc_train", "auc_train_error", "w1", "w1_floor", "w1_floor_sd", "gap",
             "certified", "certified_share", "missing"}  # fmt: skip


def history(seed: int) -> list[dict[str, Any]]:
    """Rows of a run as probes write them: healthy, sick from a step on, or for a while; with gaps and NaN."""
    rng = np.random.default_rng(seed)
    wasserstein = bool(rng.random() < 0.5)
    about = {
        "objective": "wasserstein" if wasserstein else "non-saturating", "needs_lipschitz": wasserstein,
        "constraint": str(rng.choice(["none", "gradient-penalty", "clipping", "r1"])),
        "constraint_weight": float(rng.choice([0.1, 1.0, 10.0])) if rng.random() < 0.5 else None,
        "target_slope": 1.0, "nulls": NULLS, "fresh_error": 0.03, "spread": 2.0,
        "wiring": [{"kind": "data-range", "severity": "severe", "cause": "c."}] if rng.random() < 0.1 else [],
    }  # fmt: skip
    probes = int(rng.integers(400, 500)) if seed % LONG == 0 else int(rng.integers(1, 50))
    every, looks = int(rng.choice([10, 20, 150])), int(rng.choice([1, 2] if seed % LONG == 0 else [1, 5]))
    illnesses = [str(name) for name in rng.choice(list(SICK), rng.integers(0, 4), replace=False)]
    begin, end = sorted(rng.integers(0, probes + 1, 2))
    end = probes if rng.random() < 0.6 else end
    swings, grows = rng.random() < 0.3, rng.random() < 0.3
    lost, spoilt = rng.choice([0.0, 0.02]), rng.choice([0.0, 0.02])
    rows: list[dict[str, Any]] = []
    for probe in range(probes):
        step, wide, sick = probe * every, probe % 5 == 0, begin <= probe <= end
        row: dict[str, Any] = {"step": step, **healthy(rng)}
        for name in illnesses if sick else ():
            row |= SICK[name]
        if grows:
            row["slope_real"] = [1 + probe / 10] * 3
        row = {k: v for k, v in row.items() if wide or k not in WIDE_ONLY}
        if lost or spoilt:
            chance = rng.random((2, len(row)))
            row = {k: v for (k, v), c in zip(row.items(), chance[0], strict=True) if c >= lost}
            spoiled = [k for k, c in zip(row, chance[1], strict=False) if c < spoilt]
            row |= {k: math.nan for k in spoiled if isinstance(row[k], float)}
        row["step"] = step
        if wide:
            row["wide"] = True
        if probe == 0:
            row["about"] = about
        rows.append(row)
        size = 0.8 if swings and (sick or not illnesses) else 0.02
        noise = 0.02 * rng.normal(size=looks)
        for look in range(1, looks + 1):
            angle = 2 * math.pi * (probe * looks + look) / 9
            point = [size * math.sin(angle) + float(noise[look - 1]), size * math.cos(angle)]
            rows.append({"step": step + look * every // looks, "point": point})
        if lost and rng.random() < 0.01:
            rows[-1]["point"] = [math.nan, 0.0]
    if rng.random() < 0.05:
        rows.append({"step": probes * every, "nonfinite": "generator", "module": "loss"})
    return rows


def healthy(rng: np.random.Generator) -> dict[str, Any]:
    """Numbers of a run without a fault."""
    drawn = rng.normal(size=len(NULLS) + 2).tolist()
    noise = {name: mean + sd * z for (name, (mean, sd)), z in zip(NULLS.items(), drawn, strict=False)}
    return {
        **noise, "logit_slope": 0.5, "critic_slope": 0.4, "auc": 0.6, "auc_error": 0.05,
        "critic_layers": [["4", 1.0], ["2", 0.5], ["0", 0.3]], "generator_layers": [["4", 1.0], ["0", 0.1]],
        "generator_gradient": 0.1, "score_sd": 1.0, "fake_scale": 1.0, "g_update": 1e-3, "d_update": 1e-3,
        "d_alignment": 0.1 * drawn[-1], "fresh_auc": 0.5 + 0.03 * drawn[-2], "auc_train": 0.52,
        "auc_train_error": 0.03, "slope_real": [1.0] * 3, "slope_between": [1.0, 1.2, 1.3],
        "slope_fake": [1.0] * 3, "w1": 0.5, "w1_floor": 0.4, "w1_floor_sd": 0.02, "gap": 0.4,
        "certified": 0.3, "certified_share": 0.6, "missing": [3, 1],
    }  # fmt: skip


def kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> dict[Path, list[Any]]:
    """Write what a file would hold to memory, since 2,000 folders take long."""
    lines: dict[Path, list[Any]] = {}

    def append(path: Path, rows: list[Mapping[str, Any]]) -> None:
        lines.setdefault(path, []).extend(map(files.jsonable, rows))

    monkeypatch.setattr(files, "append_rows", append)
    monkeypatch.setattr(files, "read_rows", lambda path: lines.get(path, []))
    return lines


def test_what_is_remembered_and_what_is_read_back_judge_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = kept_in_memory(monkeypatch)
    said: set[str] = set()
    longer = resumed = 0
    for seed in range(HISTORIES):
        rng = np.random.default_rng([seed, 1])
        folder = Path(str(seed))
        book, rows = Logbook(folder), history(seed)
        stops = {len(rows), int(rng.integers(1, len(rows) + 1))}
        resume_at = int(rng.integers(1, len(rows) + 1)) if rng.random() < 0.3 else 0
        for count, row in enumerate(rows, 1):
            book.add(row)
            if count == resume_at:  # killed here; goes on from a checkpoint somewhat earlier
                resumed += 1
                kept = int(rng.integers(max(0, count - 30), count + 1))
                lines[folder / layout.DIAGNOSIS][kept:] = []
                book = Logbook(folder).read()
                for again in rows[kept:count]:
                    book.add(again)
            if count in stops:
                everything = files.read_rows(folder / layout.DIAGNOSIS)
                (found, states, told), (read_back, states_read_back, retold) = book.judge(), judge(everything)
                assert str(found) == str(read_back), (
                    seed
                )  # NaN in the evidence equals nothing, not even itself
                assert (states, told) == (states_read_back, retold), seed
                longer += sum("point" not in entry for entry in everything) > FIRST_PROBES + NEWEST_PROBES
                said |= {v.label for v in book.judge()[0]}
    assert longer > HISTORIES / LONG / 2
    assert resumed > HISTORIES / 6
    assert {label.split(" (")[0] for label in said} == set(RULES)


def test_a_folder_says_what_the_process_said(tmp_path: Path) -> None:
    for seed in range(0, 60, 6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        book = Logbook(folder)
        for row in history(seed):
            book.add(row)
        found, states, told = book.judge()
        unwritten = judgement(folder)
        book.write_verdicts()
        for answer in (unwritten, judgement(folder), judgement(folder, again=True)):
            assert answer is not None
            assert answer.step == book.last_step
            assert (answer.status, answer.answer) == (states, told)
            said = [files.jsonable(v.as_json()) for v in answer.verdicts]
            assert said == [files.jsonable(v.as_json()) for v in found]
    assert judgement(tmp_path) is None


def test_what_was_judged_stands_until_it_is_judged_again(tmp_path: Path) -> None:
    """`verdicts.json` holds what the run said; rows of a later probe do not change it."""
    book = Logbook(tmp_path)
    book.add({"step": 0, "about": {}})
    book.write_verdicts()
    book.add({"step": 5, "nonfinite": "generator"})
    kept, anew = judgement(tmp_path), judgement(tmp_path, again=True)
    assert kept is not None
    assert anew is not None
    assert (kept.step, kept.verdicts) == (0, [])
    assert (anew.step, [v.name for v in anew.verdicts]) == (5, ["diverged"])


def test_verdicts_of_steps_that_were_undone_do_not_stand(tmp_path: Path) -> None:
    """A run that goes on from an earlier checkpoint: its rows were cut, its verdicts were not."""
    book = Logbook(tmp_path)
    book.add({"step": 0, "about": {}})
    book.add({"step": 5, "nonfinite": "generator"})
    book.write_verdicts()
    files.keep_rows(tmp_path / layout.DIAGNOSIS, 2)
    found = judgement(tmp_path)
    assert found is not None
    assert (found.step, found.verdicts) == (0, [])


def test_a_window_of_a_window_is_itself() -> None:
    rng = np.random.default_rng(0)
    for count in (0, 1, FIRST_PROBES, 200, FIRST_PROBES + NEWEST_PROBES, 900, 3_000):
        window = Window()
        for step in range(count):
            window.add(ProbeRow(step=step) if rng.random() < 0.4 else PointRow(step=step, point=(0.0,)))
        assert Window(window.rows).rows == window.rows
        assert len(window.rows) <= FIRST_PROBES + NEWEST_PROBES + NEWEST_POINTS


def test_a_row_with_facts_begins_a_run() -> None:
    about = {"step": 0, "about": {"objective": "hinge"}}
    before = {"step": 9, "nonfinite": "generator"}
    (row,) = Window(map(read, [before, {"step": 9, "point": [0.0]}, about])).rows
    assert row == read(about)


def test_a_misspelt_name_is_an_error() -> None:
    with pytest.raises(TypeError, match="logit_slop'"):
        made({"step": 3, "logit_slop": 0.5})
    with pytest.raises(TypeError, match="auc"):
        made({"step": 3, "point": [0.0], "auc": 0.5})
    with pytest.raises(TypeError, match="fresh_ac"):
        Logbook(None).add({"step": 3, "fresh_ac": 0.5})
    with pytest.raises(AttributeError, match="fresh_ac"):
        read({"step": 3}).fresh_ac  # type: ignore[union-attr]  # noqa: B018 - the test is the access


def test_rows_of_other_versions_are_read() -> None:
    """What is not known is left out; what is no number counts as not measured; a row comes back as it was."""
    row = read({"step": 3, "auc": "high", "slope_real": [1.0, None, 3.0], "slope_fake": 2, "of_2031": [1],
                "critic_layers": [["0", 1.0], ["odd"]],
                "about": {"objective": "hinge", "of_2031": 1}})  # fmt: skip
    assert isinstance(row, ProbeRow)
    assert (row.auc, row.slope_real, row.slope_fake) == (None, (1.0, None, 3.0), None)
    assert row.critic_layers == (("0", 1.0),)
    assert row.about is not None
    assert (row.about.objective, row.about.target_slope, row.about.nulls) == ("hinge", 1.0, {})
    for entry in history(0):
        again = read(json.loads(json.dumps(as_json(made(entry)))))
        assert again == made(entry)
    with pytest.raises(KeyError):
        read({"auc": 0.5})
