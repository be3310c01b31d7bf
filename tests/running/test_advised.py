"""One run, one advice: terminal, JSON, report, Python and the run's own record say the same."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

import ganscope as gs
from ganscope.build.settings import resolve
from ganscope.cli.app import main
from ganscope.diagnose.rules.verdict import Verdict
from ganscope.folder import files
from ganscope.running.examine import examine, judged
from tests.games import SMALL, evaluation_of, train_here

pytestmark = pytest.mark.filterwarnings("ignore:.*lacks rows that the run wrote")
"""The rows of the run below are other ones than it wrote, as is said of it."""
ADVICE = "Raise the generator's learning rate from 1e-05 to 0.001."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a generator that is far too slow, and of which the probes say that the discriminator wins."""
    run = tmp_path_factory.mktemp("run") / "seed-0"
    run.mkdir()
    given = {**SMALL, "data": "ring", "g_lr": 1e-5, "diagnose_every": 1, "evaluate_every": 2}
    train_here([resolve("minimax", given)], [run], evaluation_of("ring"))
    rows = files.read_rows(run / "diagnosis.jsonl")
    won = {"auc": 1.0, "logit_slope": 1e-4, "fresh_auc": 1.0, "energy": 0.9}
    changed = [{**row, **won} if "auc" in row else row for row in rows]
    (run / "diagnosis.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in changed))
    (run / "verdicts.json").unlink()
    return run


def set_history(folder: Path, emds: list[float]) -> None:
    rows = [{"step": 2 * k, "samples_seen": 16 * k, "emd": value} for k, value in enumerate(emds)]
    (folder / "history.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_all_who_speak_of_a_run_give_the_same_advice(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = next(v for v in gs.load(folder).verdicts if v.name == "discriminator-too-strong")
    assert verdict.advice.startswith(ADVICE)
    assert verdict.changes == {"g_lr": 1e-3}
    assert "--g-lr 0.001" in verdict.command
    assert main(["diagnose", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert ADVICE in " ".join(printed.split())
    assert f"  {verdict.command}\n" in printed  # on one line, however long
    assert main(["diagnose", str(folder), "--json"]) == 0
    (examined,) = json.loads(capsys.readouterr().out)["examined"]
    told = next(v for v in examined["verdicts"] if v["name"] == "discriminator-too-strong")
    assert (told["command"], told["settings"]) == (verdict.command, {"g_lr": 1e-3})
    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "Raise the generator&#x27;s learning rate from 1e-05 to 0.001." in page
    assert verdict.command in page


def test_the_command_trains(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    program, *words = shlex.split(gs.load(folder).verdicts[0].command)
    assert program == "ganscope"
    assert main([*words, "--no-diagnose"]) == 0, capsys.readouterr().err
    assert gs.load(tmp_path / "runs" / "ring-minimax-seed-0-changed").config.g_lr == 1e-3


def test_what_a_run_writes_down_fits_it(tmp_path: Path) -> None:
    given: dict[str, Any] = {**SMALL, "data": "ring", "g_lr": 1e30, "d_lr": 1e30, "diagnose_every": 1}
    with pytest.raises(gs.RunFailed):
        train_here([resolve("r1", given)], [tmp_path], evaluation_of("ring"))
    (written,) = files.read_json(tmp_path / "verdicts.json")["verdicts"]
    (said,) = gs.load(tmp_path).verdicts
    assert written["name"] == "diverged"
    assert written["advice"] == said.advice
    assert written["command"] == said.command
    assert "R1" not in said.advice.partition("(")[0]  # it is in force
    assert said.changes == {"g_lr": 3e-3, "d_lr": 3e-3}


def test_a_run_of_unknown_settings_is_shown_as_written(folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(folder, odd)
    written = files.read_json(odd / "config.json")
    files.write_json(odd / "config.json", {**written, "config": {"recipe": "later", "unheard_of": 3}})
    said = judged(odd)
    assert said is not None
    assert [v.command for v in said.verdicts] == [""] * len(said.verdicts) != []
    assert main(["report", str(odd)]) == 0
    assert "<h2>Diagnosis</h2>" in (odd / "report.html").read_text()


def test_an_earlier_step_that_was_better_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_history(folder, [9.0, 5.0, 3.0, 2.9, 3.1, 3.4, 3.6, 4.2])
    said = (
        "Best at step 6 (EMD 2.90); at the end, step 14, it is 4.20: ganscope sample --best draws from "
        "the generator of step 6."
    )
    (examined,) = examine(folder)
    assert str(examined.best) == said
    assert main(["diagnose", str(folder)]) == 0
    assert said in " ".join(capsys.readouterr().out.split())
    assert main(["diagnose", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examined"][0]["best"]["step"] == 6
    assert main(["report", str(folder)]) == 0
    assert said in (folder / "report.html").read_text()
    set_history(folder, [9.0, 5.0, 3.0, 2.9, 2.95, 2.9, 2.93, 2.91])
    assert examine(folder)[0].best is None


def test_it_is_said_whose_recall_is_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {**SMALL, "data": "ring", "diagnose_every": 1, "ema": 0.9}
    train_here([resolve("minimax", given)], [tmp_path], evaluation_of("ring"))
    assert examine(tmp_path)[0].basis == ""  # no share is told
    written = files.read_json(tmp_path / "verdicts.json")
    alike = Verdict("mode-collapse", "mild", 9, None, "within-mode", {}, "Alike: recall is 0.71.", "")
    files.write_json(tmp_path / "verdicts.json", {**written, "verdicts": [alike.as_json()]})
    (examined,) = examine(tmp_path)
    assert "are of the newest probes, up to step 20;" in examined.basis
    assert examined.basis.endswith("of the averaged ones in the answer and in ganscope evaluate.")
    assert main(["diagnose", str(tmp_path)]) == 0
    assert examined.basis in " ".join(capsys.readouterr().out.split())
    assert main(["evaluate", str(tmp_path), "--data", "ring", "-n", "30"]) == 0
    assert "ganscope diagnose takes them in the same way at its newest probes" in " ".join(
        capsys.readouterr().out.split()
    )
