"""--overwrite deletes what ganscope wrote and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganscope.cli import app
from ganscope.comparison import compare
from ganscope.contracts import BadInput
from ganscope.explain import ask
from ganscope.folder.contents import contents
from ganscope.folder.lock import claim
from ganscope.report import write_report
from ganscope.running import train

TINY = {"data": "ring", "recipe": "r1", "steps": 4, "g_width": 8, "d_width": 8, "checkpoint_every": 2}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    train({**TINY, "diagnose_every": 2, "track": "csv"}, out=folder)
    (folder / "checkpoints" / ".step-00000002.safetensors.1.tmp").touch()
    return folder


def test_all_that_a_run_writes_is_known(run: Path) -> None:
    assert (run / "values.csv").exists()
    assert contents(run).foreign == ()
    claim(run, overwrite=True)
    assert {path.name for path in run.iterdir()} == {".lock"}


def test_all_that_a_comparison_writes_is_known(tmp_path: Path) -> None:
    out = tmp_path / "out"
    compare("ring", ["r1"], seeds=1, steps=2, g_width=8, d_width=8, out=out)
    assert contents(out).foreign == ()
    claim(out, overwrite=True)
    assert {path.name for path in out.iterdir()} == {".lock"}


def test_a_folder_of_another_program_is_refused_whole(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "config": "x"}))
    (tmp_path / "history.jsonl").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(BadInput, match=r"1 item that ganscope did not write \(config\.json\)"):
        claim(tmp_path, overwrite=True)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "place", ["thesis.tex", "notes/thesis.tex", "samples/best.png", "checkpoints/step-1/x", "abandoned/a.txt"]
)
def test_foreign_files_beside_a_run_keep_it(run: Path, place: str) -> None:
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).write_text("mine")
    before = everything(run)
    with pytest.raises(BadInput, match="holds 1 item that"):
        claim(run, overwrite=True)
    assert everything(run) == before


TRACKING = """
import pathlib
FILES = ("mine-*.log", "boards")
def tracker(folder, config):
    (folder / "boards" / "run").mkdir(parents=True)
    (folder / "boards" / "run" / "events").touch()
    (folder / "mine-1.log").touch()
    return lambda event, runs: None
"""


def test_a_tracker_names_the_files_that_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracking_files.py").write_text(TRACKING)
    run = tmp_path / "run"
    train({**TINY, "track": "tracking_files:tracker"}, out=run)
    assert contents(run).foreign == ()
    (run / "mine-2.txt").touch()
    with pytest.raises(BadInput, match=r"1 item .*mine-2\.txt"):
        claim(run, overwrite=True)
    (run / "mine-2.txt").unlink()
    (run / "boards" / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="boards/link"):
        claim(run, overwrite=True)
    (run / "boards" / "link").unlink()
    claim(run, overwrite=True)
    assert {path.name for path in run.iterdir()} == {".lock"}


def test_a_page_of_another_program_is_neither_deleted_nor_written_over(run: Path) -> None:
    page = run / "report.html"
    page.write_text("<html>my thesis</html>")
    with pytest.raises(BadInput, match=r"1 item .*report\.html"):
        claim(run, overwrite=True)
    with pytest.raises(BadInput, match="no report that ganscope wrote"):
        write_report(run)
    assert page.read_text() == "<html>my thesis</html>"
    page.unlink()
    elsewhere = run.parent / "web.html"
    page.symlink_to(elsewhere)
    write_report(run)
    assert page.is_symlink()
    write_report(run)
    assert elsewhere.read_text().startswith("<!doctype html>")


def test_samples_do_not_replace_a_file_unasked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, link = tmp_path / "mine.csv", tmp_path / "link.csv"
    mine.write_text("mine")
    link.symlink_to(mine)
    assert app.main(["sample", str(run), "-o", str(link)]) == 2
    assert "link.csv is there already" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert app.main(["sample", str(run), "-o", str(link), "--overwrite"]) == 0
    assert link.is_symlink()
    assert mine.read_text().startswith("x0,x1")


@pytest.mark.parametrize(
    "place", ["answers/notes.md", "data/mine.csv", "answers/sub/a.json", "data/01-x.csv/a"]
)
def test_answers_are_measured_anew_only_where_nothing_of_others_lies(tmp_path: Path, place: str) -> None:
    out = tmp_path / "answers"
    ask(["chain-rule"], seeds=1, out=out)
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).write_text("mine")
    before = everything(out)
    with pytest.raises(BadInput, match=r"1 item that ganscope did not write"):
        ask(["chain-rule"], seeds=2, out=out, overwrite=True)
    assert everything(out) == before
    assert ask(["chain-rule"], seeds=1, out=out).kept == (1,)


def test_answers_of_another_program_are_refused(tmp_path: Path) -> None:
    (tmp_path / "explain.json").write_text('{"format": 1, "of": "another program"}')
    with pytest.raises(BadInput, match=r"holds other files \(explain\.json\)"):
        ask(["chain-rule"], seeds=1, out=tmp_path, overwrite=True)


def test_many_foreign_files_are_counted(run: Path) -> None:
    for number in range(5):
        (run / f"{number}.txt").touch()
    with pytest.raises(BadInput, match=r"5 items .*0\.txt, 1\.txt, 2\.txt and 2 more"):
        claim(run, overwrite=True)


def test_a_linked_folder_is_emptied_and_the_link_stays(run: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run, target_is_directory=True)
    train({**TINY, "steps": 1}, out=link, overwrite=True)
    assert link.is_symlink()
    assert json.loads((run / "metrics.json").read_text())["step"] == 1


def test_what_a_link_within_points_to_stays(run: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "step-00000001.npy").touch()
    (run / "abandoned").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(BadInput, match="abandoned"):
        claim(run, overwrite=True)
    assert (tmp_path / "elsewhere" / "step-00000001.npy").exists()


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds a NUL"):
        claim(tmp_path / "a\0b", overwrite=False)
