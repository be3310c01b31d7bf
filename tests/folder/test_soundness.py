"""What of a run folder is not as it was written is said by every command; random damages do not pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import ganscope as gs
from ganscope.cli import app
from ganscope.comparison import compare
from ganscope.contracts import BadInput, Interrupted
from ganscope.folder import checkpoint, files, soundness
from tests.crashes import contents
from validation.damage import __main__ as study

TINY = {
    "data": "ring", "recipe": "r1", "steps": 24, "g_width": 8, "d_width": 8, "batch_size": 8, "log_every": 2,
    "checkpoint_every": 6, "diagnose_every": 3, "keep_checkpoints": 3, "evaluate_every": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gs.train(dict(TINY), out=tmp_path_factory.mktemp("runs") / "finished").folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "begun"
    steps = iter(range(100))
    with pytest.raises(Interrupted):
        gs.train(dict(TINY), out=folder, stop=lambda: next(steps) == 20)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def unfinished(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "run"))


def spoil(path: Path, line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"step": ', b'"step": 1', 1)
    path.write_bytes(b"".join(lines))


def test_a_whole_run_has_no_damage(finished: Path, begun: Path) -> None:
    assert soundness.damages(finished) == soundness.damages(begun) == []


@pytest.mark.parametrize("name", [name for name in study.NAMES if name != "healings.json"])
def test_no_random_damage_passes_in_silence(name: str, run: Path) -> None:
    counts = study.outcomes(run, name, 120, 7)
    assert all(not kind.get("silent") for kind in counts.values()), counts
    assert soundness.damages(run) == []


@pytest.mark.parametrize("name", ["history.jsonl", "diagnosis.jsonl", "timing.jsonl"])
@pytest.mark.parametrize("fate", ["cut", "emptied", "removed"])
def test_lost_rows_at_the_end_are_noticed(name: str, fate: str, run: Path) -> None:
    path = run / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1] if fate == "cut" else []))
    if fate == "removed":
        path.unlink()
    (sentence,) = [said for said in soundness.damages(run) if name in said]
    assert ("is missing" if fate == "removed" else "lacks") in sentence


@pytest.mark.parametrize("name", ["history.jsonl", "diagnosis.jsonl"])
def test_an_unfinished_run_knows_its_rows_up_to_the_newest_checkpoint(name: str, unfinished: Path) -> None:
    path = unfinished / name
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    assert any("lacks rows that the run wrote" in said for said in soundness.damages(unfinished))


@pytest.mark.parametrize("name", ["history.jsonl", "diagnosis.jsonl"])
def test_resume_goes_back_to_whole_rows_and_ends_with_the_same_bits(
    name: str, unfinished: Path, finished: Path
) -> None:
    lines = (unfinished / name).read_bytes().splitlines()
    spoil(unfinished / name, next(n for n, line in enumerate(lines, 1) if json.loads(line)["step"] > 12))
    told: list[str] = []
    gs.resume(unfinished, tell=told.append)
    assert len(told) == 1
    assert name in told[0]
    assert "Going on from step 12" in told[0]
    ours, theirs = contents(unfinished), contents(finished)
    assert {name for name in ours.keys() ^ theirs.keys() if not name.startswith("checkpoints")} == set()
    assert all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())
    assert soundness.damages(unfinished) == []


def test_resume_refuses_rows_damaged_before_every_checkpoint_and_changes_nothing(unfinished: Path) -> None:
    spoil(unfinished / "history.jsonl", 2)
    before = contents(unfinished)
    with pytest.raises(BadInput, match=r"history\.jsonl is damaged in line 2 \(step 12\).*restore it"):
        gs.resume(unfinished)
    assert contents(unfinished) == before
    (unfinished / "history.jsonl").unlink()  # someone who does without them
    told: list[str] = []
    assert gs.resume(unfinished, tell=told.append).metrics["step"] == 24


def test_a_checkpoint_that_knows_no_rows_is_as_good_as_before(unfinished: Path, finished: Path) -> None:
    for step in checkpoint.steps(unfinished):
        path = checkpoint.path_of(unfinished, step)
        tensors, state = checkpoint.load(path)
        checkpoint.save(path, tensors, {k: v for k, v in state.items() if k not in ("rows", "format")})
    gs.resume(unfinished)
    ours, theirs = (
        {name: digest for name, digest in contents(folder).items() if not name.startswith("checkpoints")}
        for folder in (unfinished, finished)
    )
    assert ours == theirs


@pytest.mark.parametrize("command", ["report", "diagnose", "evaluate", "sample", "resume"])
def test_every_command_says_it_and_does_its_work(
    command: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(run / "history.jsonl", 4)
    output = ["-o", str(run.parent / "a.csv")] if command == "sample" else []
    assert app.main([command, str(run), *output]) == 0
    out, err = capsys.readouterr()
    assert "history.jsonl is damaged in line 4 (step 16)" in " ".join(err.split())
    assert out


def test_load_warns_and_reads_what_stands_before(run: Path) -> None:
    spoil(run / "history.jsonl", 4)
    with pytest.warns(UserWarning, match=r"history\.jsonl is damaged in line 4"):
        loaded = gs.load(run)
    assert [row["step"] for row in loaded.history] == [0, 2, 4]
    assert len(loaded.damages) == 1


@pytest.mark.parametrize(
    "name", ["metrics.json", "verdicts.json", "diagnosis.jsonl", "samples/step-00000024.npy"]
)
def test_a_report_names_what_it_leaves_out(name: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (run / name).read_bytes()
    (run / name).write_bytes(whole[: len(whole) // 2])
    assert app.main(["report", str(run)]) == 0
    assert name in capsys.readouterr().err.replace("\n", "")
    page = (run / "report.html").read_text()
    assert f"Left out: {run / name}" in page
    assert "Distance and diversity" in page


def test_a_report_of_a_comparison_leaves_a_damaged_run_out_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "both"
    compare("ring", ["r1", "wgan"], seeds=1, steps=2, g_width=8, d_width=8, out=out)
    (out / "wgan" / "seed-0" / "config.json").write_text("{")
    (out / "comparison.json").write_text("{")
    capsys.readouterr()
    assert app.main(["report", str(out)]) == 0
    err = capsys.readouterr().err.replace("\n", "")
    assert "wgan/seed-0/config.json is damaged" in err
    assert "comparison.json is damaged" in err
    assert "r1 on ring" in (out / "report.html").read_text()


def spoil_config(folder: Path) -> None:
    (folder / "r1" / "seed-1" / "config.json").write_text("{")


def take_runs(folder: Path) -> None:
    shutil.rmtree(folder / "r1")


def later(folder: Path) -> None:
    (folder / "metrics.json").write_text('{"format": 2, "step": 24}')


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


HALVES: dict[str, tuple[Callable[[Path], None], str, int, str]] = {
    "report without metrics": (
        without("metrics.json"),
        "report",
        0,
        "metrics.json is missing: ganscope resume",
    ),
    "report without generator": (
        without("generator.safetensors"),
        "report",
        0,
        "generator.safetensors is missing",
    ),
    "diagnose without metrics": (without("metrics.json"), "diagnose", 0, "metrics.json is missing"),
    "evaluate without history": (without("history.jsonl"), "evaluate", 0, "history.jsonl is missing"),
    "report of later metrics": (later, "report", 0, "has format 2, and this ganscope reads formats up to 1"),
    "diagnose of later metrics": (later, "diagnose", 0, "use a newer ganscope"),
    "resume of later metrics": (later, "resume", 2, "use a newer ganscope"),
    "diagnose without a run": (take_runs, "diagnose both", 2, "holds no run any more"),
    "report without a run": (take_runs, "report both", 2, "holds no run"),
    "diagnose beside a damaged run": (spoil_config, "diagnose both", 0, "seed-1/config.json is damaged"),
    "report beside a damaged run": (spoil_config, "report both", 0, "seed-1/config.json is damaged"),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "both"
    return compare("ring", ["r1"], seeds=2, steps=2, g_width=8, d_width=8, batch_size=8, out=out).folder


@pytest.mark.parametrize("case", HALVES)
def test_half_folders_get_a_sentence_and_what_can_be_done(
    case: str, finished: Path, both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, command, code, words = HALVES[case]
    name, _, of = command.partition(" ")
    folder = Path(shutil.copytree(both if of else finished, tmp_path / "half"))
    damage(folder)
    assert app.main([name, str(folder)]) == code
    said = " ".join(capsys.readouterr().err.split())
    assert words in said
    assert "Traceback" not in said


def test_an_early_folder_has_nothing_to_say() -> None:
    assert soundness.damages(Path(__file__).parents[1] / "fixtures" / "format-1") == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('"sha256"', '"sha257"'),
        lambda text: text.replace('"format": 1', '"format": 1,\n  "format": 1'),
        lambda text: text.replace('  "x": {', '  "x": {\n    "sha256": "' + text[-68:-3] + ","),
    ],
    ids=["its hash renamed", "a name twice", "its hash moved"],
)
def test_a_hash_that_is_there_under_another_name_is_no_old_file(tmp_path: Path, edit: object) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"x": {"y": 1}})
    assert callable(edit)
    path.write_text(edit(path.read_text()))
    with pytest.raises(BadInput, match=r"damaged|changed"):
        files.read_json(path)
