"""The comparison of two checkouts sees a planted difference, and only that."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from validation.same_bits import __main__ as same_bits
from validation.same_bits import cases, results
from validation.same_bits import contents as reading

HISTORY = [{"format": 1, "step": 0, "emd": 1.5}, {"step": 5, "emd": math.nan, "missing": [0, 3]}]
DIAGNOSIS = [{"step": 0, "about": {"nulls": {"coverage": [0.9, 0.1]}, "objective": "minimax"}}]
VERDICT = {
    "name": "diverged",
    "severity": "severe",
    "since_step": 5,
    "factor": "generator",
    "cause": "A sentence.",
}
VERDICTS = {"format": 1, "step": 5, "verdicts": [VERDICT], "status": {"wiring": "fine", "diverged": "fault"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A comparison of one run."""
    run = tmp_path / "comparison" / "minimax" / "seed-0"
    (run / "checkpoints").mkdir(parents=True)
    (run / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in HISTORY))
    (run / "diagnosis.jsonl").write_text("".join(json.dumps(row) + "\n" for row in DIAGNOSIS))
    (run / "verdicts.json").write_text(json.dumps(VERDICTS))
    (run / "metrics.json").write_text('{"emd": 1.25, "sha256": "a"}')
    save_file({"0.weight": torch.ones(2)}, run / "generator.safetensors")
    for step in (9, 10):
        tensors = {
            "discriminator/0.weight": torch.arange(3.0),
            "stream/noise": torch.ones(4, dtype=torch.uint8),
        }
        save_file(tensors, run / "checkpoints" / f"step-{step:08d}.safetensors")
    return run


def changed(run: Path, change: Callable[[Path], None]) -> dict[str, Any]:
    """What `differences` says after a change to the run."""
    before = reading.contents(run.parents[1])
    change(run)
    return reading.differences(before, reading.contents(run.parents[1]))


def test_nothing_changed_is_no_difference(folder: Path) -> None:
    assert changed(folder, lambda run: None) == {}
    assert len(reading.contents(folder)["tensors"]) == 3


def test_words_and_hashes_of_files_are_not_compared(folder: Path) -> None:
    def reword(run: Path) -> None:
        (run / "verdicts.json").write_text(json.dumps(VERDICTS).replace("A sentence.", "Another."))
        (run / "diagnosis.jsonl").write_text(json.dumps(DIAGNOSIS[0]).replace("minimax", "the original"))
        (run / "metrics.json").write_text('{"format": 2, "emd": 1.25, "sha256": "b", "emd_floor": null}')

    assert changed(folder, reword) == {}


@pytest.mark.parametrize("name", ["discriminator/0.weight", "stream/noise"])
def test_one_bit_of_the_newest_checkpoint_is_seen(folder: Path, name: str) -> None:
    def flip(run: Path) -> None:
        path = run / "checkpoints" / "step-00000010.safetensors"
        tensors = load_file(path)
        tensors[name].view(torch.uint8)[0] ^= 1
        save_file(tensors, path)

    told = changed(folder, flip)
    assert told == {"tensors": {"different": [f"minimax/seed-0/checkpoint step-00000010: {name}"]}}


def test_older_checkpoints_are_not_compared(folder: Path) -> None:
    def overwrite(run: Path) -> None:
        save_file({"other": torch.zeros(1)}, run / "checkpoints" / "step-00000009.safetensors")

    assert changed(folder, overwrite) == {}


def test_a_tensor_that_goes_and_one_that_comes_are_seen(folder: Path) -> None:
    def rename(run: Path) -> None:
        save_file({"1.weight": torch.ones(2)}, run / "generator.safetensors")

    place = "minimax/seed-0/generator"
    assert changed(folder, rename)["tensors"] == {
        "only before": [f"{place}: 0.weight"],
        "only after": [f"{place}: 1.weight"],
    }


def test_type_and_shape_are_part_of_a_hash() -> None:
    zeros = torch.zeros(4)
    hashes = {
        reading.digest(t) for t in (zeros, zeros.view(2, 2), zeros.to(torch.int32), zeros.view(torch.int32))
    }
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("file", "old", "new", "record", "told"),
    [
        ("history.jsonl", "NaN", "2.5", "history", {"emd": "first at step 5: nan, now 2.5"}),
        ("history.jsonl", "[0, 3]", "[0, 4]", "history", {"missing.1": "first at step 5: 3, now 4"}),
        ("diagnosis.jsonl", "0.1]", "0.2]", "diagnosis",
         {"about.nulls.coverage.1": "first at step 0: 0.1, now 0.2"}),
        ("metrics.json", "1.25", "1.250000000000001", "metrics", {"emd": "1.25, now 1.250000000000001"}),
        ("verdicts.json", '"since_step": 5', '"since_step": 0', "verdicts", {"since_step": "5, now 0"}),
        ("verdicts.json", "generator", "critic", "verdicts", {"factor": "generator, now critic"}),
        ("verdicts.json", '"fine"', '"unknown"', "verdicts", {"wiring": "fine, now unknown"}),
    ],
)  # fmt: skip
def test_a_changed_number_is_named(
    folder: Path, file: str, old: str, new: str, record: str, told: dict[str, str]
) -> None:
    def edit(run: Path) -> None:
        text = (run / file).read_text()
        assert old in text
        (run / file).write_text(text.replace(old, new, 1))

    assert changed(folder, edit) == {record: {"minimax/seed-0": told}}


def test_rows_that_are_missing_are_seen(folder: Path) -> None:
    def shorten(run: Path) -> None:
        (run / "history.jsonl").write_text(json.dumps(HISTORY[0]))

    assert changed(folder, shorten) == {"history": {"minimax/seed-0": {"rows": [2, 1]}}}


def test_weights_and_history_count_and_verdicts_stand_beside(folder: Path) -> None:
    before = reading.contents(folder)
    (folder / "verdicts.json").unlink()
    judged_otherwise = reading.contents(folder)
    (folder / "generator.safetensors").unlink()
    without_weights = reading.contents(folder)
    record = same_bits.compared(
        {"a": before, "b": before, "c": before, "d": before | {"ended": 0}},
        {"a": before, "b": judged_otherwise, "c": without_weights, "d": before | {"ended": 1}},
    )
    assert (record["equal"], record["of"]) == (2, 4)
    assert [record["cases"][name]["equal"] for name in "abcd"] == [True, True, False, False]
    assert "differences" not in record["cases"]["a"]
    text = same_bits.table(record | {"before": "1111111", "after": "2222222"})
    assert "2 of 4 cases have the same weights and history (1111111 -> 2222222)" in text
    assert '    ended: "0, now 1"' in text


def test_a_run_is_cut_back_to_its_last_checkpoint_but_one(folder: Path) -> None:
    results.cut(folder)
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
    assert left == ["checkpoints/step-00000009.safetensors", "diagnosis.jsonl", "history.jsonl"]


def test_cases_are_trained_once_for_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def trained(_: Path, names: Sequence[str]) -> Iterator[tuple[str, reading.Contents]]:
        for name in names:
            asked.append(name)
            yield name, {"case": name}

    monkeypatch.setattr(results, "trained", trained)
    monkeypatch.setattr(results, "commit", lambda checkout: checkout.name)
    cache = tmp_path / "cache.json"
    for names in (["a"], ["a", "b"]):
        assert results.results(Path("old"), names, cache) == {name: {"case": name} for name in names}
    assert asked == ["a", "b"]
    results.results(Path("other"), ["a"], cache)
    results.results(Path("changed+"), ["a"], cache)
    results.results(Path("changed+"), ["a"], cache)
    assert asked == ["a", "b", "a", "a", "a"]


def test_cases_are_told_by_name_and_the_quick_ones_are_among_them() -> None:
    assert set(cases.QUICK) <= cases.CASES.keys()
    assert {f"{data}/{recipe}" for data in cases.DATA for recipe in cases.RECIPES} <= cases.CASES.keys()


def test_a_checkout_runs_its_own_code() -> None:
    ((name, told),) = results.trained(results.HERE, ["resumed/format-1"])
    assert (name, told["ended"]) == ("resumed/format-1", 0)
    assert any("stream/noise" in tensor for tensor in told["tensors"])
    assert [row["step"] for row in told["history"]["."]][-1] == 12
