"""A prepared run: networks are built once, data are opened once, and a description is read once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.data.find import load_data
from ganscope.evaluation import Evaluation
from ganscope.folder import files, layout
from ganscope.nets import NETS
from ganscope.running import in_process, prepared
from ganscope.running.finetune import Start
from tests.crashes import Crash, crash_at
from tests.games import SMALL

GIVEN = {**SMALL, "recipe": "r1", "steps": 8, "checkpoint_every": 4, "diagnose": False, "evaluate_every": 8}


def counted(function: Callable[..., Any], calls: Counter[str], name: str) -> Callable[..., Any]:
    """The same function, its calls counted; networks on "meta" have no numbers and are not built."""

    def call(*arguments: Any, **named: Any) -> Any:
        if torch.get_default_device().type != "meta":
            calls[name] += 1
        return function(*arguments, **named)

    return call


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counts: Counter[str] = Counter()
    family = NETS["mlp"]
    family = family._replace(
        generator=counted(family.generator, counts, "generator"),
        discriminator=counted(family.discriminator, counts, "discriminator"),
    )
    monkeypatch.setitem(NETS, "mlp", family)
    monkeypatch.setattr(prepared, "load_data", counted(load_data, counts, "data"))
    read = files.read_json

    def read_json(path: Path) -> dict[str, Any]:
        counts[path.name] += 1
        return read(path)

    monkeypatch.setattr(files, "read_json", read_json)
    return counts


def table(folder: Path) -> str:
    rows = torch.randn(120, 2, generator=torch.Generator().manual_seed(0))
    (folder / "rows.csv").write_text("a,b\n" + "\n".join(f"{a},{b}" for a, b in rows.tolist()) + "\n")
    return str(folder / "rows.csv")


def test_networks_and_data_are_made_once(calls: Counter[str], tmp_path: Path) -> None:
    gs.train({**GIVEN, "data": table(tmp_path)}, out=tmp_path / "run", tell=pytest.fail)
    assert (calls["generator"], calls["discriminator"], calls["data"]) == (1, 1, 1)


def test_a_resumed_run_is_described_once(
    calls: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Crash):
        gs.train({**GIVEN, "data": table(tmp_path)}, out=folder, progress=crash_at(8))
    calls.clear()
    monkeypatch.setattr("ganscope.running.in_process.write_report", lambda folder, *_: folder)
    gs.resume(folder, tell=pytest.fail)
    # once to go on, and once more by the finished run that is returned
    assert calls[layout.CONFIG] == 2
    assert (calls["generator"], calls["discriminator"], calls["data"]) == (1, 1, 1)


def test_a_fine_tuned_run_compares_shapes_without_building(calls: Counter[str], tmp_path: Path) -> None:
    data = table(tmp_path)
    first = gs.train({**GIVEN, "data": data}, out=tmp_path / "first")
    calls.clear()
    ready = prepared.prepare({**GIVEN, "data": data}, start=first)
    assert isinstance(ready.start, Start)
    assert ready.fine_tuned
    assert calls["generator"] == 0
    assert len(ready.build_networks()) == calls["generator"] == 1


def test_preparing_writes_nothing_and_measures_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganscope.evaluation.evaluation.Evaluation.measure", pytest.fail)
    data = table(tmp_path)
    ready = prepared.prepare({**GIVEN, "data": data})
    assert "about" not in vars(ready.evaluation)
    assert ready.folders == (Path("runs/rows-r1-seed-0"),)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv"]


def test_the_next_run_of_a_healing_comes_from_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`execute` trains whatever run follows, until none does."""
    data = table(tmp_path)
    ready = prepared.prepare({**GIVEN, "data": data})
    begun: list[prepared.Prepared] = []
    following = iter([ready, ready, None])

    def train(run: prepared.Prepared, _: in_process.Hooks) -> prepared.Prepared | None:
        begun.append(run)
        return next(following)

    monkeypatch.setattr(in_process, "_train", train)
    folder = tmp_path / "run"
    folder.mkdir()
    in_process.execute(prepared.Prepared(ready.configs, (folder,), ready.evaluation))
    assert len(begun) == 3


def test_floors_that_are_known_are_not_measured_again(tmp_path: Path) -> None:
    data = table(tmp_path)
    run = gs.train({**GIVEN, "data": data}, out=tmp_path / "run")
    about = json.loads((run.folder / layout.CONFIG).read_text())["data"]
    known = Evaluation(load_data(data), about={**about, "emd_floor": 7.0})
    assert known.about["emd_floor"] == 7.0
