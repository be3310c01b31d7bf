"""The arithmetic of the validation: what counts as reached, who is infinitely late, what is done again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganscope.build.settings import resolve
from ganscope.folder import files
from tests.games import SMALL, evaluation_of
from validation import time_to_quality as ttq
from validation.recipes import of_any_rows


def rows(*good: bool) -> list[dict[str, Any]]:
    return [{"step": 10 * number, "good": value} for number, value in enumerate(good, 1)]


@pytest.mark.parametrize(
    ("good", "step"),
    [
        ((), None),
        ((True,), None),
        ((True, False, True, False), None),
        ((False, True, True), 30),
        ((True, True, False, True, True), 20),
    ],
)
def test_a_quality_has_to_hold_twice_in_a_row(good: tuple[bool, ...], step: int | None) -> None:
    assert ttq.held_since(rows(*good), lambda row: row["good"]) == step


def test_who_never_gets_there_is_infinitely_late() -> None:
    assert ttq.median([5.0, 1.0, None]) == 5.0
    assert ttq.median([1.0, None, None]) == math.inf
    # the mean of the two in the middle: half of the runs are not enough
    assert ttq.median([1.0, 2.0, None, None]) == math.inf
    assert ttq.median([1.0, 2.0, 4.0, None]) == 3.0


def test_reach_is_read_from_the_run_folder_and_shared_among_the_stack(tmp_path: Path) -> None:
    history = [{"step": 0, "samples_seen": 0, "emd": 0.0}] + [
        {"step": step, "samples_seen": 64 * step, "emd": 1.0 / step} for step in range(1, 7)
    ]
    timing = [{"step": s, "seconds": 8.0 * s, "processor_seconds": 4.0 * s} for s in range(7)]
    files.append_rows(tmp_path / "history.jsonl", history)
    files.append_rows(tmp_path / "timing.jsonl", timing)
    # good from step 3 on (1/3 < 0.4), so it holds at step 4; untrained networks count for nothing
    found = ttq.reach_of(tmp_path, lambda row: row["emd"] < 0.4, stacked=4)
    assert found == ttq.Reach(samples=256, seconds=8.0, processor_seconds=4.0)
    assert ttq.reach_of(tmp_path, lambda row: row["emd"] < 0.1, stacked=4) is None


@pytest.mark.parametrize("data", list(ttq.QUALITIES))
def test_every_recipe_is_judged_at_the_same_numbers_of_samples(data: str) -> None:
    budget = ttq.QUALITIES[data].budget
    for name in of_any_rows():
        config = ttq.configs_of(data, name, [0])[0]
        per_step = config.n_critic * config.batch_size
        assert budget // 100 * 0.75 < config.evaluate_every * per_step <= budget // 100
        assert config.steps * per_step <= budget


def small(monkeypatch: pytest.MonkeyPatch, good: Any, budget: int = 16 * 10) -> None:
    monkeypatch.setattr(ttq, "EVALUATIONS", 10)
    monkeypatch.setitem(ttq.QUALITIES, "ring", ttq.Quality("small", good, budget))
    monkeypatch.setattr(ttq, "resolve", lambda name, given: resolve(name, {**SMALL, **given}))


def test_a_block_stops_when_all_are_there_and_goes_on_where_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, lambda row, floor: row["high_quality"] >= 0.0)
    told: list[str] = []

    def interrupt(line: str) -> None:
        told.append(line)
        if "step 12 " in line:
            raise KeyboardInterrupt

    def block(tell: Any, place: str) -> dict[str, Any]:
        return ttq.measure_block("ring", "r1", [0, 1], evaluation_of("ring"), tmp_path / place, tell)

    whole = block(told.append, "whole")
    assert whole["samples"] == [32, 32]  # two evaluations, 16 real rows apart
    assert whole["spent"]["samples"] == 32

    small(monkeypatch, lambda row, floor: False)
    with pytest.raises(KeyboardInterrupt):
        block(interrupt, "cut")
    told.clear()
    never = block(told.append, "cut")
    # went on from the checkpoint of step 10, not from 0
    assert [line.split("step ")[1].split()[0] for line in told[:2]] == ["12", "14"]
    assert (never["reached"], never["samples"], never["seconds"]) == (0, [None, None], [None, None])
    assert never["spent"]["samples"] == 160
    assert ttq.is_current(json.loads(json.dumps(never)), "ring", "r1", [0, 1])
    assert not ttq.is_current(never, "ring", "r1", [0, 1, 2])
    assert not ttq.is_current(never, "ring", "wgan-gp", [0, 1])


def a_block(recipe: str, samples: list[int | None], data: str = "ring") -> dict[str, Any]:
    seconds = [None if s is None else s / 1000 for s in samples]
    return {
        "data": data, "recipe": recipe, "seeds": list(range(len(samples))), "config": {},
        "reached": sum(s is not None for s in samples), "samples": samples, "seconds": seconds,
        "processor_seconds": seconds,
        "spent": {"samples": 400_000, "seconds": 400.0, "processor_seconds": 400.0},
        "last": {"captured": [8] * len(samples), "high_quality": [0.5] * len(samples)},
    }  # fmt: skip


def test_the_table_orders_by_time_and_says_never(tmp_path: Path) -> None:
    blocks = [
        a_block("r1", [None, None, 90_000]),
        a_block("wgan-gp", [200_000] * 3),
        a_block("fast", [20_000] * 3),
    ]
    text = ttq.table([*blocks, a_block("fast", [21_000])])
    order = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert order == ["fast", "wgan-gp", "r1"]
    assert "| `r1` | 1 of 3 | never | never (400.0 spent) | never (400.0 spent) | 8 modes, 50 % |" in text
    assert (
        "`fast` takes 10.0 times fewer samples and 10.0 times fewer processor seconds than `wgan-gp`." in text
    )
    assert "Seed 0 trained alone (processor seconds): `fast` 21,000 samples, 21.0 s." in text
    unreached = ttq.table([a_block("fast", [20_000] * 3), a_block("wgan-gp", [None] * 3)])
    assert "at least 20.0 times fewer samples" in unreached

    assert "| 20,000 samples, 20.0 s (3 of 3 runs) | 200,000 samples, 200.0 s (3 of 3 runs) |" in ttq.brief(
        blocks
    )
    page = tmp_path / "README.md"
    page.write_text(f"before\n{ttq.MARKS[0]}\nold\n{ttq.MARKS[1]}\nafter\n")
    ttq.fill(page, text)
    ttq.fill(page, text)
    (tmp_path / "other.md").write_text("no marks")
    ttq.fill(tmp_path / "other.md", text)
    assert (tmp_path / "other.md").read_text() == "no marks"
    assert page.read_text() == f"before\n{ttq.MARKS[0]}\n{text}\n{ttq.MARKS[1]}\nafter\n"
