"""Nothing here loads a pickle, and files made to run code or to mislead are refused."""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganscope as gs
from ganscope.contracts import BadInput
from ganscope.folder import checkpoint

SOURCES = sorted((Path(__file__).parents[2] / "src").rglob("*.py"))
FORBIDDEN_MODULES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "multiprocessing"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_pickle_in_the_source(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            name = f"{owner}.{node.func.attr}"
            assert name not in {"torch.load", "torch.save", "np.fromfile"}
            if name in {"np.load", "np.save", "np.memmap", "numpy.load"} and node.func.attr != "memmap":
                options = {option.arg: option.value for option in node.keywords}
                allow = options.get("allow_pickle")
                assert isinstance(allow, ast.Constant), f"{name} without allow_pickle=False"
                assert allow.value is False


class Trap:
    """Unpickling this touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = {"data": "ring", "recipe": "r1", "steps": 4, "g_width": 8, "d_width": 8, "batch_size": 8}
    return gs.train(settings, out=tmp_path_factory.mktemp("run") / "run").folder


@pytest.mark.parametrize("name", ["generator.safetensors", "checkpoints/step-00000004.safetensors"])
def test_a_hostile_file_is_refused_and_not_run(run: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    sprung = tmp_path / "sprung"
    (folder / name).write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(checkpoint.Damaged):
        checkpoint.load(folder / name)
    if name.startswith("generator"):
        with pytest.raises(BadInput, match="damaged"):
            gs.load(folder).sample(2)
    assert not sprung.exists()
    # the trap is a trap
    pickle.loads(pickle.dumps(Trap(sprung)))  # noqa: S301
    assert sprung.exists()


def test_hostile_samples_are_not_unpickled(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    sprung = tmp_path / "sprung"
    trap = np.empty(1, dtype=object)
    trap[0] = Trap(sprung)
    np.save(folder / "samples" / "step-00000004.npy", trap, allow_pickle=True)
    from ganscope.report import write_report

    write_report(folder)
    assert not sprung.exists()


@pytest.mark.filterwarnings("ignore:.*metrics.json was changed after it was written")
@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_a_changed_record_is_noticed(run: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    stored = json.loads((folder / name).read_text())
    assert stored["format"] == 1
    changed = {**stored, "torch": "0.0"} if name == "config.json" else {**stored, "emd": 0.0}
    (folder / name).write_text(json.dumps(changed))
    with pytest.raises(BadInput, match="hash does not match"):
        _ = gs.load(folder).metrics
    # someone who means it takes the hash out
    del changed["sha256"]
    (folder / name).write_text(json.dumps(changed))
    assert gs.load(folder).metrics["step"] == 4


def test_every_file_says_its_format(run: Path) -> None:
    for name in ("config.json", "metrics.json"):
        assert json.loads((run / name).read_text())["format"] == 1
    for name in ("history.jsonl", "timing.jsonl"):
        assert json.loads((run / name).read_text().splitlines()[0])["format"] == 1
    for path in run.rglob("*.safetensors"):
        assert checkpoint.load(path)[1]["format"] == 1


def test_a_run_of_a_later_version_is_refused(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    stored = {**json.loads((folder / "config.json").read_text()), "format": 2}
    del stored["sha256"]
    (folder / "config.json").write_text(json.dumps(stored))
    with pytest.raises(BadInput, match=r"format 2.*newer ganscope"):
        gs.load(folder)
