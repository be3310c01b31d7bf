"""The recipe `auto`: settings for every shape there is, each explained, all of them usable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganscope as gs
from ganscope.build.check import check
from ganscope.build.networks import networks
from ganscope.build.settings import resolve
from ganscope.build.settings import settings as all_settings
from ganscope.cli import app
from ganscope.config.auto import auto_settings
from ganscope.contracts import Dataset
from tests.mixed import mixed

SHAPES: list[tuple[int, ...]] = [
    (1,), (2,), (3,), (30,), (500,), (1, 8, 8), (3, 8, 8), (1, 16, 16), (1, 28, 28), (3, 32, 32), (3, 64, 64),
    (4, 20, 20), (1, 30, 30), (1, 20, 24), (3, 15, 15),
]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 20, 50, 300, 100_000])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_settings_are_valid_explained_and_a_function_of_shape_and_rows(
    shape: tuple[int, ...], rows: int
) -> None:
    settings = auto_settings(shape, rows)
    assert settings == auto_settings(list(shape), rows)
    fields = [setting.field for setting in settings]
    assert len(set(fields)) == len(fields)
    assert set(fields) <= set(all_settings())
    config = resolve("auto", {}, {s.field: s.value for s in settings})
    assert config.recipe == "auto"
    assert 1 <= config.batch_size <= min(64, rows)
    for setting in settings:
        assert 5 < len(f"auto: {setting.field} {setting.value}: {setting.reason}") <= 110
        assert "\n" not in setting.reason


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != (3, 64, 64)], ids=str)
def test_the_networks_fit(shape: tuple[int, ...]) -> None:
    rows = torch.rand(60, *shape) * 2 - 1
    data = Dataset("noise", rows[:40], rows[40:], value_range=(-1.0, 1.0))
    config = resolve("auto", {}, {s.field: s.value for s in auto_settings(shape, 40)})
    check(config, data)
    generator, discriminator = networks(config, data, None, None)
    assert generator(torch.zeros(2, config.latent_dim)).shape == (2, *shape)
    assert discriminator(rows[:2]).shape == (2, 1)


def value(
    shape: tuple[int, ...], rows: int, field: str, network: str | None = None, choices: int = 0
) -> object:
    return {s.field: s.value for s in auto_settings(shape, rows, network, choices)}.get(field)


def test_the_shape_decides() -> None:
    assert (
        value((2,), 999, "network")
        == value((30,), 999, "network")
        == value((1, 8, 8), 999, "network")
        == "mlp"
    )
    assert value((1, 28, 28), 999, "network") == value((3, 64, 64), 999, "network") == "dcgan"
    # 30 is no small number times a power of two, and 20 x 24 is no square
    assert value((1, 30, 30), 999, "network") == value((1, 20, 24), 999, "network") == "mlp"
    assert value((3, 32, 32), 999, "g_norm") == "batch"
    assert value((3, 32, 32), 999, "g_norm", "mlp") is None
    assert value((1, 8, 8), 999, "g_norm", "dcgan") == "batch"
    assert value((500,), 999, "g_width") > value((30,), 999, "g_width")  # type: ignore[operator]
    assert [value((2,), rows, "batch_size") for rows in (20, 130, 255, 256, 9999)] == [8, 32, 32, 64, 64]


def test_rows_with_choices_are_judged_in_pairs(tmp_path: Path) -> None:
    assert value((12,), 999, "pack") is None
    assert value((12,), 999, "pack", choices=3) == 2
    assert (value((12,), 999, "latent_dim"), value((12,), 999, "latent_dim", choices=3)) == (8, 64)
    assert value((12,), 999, "penalty_weight", choices=3) == 0.1
    small = {"g_width": 8, "d_width": 8, "steps": 4}
    run = gs.train({"recipe": "auto", **small}, data=mixed(), out=tmp_path / "run")
    assert (run.config.pack, run.config.latent_dim) == (2, 64)
    reasons = {setting["field"]: setting["reason"] for setting in run.description["auto"]}
    assert reasons["pack"].startswith("2 choices a row: ")


def test_what_is_given_overrides_and_is_not_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"train ring auto --steps 2 --g-lr 0.02 --g-width 8 --d-width 8 --out {tmp_path / 'run'}"
    assert app.main(words.split()) == 0
    _, err = capsys.readouterr()
    run = gs.load(tmp_path / "run")
    assert (run.config.recipe, run.config.g_lr, run.config.steps) == ("auto", 0.02, 2)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())["auto"]
    fields = [setting["field"] for setting in stored]
    assert not {"g_lr", "steps", "g_width"} & set(fields)
    assert {"objective", "penalty", "batch_size", "ema"} <= set(fields)
    for setting in stored:
        assert run.config.flat()[setting["field"]] == setting["value"]
        assert f"auto: {setting['field']} {setting['value']}: {setting['reason']}" in err


def test_auto_in_python_and_in_a_comparison_of_a_file(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(120, 3))
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",")
    small: dict[str, Any] = {"g_width": 8, "d_width": 8, "steps": 4}
    run = gs.train({"recipe": "auto", **small}, data=torch.from_numpy(rows), out=tmp_path / "own")
    assert run.config.batch_size == 16
    assert run.description["auto"]
    result = gs.compare(str(tmp_path / "rows.csv"), ["auto", "r1"], seeds=1, out=tmp_path / "both", **small)
    assert result.failures == {}
    (auto,), (r1,) = result.runs.values()
    assert auto.description["auto"]
    assert "auto" not in r1.description
    # the same number of real rows for both, whatever their batches
    assert auto.config.steps * auto.config.batch_size == r1.config.steps * r1.config.batch_size == 4 * 64
    assert auto.config.data == str(tmp_path / "rows.csv")
