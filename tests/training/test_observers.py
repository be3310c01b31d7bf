"""Observers: what they are told and when, that they disturb nothing, and what happens when one raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ganscope as gs
from ganscope.contracts import Event, Observer
from ganscope.folder import files
from ganscope.running.worker import train_job
from ganscope.training.observers import imported
from tests.crashes import contents
from tests.games import config, runs

GIVEN: dict[str, Any] = {"steps": 12, "log_every": 4, "evaluate_every": 6, "diagnose_every": 3}


def test_events_come_in_their_order_with_what_they_tell(tmp_path: Path) -> None:
    events: list[Event] = []
    run = gs.train(config("r1", **GIVEN), out=tmp_path / "run", observers=[lambda e, _: events.append(e)])
    kinds = [(event.kind, event.step) for event in events]
    logged = [0, 4, 6, 8, 12]
    expected = [("start", 0), ("log", 0)]
    for step in range(1, 13):
        expected += [("step", step), *([("log", step)] if step in logged else [])]
    assert kinds == [*expected, ("end", 12)]
    logs = [event for event in events if event.kind == "log"]
    assert [event.samples_seen for event in logs] == [8 * step for step in logged]
    assert [event.step for event in logs if event.evaluation is not None] == [0, 6, 12]
    for event, row in zip(logs, run.history, strict=True):
        assert event.values is not None
        assert event.seconds is not None
        assert {k: v for k, v in row.items() if k != "format"} == files.jsonable(event.values[0])
        assert event.verdicts == {0: []}
        assert event.steps == 12


def test_another_observer_changes_no_bit(tmp_path: Path) -> None:
    told: list[str] = []
    for name, observers in (("with", [lambda e, _: told.append(e.kind)]), ("without", [])):
        gs.train(config("wgan-gp", **GIVEN), out=tmp_path / name, observers=observers)
    assert told.count("step") == 12
    assert contents(tmp_path / "with") == contents(tmp_path / "without")


@pytest.mark.parametrize(("kind", "step"), [("start", 0), ("step", 7), ("log", 8), ("end", 12)])
def test_what_an_observer_raises_passes_and_the_run_goes_on(tmp_path: Path, kind: str, step: int) -> None:
    given = config("r1", **GIVEN, checkpoint_every=5)
    straight = gs.train(given, out=tmp_path / "straight")

    def breaks(event: Event, _: Any) -> None:
        if (event.kind, event.step) == (kind, step):
            raise ZeroDivisionError("the tracker is offline")

    with pytest.raises(ZeroDivisionError, match="the tracker is offline"):
        gs.train(given, out=tmp_path / "run", observers=[breaks])
    gs.resume(tmp_path / "run", tell=lambda text: None)
    assert contents(straight.folder) == contents(tmp_path / "run")


def test_a_run_that_diverges_is_told_of_before_anything_says_that_it_ended(tmp_path: Path) -> None:
    seen: list[tuple[str, int, bool]] = []

    def look(event: Event, _: Any) -> None:
        if event.kind in ("diverged", "end"):
            seen.append((event.kind, event.step, (tmp_path / "run" / "metrics.json").exists()))

    wild = config("non-saturating", **{**GIVEN, "steps": 500, "g_lr": 1e30, "d_lr": 1e30})
    with pytest.raises(gs.RunFailed):
        gs.train(wild, out=tmp_path / "run", observers=[look])
    (first, step, ended), (last, same, written) = seen
    assert (first, ended, last, written) == ("diverged", False, "end", True)
    assert step == same


def test_a_run_that_is_asked_to_stop_tells_its_end(tmp_path: Path) -> None:
    events: list[Event] = []
    with pytest.raises(gs.Interrupted):
        gs.train(
            config("r1", **GIVEN), out=tmp_path / "run", stop=lambda: len(events) > 4,
            observers=[lambda event, _: events.append(event)],
        )  # fmt: skip
    assert events[-1].kind == "end"
    assert (tmp_path / "run" / "checkpoints").exists()


# ---- by name, in worker processes ----


def counting(folder: Path, config: gs.RunConfig) -> Observer:
    """An observer that writes each step's number into the run folder."""

    def observe(event: Event, runs: Any) -> None:  # noqa: ARG001
        if event.kind == "step":
            with (folder / "steps.txt").open("a") as file:
                file.write(f"{event.step} of {config.steps}\n")

    return observe


def nothing(folder: Path, config: gs.RunConfig) -> None:
    """A factory that makes no observer."""


def test_a_worker_imports_the_trackers_of_its_configuration(tmp_path: Path) -> None:
    made = runs(tmp_path, "r1", steps=3, track=f"{__name__}:counting")
    job = {
        "configs": [made.config.model_dump()], "folders": [str(made.folders[0])], "resuming": False,
        "seconds": 0, "auto": [], "about": None,
    }  # fmt: skip
    assert train_job(job, lambda message: None, lambda: False) == ""
    assert (made.folders[0] / "steps.txt").read_text() == "1 of 3\n2 of 3\n3 of 3\n"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tests", "names no function: write package.module:function"),
        ("tests.absent:made", "cannot be made .*No module named 'tests.absent'.*: name a function"),
        (f"{__name__}:absent", "cannot be made"),
        (f"{__name__}:nothing", "makes a NoneType: name a function"),
    ],
)
def test_names_of_no_observer_are_refused(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(gs.BadInput, match=says):
        imported(name, tmp_path, config("r1"))
