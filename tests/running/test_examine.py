"""`ganscope diagnose`: of a recorded run, of one without a record, of somebody's saved networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganscope.build.settings import resolve
from ganscope.cli.app import main
from ganscope.folder import files
from ganscope.report import write_report
from ganscope.running.examine import examine
from tests.games import SMALL, evaluation_of, train_here

FACTORY = """
from torch import nn
def make():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), nn.Sequential({discriminator})
def one():
    return nn.Linear(1, 1)
"""
HEALTHY = "nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "seed-0"
    folder.mkdir()
    given = {**SMALL, "data": "ring", "diagnose_every": 5, "evaluate_every": 10}
    train_here([resolve("minimax", given)], [folder], evaluation_of("ring"))
    return folder


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (found,) = json.loads(capsys.readouterr().out)["examined"]
    assert isinstance(found, dict)
    return found


def plant(folder: Path, to: Path, row: dict[str, Any]) -> Path:
    shutil.copytree(folder, to)
    files.append_rows(to / "diagnosis.jsonl", [row])
    (to / "verdicts.json").unlink()  # not written yet when the run was killed
    return to


def test_a_recorded_run_is_judged(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(run_folder), "--json"]) == 0
    found = told(capsys)
    assert found["step"] == 20
    assert found["verdicts"] == []
    assert found["status"]["oscillation"] == "unknown"
    assert main(["diagnose", str(run_folder), "--fail-on", "mild"]) == 0
    assert "Cannot tell yet." in " ".join(capsys.readouterr().out.split())  # wrapped where the path ends


@pytest.mark.parametrize(
    ("level", "code"), [([], 0), (["--fail-on", "mild"], 3), (["--fail-on", "severe"], 3)]
)
def test_fail_on_sets_the_exit_code(
    run_folder: Path, tmp_path: Path, level: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = plant(run_folder, tmp_path / "bad", {"step": 20, "nonfinite": "generator", "module": "0.weight"})
    assert main(["diagnose", str(bad), *level]) == code
    printed = capsys.readouterr()
    assert "diverged (generator), severe, since step 20" in printed.out
    assert "Do first: Add R1 of weight 1 and set --beta1 0" in " ".join(printed.out.split())
    assert printed.out.rstrip().endswith("/docs/verdicts/diverged.md")
    assert ("--fail-on" in printed.err) == bool(level)
    page = write_report(bad).read_text()
    assert '<span class="lamp severe" title="severe">diverged</span>' in page
    assert "The generator turned NaN or infinite in 0.weight." in page
    assert "/docs/verdicts/diverged.md" in page


def test_a_run_without_probes_is_probed_once(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(run_folder, bare)
    (bare / "diagnosis.jsonl").unlink()
    assert main(["diagnose", str(bare), "--json"]) == 0
    found = told(capsys)
    assert found["step"] == 20
    assert found["status"]["vanishing-gradient"] == "fine"
    assert "probed once" in found["notes"][-1]


def test_a_run_without_probes_is_judged_by_the_samples_it_draws(tmp_path: Path) -> None:
    """A long average draws other samples than the weights that train: its distance is what is said."""
    distances = []
    for number, ema in enumerate((0.0, 0.9999)):
        folder = tmp_path / str(number)
        folder.mkdir()
        given = {**SMALL, "data": "ring", "ema": ema, "steps": 60, "g_lr": 0.02}
        train_here([resolve("r1", given)], [folder], evaluation_of("ring"))
        (folder / "diagnosis.jsonl").unlink()
        (folder / "verdicts.json").unlink(missing_ok=True)
        distances.append(examine(folder)[0].answer.progress.distance)
    assert distances[1] > 1.05 * distances[0]


def test_an_older_checkpoint_is_probed_where_the_newest_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {**SMALL, "data": "ring", "checkpoint_every": 10, "keep_checkpoints": 2}
    train_here([resolve("minimax", given)], [tmp_path], evaluation_of("ring"))
    (tmp_path / "diagnosis.jsonl").unlink()
    older, newest = sorted((tmp_path / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-9])
    assert main(["diagnose", str(tmp_path), "--json"]) == 0
    found = told(capsys)
    assert found["step"] == 10
    assert str(newest) in found["notes"][-2]
    assert "its newest sound checkpoint was probed once" in found["notes"][-1]
    older.write_bytes(b"")
    assert main(["diagnose", str(tmp_path)]) == 2
    assert "none of its 2 checkpoints can be read" in " ".join(capsys.readouterr().err.split())


def test_a_page_without_probes_has_no_section(run_folder: Path, tmp_path: Path) -> None:
    assert "<h2>Diagnosis</h2>" in write_report(run_folder).read_text()
    bare = tmp_path / "bare"
    shutil.copytree(run_folder, bare)
    (bare / "diagnosis.jsonl").write_text("torn {")
    assert "<h2>Diagnosis</h2>" not in write_report(bare).read_text()


def unprobed(folder: Path) -> None:
    shutil.rmtree(folder / "checkpoints")
    (folder / "diagnosis.jsonl").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "config.json").unlink(), "is no run folder"),
        (lambda f: files.write_json(f / "config.json", {"format": 99}), "99"),
        (unprobed, "neither probes nor"),
    ],
)
def test_damaged_folders_are_named(
    run_folder: Path, tmp_path: Path, damage: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(run_folder, folder)
    damage(folder)
    assert main(["diagnose", str(folder)]) == 2
    assert words in capsys.readouterr().err


def test_a_damaged_record_is_named_and_the_checkpoint_probed(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(run_folder, folder)
    (folder / "diagnosis.jsonl").write_text('{"step"\n{"step": 1}\n')
    assert main(["diagnose", str(folder)]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "is damaged in line 1" in said
    assert "from its first row on, so its newest checkpoint was probed once" in said


def test_a_torn_last_line_is_left_out(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "torn"
    shutil.copytree(run_folder, folder)
    with (folder / "diagnosis.jsonl").open("a") as file:
        file.write('{"step": 25, "auc": 0.')
    assert main(["diagnose", str(folder), "--json"]) == 0
    assert told(capsys)["step"] == 20


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with a factory in the current folder, and weights that fit it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.py").write_text(FACTORY.format(discriminator=HEALTHY))
    broken = FACTORY.format(discriminator=HEALTHY + ", nn.Sigmoid()")
    (tmp_path / "broken.py").write_text(broken)
    generator = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    discriminator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    tensors = {f"generator.{k}": t for k, t in generator.state_dict().items()}
    tensors |= {f"discriminator.{k}": t for k, t in discriminator.state_dict().items()}
    save_file(tensors, tmp_path / "w.safetensors")
    save_file({"generator.0.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    return tmp_path


@pytest.mark.usefixtures("networks")
def test_saved_networks_are_probed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "theirs:make", "--weights", "w.safetensors", "--data", "ring", "--json"]) == 0
    found = told(capsys)
    assert found["notes"] == []
    assert found["status"]["vanishing-gradient"] == "fine"
    assert main(["diagnose", "broken:make", "--data", "ring", "--fail-on", "mild"]) == 3
    assert "wiring (sigmoid-bce)" in capsys.readouterr().out


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere:make"], "cannot be found"),
        (["theirs:nothing"], "cannot be found"),
        (["theirs:one"], "does not return a pair"),
        (["theirs:make", "--weights", "none.safetensors"], "cannot be read"),
        (["theirs:make", "--weights", "other.safetensors"], "does not fit the generator"),
        (["theirs:make", "--objective", "wgn"], "unknown objective 'wgn'"),
    ],
)
def test_bad_networks_are_named(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *arguments, "--data", "ring"]) == 2
    assert words in capsys.readouterr().err
