"""A folder with everything that wrong commands speak of: good and bad data, recipes and runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ganscope as gs
from ganscope.contracts import Interrupted

TINY: dict[str, Any] = {
    "g_width": 8, "d_width": 8, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 8,
}  # fmt: skip


def furnish(folder: Path) -> None:
    """Everything the commands speak of, in the folder that one stands in."""
    _write_data(folder)
    _write_recipes(folder)
    _write_runs(folder)


def _write_data(folder: Path) -> None:
    rng = np.random.default_rng(0)
    good = [f"{a:.3f},{b:.3f}" for a, b in rng.normal(size=(60, 2))]

    def table(name: str, at: int | None = None, row: str = "", header: str = "a,b") -> None:
        rows = [row if line == at else text for line, text in enumerate(good, 2)]
        (folder / name).write_text("\n".join([header, *rows]) + "\n")

    for name in ("rows.csv", "heights.csv", "gone.csv", "shifting.csv"):
        table(name)
    table("other.csv", header="a,z")
    table("words.csv", 6, "1.0,tall")
    table("inf.csv", 4, "inf,1.0")
    table("ragged.csv", 7, "1.0,2.0,3.0")
    (folder / "few.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (folder / "empty.csv").write_text("")
    (folder / "notes.txt").write_text("not data\n")
    for name in ("garbage.npy", "garbage.zip", "garbage.parquet"):
        (folder / name).write_bytes(b"\x00\x01garbage" * 20)
    np.save("objects.npy", np.array([{}] * 30), allow_pickle=True)
    np.save("oblong.npy", rng.integers(0, 255, (60, 1, 8, 12)).astype(np.uint8), allow_pickle=False)
    for name in ("nothing", "texts", "images", "corrupt", "mixed"):
        (folder / name).mkdir()
    (folder / "texts" / "a.txt").write_text("no image")
    for at in range(30):
        image = Image.fromarray(rng.integers(0, 255, (8, 8)).astype(np.uint8))
        for name in ("images", "corrupt", "mixed"):
            image.save(folder / name / f"good{at}.png")
    for at in range(9):
        (folder / "corrupt" / f"bad{at}.png").write_bytes(b"no picture at all")
    (folder / "mixed" / "bad.png").write_bytes((folder / "mixed" / "good0.png").read_bytes()[:40])


def _write_recipes(folder: Path) -> None:
    for name, text in {
        "broken": "objective = 'hinge'\nsteps = = 3\n",
        "typo": 'about = "x"\nstpes = 3\n',
        "name": 'about = "x"\n\nobjective = "hing"\n',
        "value": 'objective = "hinge"\nsteps = -3\n',
        "idle": 'objective = "hinge"\npenalty_weight = 3\n',
        "nested": "[training]\nsteps = 3\n",
        "copies/r1": 'objective = "hinge"\n',
    }.items():
        path = folder / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _write_runs(folder: Path) -> None:
    settings = {**TINY, "recipe": "r1", "steps": 4, "checkpoint_every": 2, "data": "ring"}
    gs.train(settings, out="run")
    gs.train({**settings, "data": "rows.csv"}, out="table")
    gs.compare("ring", ["r1"], seeds=1, out="both", **{**TINY, "steps": 2})
    _stop_at_once(settings, "cut")
    with pytest.raises(gs.RunFailed):
        gs.train({**settings, "recipe": "minimax", "d_lr": 1e20, "g_lr": 1e20, "steps": 50}, out="wild")
    for name, data in (("moved", "gone.csv"), ("changed", "shifting.csv")):
        _stop_at_once({**settings, "data": data}, name)
    gs.train({**settings, "data": "shifting.csv"}, out="shifted")
    (folder / "gone.csv").unlink()
    (folder / "shifting.csv").write_text((folder / "shifting.csv").read_text() + "9,9\n")
    modules = {"steps": 4, "batch_size": 8, "latent_dim": 4}
    _stop_at_once({**modules, "data": "ring"}, "mine", generator(), critic())
    gs.train(modules, generator(), critic(), out="finished-mine", data="ring")
    gs.train({**TINY, "steps": 2}, data=torch.randn(60, 2), out="rows")
    _break_runs(folder)


def _stop_at_once(
    settings: dict[str, Any], out: str, g: nn.Module | None = None, d: nn.Module | None = None
) -> None:
    with pytest.raises(Interrupted):
        gs.train(settings, g, d, out=out, stop=lambda: True)


def _break_runs(folder: Path) -> None:
    for name, source in (
        ("torn", "cut"), ("strange", "run"), ("lacking", "run"), ("later", "run"), ("hurt", "run"),
        ("scarred", "cut"), ("bare", "cut"), ("torn-both", "both"), ("lacking-both", "both"),
    ):  # fmt: skip
        shutil.copytree(folder / source, folder / name)

    def change(name: str, edit: Callable[[dict[str, Any]], object]) -> None:
        path = folder / name
        stored = json.loads(path.read_text())
        stored.pop("sha256", None)
        edit(stored)
        path.write_text(json.dumps(stored))

    (folder / "torn" / "config.json").write_text('{"format": 1, "conf')
    (folder / "torn-both" / "comparison.json").write_text("[")
    change("strange/config.json", lambda stored: stored["config"].update(stepz=3))
    change("lacking/config.json", lambda stored: stored.pop("data"))
    change("lacking-both/comparison.json", lambda stored: stored.pop("recipes"))
    change("later/config.json", lambda stored: stored.update(format=99))
    raw = bytearray((folder / "hurt" / "generator.safetensors").read_bytes())
    raw[-3] ^= 1
    (folder / "hurt" / "generator.safetensors").write_bytes(raw)
    history = folder / "scarred" / "history.jsonl"
    history.write_text("{" + history.read_text())
    shutil.rmtree(folder / "bare" / "checkpoints")


def generator(latent: int = 4, values: int = 2) -> nn.Module:
    return nn.Sequential(nn.Linear(latent, 8), nn.ReLU(), nn.Linear(8, values))


def critic(values: int = 2, *end: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(values, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), *end)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a folder, files with size and time; locks come and go."""
    found = {}
    for path in folder.rglob("*"):
        if path.name != ".lock":
            stat = path.stat()
            found[str(path.relative_to(folder))] = (
                (0, 0) if path.is_dir() else (stat.st_size, stat.st_mtime_ns)
            )
    return found
